"""Atomic file writes (O_TMPFILE, hard links, rename), and reads that accept plain files only.

atomic_file               bytes, flushed to disk before they have a name: no reader ever sees a part of them
  UnnamedFile             the same for bytes that arrive bit by bit
    AtomicFile            what is left to do: give it a name that is free, or replace what has the name
write_new                 a file of the user's, written so
write_private, …          files of mode 0600 in a folder of mode 0700, written so
open_plain, read_plain, … a symbolic link, a pipe or a folder in a file's place counts as missing
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
import sys
import weakref
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from gemini_nb.errors import ArgumentError, SaveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import FileIO

T = TypeVar("T")
Stamp = tuple[int, ...]
"""Device, inode, size and times of a file."""

_COPIED_BYTES = 256 * 1024
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
# Without O_NONBLOCK a pipe in a picture's place would block for ever. Windows has none of these but O_BINARY.
_PLAIN = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))

_CAN_LINK = hasattr(os, "link")  # not in a browser, whose /proc/self/fd leads nowhere either
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
# EISDIR: a kernel without O_TMPFILE; EPERM: some file systems, of a folder that is just being removed;
# the others: a file system without unnamed files. A named file then shows what is really wrong.
_NO_UNNAMED_FILES = {errno.EISDIR, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOENT, errno.EINVAL}


@contextlib.contextmanager
def atomic_file(
    data: bytes | Iterable[bytes | memoryview], folder: Path, *, mode: int = 0o666, flush: bool = True
) -> Iterator[AtomicFile]:
    """Hold bytes, flushed to disk, in a file of `folder` that is gone after the block unless named."""
    with contextlib.closing(UnnamedFile(folder, mode=mode)) as new_file:
        for piece in (data,) if isinstance(data, bytes) else data:
            new_file.write(piece)
        new_file.finish(flush=flush)
        yield new_file.file


def write_private(path: Path, data: bytes, *, flush: bool = True) -> None:
    """Put a file of mode 0600 in place of whatever has this name, on the disk before it has it."""
    with atomic_file(data, path.parent, mode=0o600, flush=flush) as file:
        file.replace(path)


def write_private_if_missing(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 unless its name is taken."""
    if not path.exists():
        with atomic_file(data, path.parent, mode=0o600) as file:
            file.claim(path)


def make_private_folder(folder: Path) -> None:
    """Make a folder for its owner alone, if it is not there; raise OSError where a link has its name."""
    if is_plain_folder(folder):  # the usual case, at the cost of one look
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "a symbolic link stands in a folder's place", str(folder))


def make_secret_folder(folder: Path) -> None:
    """Make a folder that only this user looks into, also of one that was there before.

    Raises OSError where a link has its name, or where it is another user's, who could look into it still.
    """
    make_private_folder(folder)
    if not hasattr(os, "geteuid"):  # Windows and browsers, which have no other users to keep out by modes
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        status, user = os.fstat(descriptor), os.geteuid()
        if user not in (0, status.st_uid):
            raise PermissionError(errno.EPERM, "the folder belongs to another user", str(folder))
        if stat.S_IMODE(status.st_mode) != 0o700:
            with contextlib.suppress(OSError):  # a file system without modes
                os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class AtomicFile:
    """A file without its final name: `link` is a path to it until it has that.

    `link` is its temporary name if the file `is_named`, else an entry of /proc/self/fd.
    """

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
        if self.claim(target):  # mostly it is free
            return
        temporary = _temporary_name(target.parent)
        try:
            self._link_to(temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def _link_to(self, target: Path) -> None:
        if not _CAN_LINK:
            raise OSError(errno.ENOTSUP, "this system has no hard links", str(target))
        if self.is_named:
            target.hardlink_to(self.link)
            return
        # With a descriptor, of whatever file, Python calls linkat, which follows /proc's link.
        os.link(self.link, target, src_dir_fd=int(self.link.name), follow_symlinks=True)


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


class UnnamedFile:
    """A file of `folder` that is being written; unless it is given a name, it is gone when it is closed.

    On Linux it has no name at all, so that not even `kill -9` leaves one behind.
    """

    def __init__(self, folder: Path, *, mode: int = 0o666) -> None:
        descriptor, name = _open_new(folder, mode)
        self.file = AtomicFile(name or Path(f"/proc/self/fd/{descriptor}"), is_named=name is not None)
        self._open = [descriptor]
        self._mode = mode
        self._end = weakref.finalize(self, _discard, os.getpid(), self._open, name)
        if not mode & 0o077 and hasattr(os, "fchmod"):  # a umask may have taken the owner's own rights
            os.fchmod(descriptor, mode)

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes; raise OSError where the disk refuses them."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._open[0], view) :]

    def open_reader(self) -> BinaryIO:
        """Open what was written so far for reading, even where somebody has removed the file's name."""
        if self._open and hasattr(os, "pread"):
            return cast("BinaryIO", _Reader(os.dup(self._open[0])))
        return self.file.link.open("rb", buffering=0)  # Windows keeps the name of what is open

    def finish(self, *, flush: bool = True) -> None:
        """Flush it to disk, and make it ready for a name."""
        if self._open and flush:
            os.fsync(self._open[0])
        if self._open and os.name == "nt":  # what is open cannot be renamed there
            os.close(self._open.pop())

    def copy(self, folder: Path) -> UnnamedFile:
        """Return another file of the same bytes, for where somebody has removed this one's name."""
        other = UnnamedFile(folder, mode=self._mode)
        os.lseek(self._open[0], 0, os.SEEK_SET)
        while piece := os.read(self._open[0], _COPIED_BYTES):
            other.write(piece)
        return other

    def close(self) -> None:
        """Close the file; unless it was given a name, it is gone."""
        self._end()


def _open_new(folder: Path, mode: int) -> tuple[int, Path | None]:
    """Open a new file for writing and reading; return its descriptor, and a temporary name if it has one."""
    flag = getattr(os, "O_TMPFILE", None)
    if flag is not None and _CAN_LINK and os.path.isdir("/proc/self/fd"):  # noqa: PTH112 - for each picture
        try:
            return os.open(folder, flag | os.O_RDWR, mode), None
        except OSError as error:
            if error.errno not in _NO_UNNAMED_FILES:
                raise
    name = _temporary_name(folder)
    return os.open(name, _NEW, mode), name


def _temporary_name(folder: Path) -> Path:
    return folder / f".{secrets.token_hex(8)}.part"


def _discard(process: int, opened: list[int], temporary: Path | None) -> None:
    while opened:
        with contextlib.suppress(OSError):  # a network folder may refuse what was written only now
            os.close(opened.pop())
    if temporary is not None and process == os.getpid():  # a forked child leaves it to its parent
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


class _Reader(io.RawIOBase):
    """Reads with pread, at an offset of its own: duplicated descriptors share the kernel's."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._offset = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_SET:
            raise io.UnsupportedOperation("only offsets from the start")
        self._offset = offset
        return offset

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            return self.readall()
        data = os.pread(self._descriptor, size, self._offset)
        self._offset += len(data)
        return data

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._descriptor)


def open_plain(path: Path) -> FileIO | None:
    """Open a plain file for reading; return None for links, pipes, devices, folders and errors."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):  # some devices act when they are opened
            return None
        descriptor = os.open(path, _PLAIN)
    except (OSError, ValueError):
        return None
    with contextlib.suppress(OSError):  # ESTALE, of a network folder
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb", buffering=0)
    os.close(descriptor)
    return None


def is_plain_folder(path: Path) -> bool:
    """Return whether this is a folder and no symbolic link to one; False where it may not be looked at."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Return whether this is a folder; False where it may not be looked at or can be no path."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def why_not_listed(folder: Path) -> str | None:
    """Return why a folder cannot be listed, in words; None where it can be, or is not there."""
    try:
        os.scandir(folder).close()
    except FileNotFoundError:
        return None
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
    return None


def expand_path(path: str | os.PathLike[str], *, what: str) -> Path:
    """Return a path with its `~` expanded; raise `ArgumentError` for what can be no path."""
    try:
        expanded = Path(path).expanduser()
        if b"\0" in os.fsencode(expanded.absolute()):
            raise ValueError("it contains a null character")
    except (OSError, ValueError, TypeError, RuntimeError) as error:  # RuntimeError: no such home
        reason = getattr(error, "strerror", None) or str(error)
    else:
        return expanded
    raise ArgumentError(
        f"{what} {str(path)[:200]!a} cannot be written: {reason.rstrip('.').lower()}.",
        hint="Nothing was sent or billed. Choose another path.",
    )


def expand_target(path: str | os.PathLike[str], *, what: str) -> Path:
    """Return a path with its `~` expanded; raise `SaveError` for what can be no path."""
    try:
        return expand_path(path, what=what)
    except ArgumentError as error:
        raise SaveError(str(error.args[0])) from None


def write_new(
    path: str | os.PathLike[str],
    make: Callable[[Path], bytes | Iterable[bytes]],
    *,
    what: str,
    overwrite: bool = False,
) -> Path:
    """Write a file of the user's, whole or not at all, and return its path; `what` names it in errors.

    `make` gives the bytes for the path. Raises `SaveError`, before it is called where that can be seen.
    """
    target = expand_target(path, what=what).absolute()
    problem = "it is there already; overwrite=True replaces it"
    try:
        if overwrite or not os.path.lexists(target):
            data = make(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(data, target.parent) as file:
                if overwrite:
                    file.replace(target)
                    return target
                if file.claim(target):
                    return target
    except OSError as error:
        problem = (error.strerror or type(error).__name__).lower()
    raise SaveError(f"{what} {target} cannot be written: {problem}.")


def read_plain(path: Path, *, limit: int) -> bytes | None:
    """Return the bytes of a plain file of up to `limit` bytes; None for links, pipes, folders and errors."""
    return _read_with(_read_bytes, path, limit)


def _read_with(read: Callable[[FileIO, int], T], path: Path, limit: int) -> T | None:
    """Return what `read` makes of a plain file and its length of up to `limit` bytes, else None."""
    file = open_plain(path)
    if file is None:
        return None
    try:
        with file:
            size = os.fstat(file.fileno()).st_size
            return read(file, size) if size <= limit else None
    except OSError:
        return None


def _read_bytes(file: FileIO, size: int) -> bytes | None:
    """Return all bytes of a file; None where they are not as many as its length says, or without end."""
    with io.BufferedReader(file) as reader:  # one read of a file may give less than there is
        data = reader.read(size + 1)
    return data if len(data) == size else None


def _read_digest(file: FileIO, size: int) -> str | None:
    digest, left, buffer = sha256(), size, memoryview(bytearray(_COPIED_BYTES))
    while left >= 0 and (count := file.readinto(buffer)):
        digest.update(buffer[:count])
        left -= count
    return digest.hexdigest() if left == 0 else None


def read_addressed(path: Path, *, limit: int) -> bytes | None:
    """Return the bytes of a file of up to `limit` bytes that is named by their SHA-256, else None."""
    data = read_plain(path, limit=limit)
    return data if data is not None and sha256(data).hexdigest() == path.name.partition(".")[0] else None


def holds(path: Path, data: bytes | BinaryIO) -> bool:
    """Return whether a plain file holds just these bytes, or those of an open file.

    To compare them takes a third of the time that a digest takes.
    """
    other = io.BytesIO(data) if isinstance(data, bytes) else data  # which shares the bytes
    return bool(_read_with(partial(_is_same, other), path, sys.maxsize))


def _is_same(other: BinaryIO, file: FileIO, _size: int) -> bool:
    while (piece := file.read(_COPIED_BYTES)) == other.read(_COPIED_BYTES):
        if not piece:
            return True
    return False


def is_addressed(path: Path, *, limit: int) -> bool:
    """Return whether a file of up to `limit` bytes is named by their SHA-256, without holding them."""
    return read_digest(path, limit=limit) == path.name.partition(".")[0]


def read_digest(path: Path, *, limit: int) -> str | None:
    """Return the SHA-256 of a plain file of up to `limit` bytes, without holding them, else None."""
    return _read_with(_read_digest, path, limit)


def read_stamp(path: Path) -> Stamp | None:
    """Return what differs when a file is written or replaced; None where it is no plain file."""
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def plain_size(path: Path) -> int:
    """Return the length of a plain file, 0 for anything else."""
    stamp = read_stamp(path)
    return stamp[2] if stamp else 0
