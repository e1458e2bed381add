"""Spooled bytes of a picture while it arrives: in memory, and when they are many in a file."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import TYPE_CHECKING

from gemini_nb.images.file_bytes import FileBytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gemini_nb.files import UnnamedFile
    from gemini_nb.images.file_bytes import ImageBytes

# A picture that is no larger, as most of a megapixel are, costs the event loop no wait for a disk: the thread
# that keeps it hashes and writes it in one piece.
IN_MEMORY_BYTES = 2 * 2**20
_MIN_FILE_BYTES = 256 * 1024  # where more is expected, a file is opened once there is so much

_JOINED_BYTES = 2 * 2**20
_PIECE_BYTES = 3 * 64 * 1024


class SpooledBytes:
    """Takes bytes. `new_file` opens the file; without it, or where the disk refuses, all stays in memory.

    There will hardly be more than the `expected` number of them.
    """

    def __init__(self, new_file: Callable[[], UnnamedFile] | None, *, expected: int = 0) -> None:
        self._new_file = new_file
        self._memory = _Memory(expected)
        self._most_in_memory = IN_MEMORY_BYTES if expected <= IN_MEMORY_BYTES else _MIN_FILE_BYTES
        self._file: UnnamedFile | None = None
        self._digest = sha256()
        self._size = 0

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._memory.size if self._file is None else self._size

    def write(self, data: bytes) -> None:
        """Add bytes; a disk that refuses them costs memory and is no error."""
        if self._new_file is not None and self._memory.size + len(data) > self._most_in_memory:
            self._move_to_file(self._new_file)
        if self._file is None:
            self._memory.write(data)
            return
        try:
            self._file.write(data)
        except OSError:
            self._move_to_memory(self._file)
            self._memory.write(data)
        else:
            self._digest.update(data)
            self._size += len(data)

    def _move_to_file(self, new_file: Callable[[], UnnamedFile]) -> None:
        self._new_file = None
        data = self._memory.bytes()
        try:
            file = new_file()
            file.write(data)
        except OSError:
            return
        self._digest.update(data)
        self._size = len(data)
        self._memory = _Memory()
        self._file = file

    def _move_to_memory(self, file: UnnamedFile) -> None:
        """Go on in memory: a disk that is full must not cost a picture."""
        with file.open_reader() as written:
            self._memory.write(written.read(self._size))
        self._file = None
        file.close()

    def data(self) -> ImageBytes:
        """Return all that was written."""
        if self._file is None:
            return self._memory.bytes()
        return FileBytes(size=self._size, sha256=self._digest.hexdigest(), new_file=self._file)

    def pieces(self) -> Iterator[memoryview]:
        """Yield all that was written in pieces whose lengths are multiples of three, but for the last."""
        if self._file is not None:
            self._move_to_memory(self._file)
        view = memoryview(self._memory.bytes())
        for start in range(0, len(view), _PIECE_BYTES):
            yield view[start : start + _PIECE_BYTES]


class _Memory:
    """Bytes in pieces as long as they are few: joining them is cheaper than a buffer that grows.

    More go into a `BytesIO`, of which `bytes` is no second copy, and which is made large enough at once: each
    time that it grows it may move.
    """

    def __init__(self, expected: int = 0) -> None:
        self.size = 0
        self._expected = expected
        self._pieces: list[bytes] = []
        self._buffer: io.BytesIO | None = None

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self.size += len(data)
        if self._buffer is not None:
            self._buffer.write(data)
            return
        self._pieces.append(data)
        if self.size > _JOINED_BYTES:
            self._buffer = io.BytesIO(bytes(max(self._expected, self.size)))
            self._buffer.writelines(self._pieces)
            self._pieces.clear()

    def bytes(self) -> bytes:
        """Return all bytes; nothing is added any more."""
        if self._buffer is None:
            return b"".join(self._pieces)
        self._buffer.truncate(self.size)
        return self._buffer.getvalue()
