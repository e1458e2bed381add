"""Bytes of a picture in a file: length and digest are known, the rest is read when it is asked for.

They are read only if they are still the same: a file that is gone or altered is an error, never another
picture.
"""

from __future__ import annotations

import io
import weakref
from collections import deque
from contextlib import contextmanager, suppress
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, Self, TypeAlias, overload

from gemini_nb import files
from gemini_nb.errors import ImageLostError
from gemini_nb.files import atomic_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gemini_nb.files import UnnamedFile

_PIECE_BYTES = 256 * 1024
_READ_AHEAD_BYTES = 4096  # what is asked for next is mostly near
_SEARCHED_BYTES = 64 * 1024
_COUNTED_BYTES = 256 * 1024
_MAX_RECENT = 2
_MAX_RECENT_BYTES = 2 * 2**20  # of each of them
_recent: deque[weakref.ref[FileBytes]] = deque()
_UNREAD = "It may still be there: check the disk, then read it again."

ImageBytes: TypeAlias = "bytes | FileBytes"


class FileBytes:
    """`size` bytes of the digest `sha256`, in the file `path`, or in one that has no name yet.

    Equal to another of the same digest; pickled, it is its bytes. `owner` is kept alive as long as this is:
    it may be what removes the folder when nobody needs it any more.
    """

    def __init__(
        self,
        *,
        size: int,
        sha256: str,
        path: Path | None = None,
        new_file: UnnamedFile | None = None,
        owner: object = None,
    ) -> None:
        self.size = size
        self.sha256 = sha256
        self.path = path
        self._new_file = new_file
        self._owner = owner
        self._data: bytes | None = None
        self._recent: tuple[bytes, files.Stamp | None] | None = None
        self._lock = Lock()

    @property
    def is_unnamed(self) -> bool:
        """Whether the file would be gone with this object."""
        return self._new_file is not None

    def read(self) -> bytes:
        """Return the bytes; raise ImageLostError where the file no longer holds them."""
        recent = self._recent
        if recent and self.path and files.read_stamp(self.path) == recent[1]:
            return recent[0]
        with self._open_checked() as file:
            data = file.read(self.size + 1)
        if len(data) != self.size or sha256(data).hexdigest() != self.sha256:
            self._refuse("was altered")
        return data

    def remember(self, data: bytes) -> None:
        """Keep the bytes, which were just written to the file, in memory too, until two later ones are kept.

        Mostly a new picture is shown or saved next: then it need not be read and checked again.
        """
        if self.path is None or self.size > _MAX_RECENT_BYTES:
            return
        self._recent = data, files.read_stamp(self.path)
        _recent.append(weakref.ref(self))
        while len(_recent) > _MAX_RECENT:
            with suppress(IndexError):  # another thread was faster
                oldest = _recent.popleft()()
                if oldest is not None:
                    oldest.forget()

    def forget(self) -> None:
        """Read from the file from now on, not from memory."""
        self._recent = None

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes piece by piece; raise ImageLostError after the last where they were others."""
        digest, left = sha256(), self.size
        with self._open_checked() as file:
            while left >= 0 and (piece := file.read(_PIECE_BYTES)):
                digest.update(piece)
                left -= len(piece)
                yield piece
        if digest.hexdigest() != self.sha256:
            self._refuse("was altered")

    @contextmanager
    def open_view(self) -> Iterator[FileView]:
        """Open the file for a look at parts of it, which are not checked."""
        with self._open_checked() as file:
            yield FileView(file, self.size)

    def put(self, target: Path, *, flush: bool = True) -> None:
        """Write the new file to the disk, then give it this name; raise OSError where that fails.

        After a FileNotFoundError it can be tried again: the folder or the new file's own name was removed.
        What has a name already is copied.
        """
        new_file = self._new_file
        if new_file is None:
            with atomic_file(self.pieces(), target.parent, mode=0o600) as file:
                file.replace(target)
            return
        try:
            new_file.finish(flush=flush)
            new_file.file.replace(target)
        except FileNotFoundError:
            self._new_file = new_file.copy(target.parent)
            new_file.close()
            raise

    def is_in(self, path: Path) -> bool:
        """Whether a plain file, named by the digest, holds just these bytes."""
        if not self.is_unnamed:  # what has a name may have been altered
            return files.is_addressed(path, limit=self.size)
        with self._open_checked() as file:
            return files.holds(path, file)

    def settle(self, path: Path, *, owner: object = None) -> None:
        """Read from `path` from now on; a file without a name is closed, and memory is given back."""
        with self._lock:
            self.path, self._owner, self._data = path, owner, None
            self._close()

    def load(self) -> None:
        """Hold the bytes in memory from now on; a file without a name is closed."""
        data = self.read()
        with self._lock:
            self._data = data
            self._close()

    def _close(self) -> None:
        new_file, self._new_file = self._new_file, None
        if new_file is not None:
            new_file.close()

    @contextmanager
    def _open_checked(self) -> Iterator[BinaryIO]:
        try:
            with self._lock:  # a file that is closed meanwhile would leave its number to another file
                file = self._open()
            if file is None:
                self._refuse("is gone or cannot be read")
            with file:
                yield file
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            self._refuse(f"cannot be read: {reason}", hint=_UNREAD)

    def _open(self) -> BinaryIO | None:
        if self._data is not None:
            return io.BytesIO(self._data)
        if self._new_file is not None:
            return self._new_file.open_reader()
        return None if self.path is None else files.open_plain(self.path)

    def _refuse(self, what: str, *, hint: str | None = None) -> NoReturn:
        file = "file" if self.path is None else f"file {self.path}"
        raise ImageLostError(f"The picture's {file} {what}.", hint=hint) from None

    def __len__(self) -> int:
        return self.size

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FileBytes):
            return NotImplemented
        return self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"FileBytes({str(self.path)!r}, {self.size} bytes)"

    def __reduce__(self) -> tuple[Any, ...]:
        return bytes, (self.read(),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self


class FileView:
    """The first `size` bytes of an open file, with as much of the interface of `bytes` as `header` needs."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._start = 0
        self._seen = b""

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> bytes: ...
    def __getitem__(self, at: int | slice) -> int | bytes:
        if isinstance(at, slice):
            start, stop, _ = at.indices(self._size)
            return self._part(start, max(start, stop))
        if 0 <= at - self._start < len(self._seen):
            return self._seen[at - self._start]
        return self._part(at, at + 1)[0]

    def startswith(self, starts: bytes | tuple[bytes, ...]) -> bool:
        """Whether the file begins with any of these, of up to 16 bytes each."""
        return self[:16].startswith(starts)

    def rfind(self, wanted: bytes, start: int) -> int:
        """Return where `wanted` stands last, from `start` on, or -1."""
        stop = self._size
        while stop > start:
            begin = max(start, stop - _SEARCHED_BYTES)
            found = self._read(begin, stop + len(wanted) - 1).rfind(wanted)
            if found >= 0:
                return begin + found
            stop = begin
        return -1

    def count(self, wanted: bytes, start: int) -> int:
        """Count where `wanted`, of two bytes, stands from `start` on."""
        count = 0
        for begin in range(start, self._size, _COUNTED_BYTES):
            count += self._read(begin, begin + _COUNTED_BYTES + 1).count(wanted)
        return count

    def _part(self, start: int, stop: int) -> bytes:
        if start < self._start or stop > self._start + len(self._seen):
            self._start, self._seen = start, self._read(start, max(stop, start + _READ_AHEAD_BYTES))
        return self._seen[start - self._start : stop - self._start]

    def _read(self, start: int, stop: int) -> bytes:
        self._file.seek(start)
        return self._file.read(max(0, min(stop, self._size) - start))
