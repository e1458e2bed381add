"""Keyrings that `keyring` opens by their names (PYTHON_KEYRING_BACKEND); one file serves all processes."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import keyring.backend
import keyring.core
import keyring.errors

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_VARIABLE = "KEYRING_FILE_OF_TESTS"
NAME = "support.keyrings.FileKeyring"


class FileKeyring(keyring.backend.KeyringBackend):
    """One that works, and counts how often it was asked."""

    priority = 0.5
    reads = 0

    def _entries(self):
        path = Path(os.environ[FILE_VARIABLE])
        return json.loads(path.read_text()) if path.exists() else {}

    def _write(self, entries):
        Path(os.environ[FILE_VARIABLE]).write_text(json.dumps(entries))

    def get_password(self, service, username):
        self.reads += 1
        return self._entries().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        self._write({**self._entries(), f"{service}/{username}": password})

    def delete_password(self, service, username):
        entries = self._entries()
        if entries.pop(f"{service}/{username}", None) is None:
            raise keyring.errors.PasswordDeleteError("there is none")
        self._write(entries)


class ForgetfulKeyring(FileKeyring):
    """One that takes a key and keeps none."""

    def set_password(self, service, username, password):
        pass


class LockedKeyring(FileKeyring):
    """One that refuses everything, and repeats what it was given."""

    def get_password(self, service, username):
        raise keyring.errors.KeyringLocked("the collection is locked.")

    def set_password(self, service, username, password):
        raise keyring.errors.PasswordSetError(f"cannot keep {password}.")

    delete_password = get_password


@contextmanager
def working(path: Path) -> Iterator[FileKeyring]:
    """Make a keyring that works, in this file, the one of this process for as long."""
    from gemini_nb.providers import system_keyring  # here, since other processes open the keyrings by name

    outer, before = os.environ.get(FILE_VARIABLE), keyring.core.get_keyring()
    os.environ[FILE_VARIABLE] = str(path)
    keyring.core.set_keyring(own := FileKeyring())
    try:
        yield own
    finally:
        keyring.core.set_keyring(before)
        system_keyring._found.clear()
        os.environ.pop(FILE_VARIABLE)
        if outer is not None:
            os.environ[FILE_VARIABLE] = outer
