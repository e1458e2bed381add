"""Replies that were paid for and could not be used: kept on disk, so that nobody pays twice to see them."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from gemini_nb.secret import Secret

MAX_KEPT_BYTES = 256 * 2**20

_SUFFIX = ".reply"  # no viewer takes it for a picture
_PART = ".part"
_STALE_SECONDS = 3600.0


def cache_folder() -> Path:
    """Return the folder for replies that no store keeps, in the user's cache."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - needed when something went wrong

    return user_cache_path("gemini_nb") / "unread"


def keep(body: bytes, *, folder: Path | None = None, key: Secret | None = None) -> Path | None:
    """Write a raw reply, with the key masked, and return its path; None where the disk refuses.

    The file is 0600 in a folder of 0700; the oldest go when more than 256 MiB are kept. Never raises.
    """
    body = key.redact_bytes(body) if key else body
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{sha256(body).hexdigest()[:12]}{_SUFFIX}"
    try:
        path = (folder or cache_folder()) / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(OSError):  # it may have been there before, and be another's
            path.parent.chmod(0o700)
        _write(path, body)
    except (OSError, RuntimeError, ValueError):  # RuntimeError: no home; ValueError: NUL in a path
        return None
    _drop_oldest(path.parent, keeping=path)
    return path


def _write(path: Path, body: bytes) -> None:
    part = path.with_name(f".{secrets.token_hex(8)}{_PART}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _drop_oldest(folder: Path, *, keeping: Path) -> None:
    """Drop the oldest replies past the limit, and what a killed process left unfinished."""
    files = []
    for file in (*folder.glob(f"*{_SUFFIX}"), *folder.glob(f".*{_PART}")):
        with suppress(OSError):  # another process may be tidying too
            status = file.stat()
            if file.suffix == _SUFFIX:
                files.append((status.st_mtime_ns, file.name, status.st_size))
            elif time.time() - status.st_mtime > _STALE_SECONDS:
                file.unlink()
    total = sum(size for _, _, size in files)
    for _, name, size in sorted(files):
        if total > MAX_KEPT_BYTES and name != keeping.name:
            with suppress(OSError):
                (folder / name).unlink()
            total -= size
