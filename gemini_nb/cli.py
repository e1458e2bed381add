"""The command line: generate, serve, demo.

Exit codes: 0 done, 1 a `GeminiError` (printed to stderr), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_nb import __version__, models
from gemini_nb.errors import Cancelled, GeminiError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    asked = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = asked.command
    try:
        command(asked)
    except GeminiError as error:
        print(f"gemini-nb: {error}", file=sys.stderr)
        return 1
    except (Cancelled, KeyboardInterrupt):
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gemini-nb", description="Gemini image models, in Jupyter and beside it."
    )
    parser.add_argument("--version", action="version", version=f"gemini-nb {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_generate(commands.add_parser("generate", help="ask for one picture and save it"))
    _add_serve(commands.add_parser("serve", help="answer as the gateway does, offline, on this machine"))
    _add_demo(
        commands.add_parser("demo", help="run the first notebook offline; write its pictures and a page")
    )
    return parser


def _add_generate(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_generate)
    add = parser.add_argument
    add("prompt", help="what to paint")
    add("-o", "--output", required=True, type=Path, help="file or folder for the original bytes")
    add("-m", "--model", default=models.DEFAULT_MODEL, help="model id or alias (default: %(default)s)")
    add("-i", "--image", action="append", default=[], dest="images", help="picture to work from; repeatable")
    add("-a", "--aspect-ratio", help="e.g. 16:9")
    add("-z", "--image-size", help="512, 1K, 2K or 4K, where the model has a choice")
    add(
        "-p",
        "--provider",
        help="crazyrouter, google, offline or auto (default: GEMINI_NB_PROVIDER, else crazyrouter)",
    )
    add("--base-url", help="another server's address")
    add(
        "--timeout",
        type=float,
        default=240.0,
        metavar="SECONDS",
        help="deadline, everything included (default: %(default)s)",
    )


def _generate(asked: argparse.Namespace) -> None:
    from gemini_nb.client import Client  # noqa: PLC0415 - each command loads what it needs
    from gemini_nb.save import check_free, safe_stem  # noqa: PLC0415

    check_free(asked.output)
    client = Client(asked.provider, base_url=asked.base_url, timeout=asked.timeout)
    generation = client.generate(
        asked.prompt,
        model=asked.model,
        images=asked.images,
        aspect_ratio=asked.aspect_ratio,
        image_size=asked.image_size,
    )
    path = generation.save(asked.output, stem=safe_stem(asked.prompt))
    print(path)
    for line in (generation.caption, *generation.notes):
        print(line, file=sys.stderr)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_serve)
    parser.add_argument("--port", type=int, default=8765, help="0 picks a free one (default: %(default)s)")


def _serve(asked: argparse.Namespace) -> None:
    from gemini_nb.offline.server import serve  # noqa: PLC0415

    serve(port=asked.port)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_demo)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("demo"), help="folder (default: %(default)s)"
    )


def _demo(asked: argparse.Namespace) -> None:
    from gemini_nb.demo import run  # noqa: PLC0415

    run(asked.output)
