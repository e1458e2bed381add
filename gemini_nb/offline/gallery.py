"""The pictures that replies link to: the newest ones, in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict


class Gallery:
    """The last pictures that were linked to, bounded in number and bytes; safe to share between threads."""

    MAX_PICTURES = 64
    MAX_BYTES = 128 * 2**20

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, sha256: str, picture: bytes) -> None:
        with self._lock:
            self._bytes += len(picture) - len(self._pictures.pop(sha256, b""))
            self._pictures[sha256] = picture
            while len(self._pictures) > 1 and (
                len(self._pictures) > self.MAX_PICTURES or self._bytes > self.MAX_BYTES
            ):
                self._bytes -= len(self._pictures.popitem(last=False)[1])

    def find(self, sha256: str) -> bytes | None:
        with self._lock:
            if sha256 in self._pictures:
                self._pictures.move_to_end(sha256)
            return self._pictures.get(sha256)
