r"""Redaction of a key in text: plain, escaped for URLs, JSON or HTML, in hex or base64, whole or in pieces.

    written    as it is; reversed; in hex; in base64 at each of its three alignments, in both alphabets
    escaped    any of its characters, as %41, \u0041, \x41, \/, &#65;, &#x41; or &sol;, and that again by the
               same rule (%2541, \\u0041, &amp;#65;); line breaks, NULs (UTF-16) and backslashes between them
    in pieces  of a key of 16 characters or more any 8 in a row; of the other forms their beginning and end

A text is looked at in windows. A window is unescaped and searched for short pieces of the key by functions
that are written in C; one that holds a piece is halved until little is left, which is read character by
character. So time is linear in the text, whatever it holds, and memory is bounded by the window.
"""

from __future__ import annotations

import base64
import html
import re
from binascii import a2b_qp
from functools import cache, cached_property, lru_cache
from html.entities import html5
from itertools import accumulate, compress, groupby, pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Splitter = Callable[[Callable[[int, int], bytes], int], Iterator["Span"]]

MASK = "[key]"

_SHORT = 8  # a shorter key is hardly a secret, and would mask ordinary text
_LONG = 16  # of such a key, pieces are masked too: a server may cut its message in the middle of one
_PIECE, _BASE64_PIECE, _HEX_PIECE = 8, 12, 16
_WINDOW = 2**18
_LEAF = 2**11
_WIDEST_ESCAPE = 24  # characters that one character may take up, escaped several times
_PERCENT_LEVELS = 4  # %41 is one, %2541 are two
_TELLING = re.compile(rb"[0-9A-Z]")  # a word, such as "crazyrouter", gives nothing of a key away

Span = tuple[int, int]


def longest_form(key: str) -> int:
    """Return how many characters any form of a key takes up at most."""
    return _WIDEST_ESCAPE * len(key)


def splitter(key: str) -> Splitter:
    """Return a function that splits a text at the key, and yields the first and last index of what stays.

    It takes a function that gives a part of the text by first and last index, and the text's length. Two
    stretches or more are yielded where the key is in the text.
    """
    overlap = longest_form(key)  # of windows, so that a key on a border is seen whole
    step = max(_WINDOW, 4 * overlap)

    @cache  # when it is needed first: keys are read more often than a reply comes
    def finder() -> Callable[[bytes], Iterator[Span]]:
        raw = key.encode()
        return _KeyFinder(raw, overlap).find_in if len(raw) >= _SHORT else _quoted_finder(raw)

    def split(part: Callable[[int, int], bytes], length: int) -> Iterator[Span]:
        find, end = finder(), 0
        for start in range(0, length, step):
            window = part(start, min(length, start + step + overlap))
            # The next window does not see what stands before its first characters: a short key needs two.
            for first, last in sorted(span for span in find(window) if span[0] < step + 2):
                if start + first > end or not end:  # what touches counts as one
                    yield end, start + first
                end = max(end, start + last)
        yield end, length

    return split


def _quoted_finder(key: bytes) -> Callable[[bytes], Iterator[Span]]:
    """Return what finds a short key where it is in quotes or follows a sign: in prose it may be any word."""
    pattern = re.compile(rb"(?:(?<=[=:\"'`])|(?<=[=:] ))%b(?![\w-])" % re.escape(key))
    return lambda text: (match.span() for match in pattern.finditer(text))


class _Form:
    """A written form of the key, found whole or in pieces of `size` characters and more.

    A text is searched for `anchors` first, parts of the pieces; most texts hold none.
    """

    def __init__(self, text: bytes, size: int, anchors: set[bytes]) -> None:
        self._text = text
        self._pieces = {text[at : at + size] for at in range(len(text) - size + 1)}
        telling = list(filter(self._is_telling, self._pieces))
        self._anchored = {anchor: [piece for piece in telling if anchor in piece] for anchor in anchors}

    def may_be_in(self, text: bytes) -> bool:
        """Return whether a piece that holds an anchor is in an unescaped text."""
        return any(
            anchor in text and any(piece in text for piece in pieces)
            for anchor, pieces in self._anchored.items()
        )

    def find_in(self, text: bytes) -> Iterator[Span]:
        """Yield where pieces of this form, one after the other, are in an unescaped text."""
        return (match.span() for match in self._pattern.finditer(text) if self._is_telling(match[0]))

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        piece = b"|".join(map(re.escape, self._pieces))
        # A whole key ends there, so that what lies between two of them stays. "|)" as in base64_blobs.
        return re.compile(rb"%b|(?:%b)(?:%b|[\s\S](?<=%b)|)*+" % (re.escape(self._text), piece, piece, piece))

    def _is_telling(self, piece: bytes) -> bool:
        """Whether a piece gives anything of the key away."""
        return _TELLING.search(piece) is not None or self._text in piece


def _form_anywhere(text: bytes, size: int) -> _Form:
    """Return a form of which any piece is found: each holds a block that begins at a multiple of `step`."""
    size = min(size, len(text))
    step = (size + 1) // 2
    return _Form(text, size, {text[at : at + step] for at in range(0, len(text) - step + 1, step)})


def _form_at_ends(text: bytes, size: int) -> _Form:
    """Return a form of which the pieces with its beginning or its end are found."""
    size = min(size, len(text))
    return _Form(text, size, {text[:size], text[-size:]})


class _KeyFinder:
    """Finds a key in windows, whose halves overlap by `overlap` bytes."""

    def __init__(self, key: bytes, overlap: int) -> None:
        self._overlap = overlap
        self._entities = _list_entities({*key, *b"+/"})
        plain, percent = self._unescape(key) or key, quote(key, safe="").encode()
        is_long = len(key) >= _LONG and _TELLING.search(key)
        sizes = (_PIECE, _BASE64_PIECE, _HEX_PIECE) if is_long else (2**16,) * 3
        cores = {*_base64_cores(key), *_base64_cores(percent)}
        hexes = {key.hex().encode(), percent.hex().encode()}
        self._forms: tuple[tuple[Callable[[bytes], bytes], list[_Form]], ...] = (
            (bytes, [_form_anywhere(plain, sizes[0]), _form_at_ends(plain[::-1], sizes[0])]),
            (lambda text: text.translate(_ALPHABETS), [_form_at_ends(core, sizes[1]) for core in cores]),
            (bytes.lower, [_form_at_ends(digits, sizes[2]) for digits in hexes]),
        )

    def find_in(self, window: bytes) -> Iterator[Span]:
        """Yield where the key is in a window, in any form; the spans may overlap."""
        if next(self._forms_in(self._unescape(window)), None) is None:
            return
        if len(window) <= _LEAF + 2 * self._overlap:
            yield from self._find_escaped(window)
            return
        middle = len(window) // 2
        yield from self.find_in(window[: middle + self._overlap])
        yield from ((middle + first, middle + last) for first, last in self.find_in(window[middle:]))

    def _forms_in(self, text: bytes) -> Iterator[tuple[bytes, _Form]]:
        for fold, forms in self._forms:
            folded = fold(text)
            yield from ((folded, form) for form in forms if form.may_be_in(folded))

    def _find_escaped(self, text: bytes) -> Iterator[Span]:
        """Yield where a form is in a short text, which is read character by character where it is escaped."""
        if not _SIGN.search(text):
            yield from (span for folded, form in self._forms_in(text) for span in form.find_in(folded))
            return
        written = _CHARACTER.findall(text)
        characters, ends = [*map(_read, written)], [*accumulate(map(len, written))]
        places = [*compress(pairwise([0, *ends]), characters)]
        for folded, form in self._forms_in(b"".join(characters)):
            for first, last in form.find_in(folded):
                yield places[first][0], places[last - 1][1]

    def _unescape(self, text: bytes) -> bytes:
        """Return the characters of a text as `_read` gives them, by replacements in all of it at once."""
        if b"\\" in text:
            for mark, character in _JSON_MARKS:
                text = text.replace(mark, character)
        if b"&" in text:
            text = text.replace(b"amp;", b"")
            kinds = text.translate(_KINDS)
            has_numbers = b"&#0" in kinds or b"&#x" in kinds
            for beginning, marks in self._entities:
                if (has_numbers or beginning[1:2] != b"#") and beginning in text:
                    for mark, character in marks:
                        text = text.replace(mark, character)
        for _ in range(_PERCENT_LEVELS):
            if b"%" not in text:
                break
            # To quoted-printable, whose decoder is written in C; an equals sign in the text is none of its.
            text = a2b_qp(text.translate(_TO_QUOTED_PRINTABLE, _DROPPED))
        return text.translate(_FROM_QUOTED_PRINTABLE, _DROPPED)


_DROPPED = b"\\;\r\n\0"
_TO_QUOTED_PRINTABLE = bytes.maketrans(b"=%", b"\1=")
_FROM_QUOTED_PRINTABLE = bytes.maketrans(b"\1%", b"==")  # a percent sign that is no escape is one as well
_ALPHABETS = bytes.maketrans(b"-_", b"+/")  # base64's URL-safe one as the standard one
_JSON_MARKS = ((b"\\n", b""), (b"\\r", b""), (b"\\t", b""), (b"\\u00", b"%"), (b"\\x", b"%"))
_HTML_MARKS = [
    (b"&#0", [(b"&#0000", b"&#"), (b"&#00", b"&#"), (b"&#0", b"&#")]),
    (b"&#X", [(b"&#X", b"&#x")]),
    (b"&#x", [(b"&#x0000", b"&#x"), (b"&#x00", b"&#x"), (b"&#x0", b"&#x"), (b"&#x", b"%")]),
    (b"&#1", [(b"&#10;", b""), (b"&#13;", b"")]),
]
_KINDS = bytes.maketrans(b"123456789X", b"000000000x")
_SIGN = re.compile(rb"[%\\&;\r\n\0]")
_CHARACTER = re.compile(
    rb"%(?:25){0,3}[0-9A-Fa-f]{2}"
    rb"|\\+(?:u00[0-9A-Fa-f]{2}|x[0-9A-Fa-f]{2}|[nrt/])?"  # a run of backslashes is taken whole: linear
    rb"|&(?:amp;)*(?:#0{0,7}[0-9]{2,3};?|#[xX]0{0,7}[0-9A-Fa-f]{2};?|[A-Za-z]{2,31};)"
    rb"|[\s\S]"
)


@lru_cache(maxsize=1024)
def _read(written: bytes) -> bytes:
    r"""Return the character that an escape, or a character, stands for; none for what is passed over.

    An escape may have been escaped again by its own rule: `%2541`, `\\u0041` and `&amp;#65;` are "A".
    """
    character = written
    if written[:1] == b"&" and len(written) > 1:
        text = html.unescape("&" + written[1:].replace(b"amp;", b"").decode("ascii"))
        character = text.encode("latin-1", "replace") if len(text) == 1 else b"&"
    elif len(written.lstrip(b"\\")) > 2 - (written[:1] == b"%"):
        character = bytes([int(written[-2:], 16)])
    elif len(written) > 1:
        character = written[-1:] if written[-1:] == b"/" else b""
    return character.translate(_FROM_QUOTED_PRINTABLE, _DROPPED)


def _list_entities(characters: set[int]) -> list[tuple[bytes, list[tuple[bytes, bytes]]]]:
    """Return what HTML's entities for characters are replaced by, together with what those begin with."""
    texts = set(map(chr, characters))
    names = (name for name, text in html5.items() if text in texts and name.endswith(";") and name != "amp;")
    entities = [(f"&#{code}".encode(), bytes([code])) for code in characters]
    entities += [(f"&{name}".encode(), html5[name].encode()) for name in names]
    groups = groupby(sorted(entities), key=lambda entity: entity[0][:3])
    return [*_HTML_MARKS, *((beginning, list(group)) for beginning, group in groups)]


def _base64_cores(raw: bytes) -> set[bytes]:
    """Return what is common to every base64 text that holds `raw`, for each alignment."""
    padded = [b"\0" * lead + raw for lead in range(3)]
    return {
        base64.b64encode(text)[-(-lead * 8 // 6) : len(text) * 8 // 6] for lead, text in enumerate(padded)
    }
