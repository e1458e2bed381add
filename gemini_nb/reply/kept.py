"""Replies kept on disk that were paid for and could not be used, so that nobody pays twice to see them."""

from __future__ import annotations

import time
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from gemini_nb import files
from gemini_nb.providers.redaction import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from hashlib import _Hash as Hash
    from pathlib import Path

    from gemini_nb.providers.secret import Secret
    from gemini_nb.reply.json_receiver import ReceivedBody

MAX_KEPT_BYTES = 256 * 2**20

_WINDOW_BYTES = 2**20
_LONGEST_WINDOW_BYTES = 4 * 2**20

_SUFFIX = ".reply"  # no viewer takes it for a picture


def cache_folder() -> Path:
    """Return the folder for replies that no store keeps, in the user's cache."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - needed when something went wrong

    return user_cache_path("gemini_nb") / "unread"


def keep_reply(body: ReceivedBody, *, folder: Path | None = None, key: Secret | None = None) -> Path | None:
    """Write a raw reply, with the key masked, and return its path; None where the disk refuses.

    Where `folder` refuses, is a link or another user's, it is kept in the user's cache. The file is whole or
    not there, 0600 in a folder of 0700; the oldest go when more than 256 MiB are kept. Never raises, holds no
    second copy. A reply that came compressed and broke off is kept as it came, unless the key is in it.
    """
    for chosen in [folder, None] if folder else [None]:
        with suppress(OSError, RuntimeError, ValueError):  # RuntimeError: no home; ValueError: NUL in a path
            return _write(chosen or cache_folder(), body, key, in_store=chosen is not None)
    return None


def _write(folder: Path, body: ReceivedBody, key: Secret | None, *, in_store: bool) -> Path:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.make_secret_folder(folder)
    pieces = _mask_key(body, key)
    digest = sha256()
    with files.atomic_file(_hash_pieces(pieces, digest), folder, mode=0o600) as file:
        path = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{digest.hexdigest()[:12]}{_SUFFIX}"
        file.replace(path)
    with suppress(OSError):
        if in_store:  # which may be committed; these may not
            files.write_private_if_missing(path.with_name(".gitignore"), b"*\n")
        _drop_oldest(folder, keeping=path)
    return path


def _hash_pieces(pieces: Iterable[bytes | memoryview], digest: Hash) -> Iterator[bytes | memoryview]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _drop_oldest(folder: Path, *, keeping: Path) -> None:
    replies = []
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(OSError):  # another process may be tidying too
            replies.append((path.lstat().st_mtime_ns, path.name, files.plain_size(path)))
    total = sum(size for _, _, size in replies)
    for _, name, size in sorted(replies):
        if total > MAX_KEPT_BYTES and name != keeping.name:
            with suppress(OSError):
                (folder / name).unlink()
            total -= size


def _mask_key(body: ReceivedBody, key: Secret | None) -> Iterator[bytes | memoryview]:
    """Return what is kept of a reply, piece by piece, with the key masked."""
    if body.packed and (key is None or all(key.redact_bytes(part) is part for part in _windows(body, key))):
        return iter((body.packed,))
    return body.pieces() if key is None else map(key.redact_bytes, _windows(body, key))


def _windows(body: ReceivedBody, key: Secret) -> Iterator[bytes]:
    """Yield a reply in windows, none of which ends where the key may stand.

    Where it stands everywhere, the end of a window is left out.
    """
    waiting = b""
    for piece in body.pieces():
        for start in range(0, len(piece), _WINDOW_BYTES):
            waiting += piece[start : start + _WINDOW_BYTES]
            if end := _find_end_of_window(waiting, key):
                yield waiting[:end]
                waiting = waiting[end:]
            elif len(waiting) > _LONGEST_WINDOW_BYTES:
                yield waiting[: -2 * key.longest_form]
                yield MASK.encode()
                waiting = b""
    yield waiting


def _find_end_of_window(waiting: bytes, key: Secret) -> int:
    """Return where a window may end, 0 where it has to wait: there is no key near it."""
    margin = key.longest_form
    last = len(waiting) - margin
    for end in range(last, max(last - _WINDOW_BYTES // 2, 0), -2 * margin):
        around = waiting[max(0, end - margin) : end + margin]
        if key.redact_bytes(around) is around:
            return end
    return 0
