"""Which files this package has saved and can make again, told by the SHA-256 of what they hold.

    images/<sha256>.png      in a store: such a file holds a picture as it came
    saved/<sha256>.json      in a store: such a file was converted from a picture of `images/`
    painted.txt              in the user's cache: the offline painter, asked again, paints it again

A file that somebody has changed has another digest, so that it is never taken for one of these.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemini_nb import files
from gemini_nb.images.header import SUFFIXES
from gemini_nb.reply.kept import cache_folder
from gemini_nb.store import conversion
from gemini_nb.store.conversion import Conversion
from gemini_nb.store.digest_cache import is_unaltered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from gemini_nb.display.preview import Picture
    from gemini_nb.store.store import Store

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_MAX_PAINTED_BYTES = 2**20  # sixteen thousand digests; past it, the older half is forgotten


@dataclass(frozen=True)
class SavedFiles:
    """What `images.save` asks before it replaces a file.

    `list_stores` returns the stores in use, the first of which is written to; `is_offline` says that what is
    saved was painted by the offline provider.
    """

    list_stores: Callable[[], Iterable[Store]]
    is_offline: bool = False

    def can_restore(self, sha256: str) -> bool:
        """Whether a file of these bytes is one that was saved here and could be made again."""
        return any(_can_restore(store, sha256) for store in self.list_stores()) or _is_painted(sha256)

    def recall_conversion(self, sha256: str, image: Picture) -> bool | None:
        """Return None unless a file of these bytes was converted from a picture; else whether onto white."""
        for store in self.list_stores():
            found = conversion.read(_conversion_path(store, sha256))
            if found is not None and found.sha256 == image.sha256:
                return found.is_on_white
        return None

    def remember(self, sha256: str, image: Picture, *, is_on_white: bool = False) -> None:
        """Note that a file of these bytes was made of a picture; what a store knows already needs no note."""
        with suppress(OSError, RuntimeError, ValueError):  # then the file is only not replaced unasked
            if self.is_offline:
                _remember_painted(sha256)
            elif sha256 != image.sha256:
                _remember_conversion(self.list_stores(), sha256, image, is_on_white=is_on_white)


def _can_restore(store: Store, sha256: str) -> bool:
    paths = (store.folder / "images" / (sha256 + suffix) for suffix in SUFFIXES.values())
    if any(is_unaltered(path) for path in paths):
        return True
    found = conversion.read(_conversion_path(store, sha256))
    return found is not None and store.image_file(found) is not None


def _conversion_path(store: Store, sha256: str) -> Path:
    return store.folder / conversion.FOLDER / f"{sha256}.json"


def _remember_conversion(stores: Iterable[Store], sha256: str, image: Picture, *, is_on_white: bool) -> None:
    store = next(iter(stores), None)
    if store is not None and store.image_file(image) is not None:
        store.prepare()
        files.make_private_folder(store.folder / conversion.FOLDER)
        conversion.write(
            _conversion_path(store, sha256), Conversion(image.sha256, image.mime_type, is_on_white)
        )


def _painted_file() -> Path:
    return cache_folder().with_name("painted.txt")


def _read_painted() -> bytes:
    with suppress(OSError, RuntimeError):  # RuntimeError: no home
        return files.read_plain(_painted_file(), limit=2 * _MAX_PAINTED_BYTES) or b""
    return b""


def _is_painted(sha256: str) -> bool:
    return f"{sha256}\n".encode() in _read_painted()


def _remember_painted(sha256: str) -> None:
    """Append a digest in one write, so that other processes may do so too."""
    line, painted, path = f"{sha256}\n".encode(), _read_painted(), _painted_file()
    if line in painted:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if len(painted) > _MAX_PAINTED_BYTES:
        lines = painted.splitlines(keepends=True)
        files.write_private(path, b"".join(lines[len(lines) // 2 :]))
    file = os.open(path, _APPEND, 0o600)
    try:
        os.write(file, line)
    finally:
        os.close(file)
