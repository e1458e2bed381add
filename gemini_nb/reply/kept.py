"""Replies kept on disk that were paid for and could not be used, so that nobody pays twice to see them."""

from __future__ import annotations

import time
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from gemini_nb import files

if TYPE_CHECKING:
    from pathlib import Path

    from gemini_nb.providers.secret import Secret

MAX_KEPT_BYTES = 256 * 2**20

_SUFFIX = ".reply"  # no viewer takes it for a picture


def cache_folder() -> Path:
    """Return the folder for replies that no store keeps, in the user's cache."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - needed when something went wrong

    return user_cache_path("gemini_nb") / "unread"


def keep_reply(body: bytes, *, folder: Path | None = None, key: Secret | None = None) -> Path | None:
    """Write a raw reply, with the key masked, and return its path; None where the disk refuses.

    Where `folder` refuses, it is kept in the user's cache. The file is whole or not there, 0600 in a folder
    of 0700; the oldest go when more than 256 MiB are kept. Never raises.
    """
    body = key.redact_bytes(body) if key else body
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{sha256(body).hexdigest()[:12]}{_SUFFIX}"
    for chosen in [folder, None] if folder else [None]:
        with suppress(OSError, RuntimeError, ValueError):  # RuntimeError: no home; ValueError: NUL in a path
            path = (chosen or cache_folder()) / name
            _write(path, body, in_store=chosen is not None)
            return path
    return None


def _write(path: Path, body: bytes, *, in_store: bool) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):  # it may have been there before, and be another's
        path.parent.chmod(0o700)
    files.write_private(path, body)
    with suppress(OSError):
        if in_store:  # which may be committed; these may not
            files.write_private_if_missing(path.with_name(".gitignore"), b"*\n")
        _drop_oldest(path.parent, keeping=path)


def _drop_oldest(folder: Path, *, keeping: Path) -> None:
    files = []
    for file in folder.glob(f"*{_SUFFIX}"):
        with suppress(OSError):  # another process may be tidying too
            files.append((file.stat().st_mtime_ns, file.name, file.stat().st_size))
    total = sum(size for _, _, size in files)
    for _, name, size in sorted(files):
        if total > MAX_KEPT_BYTES and name != keeping.name:
            with suppress(OSError):
                (folder / name).unlink()
            total -= size
