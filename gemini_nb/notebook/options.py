"""Options on the line of a magic: the tokeniser, and the parsers of the image and edit magics.

Never raises IPython's `UsageError`, which prints and lets the cell pass as successful.
"""

from __future__ import annotations

import argparse
import difflib
import itertools
import keyword
import re
import warnings
from functools import partial
from typing import Any, NoReturn

from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.providers.keys import check_no_keys
from gemini_nb.settings import words as settings
from gemini_nb.store import replay_mode
from gemini_nb.text import TEXT_COLUMNS, one_line

_SHOWN_CHARACTERS = 60  # of a word that is wrong
_WORD = re.compile(r"""(?:[^\s"']++|"[^"]*+"|'[^']*+')+""")
_QUOTED = re.compile(r""""[^"]*+"|'[^']*+'""")
_Formatter = partial(argparse.RawDescriptionHelpFormatter, max_help_position=26, width=TEXT_COLUMNS)


class HelpShown(Exception):  # noqa: N818 - ends the parsing, is no error
    """`--help` was asked for and printed."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `ArgumentError` and never leaves the process."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, add_help=False, formatter_class=_Formatter, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise `ArgumentError` where argparse would leave the process."""
        end = "" if message.endswith("?") else "."
        raise ArgumentError(f"{self.prog}: {message}{end}", hint="--help lists the options.")

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
        if rest and self.prog.startswith("%%") and not rest[0].startswith("-"):
            raise self.error_for_prompt(" ".join([args.name or "", *rest]))
        if rest:
            self.error(self._describe_unknown(rest[0]))
        return args

    def warn_of_options_in(self, prompt: str) -> None:
        """Warn of a line of the prompt that begins with an option, which is sent as text."""
        for line in prompt.splitlines():
            first, *_ = line.split(maxsplit=1) or [""]
            if first.split("=", 1)[0] in self._option_string_actions:
                warnings.warn(
                    f"The prompt holds {one_line(line, _SHOWN_CHARACTERS)!r} as text: "
                    f"options belong on the first line, after {self.prog}.",
                    GeminiWarning,
                    stacklevel=2,
                )
                return

    def error_for_prompt(self, text: str) -> ArgumentError:
        """Return the error for a prompt on the line of a cell magic."""
        shown = one_line(text, _SHOWN_CHARACTERS)
        on_one_line = f' With a single % it may stay on the line: %gemini_image "{shown}"'
        return ArgumentError(
            f"{self.prog}: the line takes one NAME and options, not {shown!r}.",
            hint="Write the prompt below the line, in the body of the cell."
            + (on_one_line if "edit" not in self.prog else ""),
        )

    def _describe_unknown(self, token: str) -> str:
        shown = one_line(token, _SHOWN_CHARACTERS)
        if not token.startswith("-"):
            return f"unexpected {shown!r}"
        # Without its value, which may be a secret.
        shown = shown.split("=", maxsplit=1)[0] if shown.startswith("--") else shown[:2]
        known = [option for action in self._actions for option in action.option_strings]
        near = difflib.get_close_matches(shown, known, n=1)
        return f"there is no option {shown}" + (f"; did you mean {near[0]}?" if near else "")


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
            "A quote on this line is not closed.",
            hint='Put a prompt with an apostrophe in "double quotes", or in the body of a cell.',
        )
    return words


def image_parser(*, cell: bool) -> Parser:
    """Return the parser of `%%gemini_image`, which takes a name, or `%gemini_image`, which takes a prompt."""
    magic = "%%gemini_image" if cell else "%gemini_image"
    parser = Parser(
        prog=magic,
        usage="%(prog)s [NAME] [options]" if cell else '%(prog)s [options] "prompt"',
        description=_CELL if cell else _LINE,
        epilog=_FIELDS + _SEVERAL_EXAMPLES + _DEFAULTS,
    )
    _add_what(parser, cell=cell)
    _add_several(parser)
    _add_money(parser)
    _add_showing(parser)
    return parser


def edit_parser() -> Parser:
    """Return the parser of `%%gemini_edit`."""
    parser = Parser(
        prog="%%gemini_edit",
        usage="%(prog)s [NAME] [options]",
        description=_EDIT,
        epilog=_EDIT_EXAMPLES + _EDIT_DEFAULTS,
    )
    _add_what(parser, cell=True)
    add = parser.add_argument_group("the conversation").add_argument
    about = "start a new conversation instead of continuing from the last picture"
    add("--new", action="store_true", help=about)
    add("--undo", action="store_true", help="undo the last turn, and continue from the picture before it")
    _add_money(parser)
    _add_showing(parser)
    return parser


def _add_what(parser: Parser, *, cell: bool) -> None:
    add = parser.add_argument_group("the picture").add_argument
    if cell:
        parse_name = partial(_parse_name, parser)
        add("name", nargs="?", metavar="NAME", type=parse_name, help="assign the result to this name")
    else:
        add("prompt", nargs="*", metavar="PROMPT", help="what to paint, in quotes")
    about = "model id or alias, such as nano-banana-2 (%%gemini models lists them)"
    about += "; repeat it to compare models" if "edit" not in parser.prog else ""
    add("-m", "--model", metavar="MODEL", action="append", default=[], dest="models", help=about)
    about = "input image: a variable (PIL, NumPy, Matplotlib, an upload, bytes, an earlier result; _ is the "
    about += "last), a file, or an https address, looked for in this order; may be repeated"
    add("-i", "--image", metavar="SOURCE", action="append", default=[], dest="images", help=about)
    source = "the last picture" if "edit" in parser.prog else "the picture of -i"
    about = f"where {source} may change: a picture of its size, white there; all other pixels stay exactly "
    about += "as they are; a variable or a file, as for -i"
    settings.add_mask_options(add, about=about)
    add("-a", "--aspect-ratio", metavar="W:H", help="aspect ratio, such as 16:9")
    add("-z", "--image-size", metavar="SIZE", help="512, 1K, 2K or 4K, where the model has a choice")
    add("--text", action="store_true", help="ask for text as well as a picture")
    add("--stream", action="store_true", help="show the text as it arrives; asks for it as --text does")
    add("--raw", action="store_true", help="send the prompt as it is typed, {{name}} included")
    add = parser.add_argument_group("what the model may do", description=_UNVALIDATED).add_argument
    settings.add_options(add, system="system instruction, or the name of a variable that holds one")


def _add_several(parser: Parser) -> None:
    add = parser.add_argument_group("several pictures").add_argument
    parse_count = partial(_parse_number, "a count", 1, 10_000)
    add("-n", "--count", metavar="N", type=parse_count, default=1, help="number of takes of each picture")
    parse_take = partial(_parse_number, "a take", 0, 1_000_000)
    add("--take", metavar="K", type=parse_take, default=0, help="begin with this take (default: 0)")
    about = "a picture for each value of a list; takes the name of its variable, and fills {{VAR}} in; "
    about += "repeat it for combinations"
    parse_list = partial(_parse_variable, "--vary")
    add("--vary", metavar="VAR", action="append", default=[], type=parse_list, help=about)
    about = "a picture for each row of a table; takes the name of its variable (a pandas or polars frame, "
    about += "an Arrow table, a list of dicts, a dict of columns), and fills {{column}} in"
    add("--each", metavar="FRAME", type=partial(_parse_variable, "--each"), help=about)
    about = "as batch jobs, at half the price and within a day; google only, and with a store; an interrupt "
    about += "leaves them running, and the same cell waits for them again (%%gemini jobs lists them)"
    add("--batch", action="store_true", help=about)
    about = "at most this many at a time (default: 4)"
    add("--concurrency", metavar="N", type=parse_count, default=4, help=about)
    add("--strict", action="store_true", help="fail the cell if any picture fails, not only if all do")


def _add_money(parser: Parser) -> None:
    add = parser.add_argument_group("money and replay").add_argument
    about = "auto: replay what is stored, request the rest; only: never send; refresh: request all again; "
    about += "off: leave the store alone"
    add("--replay", choices=replay_mode.MODES, metavar="MODE", help=about)
    about = "send nothing if the estimate is higher; allows more pictures than GeminiMagics.max_images"
    add("--max-cost", metavar="USD", type=settings.parse_dollars, help=about)
    add("--dry-run", action="store_true", help="say what would be sent and what it would cost; send nothing")


def _add_showing(parser: Parser) -> None:
    add = parser.add_argument_group("showing and saving").add_argument
    about = "save to this file or folder/, filled as the prompt is: out/{{sku}}.jpg; the suffix says the "
    about += "type, without one the bytes are what came"
    add("-s", "--save", metavar="PATH", help=about)
    about = "let -s replace any file, not only one saved from the store and not changed since"
    add("--overwrite", action="store_true", help=about)
    add("-q", "--quiet", action="store_true", help="do not show the result")
    add("--full", action="store_true", help="show the original instead of a small preview")
    parse_width = partial(_parse_number, "a width in pixels", 16, 4096)
    add("--width", metavar="PX", type=parse_width, help="width of the preview in pixels")
    add("-h", "--help", action="help", help="show this page")


_UNVALIDATED = "Checked against what is known of the model; not validated on Crazyrouter."
_CELL = "Ask a Gemini image model for a picture. The body of the cell is the prompt."
_LINE = 'Ask a Gemini image model for a picture:  pic = %gemini_image "a red square"'
_EDIT = """\
Change the last picture, turn by turn. The body of the cell says what to change.
Each turn continues from the one before it; a picture made by another cell
starts a new conversation."""
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
  %%gemini_image places --each cities --batch --dry-run
  %%gemini_image -i photo --dry-run
  %%gemini_image -i photo --region 40,60,200,120 --feather 8
"""
_EDIT_EXAMPLES = """\
examples:
  %%gemini_edit
  %%gemini_edit night --undo
  %%gemini_edit -i sketch.png --new
  %%gemini_edit --mask sky.png
"""
_EDIT_DEFAULTS = """
%config GeminiMagics lists the defaults, and
%config GeminiMagics.model = "nano-banana-pro" sets one."""
_DEFAULTS = f"""
Several pictures come back as a batch: NAME[0], NAME.errors,
df.join(NAME.to_frame()), NAME.save("out/"), NAME.to_html("sheet.html").
{_EDIT_DEFAULTS}"""


def _parse_name(parser: Parser, text: str) -> str:
    if len(text.split()) > 1:
        raise parser.error_for_prompt(text)
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(
            f"{text[:_SHOWN_CHARACTERS]!r} is not a name to assign to; the prompt goes into the body"
        )
    return text


def _parse_variable(option: str, text: str) -> str:
    if not text.isidentifier():
        name = "rows" if option == "--each" else "values"
        raise ArgumentError(
            f"{option} takes the name of a variable, not {one_line(text, _SHOWN_CHARACTERS)!r}.",
            hint=f"Assign it to a name first: {name} = …, then {option} {name}",
        )
    return text


def _parse_number(what: str, least: int, most: int, text: str) -> int:
    if len(text) > 9 or not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text[:_SHOWN_CHARACTERS]!r} is not {what} from {least} to {most}")
    return int(text)
