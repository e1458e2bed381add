"""A file read like bytes, a small part at a time: what the reader of a header asks for."""

from __future__ import annotations

from typing import BinaryIO, overload

_WINDOW_BYTES = 4096  # what is asked for next is mostly near
_SEARCHED_BYTES = 64 * 1024


class Window:
    """The first `size` bytes of an open file, with as much of `bytes` as `image_header` needs."""

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
        return self._part(at, at + 1)[0]

    def startswith(self, starts: bytes | tuple[bytes, ...]) -> bool:
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

    def _part(self, start: int, stop: int) -> bytes:
        if start < self._start or stop > self._start + len(self._seen):
            self._start, self._seen = start, self._read(start, max(stop, start + _WINDOW_BYTES))
        return self._seen[start - self._start : stop - self._start]

    def _read(self, start: int, stop: int) -> bytes:
        self._file.seek(start)
        return self._file.read(max(0, min(stop, self._size) - start))
