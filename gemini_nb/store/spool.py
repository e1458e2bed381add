"""A temporary folder for the pictures of a batch without a store, so that they need no memory."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from gemini_nb.files import UnnamedFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage


class Spool:
    """A folder into which pictures are decoded while they arrive, and from which they are read when needed.

    It is private, and removed when neither this object nor any picture in it is referenced, at the latest
    when the process ends. Where the disk refuses, pictures are held in memory.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._lock = Lock()

    def folder(self) -> Path:
        """Return the folder, created on first use; raise `OSError` where the disk refuses."""
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="gemini_nb-", dir=_choose_parent()))
                weakref.finalize(self, _remove, os.getpid(), self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder

    def new_file(self) -> UnnamedFile:
        """Return a file in the folder to decode a picture into while it arrives."""
        return UnnamedFile(self.folder(), mode=0o600)

    def keep(self, generation: Generation) -> Generation:
        """Return the answer with all its pictures in files of the folder; see `hold`."""
        return generation.map_pictures(self._hold_one)

    def hold(self, images: Iterable[GeneratedImage]) -> tuple[GeneratedImage, ...]:
        """Return the pictures with their bytes in files of the folder, or in memory if the disk refuses."""
        return tuple(map(self._hold_one, images))

    def _hold_one(self, image: GeneratedImage) -> GeneratedImage:
        try:
            path = self.folder() / f"{image.sha256}{image.suffix}"
            image.put(path, flush=False)
        except OSError:
            return image.in_memory()
        return image.at(path, owner=self)


def _choose_parent() -> str | None:
    """Return a parent on a disk, None for the default: on many systems /tmp is in memory."""
    on_disk = Path("/var/tmp")  # noqa: S108 - only a parent for a folder with a name of its own
    is_chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return None if is_chosen or not os.access(on_disk, os.W_OK | os.X_OK) else str(on_disk)


def _remove(process: int, folder: Path) -> None:
    if process == os.getpid():  # not in a forked child: the folder is its parent's
        shutil.rmtree(folder, ignore_errors=True)
