"""Bytes that are whole on disk before they have a name, so that no reader ever sees a part of them."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
import weakref
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import FileIO


_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


@dataclass(frozen=True)
class AtomicFile:
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


class UnnamedFile:
    """A file of `folder` that is being written: gone when it is closed or forgotten, unless it was named.

    On Linux it has no name at all, so that not even `kill -9` leaves one behind.
    """

    def __init__(self, folder: Path, *, mode: int = 0o666) -> None:
        descriptor = _open_nameless(folder, mode)
        is_named = descriptor is None
        if descriptor is None:
            link = _temporary_name(folder)
            descriptor = os.open(link, _NEW, mode)
        else:
            link = Path(f"/proc/self/fd/{descriptor}")
        self.file = AtomicFile(link, is_named)
        self._open = [descriptor]
        self._mode = mode
        self._end = weakref.finalize(self, _discard, os.getpid(), self._open, link if is_named else None)

    def write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._open[0], view) :]

    def opened(self) -> BinaryIO:
        """Open what was written so far for reading, even where somebody has removed the draft's name."""
        if self._open and hasattr(os, "pread"):
            return cast("BinaryIO", _Reader(os.dup(self._open[0])))
        return self.file.link.open("rb", buffering=0)  # Windows keeps the name of what is open

    def finish(self, *, flush: bool = True) -> None:
        """Wait until all of it is on the disk, and nothing stands in the way of a name."""
        if self._open and flush:
            os.fsync(self._open[0])
        if self._open and os.name == "nt":  # what is open cannot be renamed there
            os.close(self._open.pop())

    def copy(self, folder: Path) -> UnnamedFile:
        """Return another draft of the same bytes, for where somebody has removed this one's name."""
        other = UnnamedFile(folder, mode=self._mode)
        os.lseek(self._open[0], 0, os.SEEK_SET)
        while piece := os.read(self._open[0], _COPIED_BYTES):
            other.write(piece)
        return other

    def close(self) -> None:
        self._end()


class _Reader(io.RawIOBase):
    """Reads through a descriptor of its own, at a place of its own: copied descriptors share theirs."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_SET:
            raise io.UnsupportedOperation("only places from the start on")
        self._at = offset
        return offset

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            return self.readall()
        data = os.pread(self._descriptor, size, self._at)
        self._at += len(data)
        return data

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._descriptor)


_COPIED_BYTES = 256 * 1024
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def _discard(process: int, opened: list[int], temporary: Path | None) -> None:
    while opened:
        os.close(opened.pop())
    if temporary is not None and process == os.getpid():  # a forked child leaves it to its parent
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_file(
    data: bytes | Iterable[bytes], folder: Path, *, mode: int = 0o666, flush: bool = True
) -> Iterator[AtomicFile]:
    """Hold bytes, flushed to disk, in a file of `folder` that is gone after the block unless named."""
    draft = UnnamedFile(folder, mode=mode)
    try:
        for piece in (data,) if isinstance(data, bytes) else data:
            draft.write(piece)
        draft.finish(flush=flush)
        yield draft.file
    finally:
        draft.close()


def _open_nameless(folder: Path, mode: int) -> int | None:
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None or not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.open(folder, flag | os.O_RDWR | os.O_CLOEXEC, mode)
    except OSError as error:
        # EISDIR: a kernel without the flag; EPERM: some file systems, of a folder that is just being removed;
        # the others: a file system without nameless files. A named file then says what is really wrong.
        if error.errno in _NO_NAMELESS_FILES:
            return None
        raise


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
