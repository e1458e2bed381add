"""Cache of digest checks: a file is read once, and again when its times, size or place on the disk differ.

A batch is checked before it is paid for and again when it is replayed, often many times in one session.
"""

from __future__ import annotations

import os
import time
from threading import Lock
from typing import TYPE_CHECKING

from gemini_nb import files
from gemini_nb.images.image import MAX_IMAGE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from gemini_nb.files import Stamp

_MAX_FILES = 100_000  # some thirty megabytes of names
# Within a tick of a file system's clock a file can change and keep its times; the coarsest tick is FAT's.
_SETTLED_SECONDS = 2.0
_sound: dict[str, Stamp] = {}
_lock = Lock()


def is_unaltered(path: Path) -> bool:
    """Return whether a plain file, no larger than a picture may be, is named by the SHA-256 of its bytes."""
    stamp = files.read_stamp(path)
    if stamp is None:
        return False
    name = os.fspath(path)
    if _sound.get(name) == stamp:
        return True
    checked_at = time.time()
    if not files.is_addressed(path, limit=MAX_IMAGE_BYTES):
        return False
    # Whether it was written so long before it was checked that a later change shows in its times.
    is_settled = checked_at - max(stamp[-2:]) / 1e9 > _SETTLED_SECONDS
    if is_settled and files.read_stamp(path) == stamp:
        with _lock:
            if len(_sound) >= _MAX_FILES:
                _sound.clear()
            _sound[name] = stamp
    return True
