"""The cursor's place when Tab is pressed: on the line of a magic and after which words, or in the body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterable, Mapping

    Options = Mapping[str, Action]  # by option string, as a parser has them

_CELL = re.compile(r"\s*%%(gemini_image|gemini_edit)(?!\S)")
_LINE = re.compile(r"(?:[^%=]*=)?\s*%(gemini_image|gemini_edit|gemini)(?!\S)")
# A quote that is not closed goes on to the end of the line.
_WORD = re.compile(r"""(?:[^ \t\r\n"']|"[^"]*(?:"|\Z)|'[^']*(?:'|\Z))+""")
_QUOTED = re.compile(r""""([^"]*)("|\Z)|'([^']*)('|\Z)""")
_NO_LIMIT = 1_000_000


@dataclass(frozen=True)
class Place:
    """Where the cursor is: in the `line` of a magic, with `after` behind it, or in the `body` of its cell.

    `line` begins after the magic's name. It and `body` end at the cursor; above a body, `line` is whole.
    """

    magic: str
    line: str
    after: str = ""
    cell: bool = False
    body: str | None = None


@dataclass(frozen=True)
class Words:
    """A line up to the cursor, split as `options.split_words` does: whole words, and a last, unfinished one.

    `partial` is its text, `typed` what stands there since the open `quote`, else since its beginning.
    """

    whole: tuple[str, ...]
    partial: str
    typed: str
    quote: str


def find_place(text: str, line: int, column: int) -> Place | None:
    """Return where the cursor of a cell is, or None outside of our magics; `line` and `column` from 0."""
    lines = text.split("\n")
    first = next((number for number, text in enumerate(lines) if text.strip()), 0)
    before, after = lines[line][:column], lines[line][column:]
    cell = _CELL.match(lines[first])
    if cell is None:
        magic = _LINE.match(lines[line])
    elif line > first:
        return Place(cell[1], lines[first][cell.end() :], cell=True, body=before)
    else:
        magic = cell if line == first else None
    if magic is None or column <= magic.end():
        return None
    return Place(magic[1], before[magic.end() :], after, cell=cell is not None)


def split_line(line: str) -> Words:
    """Split a line that may end in the middle of a word or of a quote."""
    words = list(_WORD.finditer(line))
    texts = [_QUOTED.sub(lambda quoted: quoted[1] or quoted[3] or "", word[0]) for word in words]
    if not words or words[-1].end() < len(line):
        return Words(tuple(texts), "", "", "")
    typed, quote = words[-1][0], ""
    for quoted in _QUOTED.finditer(words[-1][0]):
        typed = words[-1][0][quoted.start() + 1 :]
        quote = "" if quoted[2] or quoted[4] else quoted[0][0]
    return Words(tuple(texts[:-1]), texts[-1], typed, quote)


def pending_option(options: Options, words: Iterable[str]) -> Action | None:
    """Return the option that the next word is a value of, if the words end with one that lacks values."""
    action, missing = None, 0
    for word in words:
        if word in options:
            action = options[word]
            missing = 1 if action.nargs in (None, "?") else _NO_LIMIT
            if isinstance(action.nargs, int):
                missing = action.nargs
        else:
            missing = 0 if word.startswith("-") else max(0, missing - 1)
    return action if missing else None


def split_option(options: Options, word: str) -> tuple[Action, str] | None:
    """Split `--model=x`, `-m=x` and `-mx` into the option and its value."""
    name, equals, value = word.partition("=")
    if not (equals and name in options):
        name, value = word[:2], word[2:]
        if not value or name not in options:
            return None
    return options[name], value


def values_given(options: Options, name: str, words: Iterable[str]) -> tuple[str, ...]:
    """Return the values that words give to the option called `name`."""
    if name not in options:
        return ()
    values = []
    for word, following in pairwise((*words, "")):
        option = split_option(options, word)
        if options.get(word) is options[name]:
            values.append(following)
        elif option is not None and option[0] is options[name]:
            values.append(option[1])
    return tuple(value for value in values if value)
