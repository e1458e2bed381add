"""Replies that were paid for and could not be used: kept on disk, so that nobody pays twice to see them."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemini_nb.secret import Secret

MAX_KEPT_BYTES = 256 * 2**20


def cache_folder() -> Path:
    """Return the folder for replies that no store keeps, in the user's cache."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - needed when something went wrong

    return user_cache_path("gemini_nb") / "unread"


def keep(
    body: bytes, *, folder: Path | None = None, key: Secret | None = None, suffix: str = ".reply"
) -> Path | None:
    """Write a raw reply, with the key masked, and return its path; None where the disk refuses.

    The file is 0600 in a folder of 0700, under a name that no viewer takes for a picture; the oldest files
    go when more than 256 MiB are kept.
    """
    folder = folder or cache_folder()
    body = key.redact_bytes(body) if key else body
    path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{sha256(body).hexdigest()[:12]}{suffix}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, body)
    except OSError:
        return None
    _drop_oldest(folder, keeping=path)
    return path


def _write(path: Path, body: bytes) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(body)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _drop_oldest(folder: Path, *, keeping: Path) -> None:
    with suppress(OSError):  # another process may be tidying too
        files = [(f.stat().st_mtime, f.stat().st_size, f) for f in folder.iterdir() if f.is_file()]
        total = sum(size for _, size, _ in files)
        for _, size, file in sorted(files):
            if total <= MAX_KEPT_BYTES:
                break
            if file != keeping:
                file.unlink(missing_ok=True)
                total -= size
