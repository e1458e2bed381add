"""Bytes that are whole on disk before they have a name, so that no reader ever sees a part of them."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


@dataclass(frozen=True)
class WholeFile:
    """A file without its final name: `link` is where the system finds it until then."""

    link: Path
    is_named: bool

    def claim(self, target: Path) -> bool:
        """Give the file this name unless that is taken, in one step: two writers never clobber."""
        try:
            self._link_to(target)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS or not self.is_named:
                raise
            return _claim_exclusively(self.link, target)
        return True

    def replace(self, target: Path) -> None:
        """Give the file this name in place of whatever has it."""
        if self.is_named:
            self.link.replace(target)
            return
        temporary = _temporary_name(target.parent)
        try:
            self._link_to(temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def _link_to(self, target: Path) -> None:
        if self.is_named:
            target.hardlink_to(self.link)
            return
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # With a folder's descriptor Python calls linkat, which follows /proc's link to the file.
            os.link(self.link, target.name, dst_dir_fd=folder, follow_symlinks=True)
        finally:
            os.close(folder)


_NO_NAMELESS_FILES = {
    errno.EISDIR,
    errno.EPERM,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOENT,
    errno.EINVAL,
}


@contextlib.contextmanager
def whole_file(data: bytes, folder: Path) -> Iterator[WholeFile]:
    """Hold bytes, flushed to disk, in a file of `folder` that is gone after the block unless named.

    On Linux the file has no name at all, so that not even `kill -9` leaves one behind.
    """
    descriptor = _open_nameless(folder)
    if descriptor is not None:
        with os.fdopen(descriptor, "wb") as file:
            _fill(file.fileno(), data)
            yield WholeFile(Path(f"/proc/self/fd/{descriptor}"), is_named=False)
        return
    temporary = _temporary_name(folder)
    try:
        with temporary.open("xb") as file:
            _fill(file.fileno(), data)
        yield WholeFile(temporary, is_named=True)
    finally:
        temporary.unlink(missing_ok=True)


def _open_nameless(folder: Path) -> int | None:
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None or not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.open(folder, flag | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    except OSError as error:
        # EISDIR: a kernel without the flag; EPERM: some file systems, of a folder that is just being removed;
        # the others: a file system without nameless files. A named file then says what is really wrong.
        if error.errno in _NO_NAMELESS_FILES:
            return None
        raise


def _fill(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _temporary_name(folder: Path) -> Path:
    return folder / f".{secrets.token_hex(8)}.part"


def _claim_exclusively(temporary: Path, target: Path) -> bool:
    """Claim the name with an empty file, then move the whole one over it (FAT, some network folders)."""
    try:
        target.open("xb").close()
    except FileExistsError:
        return False
    try:
        temporary.replace(target)
    except OSError:
        target.unlink(missing_ok=True)
        raise
    return True
