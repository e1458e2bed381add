"""JSON text with its base64 lifted out before it is parsed.

Base64 is what costs time and memory in a reply, so the long runs are found in the raw body, decoded
where they stand, and replaced by tokens; the small rest goes through `json`. A token that turns up
anywhere but where a picture is read is put back, so the answer is that of plain `json.loads`.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pybase64

if TYPE_CHECKING:
    from gemini_nb.images.file_bytes import ImageBytes


from gemini_nb.errors import BadResponseError, TooLargeError
from gemini_nb.reply.sse import Next
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gemini_nb.images.file_bytes import ImageBytes

MAX_REST_BYTES = 8 * 1024 * 1024
MAX_REST_ITEMS = 500_000  # `{`, `[` and `,`: 8 MiB of `[],[],` would become 200 MB of lists
UNUSUAL_HINT = "It may have been billed, and it is no usual reply: check the base URL."
# Longer than any line of wrapped base64 that text is searched for, as every run it stands for is:
# whoever measures lines sees no difference.
TOKEN_CHARS = 128
_INDEX_CHARS = 8
_MAX_LOOKS = 200_000  # strings and marks; past this a body is no reply with pictures, left to `json`

_KEY = re.compile(rb'"(?:data|b64_json)"[ \t\r\n]*:[ \t\r\n]*"')
_MARK = b";base64,"


class BlobTable:
    """The runs that were cut out of one body, each behind a token nobody could have written."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex((TOKEN_CHARS - _INDEX_CHARS) // 2)
        self._runs: list[Base64Blob] = []
        self.files = 0  # that hold runs: all who write its tokens open no more than a reply may

    def put(self, run: Base64Blob) -> str:
        """Keep a run and return the token that stands for it."""
        self._runs.append(run)
        return f"{self._prefix}{len(self._runs) - 1:0{_INDEX_CHARS}x}"

    def run(self, text: str) -> Base64Blob | None:
        """Return the run behind `text` if it is one token and nothing else."""
        if len(text) == TOKEN_CHARS and text.startswith(self._prefix):
            return self._runs[int(text[-_INDEX_CHARS:], 16)]
        return None

    def data(self, text: str) -> ImageBytes | None:
        """Return the bytes behind `text` if it is one token and nothing else."""
        run = self.run(text)
        return None if run is None else run.data

    def decode(self, text: str) -> ImageBytes | None:
        """Return the bytes of base64 `text`, cut out or not, or None where it is no base64."""
        data = self.data(text)
        return lenient(self.restore(text)) if data is None else data

    def restore(self, text: str) -> str:
        """Return `text` with every token replaced by the base64 it stands for."""
        if self._prefix not in text:
            return text
        first, *others = text.split(self._prefix)
        pieces = [first]
        for other in others:
            pieces += (self._runs[int(other[:_INDEX_CHARS], 16)].text(), other[_INDEX_CHARS:])
        return "".join(pieces)

    def raw(self, rest: bytes) -> bytes:
        """Return a body as it came, from what remains of it with the tokens in it."""
        first, *others = rest.split(self._prefix.encode("ascii"))
        pieces = [first]
        for other in others:
            pieces += (self._runs[int(other[:_INDEX_CHARS], 16)].encoded(), other[_INDEX_CHARS:])
        return b"".join(pieces) if others else rest

    def restored(self, value: Any) -> Any:
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


def parse_json(body: bytes, cut: BlobTable | None = None) -> tuple[Any, BlobTable]:
    """Parse a JSON body, its long runs of base64 replaced by tokens of the returned cut.

    Tokens of `cut` may stand in it already, where `incoming` met a run. Raises BadResponseError for what is
    no JSON, TooLargeError where more than MAX_REST_BYTES remain.
    """
    cut = BlobTable() if cut is None else cut
    rest = _rest(body, cut)
    if len(rest) > MAX_REST_BYTES or sum(map(rest.count, (b"{", b"[", b","))) > MAX_REST_ITEMS:
        raise TooLargeError(
            f"The reply holds {len(rest) / 1e6:.1f} MB beside its pictures, more than is read.",
            hint=UNUSUAL_HINT,
        )
    try:
        return json.loads(rest, parse_constant=_no_number, parse_float=_number), cut
    except RecursionError:
        problem = "it is nested too deeply"
    except UnicodeDecodeError:
        problem = "its text is not valid Unicode"
    except ValueError:
        problem = _complaint(rest)
    raise BadResponseError(f"The reply is not readable JSON: {problem}.")


def _rest(body: bytes, cut: BlobTable) -> bytes:
    if json.detect_encoding(body[:16]) not in ("utf-8", "utf-8-sig"):
        return body  # UTF-16 and UTF-32 have no runs of base64 bytes
    view = memoryview(body)
    pieces: list[bytes | memoryview] = []
    done = 0
    for start, end, run in _runs(body):
        pieces += (view[done:start], cut.put(run).encode("ascii"))
        done = end
    # Space may stand before a byte order mark, which `json` takes only at the very start.
    rest = b"".join((*pieces, view[done:]))
    return rest.strip() if len(rest) <= MAX_REST_BYTES else rest  # no copy of what is refused anyway


def _runs(body: bytes) -> Iterator[tuple[int, int, Base64Blob]]:
    """Yield start, end and bytes of each run worth cutting, quote by quote, each byte looked at once."""
    parentheses = Next(body, b")")
    looks = iter(range(_MAX_LOOKS))
    quote = body.find(b'"')
    for _ in looks:
        if quote < 0:
            return
        key = _KEY.match(body, quote)
        start = key.end() if key else quote + 1
        end = body.find(b'"', start)
        end = len(body) if end < 0 else end
        if end - start >= MIN_RUN_CHARS:
            run = _whole_string(body, start, end) if key else None
            if run:
                yield start, end, run
            else:
                yield from _runs_in_string(body, start, end, parentheses, looks)
        quote = body.find(b'"', end)


def _whole_string(body: bytes, start: int, end: int) -> Base64Blob | None:
    run = strict(body, start, end)
    if run is None and (found := odd(body, start, end)) and found[1] == end:
        run = found[2]
    return run


def _runs_in_string(
    body: bytes, start: int, end: int, parentheses: Next, looks: Iterator[int]
) -> Iterator[tuple[int, int, Base64Blob]]:
    for _ in looks:
        mark = body.find(_MARK, start, end)
        if mark < 0:
            return
        start = mark + len(_MARK)
        stop = min(end, parentheses.after(start))
        run = strict(body, start, stop)
        found = (start, stop, run) if run else odd(body, start, end)
        if found:
            yield found
            start = found[1]


def _no_number(_: str) -> None:
    """NaN and infinities are no JSON and could not be sent back."""


def _number(text: str) -> float | None:
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


MIN_RUN_CHARS = 1024

_STANDARD = bytes.maketrans(b"-_", b"+/")
GOES_ON = re.compile(rb"[A-Za-z0-9+/_%=-]|\\[u/]")
_RUN = re.compile(rb"(?:[A-Za-z0-9+/_-]+|\\/)*={0,2}")


@dataclass(frozen=True)
class Base64Blob:
    """One run of base64: its bytes, and what is needed to write it again exactly as it was."""

    data: ImageBytes = field(repr=False)
    url_safe: bool
    padding: str

    def text(self) -> str:
        """Return the base64 text that was cut out."""
        return self.encoded().decode("ascii")

    @property
    def is_standard(self) -> bool:
        """Whether encoding the bytes as usual gives the text that was cut out."""
        return not self.url_safe and self.padding == "=" * (-len(self.data) % 3)

    def encoded(self) -> bytes:
        data = self.data if isinstance(self.data, bytes) else self.data.read()
        encoded = pybase64.b64encode(data, b"-_" if self.url_safe else None)
        if self.padding == "=" * (-len(data) % 3):
            return encoded  # the usual case, without a copy
        return encoded.rstrip(b"=") + self.padding.encode("ascii")


def lenient(text: str) -> bytes | None:
    r"""Decode base64 that may be wrapped, URL-safe or unpadded; None for anything else.

    >>> lenient("_-8"), lenient("no base64!")
    (b'\xff\xef', None)
    """
    joined = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if not joined:
        return None
    try:
        return pybase64.b64decode(joined + "=" * (-len(joined) % 4), validate=True)
    except ValueError:
        return None


def strict(body: bytes, start: int, end: int) -> Base64Blob | None:
    """Decode standard padded base64, the usual case, at full speed and without a copy."""
    # The first piece alone tells most of what is no base64 before memory is taken for it all.
    view = memoryview(body)
    if end - start < MIN_RUN_CHARS or decoded(view[start : start + MIN_RUN_CHARS // 2]) is None:
        return None
    data = decoded(view[start:end])
    if data is None:
        return None
    padding = "=" * (-len(data) % 3)
    last = data[-3 + len(padding) :]
    if pybase64.b64encode(last) != bytes(view[end - 4 : end]):  # spare bits set: would not encode to the same
        return None
    return Base64Blob(data, url_safe=False, padding=padding)


def odd(body: bytes, start: int, end: int) -> tuple[int, int, Base64Blob] | None:
    r"""Decode a run with `\/` for `/`, of the URL-safe alphabet or without padding, if it is one."""
    match = _RUN.match(body, start, end)
    if match is None or match.end() - start < MIN_RUN_CHARS:
        return None
    if GOES_ON.match(body, match.end()):  # it may be read on from here, so it cannot be cut here
        return None
    written = match.group().replace(b"\\/", b"/")
    bare = written.rstrip(b"=")
    url_safe = b"-" in bare or b"_" in bare
    data = decoded(bare.translate(_STANDARD) + b"=" * (-len(bare) % 4))
    if data is None:
        return None
    run = Base64Blob(data, url_safe=url_safe, padding="=" * (len(written) - len(bare)))
    return (start, match.end(), run) if run.text().encode("ascii") == written else None


def decoded(view: bytes | memoryview) -> bytes | None:
    """Decode standard padded base64; None for anything else."""
    try:
        return pybase64.b64decode(view, validate=True)
    except ValueError:
        return None
