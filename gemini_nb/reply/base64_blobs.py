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
from enum import Enum
from typing import TYPE_CHECKING, Any

import pybase64

from gemini_nb.errors import BadResponseError, TooLargeError
from gemini_nb.images.image import type_of
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from gemini_nb.images.file_bytes import ImageBytes

MAX_REST_BYTES = 8 * 1024 * 1024
MAX_REST_ITEMS = 500_000  # `{`, `[` and `,`: 8 MiB of `[],[],` would become 200 MB of lists
UNUSUAL_HINT = "It may have been billed, and it is no usual reply: check the base URL."
# Longer than any line of wrapped base64 that text is searched for, like the blobs it stands for: a search by
# the length of lines gives the same with tokens in the text.
TOKEN_CHARS = 128
_INDEX_CHARS = 8
_PADDING = ord("=")
_LETTER = re.compile(r"[A-Za-z0-9+/_-]")


class Spelling(Enum):
    """How a run of base64 is written in JSON; the value is a pattern of its letters."""

    STANDARD = rb"[A-Za-z0-9+/]*+"
    URL_SAFE = rb"[A-Za-z0-9_-]*+"
    ESCAPED = rb"(?:[A-Za-z0-9+]++|\\/)*+"  # standard; PHP writes `/` as `\/`

    def end(self, text: bytes, at: int) -> int:
        """Return where the letters end that begin at `at`."""
        match = re.compile(self.value).match(text, at)
        return match.end() if match else at

    def decode(self, letters: bytes | memoryview) -> bytes | None:
        """Decode base64 without its padding; None for what is not written exactly so."""
        if letters and letters[-1] == _PADDING:
            return None
        altchars = None
        if self is Spelling.URL_SAFE:
            altchars, letters = b"-_", bytes(letters)
            if b"+" in letters or b"/" in letters:
                return None  # pybase64 would take both alphabets
        elif self is Spelling.ESCAPED:
            letters = bytes(letters)
            if not letters.count(b"/") == letters.count(b"\\") == letters.count(b"\\/"):
                return None
            letters = letters.replace(b"\\", b"")
        if len(letters) % 4:
            letters = bytes(letters) + b"=" * (-len(letters) % 4)
        try:
            return pybase64.b64decode(letters, altchars, validate=True)
        except ValueError:
            return None

    def encode(self, data: bytes | memoryview) -> bytes:
        """Encode bytes as they would be written in JSON, padded."""
        encoded = pybase64.b64encode(data, b"-_" if self is Spelling.URL_SAFE else None)
        return encoded.replace(b"/", b"\\/") if self is Spelling.ESCAPED else encoded

    def is_exact(self, letters: bytes) -> bool:
        """Whether encoding what was decoded gives the same letters: the last one may have spare bits set."""
        data = self.decode(letters)
        return data is not None and self.encode(data).rstrip(b"=") == letters

    def whole_groups(self, letters: bytes | memoryview) -> bytes | memoryview:
        """Return letters without those at the end that make no group of four."""
        if self is not Spelling.ESCAPED:
            return letters[: len(letters) - len(letters) % 4]
        letters = bytes(letters).removesuffix(b"\\")  # its slash has not come yet
        unescaped = letters.replace(b"\\", b"")
        odd = unescaped[len(unescaped) - len(unescaped) % 4 :]
        return letters[: len(letters) - len(odd) - odd.count(b"/")]


@dataclass(frozen=True)
class Base64Blob:
    """One run of base64: its bytes, and what is needed to write it again exactly as it was."""

    data: ImageBytes = field(repr=False)
    spelling: Spelling
    padding: str

    @property
    def is_standard(self) -> bool:
        """Whether encoding the bytes as usual gives the text that was lifted out."""
        return self.spelling is not Spelling.URL_SAFE and self.padding == "=" * (-len(self.data) % 3)

    def text(self) -> str:
        """Return the base64 text that `json` would have read."""
        return self.encode().replace(b"\\", b"").decode("ascii")

    def encode(self) -> bytes:
        """Return the base64 as it stood in the body."""
        data = self.data if isinstance(self.data, bytes) else self.data.read()
        encoded = self.spelling.encode(data)
        if self.padding == "=" * (-len(data) % 3):
            return encoded  # the usual case, without a copy
        return encoded.rstrip(b"=") + self.padding.encode("ascii")


class BlobTable:
    """The blobs that were lifted out of one body, each behind a token nobody could have written."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex((TOKEN_CHARS - _INDEX_CHARS) // 2)
        self._blobs: list[Base64Blob] = []
        self.files = 0  # that hold blobs: all who write its tokens open no more than a reply may

    def put(self, blob: Base64Blob) -> str:
        """Keep a blob and return the token that stands for it."""
        self._blobs.append(blob)
        return f"{self._prefix}{len(self._blobs) - 1:0{_INDEX_CHARS}x}"

    def get(self, text: str) -> Base64Blob | None:
        """Return the blob behind `text` if it is one token and nothing else."""
        if len(text) == TOKEN_CHARS and text.startswith(self._prefix):
            return self._blobs[int(text[-_INDEX_CHARS:], 16)]
        return None

    def data(self, text: str) -> ImageBytes | None:
        """Return the bytes behind `text` if it is one token and nothing else."""
        blob = self.get(text)
        return None if blob is None else blob.data

    def take_out(self, text: str) -> tuple[list[ImageBytes], str]:
        """Return the pictures that stand in a text as tokens, and the text without them, all else restored.

        A token that more base64 follows is the beginning of a longer run, which was sent in pieces.
        """
        if self._prefix not in text:
            return [], text
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
        data = self.data(text)
        return decode_lenient(self.restore(text)) if data is None else data

    def restore(self, text: str) -> str:
        """Return `text` with every token replaced by the base64 it stands for."""
        if self._prefix not in text:
            return text
        first, *others = text.split(self._prefix)
        pieces = [first]
        for other in others:
            pieces += (self._blobs[int(other[:_INDEX_CHARS], 16)].text(), other[_INDEX_CHARS:])
        return "".join(pieces)

    def restore_body(self, rest: bytes) -> bytes:
        """Return a body as it came, from what remains of it with the tokens in it."""
        first, *others = rest.split(self._prefix.encode("ascii"))
        pieces = [first]
        for other in others:
            pieces += (self._blobs[int(other[:_INDEX_CHARS], 16)].encode(), other[_INDEX_CHARS:])
        return b"".join(pieces) if others else rest

    def elide(self, rest: bytes) -> bytes:
        """Return what remains of a body with an ellipsis for each token: words, for a person to read."""
        token = rb"%s[0-9a-f]{%d}" % (self._prefix.encode("ascii"), _INDEX_CHARS)
        return re.sub(token, "…".encode(), rest)

    def restore_value(self, value: Any) -> Any:
        """Return a copy of a JSON value with every token replaced, keys included."""
        root: list[Any] = [None]
        pending: list[tuple[Any, Any, Any]] = [(root, 0, value)]
        # Not recursive: what `json` could nest must not overflow here. Children are set after
        # their container, in order, so that of two keys that become equal the later one stays.
        while pending:
            into, key, item = pending.pop()
            if isinstance(item, dict):
                copy: Any = {}
                children: list[tuple[Any, Any, Any]]
                children = [(copy, self.restore(name), child) for name, child in item.items()]
            elif isinstance(item, list):
                copy = [None] * len(item)
                children = [(copy, index, child) for index, child in enumerate(item)]
            else:
                copy, children = self.restore(item) if isinstance(item, str) else item, []
            into[key] = copy
            pending.extend(reversed(children))
        return root[0]


def decode_lenient(text: str) -> bytes | None:
    r"""Decode base64 that may be wrapped, URL-safe or unpadded; None for anything else.

    >>> decode_lenient("_-8"), decode_lenient("no base64!")
    (b'\xff\xef', None)
    """
    joined = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if not joined:
        return None
    try:
        return pybase64.b64decode(joined + "=" * (-len(joined) % 4), validate=True)
    except ValueError:
        return None


def parse_json(rest: bytes) -> Any:
    """Parse the JSON that is left of a body; tokens in it are text like any other.

    NaN, infinities and numbers too large for a float become None. Raises BadResponseError for what is no
    JSON, TooLargeError for more than MAX_REST_BYTES or MAX_REST_ITEMS.
    """
    if len(rest) > MAX_REST_BYTES or sum(map(rest.count, (b"{", b"[", b","))) > MAX_REST_ITEMS:
        raise TooLargeError(
            f"The reply holds {len(rest) / 1e6:.1f} MB beside its pictures, more than is read.",
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
    if rest.lstrip(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return f"it looks like an HTML page{_title(rest)}"
    return "it is cut short or was never JSON"


def _title(page: bytes) -> str:
    head = page[:65536].decode("utf-8", "replace")
    match = re.search(r"<title[^>]{0,200}>([^<]{0,500})", head, re.IGNORECASE)
    title = one_line(match[1], 80) if match else ""
    return f" titled {title!r}" if title else ""
