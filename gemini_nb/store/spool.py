"""A folder for the pictures of a client that has no store: memory does not grow with their number."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from gemini_nb.files import UnnamedFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage


class Spool:
    """Pictures are decoded into it while they arrive, and read again when they are asked for.

    Without `folder` it is a private one among the system's temporary files, removed when neither this
    object nor any picture in it is held any more, at the latest when the process ends. A folder that was
    given stays, with what is in it. A disk that refuses costs memory, never a picture.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self._folder = None if folder is None else Path(folder).expanduser().absolute()
        self._lock = Lock()

    def folder(self) -> Path:
        """Return the folder, which is made on first use; raise OSError where it cannot be."""
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="gemini_nb-", dir=_choose_parent()))
                weakref.finalize(self, _remove, os.getpid(), self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder

    def new_file(self) -> UnnamedFile:
        """Return a file of the folder to write a picture into."""
        return UnnamedFile(self.folder(), mode=0o600)

    def keep(self, generation: Generation) -> Generation:
        """Return the answer with all its pictures in files of the folder, as far as the disk takes them."""
        return replace(generation, images=self.hold(generation.images), drafts=self.hold(generation.drafts))

    def hold(self, images: Iterable[GeneratedImage]) -> tuple[GeneratedImage, ...]:
        """Return the pictures in files of the folder, or in memory where the disk refuses."""
        return tuple(map(self._hold_one, images))

    def _hold_one(self, image: GeneratedImage) -> GeneratedImage:
        try:
            path = self.folder() / f"{image.sha256}{image.suffix}"
            image.put(path, flush=False)
        except OSError:
            return image.in_memory()
        return image.at(path, owner=self)


def _choose_parent() -> str | None:
    """Where temporary files are on a disk; /tmp is memory on many systems."""
    on_disk = Path("/var/tmp")  # noqa: S108 - only a parent for a folder with a name of its own
    is_chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return None if is_chosen or not os.access(on_disk, os.W_OK | os.X_OK) else str(on_disk)


def _remove(process: int, folder: Path) -> None:
    if process == os.getpid():  # a forked child leaves it to its parent
        shutil.rmtree(folder, ignore_errors=True)
