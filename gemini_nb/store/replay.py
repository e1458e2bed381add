"""Replay: how a client uses its store, which it reads before a request is sent and writes after the reply."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from gemini_nb import files
from gemini_nb.errors import GeminiWarning, ReplayMissError
from gemini_nb.reply.content import can_be_echoed
from gemini_nb.store import replay_mode
from gemini_nb.store.store import Store, default_folder

if TYPE_CHECKING:
    from pathlib import Path

    from gemini_nb.generation import Generation
    from gemini_nb.providers.secret import Secret
    from gemini_nb.request import ImageRequest

_MANY = 20  # misses within a minute; to find the nearest, every record is read
_UNLOCK = "Only stored pictures may be shown: run it once with replay “auto” and a key, and keep the store."


class Replay:
    """A store and how it is used.

        auto     what is stored is replayed, what is not is asked for and kept
        only     what is stored is replayed, anything else is an error: no connection is opened
        refresh  everything is asked for again, and kept
        off      the store is neither read nor written

    `GEMINI_NB_REPLAY` stands in for "auto"; set to "only" it is a lock, which no argument opens.
    """

    def __init__(self, store: str | Path | bool | None, mode: str = "auto") -> None:
        self.mode = replay_mode.choose_mode(mode)
        self.store = _open_store(store)
        self._misses: deque[float] = deque(maxlen=_MANY)

    @property
    def may_ask(self) -> bool:
        """Whether a provider may be asked: not with "only"."""
        return self.mode != "only"

    @property
    def is_used(self) -> bool:
        """Whether answers are kept in a store; then one answer serves all equal requests."""
        return self.store is not None and self.mode != "off"

    def find(self, request: ImageRequest) -> Generation | None:
        """Return the stored answer, or None where there is none or the mode forbids its use.

        Raises `ReplayMissError` for a record of a later version: it is paid for, and is not asked for again
        unless it is told to.
        """
        if self.store is None or self.mode in ("refresh", "off"):
            return None
        found = self.store.find(request)
        if found is None:
            _check_not_later(self.store, request)
        return found

    def holds(self, request: ImageRequest) -> bool:
        """Whether `find` would answer, which is checked as `find` checks it; raises what it would raise."""
        if self.store is None or self.mode in ("refresh", "off"):
            return False
        is_held = self.store.holds(request)
        if not is_held:
            _check_not_later(self.store, request)
        return is_held

    def content(self, request: ImageRequest) -> Any:
        """Return the model's raw content for a stored answer, or None."""
        return self.store.content(request) if self.store is not None else None

    def recall(self, sha256: str, *, digest: str | None = None) -> tuple[Generation, Any] | None:
        """Return the stored answer whose primary picture has this SHA-256, and its content; None without one.

        `digest` is that of the picture's request, where it is known: then no other record is read.
        """
        if self.store is None or self.mode == "off":
            return None
        return self.store.recall(sha256, digest=digest)

    def keep(self, generation: Generation, content: Any, key: Secret | None) -> Generation | None:
        """Keep an answer and return it with its pictures in the store; None where it was not kept."""
        if self.store is None or self.mode == "off":
            return None
        with suppress(GeminiWarning):  # warnings may be errors: a full disk must not cost the picture
            if self.store.keep(generation, content if can_be_echoed(content) else None, key=key):
                return self.store.point_to_files(generation)
        return None

    def add_path(self, generation: Generation) -> Generation:
        """Return the answer with `path` set to its picture in the store, if there is such a file."""
        if self.store is None:
            return generation
        path = self.store.image_path(generation.image)
        return replace(generation, path=path) if files.plain_size(path) else generation

    def miss(self, request: ImageRequest) -> ReplayMissError:
        """Return the error for a request that is not stored; it names the nearest one and the differences."""
        if self._is_one_of_many():
            return ReplayMissError("This picture is not stored, as others before it.", hint=_UNLOCK)
        nearest = self.store.nearest(request) if self.store is not None else None
        if nearest is None:
            where = (
                f"The store {self.store.folder} is empty" if self.store is not None else "There is no store"
            )
            return ReplayMissError(f"{where}, so there is nothing to replay.", hint=_UNLOCK)
        record, differences = nearest
        changed = "; ".join(differences)
        return ReplayMissError(
            f"This picture is not stored. Nearest is {record.prompt[:60]!r}, which differs in {changed}.",
            hint=_UNLOCK,
        )

    def _is_one_of_many(self) -> bool:
        now = monotonic()
        is_one = len(self._misses) == _MANY and now - self._misses[0] < 60
        self._misses.append(now)
        return is_one


def _check_not_later(store: Store, request: ImageRequest) -> None:
    """Raise `ReplayMissError` where this version cannot read what a later one has stored."""
    path = store.find_later_record(request)
    if path is not None:
        raise ReplayMissError(
            f"A later version of gemini_nb has stored this picture, in {path}. Nothing was sent.",
            hint="Upgrade gemini_nb to replay it; replay “refresh” asks for it, and pays for it, again.",
        )


def _open_store(store: str | Path | bool | None) -> Store | None:
    if store is None or store is False:
        return None
    return Store(default_folder() if store is True else store)
