"""`gemini-nb probe`: each model is asked once which shape it returns today; `--list`: which there are."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from gemini_nb.cli.generate import add_provider
from gemini_nb.cli.terminal import print_table, progress, say
from gemini_nb.errors import ArgumentError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from gemini_nb.probe import Finding


def add(parser: ArgumentParser) -> None:
    """Add the options to the parser of `probe`."""
    parser.set_defaults(command=_probe)
    add = parser.add_argument
    about = "ask only this model; repeatable"
    add("-m", "--model", action="append", default=[], dest="models", metavar="NAME", help=about)
    about = "output format: text, markdown or json (default: %(default)s)"
    add("--format", choices=("text", "markdown", "json"), default="text", metavar="FORMAT", help=about)
    add("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    about = "list the models that the provider offers today, compared with those known here; free"
    add("--list", action="store_true", help=about)
    add("--yes", action="store_true", help="send the requests; without it, only the estimated cost is said")
    add_provider(parser)


def _probe(args: Namespace) -> None:
    from gemini_nb import probe  # noqa: PLC0415 - the other commands need none of it

    if args.list:
        _list_models(args)
        return
    findings = probe.run(
        args.provider,
        args.models,
        base_url=args.base_url,
        confirmed=args.yes,
        say=say,
        waiting=lambda findings, count: progress(lambda: f"{len(findings)} of {count} models have answered"),
        interrupted=partial(_print_findings, to=args.format),
        timeout=args.timeout,
    )
    if findings is not None:
        _print_findings(findings, to=args.format)


def _print_findings(findings: Sequence[Finding], *, to: str) -> None:
    from gemini_nb import probe  # noqa: PLC0415 - the other commands need none of it

    if to == "text":
        print_table(probe.make_table(findings))
    else:
        print(probe.render(findings, to))


def _list_models(args: Namespace) -> None:
    from gemini_nb.client.client import Client  # noqa: PLC0415 - the other commands need none of it

    if args.models or args.yes:
        raise ArgumentError("--list asks for the names of all models.", hint="Leave out -m and --yes.")
    with Client(args.provider, base_url=args.base_url, timeout=args.timeout) as client:
        listed = client.list_models()
    if args.format == "json":
        facts = {"provider": listed.provider, "asked": listed.asked, "models": listed.ids}
        facts |= {"present": listed.present, "new": listed.new, "gone": listed.gone}
        print(json.dumps(facts, indent=2))
    elif args.format == "markdown":
        print(listed.table().markdown())
    else:
        print_table(listed.table())
