"""`gemini-nb probe`: each model is asked once which reply shape it returns today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_nb.cli.generate import add_provider
from gemini_nb.cli.terminal import progress, say

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add(parser: ArgumentParser) -> None:
    """Add the options to the parser of `probe`."""
    parser.set_defaults(command=_probe)
    add = parser.add_argument
    about = "ask this one; repeatable"
    add("-m", "--model", action="append", default=[], dest="models", metavar="NAME", help=about)
    about = "how to print what they answered: text, markdown or json (default: %(default)s)"
    add("--format", choices=("text", "markdown", "json"), default="text", metavar="FORMAT", help=about)
    add("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    add("--yes", action="store_true", help="send it; without, the estimated cost is said and nothing is sent")
    add_provider(parser)


def _probe(args: Namespace) -> None:
    from gemini_nb import probe  # noqa: PLC0415 - the other commands need none of it

    findings = probe.run(
        args.provider,
        args.models,
        base_url=args.base_url,
        confirmed=args.yes,
        say=say,
        waiting=lambda findings, count: progress(lambda: f"{len(findings)} of {count} models have answered"),
        interrupted=lambda findings: print(probe.render(findings, args.format)),
        timeout=args.timeout,
    )
    if findings is not None:
        print(probe.render(findings, args.format))
