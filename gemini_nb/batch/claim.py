"""A request that a worker may send: a file of the store, taken before it is sent, so that no other sends it.

    claims/<digest>-<token>.asked   by who asks, before a worker hears of it
    claims/<digest>-<token>.sent    taken by a worker: from here on it may have been billed
    claims/<digest>-<token>.kept    the answer is in the store

Each step renames the file, which one of several wins.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gemini_nb import files

if TYPE_CHECKING:
    from pathlib import Path

State = Literal["asked", "sent", "kept"]

_STATES: tuple[State, ...] = ("asked", "sent", "kept")


@dataclass(frozen=True)
class Claim:
    """One request of one call, in the store at `folder`; a task that is run again brings the same claim."""

    folder: Path
    digest: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def create(self) -> None:
        """Leave the claim for a worker to take; raise OSError where the store cannot be written."""
        files.make_private_folder(self.folder / "claims")
        with self._path("asked").open("xb"):
            self._path("asked").chmod(0o600)

    def acquire(self) -> bool:
        """Take the claim before sending; False where it is not there to be taken, see `state`."""
        return self._move("asked", "sent")

    def complete(self) -> None:
        """Say that the answer is in the store."""
        self._move("sent", "kept")

    def cancel(self) -> bool:
        """Take the claim away; True where no worker had taken it, and so none will."""
        try:
            self._path("asked").unlink()
        except OSError:
            return False
        return True

    @property
    def state(self) -> State | None:
        """How far it has come; None where there is no such claim, or the store is another one."""
        return next((state for state in reversed(_STATES) if self._path(state).exists()), None)

    def drop(self) -> None:
        """Remove what is left of the claim; what cannot be removed stays until `Store.clear`."""
        for state in _STATES:
            with suppress(OSError):
                self._path(state).unlink()

    def _path(self, state: State) -> Path:
        return self.folder / "claims" / f"{self.digest}-{self.token}.{state}"

    def _move(self, before: State, after: State) -> bool:
        try:
            self._path(before).rename(self._path(after))
        except OSError:
            return False
        return True
