"""A lock between processes that share a store: only one of them at a time sends batch jobs.

The kernel drops it when its process dies, `kill -9` included.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from gemini_nb.errors import ArgumentError

if TYPE_CHECKING:
    from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, and a browser, where there is one process only
    fcntl = None  # type: ignore[assignment]
try:
    import msvcrt
except ImportError:
    msvcrt = None  # type: ignore[assignment]


class StoreLock:
    """A lock file, held or not; a context manager that lets it go. It says nothing to anybody else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take the lock, and return whether nobody else has it; raise `ArgumentError` where there are none.

        A network folder may have no locks. Nothing is sent without one: two notebooks would pay twice.
        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        file = -1
        try:
            file = os.open(self.path, flags, 0o600)
            self._lock(file)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError as error:
            if file >= 0:
                os.close(file)
            problem = (error.strerror or type(error).__name__).lower()
        else:
            self._file = file
            return True
        raise ArgumentError(
            f"The store cannot be locked, in {self.path}: {problem}. Nothing was sent.",
            hint="Put the store on a local disk: without a lock two notebooks could send the same job.",
        )

    @staticmethod
    def _lock(file: int) -> None:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:
            try:
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                raise BlockingIOError from None

    def release(self) -> None:
        """Let the lock go."""
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()
