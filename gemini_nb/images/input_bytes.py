"""Bytes of input pictures: plain files, open files and data URIs, up to 32 MiB and not a byte more."""

from __future__ import annotations

import io
import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from pybase64 import b64decode

from gemini_nb.errors import ArgumentError
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_INPUT_BYTES = 32 * 2**20

_PIECE_BYTES = 2**20
_MAX_ESCAPES = 1_000_000  # of percent-encoding, which take two seconds to read
_REASON_CHARACTERS = 200
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
# Without O_NONBLOCK a pipe that took the file's place since it was looked at would block for ever.
_OPEN = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
)
_KINDS = {
    stat.S_IFDIR: "Is a directory",
    stat.S_IFIFO: "It is a pipe, not a file",
    stat.S_IFSOCK: "It is a socket, not a file",
    stat.S_IFCHR: "It is a device, not a file",
    stat.S_IFBLK: "It is a device, not a file",
}


def is_data_uri(source: object) -> bool:
    """Whether `source` is a `data:` address, which holds its bytes itself."""
    return isinstance(source, str) and source[:5].lower() == "data:"


def to_path(source: str | os.PathLike[Any]) -> Path:
    """Return the path that a string, a path or a `file:` address names; raise ValueError where it is none."""
    path = os.fsdecode(source)
    if path[:5].lower() == "file:":
        address = urlsplit(path)
        if address.netloc not in ("", "localhost"):
            raise ValueError("It is on another machine")
        path = url2pathname(address.path)
    return Path(path).expanduser()


def read_path(source: str | os.PathLike[Any]) -> bytes:
    """Return the bytes of a plain file; raise `ArgumentError` for anything else that has this name."""
    try:
        return _read_plain(to_path(source))
    except (OSError, ValueError, RuntimeError) as problem:  # the last: no such home
        reason = getattr(problem, "strerror", None) or str(problem)
    raise ArgumentError(f"Cannot read the input image {quote(source)}: {reason.rstrip('.')}.")


def _read_plain(path: Path) -> bytes:
    _check_plain(path, path.stat())  # before it is opened: that may wake a pipe's writer or change a device
    descriptor = os.open(path, _OPEN)
    try:
        _check_plain(path, os.fstat(descriptor))
        return _read_all(lambda size: os.read(descriptor, size), quote(path))
    finally:
        os.close(descriptor)


def _check_plain(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, _KINDS.get(stat.S_IFMT(status.st_mode), "It is not a file"))
    check_size(status.st_size, quote(path))


def read_file(file: Any) -> bytes:
    """Return the bytes of an open binary file, or of anything else with `read`; raise `ArgumentError`.

    Where it can be sought it is read from its start, and its position is left as it was; a stream is read
    from where it is.
    """
    what = f"The {type(file).__name__}"
    if isinstance(file, io.TextIOBase):
        raise ArgumentError(f"{what} was opened as text.", hint='Open the input image with mode "rb".')

    def read() -> bytes:
        check_size(_find_size(file), what)
        position = _rewind(file)
        try:
            return _read_all(_make_reader(file), what)
        finally:
            if position is not None:
                file.seek(position)

    return call_or_refuse(read, f"{what} could not be read as an input image")


def _find_size(file: Any) -> int:
    """Return how long an open file is, 0 where it is none of this machine's."""
    try:
        return os.fstat(file.fileno()).st_size  # a pipe's is 0
    except Exception:  # noqa: BLE001 - it has no descriptor, or is an object of anybody's
        return 0


def _rewind(file: Any) -> int | None:
    """Go to the start of a file and return where it was, or None where it cannot be sought."""
    try:
        position: int = file.tell()
        file.seek(0)
    except Exception:  # noqa: BLE001 - a pipe, a socket, an object of anybody's
        return None
    return position


def _make_reader(file: Any) -> Callable[[int], bytes]:
    """Return a function that reads up to so many bytes of a file."""
    try:
        pieces = iter([file.read(_PIECE_BYTES)])
    except TypeError:  # its `read` takes no size
        pieces = iter([file.read()])
        return lambda _size: _to_bytes(next(pieces, b""))
    return lambda size: _to_bytes(next(pieces, None) or file.read(size))


def _to_bytes(piece: Any) -> bytes:
    if not isinstance(piece, bytes | bytearray | memoryview | None):
        raise TypeError(f"its read() returns {type(piece).__name__}, not bytes")
    return bytes(piece or b"")


def open_and_read(path: Any) -> bytes:
    """Return the bytes behind an object with `open` that is no path of this machine; raise `ArgumentError`.

    Such are the paths of fsspec, universal_pathlib and `zipfile`.
    """

    def read() -> bytes:
        with _open(path) as file:
            return read_file(file)

    return call_or_refuse(read, f"Cannot read the input image {quote(path)}")


def _open(path: Any) -> Any:
    try:
        return path.open("rb")
    except TypeError:  # fsspec's OpenFile knows its mode already
        return path.open()


def _read_all(read: Callable[[int], bytes], what: str) -> bytes:
    pieces, size = [], 0
    while piece := read(min(_PIECE_BYTES, MAX_INPUT_BYTES + 1 - size)):
        pieces.append(piece)
        size += len(piece)
        check_size(size, what)
    return b"".join(pieces)


def check_size(size: int, what: str) -> None:
    """Raise `ArgumentError` for more bytes than can be sent."""
    if size > MAX_INPUT_BYTES:
        raise ArgumentError(f"{what} is larger than the 32 MiB that can be sent.", hint="Make it smaller.")


def decode_data_uri(uri: str) -> bytes:
    """Return the bytes of a `data:` address, in base64 of either alphabet or percent-encoded."""
    head, comma, payload = uri.partition(",")
    if not comma:
        raise ArgumentError("The data URI has no comma before its data.")
    check_size(len(payload) // 2, "The data URI")  # base64, even in lines, has less than two for a byte
    if payload.count("%") > _MAX_ESCAPES:
        raise ArgumentError("The data URI is too long to be percent-encoded.", hint="Write it in base64.")
    data = unquote_to_bytes(payload)
    if not re.search(r";\s*base64\s*$", head, re.IGNORECASE):
        return data
    compact = data.translate(_STANDARD_ALPHABET, b" \t\r\n=")
    with suppress(ValueError):
        return b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    raise ArgumentError("The data URI's base64 is broken or cut short.")


def quote(source: object) -> str:
    """Write a path as it is named in an error."""
    return repr(one_line(str(source), _REASON_CHARACTERS))


def call_or_refuse(call: Callable[[], T], what: str) -> T:
    """Return what a call returns; whatever it raises becomes an `ArgumentError` that begins with `what`.

    It is for the caller's own objects, and for decoders of broken files: both may raise anything.
    """
    try:
        return call()
    except ArgumentError:
        raise
    except Exception as problem:  # noqa: BLE001 - see above
        reason = one_line(str(problem), _REASON_CHARACTERS).rstrip(".") or type(problem).__name__
    raise ArgumentError(f"{what}: {reason}.")
