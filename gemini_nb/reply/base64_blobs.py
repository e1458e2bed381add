"""Base64 blobs of a reply: lifted out of its JSON, put back into it, and the JSON that is left without them.

Base64 is what costs time and memory in a reply. `json_receiver` decodes the long runs of it while they arrive
and leaves a token in the place of each; the small rest goes through `json`. A token that turns up anywhere
but where a picture is read is put back, so the answer is that of plain `json.loads`.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import pybase64

from gemini_nb.errors import BadResponseError, TooLargeError
from gemini_nb.images.image import type_of
from gemini_nb.reply.text_images import MAX_LINE_CHARS
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gemini_nb.images.file_bytes import ImageBytes

MAX_REST_BYTES = 8 * 1024 * 1024
MAX_REST_ITEMS = 500_000  # `{`, `[` and `,`: 8 MiB of `[],[],` would become 200 MB of lists
UNUSUAL_HINT = "It may have been billed. It is not a usual reply: check the base URL."
# Longer than any line of wrapped base64 that text is searched for, like the blobs it stands for: a search by
# the length of lines gives the same with tokens in the text.
TOKEN_CHARS = 128
_INDEX_CHARS = 8
_LETTER = re.compile(r"[A-Za-z0-9+/_-]")
_ENCODED_BYTES = 3 * 2**18
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ESCAPES = rb"\\/|\\u00(?:2[bBdDfF]|3[dD]|5[fF])"  # PHP escapes slashes, others what could end a tag
_BREAKS = rb"\\r|\\n|\\u000[aAdD]"
_LETTERS = rb"[A-Za-z0-9+/=_-]++"
# Before Python 3.11.5 a possessive group whose last turn fails ends where that got to: "|)" mends it.
_FIELD_RUN = re.compile(rb"(?:%b|[ \t]++|%b|\\t|\\u00(?:09|20)|%b|)*+" % (_LETTERS, _ESCAPES, _BREAKS))
_TEXT_RUN = re.compile(rb"(?:%b|%%(?:2[bBfF]|3[dD])|%b|)*+" % (_LETTERS, _ESCAPES))
_WRAPPED_RUN = re.compile(rb"(?:%b|%b|%b|)*+" % (_LETTERS, _ESCAPES, _BREAKS))
_FIRST_LINE = re.compile(rb"((?:[A-Za-z0-9+/_-]++|%b){1,%d})(?:%b)" % (_ESCAPES, MAX_LINE_CHARS, _BREAKS))


class LooseBase64:
    """Base64 of any spelling that `decode_lenient` takes, decoded piece by piece as it stands in JSON.

    In the field of a picture white space counts for nothing. In a text a line break does, and only where
    every line is as wide as the first, of `width` letters: behind the shorter last one prose may follow.
    `width` is 0 where it is not in lines of a text.
    """

    def __init__(self, head: bytes, *, is_field: bool) -> None:
        self.is_altered = False  # whether it is something else than standard base64, escapes of JSON aside
        self.width = 0 if is_field else _width_of_lines(head)
        self._pattern = _FIELD_RUN if is_field else _WRAPPED_RUN if self.width else _TEXT_RUN
        self._line = 0  # letters in the line that is under way
        self._letters = b""  # that make no group of four yet, and padding

    def find_end(self, seen: bytes, at: int, limit: int) -> int:
        """Return where what could be such base64 ends, `limit` at most; an escape is never cut in two."""
        match = self._pattern.match(seen, at, limit)
        return match.end() if match else at

    def decode(self, written: bytes) -> bytes | None:
        """Return the bytes of the next piece as far as they are known; None where it is no base64."""
        text = json.loads(b'"%b"' % written).encode("ascii") if b"\\" in written else written
        if self.width and not self._are_lines_equal(text):
            return None
        letters = unquote_to_bytes(text).translate(_FROM_URL_SAFE, b" \t\r\n")
        self.is_altered |= letters != text
        letters = self._letters + letters
        groups = letters.rstrip(b"=")
        groups = groups[: len(groups) - len(groups) % 4]
        self._letters = letters[len(groups) :]
        return decode_strict(groups)

    def _are_lines_equal(self, text: bytes) -> bool:
        """Whether each line is as wide as the first; the last one may be shorter, and its end follow."""
        first, *others = text.split(b"\n")
        widths = [self._line + len(first), *map(len, others)]
        widths = [width - line.endswith(b"\r") for width, line in zip(widths, (first, *others), strict=True)]
        self._line = widths.pop()
        is_last_in = bool(widths) and 0 < widths[-1] < self.width and not self._line
        return set(widths[: len(widths) - is_last_in]) <= {self.width} and self._line <= self.width

    def finish(self) -> tuple[bytes | None, str]:
        """Return the last bytes, None where it was no base64, and the padding."""
        letters = self._letters.rstrip(b"=")
        return decode_strict(letters), "=" * (len(self._letters) - len(letters))


def _width_of_lines(head: bytes) -> int:
    """Return how many letters stand before the first line break, 0 where there is none soon."""
    match = _FIRST_LINE.match(head)
    width = len(json.loads(b'"%b"' % match[1])) if match else 0
    return width if width <= MAX_LINE_CHARS else 0


def decode_strict(letters: bytes | memoryview) -> bytes | None:
    """Decode standard base64 without its padding; None for what is not written exactly so."""
    if letters[-1:] == b"=":
        return None
    if len(letters) % 4:
        letters = bytes(letters) + b"=" * (-len(letters) % 4)
    try:
        return pybase64.b64decode(letters, validate=True)
    except ValueError:
        return None


@dataclass(frozen=True)
class Base64Blob:
    """One run of base64: its bytes, and what is needed to write it again exactly as it was.

    `written` is the run as it stood in the body, where it is not in standard letters alone; `is_altered` says
    that it stood for something else than standard base64.
    """

    data: ImageBytes = field(repr=False)
    padding: str
    written: tuple[bytes, ...] = field(default=(), repr=False)
    is_altered: bool = False

    @property
    def is_standard(self) -> bool:
        """Whether encoding the bytes as usual gives the text that was lifted out."""
        return not self.is_altered and self.padding == "=" * (-len(self.data) % 3)

    def text(self) -> str:
        """Return the base64 text that `json` would have read."""
        text = b"".join(self.encode())
        return str(json.loads(b'"%b"' % text)) if self.written else text.decode("ascii")

    def encode(self) -> Iterator[bytes]:
        """Yield the base64 as it stood in the body, piece by piece."""
        if self.written:
            yield from self.written
            return
        left = b""
        for piece in (self.data,) if isinstance(self.data, bytes) else self.data.pieces():
            view = memoryview(left + piece if left else piece)
            whole = len(view) - len(view) % 3
            for start in range(0, whole, _ENCODED_BYTES):
                yield pybase64.b64encode(view[start : min(whole, start + _ENCODED_BYTES)])
            left = bytes(view[whole:])
        yield pybase64.b64encode(left).rstrip(b"=") + self.padding.encode("ascii")


class BlobTable:
    """The blobs that were lifted out of one body, each behind a token nobody could have written."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex((TOKEN_CHARS - _INDEX_CHARS) // 2)
        self._blobs: list[Base64Blob] = []
        self.size = 0  # bytes that the blobs are, and were written as
        self.files = 0  # that hold blobs: all who write its tokens open no more than a reply may

    def put(self, blob: Base64Blob) -> str:
        """Keep a blob and return the token that stands for it."""
        self._blobs.append(blob)
        self.size += len(blob.data) + sum(map(len, blob.written))
        return f"{self._prefix}{len(self._blobs) - 1:0{_INDEX_CHARS}x}"

    def get(self, text: str) -> Base64Blob | None:
        """Return the blob behind `text` if it is one token and nothing else."""
        if len(text) == TOKEN_CHARS and text.startswith(self._prefix):
            return self._blobs[int(text[-_INDEX_CHARS:], 16)]
        return None

    def take_out(self, text: str) -> tuple[list[ImageBytes], str]:
        """Return the pictures that stand in a text as tokens, and the text without them, all else restored.

        A token that more base64 follows is the beginning of a longer run, which was sent in pieces.
        """
        first, *others = text.split(self._prefix)
        pictures, pieces = [], [first]
        for other in others:
            blob, after = self._blobs[int(other[:_INDEX_CHARS], 16)], other[_INDEX_CHARS:]
            if _LETTER.match(after) or not type_of(blob.data):
                pieces.append(blob.text())
            else:
                pictures.append(blob.data)
            pieces.append(after)
        return pictures, "".join(pieces)

    def decode(self, text: str) -> ImageBytes | None:
        """Return the bytes of base64 `text`, lifted out or not, or None where it is no base64."""
        blob = self.get(text)
        return decode_lenient(self.restore(text)) if blob is None else blob.data

    def restore(self, text: str) -> str:
        """Return `text` with every token replaced by the base64 it stands for."""
        first, *others = text.split(self._prefix)
        pieces = [first]
        for other in others:
            pieces += (self._blobs[int(other[:_INDEX_CHARS], 16)].text(), other[_INDEX_CHARS:])
        return "".join(pieces)

    def restore_body(self, rest: bytes) -> Iterator[bytes | memoryview]:
        """Yield the pieces of a body as it came, from what remains of it with the tokens in it."""
        view, prefix, at = memoryview(rest), self._prefix.encode("ascii"), 0
        while (place := rest.find(prefix, at)) >= 0:
            yield view[at:place]
            at = place + TOKEN_CHARS
            yield from self._blobs[int(rest[at - _INDEX_CHARS : at], 16)].encode()
        yield view[at:]

    def elide(self, rest: bytes) -> bytes:
        """Return what remains of a body with an ellipsis for each token: words, for a person to read."""
        token = rb"%s[0-9a-f]{%d}" % (self._prefix.encode("ascii"), _INDEX_CHARS)
        return re.sub(token, "…".encode(), rest)

    def restore_value(self, value: Any) -> Any:
        """Return a copy of a JSON value with every token replaced, keys included."""
        return map_texts(value, self.restore, self.restore)


def map_texts(value: Any, text: Callable[[str], Any], name: Callable[[str], str]) -> Any:
    """Return a copy of a JSON value with each text, and each field's name, replaced."""
    root: list[Any] = [None]
    pending: list[tuple[Any, Any, Any]] = [(root, 0, value)]
    # Not recursive: what `json` could nest must not overflow here. Children are set after
    # their container, in order, so that of two keys that become equal the later one stays.
    while pending:
        into, key, item = pending.pop()
        if isinstance(item, dict):
            copy: Any = {}
            children: list[tuple[Any, Any, Any]]
            children = [(copy, name(inner), child) for inner, child in item.items()]
        elif isinstance(item, list):
            copy = [None] * len(item)
            children = [(copy, index, child) for index, child in enumerate(item)]
        else:
            copy, children = text(item) if isinstance(item, str) else item, []
        into[key] = copy
        pending.extend(reversed(children))
    return root[0]


def decode_lenient(text: str) -> bytes | None:
    r"""Decode base64 that may be wrapped, URL-safe or unpadded; None for anything else.

    >>> decode_lenient("_-8"), decode_lenient("no base64!")
    (b'\xff\xef', None)
    """
    joined = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    return decode_strict(joined.encode("utf-8", "replace")) if joined else None


def parse_json(rest: bytes) -> Any:
    """Parse the JSON that is left of a body; tokens in it are text like any other.

    NaN, infinities and numbers too large for a float become None. Raises BadResponseError for what is no
    JSON, TooLargeError for more than MAX_REST_BYTES or MAX_REST_ITEMS.
    """
    if len(rest) > MAX_REST_BYTES or sum(map(rest.count, (b"{", b"[", b","))) > MAX_REST_ITEMS:
        raise TooLargeError(
            f"The reply holds {len(rest) / 1e6:.1f} MB beside its pictures, which is over the limit.",
            hint=UNUSUAL_HINT,
        )
    if json.detect_encoding(rest[:16]) in ("utf-8", "utf-8-sig"):
        # Space may stand before a byte order mark, which `json` takes only at the very start.
        rest = rest.strip()
    try:
        # NaN and infinities are no JSON and could not be sent back.
        return json.loads(rest, parse_constant=lambda _: None, parse_float=finite_or_none)
    except RecursionError:
        problem = "it is nested too deeply"
    except UnicodeDecodeError:
        problem = "its text is not valid Unicode"
    except ValueError:
        problem = _complaint(rest)
    raise BadResponseError(f"The reply is not readable JSON: {problem}.")


def finite_or_none(text: str) -> float | None:
    """Read a number of JSON; None for one that no float can hold."""
    number = float(text)
    return number if math.isfinite(number) else None


def _complaint(rest: bytes) -> str:
    if not rest:
        return "it is empty"
    if not rest.lstrip(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return "it is cut short, or is not JSON"
    head = rest[:65536].decode("utf-8", "replace")
    match = re.search(r"<title[^>]{0,200}>([^<]{0,500})", head, re.IGNORECASE)
    title = one_line(match[1], 80) if match else ""
    return f"it looks like an HTML page titled {title!r}" if title else "it looks like an HTML page"
