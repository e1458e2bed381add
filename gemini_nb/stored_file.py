"""One file of the store: read only if it is a plain file, written whole and for its owner alone."""

from __future__ import annotations

import errno
import os
import stat
from hashlib import file_digest, sha256
from typing import TYPE_CHECKING

from gemini_nb.files import atomic_file

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

# Without O_NONBLOCK a pipe in a picture's place would block for ever. Windows has none of these but O_BINARY.
_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)


def open_plain(path: Path) -> FileIO | None:
    """Return a plain file opened for reading; None for links, pipes, folders and errors."""
    try:
        descriptor = os.open(path, _FLAGS)
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb", buffering=0)
    os.close(descriptor)
    return None


def read_plain(path: Path, *, limit: int) -> bytes | None:
    """Return the bytes of a plain file of up to `limit` bytes; None for links, pipes, folders and errors."""
    file = open_plain(path)
    if file is None:
        return None
    try:
        with file:
            return file.read() if os.fstat(file.fileno()).st_size <= limit else None
    except OSError:
        return None


def read_addressed(path: Path, *, limit: int) -> bytes | None:
    """Return the bytes of a file whose name is their SHA-256, else None."""
    data = read_plain(path, limit=limit)
    return data if data is not None and sha256(data).hexdigest() == path.name.partition(".")[0] else None


def is_addressed(path: Path, *, limit: int) -> bool:
    """Whether a file's name is the SHA-256 of its bytes, told without holding them."""
    file = open_plain(path)
    if file is None:
        return False
    try:
        with file:
            small = os.fstat(file.fileno()).st_size <= limit
            return small and file_digest(file, "sha256").hexdigest() == path.name.partition(".")[0]
    except OSError:
        return False


def plain_size(path: Path) -> int:
    """Return the length of a plain file, 0 for anything else."""
    try:
        facts = path.lstat()
    except OSError:
        return 0
    return facts.st_size if stat.S_ISREG(facts.st_mode) else 0


def make_private_folder(folder: Path) -> None:
    """Make a folder for its owner alone, if it is not there; raise OSError where a link has its name."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "a symbolic link stands in a folder's place", str(folder))


def write_private(path: Path, data: bytes, *, flush: bool = True) -> None:
    """Put a file of mode 0600 in place of whatever has this name, on the disk before it has it."""
    with atomic_file(data, path.parent, flush=flush) as file:
        file.link.chmod(0o600)
        file.replace(path)


def write_private_if_missing(path: Path, data: bytes) -> None:
    """Write a file unless its name is taken."""
    if not path.exists():
        with atomic_file(data, path.parent) as file:
            file.link.chmod(0o600)
            file.claim(path)
