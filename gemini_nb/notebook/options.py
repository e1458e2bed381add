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
        print(message, end="")

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
    parser = Parser(
        prog="%%gemini_image" if cell else "%gemini_image", description=_IMAGE[cell], epilog=_EPILOG
    )
    _add_what(parser, cell=cell)
    _add_several(parser)
    _add_money(parser)
    _add_showing(parser)
    return parser


def edit_parser() -> Parser:
    """Return the parser of `%%gemini_edit`."""
    parser = Parser(prog="%%gemini_edit", description=_EDIT, epilog=_EPILOG)
    _add_what(parser, cell=True)
    parser.add_argument(
        "--new", action="store_true", help="begin anew instead of continuing from the last picture"
    )
    parser.add_argument("--undo", action="store_true", help="take the last turn back before this one")
    _add_money(parser)
    _add_showing(parser)
    return parser


def _add_what(parser: Parser, *, cell: bool) -> None:
    add = parser.add_argument
    if cell:
        add("name", nargs="?", metavar="NAME", type=_name, help="assign the result to this name")
    else:
        add("prompt", nargs="*", metavar="PROMPT", help="what to paint; quote it")
    add(
        "-m", "--model", metavar="MODEL", action="append", default=[], dest="models",
        help="model id or alias, e.g. nano-banana-2 (%%gemini models lists them); repeat it to compare models",
    )  # fmt: skip
    add(
        "-i", "--image", metavar="SOURCE", action="append", default=[], dest="images",
        help="picture to work from: a variable, a file or an https address; may be repeated",
    )  # fmt: skip
    add("-a", "--aspect-ratio", metavar="W:H", help="aspect ratio, e.g. 16:9")
    add(
        "-z",
        "--image-size",
        metavar="SIZE",
        help="image size: 512, 1K, 2K or 4K, where the model has a choice",
    )
    add("--text", action="store_true", help="ask for words as well as a picture")
    add("--raw", action="store_true", help="fill nothing into the prompt, not even {{name}}")


def _add_several(parser: Parser) -> None:
    add = parser.add_argument_group("several pictures").add_argument
    add("-n", "--count", metavar="N", type=_count, default=1, help="so many takes of each")
    add(
        "--vary", metavar="VAR", action="append", default=[],
        help="one picture for each value of a list; the prompt holds {{VAR}}; may be repeated",
    )  # fmt: skip
    add("--each", metavar="FRAME", help="one picture for each row; {{column}} is filled from it")
    add("--concurrency", metavar="N", type=_count, default=4, help="so many at a time (default: 4)")
    add("--strict", action="store_true", help="fail the cell if any picture fails, not only if all do")


def _add_money(parser: Parser) -> None:
    add = parser.add_argument_group("money and replay").add_argument
    add(
        "--replay", choices=("auto", "only", "refresh", "off"), metavar="MODE",
        help="auto: replay what is stored; only: nothing else; refresh: ask again; off: leave the store alone",
    )  # fmt: skip
    add("--max-cost", metavar="USD", type=_dollars, help="refuse before sending if the estimate is higher")
    add("--dry-run", action="store_true", help="say what would be sent and what it would cost; send nothing")


def _add_showing(parser: Parser) -> None:
    add = parser.add_argument_group("showing and saving").add_argument
    add(
        "-s",
        "--save",
        metavar="PATH",
        help="save the original bytes here; an existing file is never overwritten",
    )
    add("-q", "--quiet", action="store_true", help="do not show the result")
    add("--full", action="store_true", help="show the original instead of a small preview")
    add("--width", metavar="PX", type=_pixels, help="width of the preview in pixels")


_IMAGE = {
    True: "Ask a Gemini image model for a picture. The body of the cell is the prompt; {{name}} is filled in.",
    False: 'Ask a Gemini image model for a picture:  pic = %%gemini_image "a red square"',
}
_EDIT = "Change the last picture, turn by turn. The body of the cell says what to change."
_EPILOG = """\
examples:
  %%%%gemini_image hero -a 16:9 -s hero.png
  %%%%gemini_image -m nano-banana-2 -m nano-banana-pro -n 2
  %%%%gemini_image -i photo --dry-run

Defaults: %%config GeminiMagics.model = "nano-banana-pro"; %%config GeminiMagics lists them all."""


def _name(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a name to assign to; the prompt goes into the body"
        )
    return text


def _pixels(text: str) -> int:
    return _number(text, 16, 4096, "a width in pixels")


def _count(text: str) -> int:
    return _number(text, 1, 10_000, "a count")


def _number(text: str, least: int, most: int, what: str) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {least} to {most}")
    return int(text)


def _dollars(text: str) -> float:
    try:
        amount = float(text.removeprefix("$"))
    except ValueError:
        amount = -1.0
    if not 0 <= amount < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount in US dollars")
    return amount
