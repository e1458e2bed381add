"""The line of a magic, parsed: our own tokeniser and parser.

Never raises IPython's `UsageError`, which prints and lets the cell pass as successful.
"""

from __future__ import annotations

import argparse
import difflib
import keyword
import shlex
from typing import TYPE_CHECKING, Any, NoReturn

from gemini_nb.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

_HELP_HINT = "--help lists the options."
_KEY_BEGINNINGS = ("AIza", "sk-", "AQ.")


class HelpShown(Exception):  # noqa: N818 - ends the parsing, is no error
    """`--help` was asked for and printed."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `ArgumentError` and never leaves the process."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        raise ArgumentError(f"{self.prog}: {message}.", hint=_HELP_HINT)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002 - argparse's signature
        raise HelpShown

    def _print_message(self, message: str, file: object = None) -> None:  # noqa: ARG002
        print(message, end="")  # noqa: T201 - help belongs in the cell's output

    def parse_tokens(self, tokens: list[str]) -> argparse.Namespace:
        """Parse tokens; an option that does not exist is answered with the nearest that does."""
        refuse_keys(tokens)
        found, rest = self.parse_known_args(tokens)
        if rest:
            self.error(self._unknown(rest[0]))
        return found

    def _unknown(self, token: str) -> str:
        if not token.startswith("-"):
            return f"unexpected {token!r}"
        known = [option for action in self._actions for option in action.option_strings]
        near = difflib.get_close_matches(token.split("=", maxsplit=1)[0], known, n=1)
        return f"there is no option {token}" + (f"; did you mean {near[0]}" if near else "")


def tokens(line: str) -> list[str]:
    """Split a line into words as a shell would, without escapes; a lone # begins a comment.

    >>> tokens('-m "my model" hero  # the first')
    ['-m', 'my model', 'hero']
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.escape = ""
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        raise ArgumentError(
            f"A quote is opened and not closed in: {line[:80]}",
            hint='Put a prompt that holds an apostrophe into "double quotes", or into the body of a cell.',
        ) from None
    return words[: words.index("#")] if "#" in words else words


def refuse_keys(words: Iterable[str]) -> None:
    """Refuse arguments that look like a key: they would be saved with the notebook."""
    for word in words:
        value = word.split("=", 1)[-1]
        if word.lower().lstrip("-").startswith(("key=", "api-key", "api_key", "apikey")) or (
            value.startswith(_KEY_BEGINNINGS) and len(value) >= 20 and " " not in value
        ):
            raise ArgumentError(
                "A key does not belong in a cell: it would be saved with the notebook.",
                hint="Remove it from the cell and use %gemini key, which asks for it and keeps it in memory.",
            )


def image_parser(*, cell: bool) -> Parser:
    """Return the parser of `%%gemini_image` (a name and options) or `%gemini_image` (options and a prompt)."""
    magic = "%%gemini_image" if cell else "%gemini_image"
    parser = Parser(prog=magic, description=_DESCRIPTION[cell], epilog=_EPILOG)
    if cell:
        parser.add_argument(
            "name", nargs="?", metavar="NAME", type=_name, help="assign the result to this name"
        )
    else:
        parser.add_argument("prompt", nargs="*", metavar="PROMPT", help="what to paint; quote it")
    add = parser.add_argument
    add(
        "-m",
        "--model",
        metavar="MODEL",
        help="model id or alias, e.g. nano-banana-2 (%%gemini models lists them)",
    )
    add("-a", "--aspect-ratio", metavar="W:H", help="aspect ratio, e.g. 16:9")
    add(
        "-z",
        "--image-size",
        metavar="SIZE",
        help="image size: 512, 1K, 2K or 4K, where the model has a choice",
    )
    add(
        "-i", "--image", metavar="SOURCE", action="append", default=[], dest="images",
        help="picture to work from: a variable, a file or an https address; may be repeated",
    )  # fmt: skip
    add(
        "-s",
        "--save",
        metavar="PATH",
        help="save the original bytes here; an existing file is never overwritten",
    )
    add("-q", "--quiet", action="store_true", help="do not show the result")
    add("--full", action="store_true", help="show the original instead of a small preview")
    add("--width", metavar="PX", type=_pixels, help="width of the preview in pixels")
    return parser


_DESCRIPTION = {
    True: "Ask a Gemini image model for a picture. The body of the cell is the prompt.",
    False: 'Ask a Gemini image model for a picture:  pic = %gemini_image "a red square"',
}
_EPILOG = "Defaults are set with %config GeminiMagics, e.g. %config GeminiMagics.model = 'nano-banana-pro'."


def _name(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a name to assign to; the prompt goes into the body"
        )
    return text


def _pixels(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 16 <= int(text) <= 4096:
        raise argparse.ArgumentTypeError(f"{text!r} is not a width in pixels from 16 to 4096")
    return int(text)
