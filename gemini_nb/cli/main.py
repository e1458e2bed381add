"""The command line: its parser, its exit codes, and the commands generate, jobs, probe, serve, store, demo.

Answers go to stdout, everything else to stderr. Exit codes: 0 done, 1 a `GeminiError` or a stdout that cannot
be written, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb._version import __version__
from gemini_nb.cli import demo, generate, jobs, probe, serve, store
from gemini_nb.cli.help import PAGES
from gemini_nb.cli.terminal import discard_stdout, escape_what_lacks, say
from gemini_nb.errors import Cancelled, GeminiError, MissingKeyError
from gemini_nb.providers.keys import check_no_keys, mask_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

_ON_A_LINE = "on a command line: others can see it there, and it stays in the shell's history"
_KEY_HINT = """\
Set CRAZYROUTER_API_KEY, or GEMINI_API_KEY with --provider google; --provider offline paints without one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program: write to nowhere instead
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - till the end
        escape_what_lacks(getattr(sys, name))
    try:
        check_no_keys(sys.argv[1:] if arguments is None else arguments, place=_ON_A_LINE)
        args = _parser().parse_args(arguments)
        command: Callable[[argparse.Namespace], None] = args.command
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_where, **_more: say(mask_keys(f"gemini-nb: {message}"))
            command(args)
        sys.stdout.flush()
    except MissingKeyError as error:
        say(f"gemini-nb: {error.args[0]}\n{_KEY_HINT}")
        return 1
    except GeminiError as error:
        say(mask_keys(f"gemini-nb: {error}"))
        return 1
    except ImportError as problem:
        say(f"gemini-nb: a package is missing or broken: {problem}.\nReinstall gemini-nb.")
        return 1
    except (Cancelled, KeyboardInterrupt) as interrupt:
        say(f"gemini-nb: interrupted. {interrupt}".rstrip())
        return 130
    except OSError as problem:  # the reader of stdout has seen enough, or its disk is full
        discard_stdout()
        if not isinstance(problem, BrokenPipeError):
            what = f"{problem.filename!a}" if problem.filename else "the answer could not be written"
            say(mask_keys(f"gemini-nb: {what}: {problem.strerror or problem}."))
        return 1
    return 0


class _Parser(argparse.ArgumentParser):
    """A parser whose errors repeat no value of an option that is not known: it may be a key."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments; name of what is left over only the options."""
        parsed, rest = self.parse_known_args(args, namespace)
        if rest:
            options = [
                word.split("=")[0] if word.startswith("--") else word[:2] for word in rest if word[:1] == "-"
            ]
            self.error(f"unrecognized arguments: {' '.join(options) or rest[0]}")
        return parsed

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave with exit code 2."""
        super().error(mask_keys(message))


def _parser() -> argparse.ArgumentParser:
    style: Any = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    about = "Gemini image models, in Jupyter and on the command line."
    parser = _Parser(prog="gemini-nb", description=about, epilog=PAGES[""], **style)
    parser.add_argument("--version", action="version", version=f"gemini-nb {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (add, about) in _COMMANDS.items():
        description = f"{about[0].upper()}{about[1:]}."
        add(commands.add_parser(name, help=about, description=description, epilog=PAGES[name], **style))
    return parser


_COMMANDS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], str]] = {
    "generate": (generate.add, "ask for one picture and save it"),
    "jobs": (jobs.add, "list batch jobs, wait for them, cancel them or fetch what they made"),
    "probe": (probe.add, "ask each model once which reply shape it returns today; says first what it costs"),
    "serve": (serve.add, "serve the offline provider on this machine, for any Gemini client"),
    "store": (store.add, "list, check or clear a store of pictures"),
    "demo": (demo.add, "run the first notebook offline; write its pictures and a page"),
}
