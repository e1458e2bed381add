"""Base64 as it stands in a reply: decoded exactly and reversibly, or leniently, but never wrongly."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pybase64

if TYPE_CHECKING:
    from gemini_nb.images.file_bytes import Data

MIN_RUN_CHARS = 1024

_STANDARD = bytes.maketrans(b"-_", b"+/")
GOES_ON = re.compile(rb"[A-Za-z0-9+/_%=-]|\\[u/]")
_RUN = re.compile(rb"(?:[A-Za-z0-9+/_-]+|\\/)*={0,2}")


@dataclass(frozen=True)
class Run:
    """One run of base64: its bytes, and what is needed to write it again exactly as it was."""

    data: Data = field(repr=False)
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


def strict(body: bytes, start: int, end: int) -> Run | None:
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
    return Run(data, url_safe=False, padding=padding)


def odd(body: bytes, start: int, end: int) -> tuple[int, int, Run] | None:
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
    run = Run(data, url_safe=url_safe, padding="=" * (len(written) - len(bare)))
    return (start, match.end(), run) if run.text().encode("ascii") == written else None


def decoded(view: bytes | memoryview) -> bytes | None:
    """Decode standard padded base64; None for anything else."""
    try:
        return pybase64.b64decode(view, validate=True)
    except ValueError:
        return None
