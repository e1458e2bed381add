"""A disk that fails at one step: each call of `os` that names or writes a file can raise `OSError`.

It is for a child process: the calls are wrapped, and `open` is heard of through an audit hook, for good.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from functools import wraps
from typing import Any

PATHS = ("stat", "lstat", "mkdir", "rename", "replace", "link", "unlink", "chmod", "scandir", "access")
DESCRIPTORS = ("write", "fsync")


class FailingDisk:
    """Counts the calls below `folder` after `watch`; call `step` fails, `onwards` all later ones too."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.count, self.step, self.onwards, self.number = 0, -1, False, errno.EIO
        self.is_watching = False
        for name in (*PATHS, *DESCRIPTORS):
            setattr(os, name, self._wrap(name, getattr(os, name)))
        sys.addaudithook(self._hear)

    @contextmanager
    def failing(self, step: int, *, onwards: bool = False, number: int = errno.EIO):
        self.count, self.step, self.onwards, self.number = 0, step, onwards, number
        try:
            yield
        finally:
            self.is_watching = False

    def watch(self) -> None:
        """Begin to count: what comes now comes after the reply."""
        self.is_watching = True

    def _fail_if_due(self) -> None:
        self.count += 1
        if self.count - 1 == self.step or (self.onwards and self.count > self.step):
            raise OSError(self.number, os.strerror(self.number), self.folder)

    def _is_ours(self, name: str, arguments: tuple[Any, ...]) -> bool:
        return self.is_watching and (
            name in DESCRIPTORS or any(self.folder in str(argument) for argument in arguments[:2])
        )

    def _wrap(self, name: str, call: Any) -> Any:
        @wraps(call)
        def wrapped(*arguments: Any, **options: Any) -> Any:
            if self._is_ours(name, arguments):
                self._fail_if_due()
            return call(*arguments, **options)

        return wrapped

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and self._is_ours(event, arguments):
            self._fail_if_due()
