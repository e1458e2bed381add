"""Claims: lock files in the store, by which one worker only sends a request, however often its task runs.

    claims/<digest>-<token>.asked   created by the client before it submits the task
    claims/<digest>-<token>.sent    acquired by a worker: from here on it may have been billed
    claims/<digest>-<token>.kept    the answer is in the store

Each step renames the file; an atomic rename succeeds for one worker only.
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
    """The claim to one request of one call, in the store at `folder`; a repeated task has the same claim."""

    folder: Path
    digest: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def create(self) -> None:
        """Create the claim for a worker to acquire; raise `OSError` where the store cannot be written."""
        files.make_private_folder(self.folder / "claims")
        with self._path("asked").open("xb"):
            self._path("asked").chmod(0o600)

    def acquire(self) -> bool:
        """Acquire the claim before sending; return False where that is not possible, see `state`."""
        return self._move("asked", "sent")

    def complete(self) -> None:
        """Mark the claim: the answer is in the store."""
        self._move("sent", "kept")

    def cancel(self) -> bool:
        """Remove the claim; return True if no worker had acquired it, so that none will send."""
        try:
            self._path("asked").unlink()
        except OSError:
            return False
        return True

    @property
    def state(self) -> State | None:
        """The newest step; None where there is no such claim, as in another store."""
        return next((state for state in reversed(_STATES) if self._path(state).exists()), None)

    def drop(self) -> None:
        """Remove the claim's files; one that cannot be removed stays until `Store.clear`."""
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
