"""Finding a key in text that quotes it: whole or in part, escaped, encoded, reversed.

The text is unescaped layer by layer (percent, JSON, HTML, line breaks, NULs); each layer is searched
for the key, its base64 at every alignment, its hex. Time is linear in the text, memory bounded.
"""

from __future__ import annotations

import base64
import html
import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Finder = Callable[[Callable[[int, int], str], int], list["Span"]]

MASK = "[key]"

_SHORT = 8  # a shorter key is hardly a secret, and would eat ordinary text
_LONG = 16  # of such a key, pieces are masked too: a server may cut its message in the middle of one
_PIECE = 8
_ENCODED_PIECE = 12  # 9 bytes in base64
_HEX_PIECE = 16
_STEP = 4  # each piece of 8 characters holds a whole block of 4 that begins at a multiple of 4
_WINDOW_CHARS = 2**20
_WIDEST_ESCAPE = 24  # what one character may take up, escaped several times over
_LAYERS = 4

Span = tuple[int, int]


@dataclass(frozen=True, repr=False)
class Form:
    """One way to write the key. Any stretch of `least` characters of it is found by way of its `anchors`."""

    text: str
    least: int
    anchors: tuple[Span, ...]
    pieces_of_key: bool = False

    def spans(self, text: str) -> Iterator[Span]:
        """Yield where a long enough stretch of this form stands in `text`."""
        for first, last in self.anchors:
            anchor = self.text[first:last]
            at = text.find(anchor)
            while at >= 0:
                start, end = self._stretch(text, at, first, last)
                found = end - start >= self.least and self._tells(text[start:end])
                if found:
                    yield start, end
                at = text.find(anchor, end if found else at + 1)

    def _stretch(self, text: str, at: int, first: int, last: int) -> Span:
        start, end = at, at + last - first
        while first > 0 and start > 0 and text[start - 1] == self.text[first - 1]:
            start, first = start - 1, first - 1
        while last < len(self.text) and end < len(text) and text[end] == self.text[last]:
            end, last = end + 1, last + 1
        return start, end

    def _tells(self, piece: str) -> bool:
        """Whether a piece gives anything away: a plain word, such as "crazyrouter", does not."""
        if not self.pieces_of_key or len(piece) == len(self.text):
            return True
        return any(c.isdigit() or c.isupper() for c in piece)


def forms(key: str) -> tuple[Form, ...]:
    """Return the forms to look for in each layer of a text; none for a short key."""
    if len(key) < _SHORT:
        return ()
    encoded = {_of_ends(key[::-1], _ENCODED_PIECE)}
    for raw in {key, quote(key, safe="")}:
        encoded |= {_of_ends(core, _ENCODED_PIECE) for core in _base64_cores(raw.encode())}
        digits = raw.encode().hex()
        encoded |= {_of_ends(digits, _HEX_PIECE), _of_ends(digits.upper(), _HEX_PIECE)}
    return (_of_pieces(key), *encoded)


def _of_pieces(key: str) -> Form:
    whole = (0, len(key))
    if len(key) < _LONG:
        return Form(key, len(key), (whole,))
    blocks = ((start, start + _STEP) for start in range(0, len(key) - _STEP + 1, _STEP))
    return Form(key, _PIECE, (whole, *blocks), pieces_of_key=True)


def _of_ends(text: str, least: int) -> Form:
    """An encoding: found whole, or cut off at one end."""
    least = min(least, len(text))
    return Form(text, least, ((0, least), (len(text) - least, len(text))))


def _base64_cores(raw: bytes) -> set[str]:
    """What is common to every base64 text that holds `raw`: one core per alignment and alphabet."""
    cores = set()
    for lead in range(3):
        padded = b"\0" * lead + raw
        core = base64.b64encode(padded).decode()[-(-lead * 8 // 6) : len(padded) * 8 // 6]
        cores |= {core, core.translate(str.maketrans("+/", "-_"))}
    return cores


def _quoted(key: str) -> Callable[[str], Iterator[Span]]:
    """What finds a short key: where it is in quotes or follows a sign, never in the middle of prose."""
    pattern = re.compile(rf"(?:(?<=[=:\"'`])|(?<=[=:] )){re.escape(key)}(?![\w-])")
    return lambda text: (match.span() for match in pattern.finditer(text))


def finder(key: str) -> Finder:
    """Return a function that finds a key: given a text's parts, by first and last index, and its length.

    It looks at one window after the other. Neighbours overlap, so that a key on their border is seen whole.
    """
    looked_for = forms(key)
    overlap = _WIDEST_ESCAPE * len(key)
    search = _quoted(key) if not looked_for else lambda text: _in_layers(text, looked_for)

    def find(part: Callable[[int, int], str], length: int) -> list[Span]:
        spans: list[Span] = []
        for start in range(0, length, _WINDOW_CHARS):
            text = part(start, min(length, start + _WINDOW_CHARS + overlap))
            spans += _merged((start + first, start + last) for first, last in search(text))
        return _merged(spans)

    return find


def _in_layers(text: str, looked_for: tuple[Form, ...]) -> Iterator[Span]:
    origins: list[Callable[[Span], Span]] = []
    for _ in range(_LAYERS):
        for form in looked_for:
            for span in form.spans(text):
                for origin in reversed(origins):
                    span = origin(span)  # noqa: PLW2901 - traced back, layer by layer
                yield span
        layer = _Layer(text)
        if layer.text == text:
            return
        origins.append(layer.origin)
        text = layer.text


_ESCAPE = re.compile(
    r"(%[0-9A-Fa-f]{2}"
    r"|\\+(?:u00[0-9A-Fa-f]{2}|x[0-9A-Fa-f]{2}|[nrt])?"  # a run of backslashes is taken whole: linear
    r"|&(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z]{2,8};)"
    r"|[\r\n\0]+[ \t]*)"
)


class _Layer:
    """A text with one layer of escapes taken off, and where each stretch of it came from."""

    def __init__(self, text: str) -> None:
        self._escaped = _ESCAPE.split(text) if any(c in text for c in "%\\&\n\r\0") else [text]
        self._plain = self._escaped.copy()
        self._plain[1::2] = map(_Unescape().__getitem__, self._escaped[1::2])
        self.text = "".join(self._plain)
        self._ends: tuple[list[int], list[int]] | None = None

    def origin(self, span: Span) -> Span:
        """Return where `span` of the unescaped text stood in the escaped one."""
        first, last = span
        return self._origin(first)[0], self._origin(last - 1)[1]

    def _origin(self, position: int) -> Span:
        if self._ends is None:
            self._ends = (list(accumulate(map(len, self._escaped))), list(accumulate(map(len, self._plain))))
        before, after = self._ends
        part = bisect_right(after, position)
        if part % 2:  # an escape comes and goes whole
            return before[part - 1], before[part]
        start = before[part] - (after[part] - position)
        return start, start + 1


class _Unescape(dict[str, str]):
    """What each escape stands for; a text's few different ones are worked out once."""

    def __missing__(self, escape: str) -> str:
        self[escape] = plain = _unescaped(escape)
        return plain


def _unescaped(escape: str) -> str:
    if escape[0] == "%":
        return chr(int(escape[1:], 16))
    if escape[0] == "&":
        plain = html.unescape(escape)
        return plain if len(plain) == 1 else escape
    code = escape.lstrip("\\") if escape[0] == "\\" else ""
    return chr(int(code[-2:], 16)) if len(code) > 1 else ""


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
