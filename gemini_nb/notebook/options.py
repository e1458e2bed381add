"""Options on the line of a magic: the tokeniser, and the parsers of the image and edit magics.

Never raises IPython's `UsageError`, which prints and lets the cell pass as successful.
"""

from __future__ import annotations

import argparse
import difflib
import itertools
import keyword
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from gemini_nb.errors import ArgumentError
from gemini_nb.store import replay_mode
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY_BEGINNINGS = ("AIza", "sk-", "AQ.")
_SHOWN_CHARACTERS = 60  # of a word that is wrong
_WORD = re.compile(r"""(?:[^\s"']++|"[^"]*+"|'[^']*+')++""")
_QUOTED = re.compile(r""""[^"]*+"|'[^']*+'""")
_Formatter = partial(argparse.RawDescriptionHelpFormatter, max_help_position=26, width=94)


class HelpShown(Exception):  # noqa: N818 - ends the parsing, is no error
    """`--help` was asked for and printed."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `ArgumentError` and never leaves the process."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, add_help=False, formatter_class=_Formatter, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise `ArgumentError` where argparse would leave the process."""
        raise ArgumentError(f"{self.prog}: {message}.", hint="--help lists the options.")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002 - argparse's signature
        """Raise `HelpShown`: `--help` is the only option that ends the parsing."""
        raise HelpShown

    def parse_words(self, words: list[str]) -> argparse.Namespace:
        """Parse the words of a line; the error about an unknown option names the nearest known one."""
        check_no_keys(words)
        for word in itertools.takewhile(lambda word: word != "--", words):
            is_option = word.startswith("--") and " " not in word
            if is_option and word.split("=", 1)[0] not in self._option_string_actions:
                self.error(self._describe_unknown(word))  # before its value is taken for something else
        args, rest = self.parse_known_args(words)
        if rest:
            self.error(self._describe_unknown(rest[0]))
        return args

    def _describe_unknown(self, token: str) -> str:
        shown = one_line(token, _SHOWN_CHARACTERS)
        if not token.startswith("-"):
            return f"unexpected {shown!r}"
        known = [option for action in self._actions for option in action.option_strings]
        near = difflib.get_close_matches(shown.split("=", maxsplit=1)[0], known, n=1)
        return f"there is no option {shown}" + (f"; did you mean {near[0]}" if near else "")


def split_words(line: str) -> list[str]:
    """Split a line into words as a shell would, without escapes; a lone # begins a comment.

    >>> split_words('-m "my model" hero  # the first')
    ['-m', 'my model', 'hero']
    """
    words: list[str] = []
    end = 0
    for word in _WORD.finditer(line):
        if line[end : word.start()].strip():
            break
        if word[0] == "#":
            return words
        words.append(_QUOTED.sub(lambda quoted: quoted[0][1:-1], word[0]))
        end = word.end()
    if line[end:].strip():  # only a quote is neither space nor word
        raise ArgumentError(
            f"A quote is opened and not closed in: {one_line(line, 80)}",
            hint='Put a prompt that holds an apostrophe into "double quotes", or into the body of a cell.',
        )
    return words


def check_no_keys(words: Iterable[str]) -> None:
    """Raise `ArgumentError` for a word that looks like a key: it would be saved with the notebook."""
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
    """Return the parser of `%%gemini_image`, which takes a name, or `%gemini_image`, which takes a prompt."""
    magic = "%%gemini_image" if cell else "%gemini_image"
    parser = Parser(
        prog=magic, description=_CELL if cell else _LINE, epilog=_FIELDS + _SEVERAL_EXAMPLES + _DEFAULTS
    )
    _add_what(parser, cell=cell)
    _add_several(parser)
    _add_money(parser)
    _add_showing(parser)
    return parser


def edit_parser() -> Parser:
    """Return the parser of `%%gemini_edit`."""
    parser = Parser(prog="%%gemini_edit", description=_EDIT, epilog=_EDIT_EXAMPLES + _EDIT_DEFAULTS)
    _add_what(parser, cell=True)
    add = parser.add_argument_group("the conversation").add_argument
    add("--new", action="store_true", help="begin anew instead of going on from the last picture")
    add("--undo", action="store_true", help="take the last turn back, and go on from the picture before it")
    _add_money(parser)
    _add_showing(parser)
    return parser


def _add_what(parser: Parser, *, cell: bool) -> None:
    add = parser.add_argument_group("the picture").add_argument
    if cell:
        add("name", nargs="?", metavar="NAME", type=_parse_name, help="assign the result to this name")
    else:
        add("prompt", nargs="*", metavar="PROMPT", help="what to paint, in quotes")
    add(
        "-m", "--model", metavar="MODEL", action="append", default=[], dest="models",
        help="model id or alias, such as nano-banana-2 (%%gemini models lists them)"
        + ("; repeat it to compare models" if "edit" not in parser.prog else ""),
    )  # fmt: skip
    add(
        "-i", "--image", metavar="SOURCE", action="append", default=[], dest="images",
        help="picture to work from: a variable (PIL, NumPy, Matplotlib, bytes, an earlier result; _ is the "
        "last), a file, or an https address, looked for in this order; may be repeated",
    )  # fmt: skip
    add("-a", "--aspect-ratio", metavar="W:H", help="aspect ratio, such as 16:9")
    add("-z", "--image-size", metavar="SIZE", help="512, 1K, 2K or 4K, where the model has a choice")
    add("--text", action="store_true", help="ask for words as well as a picture")
    add("--stream", action="store_true", help="show the words as they come; asks for them as --text does")
    add("--raw", action="store_true", help="fill nothing into the prompt, not even {{name}}")


def _add_several(parser: Parser) -> None:
    add = parser.add_argument_group("several pictures").add_argument
    parse_count = partial(_parse_number, "a count", 1, 10_000)
    add("-n", "--count", metavar="N", type=parse_count, default=1, help="this many takes of each picture")
    add(
        "--take",
        metavar="K",
        type=partial(_parse_number, "a take", 0, 1_000_000),
        default=0,
        help="begin with this take (default: 0)",
    )
    add(
        "--vary", metavar="VAR", action="append", default=[],
        help="a picture for each value of the list VAR, filled in for {{VAR}}; repeat it for combinations",
    )  # fmt: skip
    add(
        "--each", metavar="FRAME",
        help="a picture for each row of a table (pandas, polars, Arrow, a list of dicts, a dict of columns); "
        "{{column}} is filled from the row",
    )  # fmt: skip
    add(
        "--concurrency",
        metavar="N",
        type=parse_count,
        default=4,
        help="at most this many at a time (default: 4)",
    )
    add("--strict", action="store_true", help="fail the cell if any picture fails, not only if all do")


def _add_money(parser: Parser) -> None:
    add = parser.add_argument_group("money and replay").add_argument
    add(
        "--replay", choices=replay_mode.MODES, metavar="MODE",
        help="auto: replay what is stored, ask for the rest; only: never ask; refresh: ask for all again; "
        "off: leave the store alone",
    )  # fmt: skip
    add(
        "--max-cost", metavar="USD", type=_parse_dollars,
        help="send nothing if the estimate is higher; allows more pictures than GeminiMagics.max_images",
    )  # fmt: skip
    add("--dry-run", action="store_true", help="say what would be sent and what it would cost; send nothing")


def _add_showing(parser: Parser) -> None:
    add = parser.add_argument_group("showing and saving").add_argument
    add(
        "-s", "--save", metavar="PATH",
        help="save the original bytes to this file, several pictures to this folder; nothing is overwritten",
    )  # fmt: skip
    add("-q", "--quiet", action="store_true", help="do not show the result")
    add("--full", action="store_true", help="show the original instead of a small preview")
    add(
        "--width",
        metavar="PX",
        type=partial(_parse_number, "a width in pixels", 16, 4096),
        help="width of the preview in pixels",
    )
    add("-h", "--help", action="help", help="show this page")


_CELL = "Ask a Gemini image model for a picture. The body of the cell is the prompt."
_LINE = 'Ask a Gemini image model for a picture:  pic = %gemini_image "a red square"'
_EDIT = """\
Change the last picture, turn by turn. The body of the cell says what to change.
Each turn goes on from the one before it; a picture made by another cell begins a new conversation."""
_FIELDS = """\
in the prompt:
  {{city}} {{frame.price[0]:.2f}}    filled in from the notebook's variables
  {city} ${x} {"a": 1}               text, as it stands
  \\{{                                two braces as text

"""
_SEVERAL_EXAMPLES = """\
examples:
  %%gemini_image hero -a 16:9 -s hero.jpg
  %%gemini_image -m nano-banana-2 -m nano-banana-pro -n 2
  %%gemini_image places --each cities --max-cost 2 -s places/
  %%gemini_image -i photo --dry-run
"""
_EDIT_EXAMPLES = """\
examples:
  %%gemini_edit
  %%gemini_edit night --undo
  %%gemini_edit -i sketch.png --new
"""
_EDIT_DEFAULTS = """
%config GeminiMagics lists the defaults; %config GeminiMagics.model = "nano-banana-pro" sets one."""
_DEFAULTS = f"""
Several pictures come back as a batch: NAME.generations, NAME.errors, NAME.to_frame().{_EDIT_DEFAULTS}"""


def _parse_name(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(
            f"{text[:_SHOWN_CHARACTERS]!r} is not a name to assign to; the prompt goes into the body"
        )
    return text


def _parse_number(what: str, least: int, most: int, text: str) -> int:
    if len(text) > 9 or not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text[:_SHOWN_CHARACTERS]!r} is not {what} from {least} to {most}")
    return int(text)


def _parse_dollars(text: str) -> float:
    try:
        amount = float(text.removeprefix("$"))
    except ValueError:
        amount = -1.0
    if not 0 <= amount < 1e6:
        raise argparse.ArgumentTypeError(f"{text[:_SHOWN_CHARACTERS]!r} is not an amount in US dollars")
    return amount
