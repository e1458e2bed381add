"""The command line: generate, probe, serve, store, demo.

Answers go to stdout, everything else to stderr. Exit codes: 0 done, 1 a `GeminiError` or a stdout that cannot
be written, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb._version import __version__
from gemini_nb.cli import generate, serve, store
from gemini_nb.cli.help import PAGES
from gemini_nb.cli.terminal import discard_stdout, say
from gemini_nb.errors import Cancelled, GeminiError, MissingKeyError
from gemini_nb.providers.selection import choose_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_KEY_HINT = """\
Set CRAZYROUTER_API_KEY, or GEMINI_API_KEY with --provider google; --provider offline paints without one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _open_closed_streams()
    asked = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = asked.command
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            command(asked)
        sys.stdout.flush()
    except MissingKeyError as error:
        say(f"gemini-nb: {error.args[0]}\n{_KEY_HINT}")
        return 1
    except GeminiError as error:
        say(f"gemini-nb: {error}")
        return 1
    except (Cancelled, KeyboardInterrupt) as interrupt:
        say(f"gemini-nb: interrupted. {interrupt}".rstrip())
        return 130
    except OSError as problem:  # the reader of stdout has seen enough, or its disk is full
        discard_stdout()
        if not isinstance(problem, BrokenPipeError):
            say(f"gemini-nb: the answer could not be written: {problem.strerror or problem}.")
        return 1
    return 0


def _open_closed_streams() -> None:
    """Let a program that was started with stdout or stderr closed write to nowhere instead."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - till the end


def _warn(message: Warning | str, *_where: Any, **_more: Any) -> None:
    say(f"gemini-nb: {message}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gemini-nb",
        description="Gemini image models, in Jupyter and beside it.",
        epilog=PAGES[""],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gemini-nb {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (add, about) in _COMMANDS.items():
        add(
            commands.add_parser(
                name,
                help=about,
                description=f"{about[0].upper()}{about[1:]}.",
                epilog=PAGES[name],
                formatter_class=argparse.RawDescriptionHelpFormatter,
                allow_abbrev=False,
            )
        )
    return parser


def _add_probe(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_probe)
    add = parser.add_argument
    add(
        "-m",
        "--model",
        action="append",
        default=[],
        dest="models",
        metavar="NAME",
        help="ask this one; repeatable",
    )
    about = "how to print what they answered: text, markdown or json (default: %(default)s)"
    add("--format", choices=("text", "markdown", "json"), default="text", metavar="FORMAT", help=about)
    add("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    add("--yes", action="store_true", help="send it; without, the estimated cost is said and nothing is sent")
    generate.add_provider(parser)


def _probe(asked: argparse.Namespace) -> None:
    from gemini_nb import event_loop, probe  # noqa: PLC0415
    from gemini_nb.cli.terminal import progress  # noqa: PLC0415
    from gemini_nb.client.async_client import AsyncClient  # noqa: PLC0415
    from gemini_nb.providers import provider as providers  # noqa: PLC0415

    requests = probe.requests(asked.models)
    provider = choose_provider(asked.provider, base_url=asked.base_url)
    for line in probe.estimate(requests, provider):
        say(line)
    if provider is not providers.OFFLINE:
        probe.check_unlocked()
        if not asked.yes:
            say("Nothing was sent. Add --yes to send it.")
            return
    client = AsyncClient(asked.provider, base_url=asked.base_url, replay="off", timeout=asked.timeout)
    found: list[probe.Finding] = []
    names = [request.model for request in requests]
    try:
        with progress(lambda: f"{len(found)} of {len(names)} models have answered"):
            findings = event_loop.run(partial(probe.probe, client, names, each=found.append))
    except Cancelled:
        print(probe.render(found, asked.format))
        raise
    print(probe.render(findings, asked.format))


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_demo)
    about = "folder for them (default: %(default)s)"
    parser.add_argument("-o", "--output", type=Path, default=Path("demo"), metavar="FOLDER", help=about)


def _demo(asked: argparse.Namespace) -> None:
    from gemini_nb.cli.demo import run  # noqa: PLC0415

    run(asked.output)


_COMMANDS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], str]] = {
    "generate": (generate.add, "ask for one picture and save it"),
    "probe": (_add_probe, "ask each model once which shape it returns today; says first what it costs"),
    "serve": (serve.add, "answer as the gateway does, offline, on this machine"),
    "store": (store.add, "look after a store of pictures"),
    "demo": (_add_demo, "run the first notebook offline; write its pictures and a page"),
}
