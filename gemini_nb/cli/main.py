"""The command line: its parser, its exit codes, and the commands generate, probe, serve, store and demo.

Answers go to stdout, everything else to stderr. Exit codes: 0 done, 1 a `GeminiError` or a stdout that cannot
be written, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_nb._version import __version__
from gemini_nb.cli import demo, generate, probe, serve, store
from gemini_nb.cli.help import PAGES
from gemini_nb.cli.terminal import discard_stdout, escape_what_lacks, say
from gemini_nb.errors import Cancelled, GeminiError, MissingKeyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_KEY_HINT = """\
Set CRAZYROUTER_API_KEY, or GEMINI_API_KEY with --provider google; --provider offline paints without one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program: write to nowhere instead
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - till the end
        escape_what_lacks(getattr(sys, name))
    args = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = args.command
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_where, **_more: say(f"gemini-nb: {message}")
            command(args)
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


_COMMANDS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], str]] = {
    "generate": (generate.add, "ask for one picture and save it"),
    "probe": (probe.add, "ask each model once which shape it returns today; says first what it costs"),
    "serve": (serve.add, "answer as the gateway does, offline, on this machine"),
    "store": (store.add, "look after a store of pictures"),
    "demo": (demo.add, "run the first notebook offline; write its pictures and a page"),
}
