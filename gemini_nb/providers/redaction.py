"""Redaction of a key in text: plain, escaped for URLs, JSON or HTML, in hex or base64, whole or in pieces.

The text is unescaped in one pass and searched for every written form of the key, one window after the other.
Time is linear in the text, memory is bounded by the window. Escapes are read where they are escaped again by
their own rule; a key of which every character was escaped by one rule and then by another is not found.
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
    from collections.abc import Callable, Iterator

    Splitter = Callable[[Callable[[int, int], str], int], list["Span"]]

MASK = "[key]"

_SHORT = 8  # a shorter key is hardly a secret, and would mask ordinary text
_LONG = 16  # of such a key, pieces are masked too: a server may cut its message in the middle of one
_PIECE = 8
_ENCODED_PIECE = 12  # 9 bytes in base64
_STEP = 4  # each piece of 8 characters holds a whole block of 4 that begins at a multiple of 4
_WINDOW_CHARS = 2**20
_WIDEST_ESCAPE = 24  # characters that one character may take up, escaped several times

Span = tuple[int, int]


@dataclass(frozen=True, repr=False)
class Form:
    """A written form of the key: stretches of `least` characters or more that hold an anchor are found."""

    text: str
    least: int
    anchors: tuple[Span, ...]

    def find_in(self, text: str) -> Iterator[Span]:
        """Yield where a long enough stretch of this form stands in `text`."""
        for first, last in self.anchors:
            anchor = self.text[first:last]
            at = text.find(anchor)
            while at >= 0:
                start, end = self._stretch(text, at, first, last)
                is_key = end - start >= self.least and self._is_telling(text[start:end])
                if is_key:
                    yield start, end
                at = text.find(anchor, end if is_key else at + 1)

    def _stretch(self, text: str, at: int, first: int, last: int) -> Span:
        start, end = at, at + last - first
        while first > 0 and start > 0 and text[start - 1] == self.text[first - 1]:
            start, first = start - 1, first - 1
        while last < len(self.text) and end < len(text) and text[end] == self.text[last]:
            end, last = end + 1, last + 1
        return start, end

    def _is_telling(self, piece: str) -> bool:
        """Whether a piece gives anything away: a plain word, such as "crazyrouter", does not."""
        return len(piece) == len(self.text) or any(c.isdigit() or c.isupper() for c in piece)


def list_forms(key: str) -> list[Form]:
    """Return the written forms of a key that are looked for in unescaped text; none for a short key.

    They are the key, the key reversed, and in hex (upper and lower case) and base64 (at its three alignments,
    in both alphabets) the key and its percent-encoded form. Of the key itself any piece is found, of the
    others those that hold the beginning or the end.
    """
    if len(key) < _SHORT:
        return []
    encodings = {key[::-1]}
    for raw in {key.encode(), quote(key, safe="").encode()}:
        encodings |= {raw.hex(), raw.hex().upper(), *_base64_cores(raw)}
    forms = [_form_in_pieces(plain) for plain in {key, "".join(_unescape(key)[1])}]
    for text in encodings:
        least = min(_ENCODED_PIECE, len(text))
        forms.append(Form(text, least, ((0, least), (len(text) - least, len(text)))))
    return forms


def _form_in_pieces(key: str) -> Form:
    if len(key) < _LONG:
        return Form(key, len(key), ((0, len(key)),))
    starts = range(0, len(key) - _STEP + 1, _STEP)
    return Form(key, _PIECE, tuple((start, start + _STEP) for start in starts))


def _base64_cores(raw: bytes) -> set[str]:
    """Return what is common to every base64 text that holds `raw`, for each alignment and alphabet."""
    cores = set()
    for lead in range(3):
        padded = b"\0" * lead + raw
        core = base64.b64encode(padded).decode()[-(-lead * 8 // 6) : len(padded) * 8 // 6]
        cores |= {core, core.translate(str.maketrans("+/", "-_"))}
    return cores


def splitter(key: str) -> Splitter:
    """Return a function that splits a text at the key, and returns the first and last index of what stays.

    It takes a function that gives a part of the text by first and last index, and the text's length. Two
    stretches or more are returned where the key is in the text. It looks at one window after the other; they
    overlap, so that a key on a border is seen whole.
    """
    forms = list_forms(key)
    search = (lambda text: _find_escaped(text, forms)) if forms else _quoted_finder(key)
    overlap = _WIDEST_ESCAPE * len(key)

    def split(part: Callable[[int, int], str], length: int) -> list[Span]:
        spans: list[Span] = []
        for start in range(0, length, _WINDOW_CHARS):
            text = part(start, min(length, start + _WINDOW_CHARS + overlap))
            spans += ((start + first, start + last) for first, last in search(text))
        return list(_between(spans, length))

    return split


def _quoted_finder(key: str) -> Callable[[str], Iterator[Span]]:
    """Return what finds a short key where it is in quotes or follows a sign: in prose it may be any word."""
    pattern = re.compile(rf"(?:(?<=[=:\"'`])|(?<=[=:] )){re.escape(key)}(?![\w-])")
    return lambda text: (match.span() for match in pattern.finditer(text))


def _between(spans: list[Span], length: int) -> Iterator[Span]:
    """Yield what lies before, between and after the spans; those that touch count as one."""
    end = 0
    for start, stop in sorted(spans):
        if start > end or not end:
            yield end, start
        end = max(end, stop)
    yield end, length


_ESCAPE = re.compile(
    r"(%(?:25)*[0-9A-Fa-f]{2}"
    r"|\\+(?:u00[0-9A-Fa-f]{2}|x[0-9A-Fa-f]{2}|[nrt])?"  # a run of backslashes is taken whole: linear
    r"|&(?:amp;)*(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z]{2,8};)"
    r"|[\r\n\0]+[ \t]*)"
)


def _find_escaped(text: str, forms: list[Form]) -> Iterator[Span]:
    """Yield where a form stands in `text`, an escape counting as the character that it stands for."""
    escaped, plain = _unescape(text)
    searched = "".join(plain)
    spans = [span for form in forms for span in form.find_in(searched)]
    if not spans:
        return
    ends, plain_ends = list(accumulate(map(len, escaped))), list(accumulate(map(len, plain)))

    def trace_back(position: int) -> Span:
        part = bisect_right(plain_ends, position)
        if part % 2:  # an escape is masked whole
            return ends[part - 1], ends[part]
        start = ends[part] - (plain_ends[part] - position)
        return start, start + 1

    for first, last in spans:
        yield trace_back(first)[0], trace_back(last - 1)[1]


def _unescape(text: str) -> tuple[list[str], list[str]]:
    """Split a text into stretches and escapes, in turn: as they are written, and what they stand for."""
    written = _ESCAPE.split(text) if any(c in text for c in "%\\&\n\r\0") else [text]
    characters = {escape: _read_escape(escape) for escape in set(written[1::2])}
    plain = written.copy()
    plain[1::2] = map(characters.__getitem__, written[1::2])
    return written, plain


def _read_escape(escape: str) -> str:
    r"""Return the character that an escape stands for, "" for line breaks, NULs and lone backslashes.

    An escape may have been escaped again by its own rule: `%2541`, `\\u0041` and `&amp;#65;` are "A".
    """
    if escape[0] == "&":
        plain = html.unescape("&" + escape[1:].replace("amp;", ""))
        return plain if len(plain) == 1 else escape
    if escape[0] in "\r\n\0" or len(escape.lstrip("\\")) < 2:
        return ""
    return chr(int(escape[-2:], 16)).strip("\r\n\0")
