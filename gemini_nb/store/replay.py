"""Replay: how a client uses its store, which it reads before a request is sent and writes after the reply."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING, Any

from gemini_nb import files
from gemini_nb.errors import ReplayMissError
from gemini_nb.images.save import warn
from gemini_nb.reply.content import can_be_echoed
from gemini_nb.store import location, nearest, replay_mode
from gemini_nb.store.saved_files import SavedFiles
from gemini_nb.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from gemini_nb.generation import Generation
    from gemini_nb.providers.secret import Secret
    from gemini_nb.request import ImageRequest

_MANY = 20  # misses within a minute; to find the nearest, every record is read
_NEAR_SECONDS = 10.0
_UNLOCK = "Only stored pictures may be shown: run it once with replay “auto” and a key, and keep the store."


class Replay:
    """A store and how it is used.

        auto     what is stored is replayed, what is not is asked for and kept
        only     what is stored is replayed, anything else is an error: no connection is opened
        refresh  everything is asked for again, and kept
        off      the store is neither read nor written

    `GEMINI_NB_REPLAY` stands in for "auto"; set to "only" it is a lock, which no argument opens. What a store
    named `.gemini_nb` does not hold is looked for in those near it, see `location`; they are only read.
    """

    def __init__(self, store: str | Path | bool | None, mode: str = "auto") -> None:
        self.mode = replay_mode.choose_mode(mode)
        self.store = _open_store(store)
        self._misses: deque[float] = deque(maxlen=_MANY)
        self._near: tuple[float, tuple[Store, ...]] | None = None
        self._told: set[Path] = set()

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

        A picture of a former id of the model answers too, and the answer's request then names that id.
        Raises `ReplayMissError` for a record of a later version: it is paid for, and is not asked for again
        unless it is told to.
        """
        for store, form, made_by in self._places(request):
            if found := store.find(form, made_by=made_by):
                self._tell_of(store)
                return self.with_archive(_with_path(self._keep_composed(found), store))
        return None

    def holds(self, request: ImageRequest) -> bool:
        """Whether `find` would answer, which is checked as `find` checks it; raises what it would raise."""
        return any(store.holds(form, made_by=made_by) for store, form, made_by in self._places(request))

    def _places(self, request: ImageRequest) -> Iterator[tuple[Store, ImageRequest, Collection[str] | None]]:
        """Yield where to look for an answer: the request in every store, then each of its former forms.

        Raises `ReplayMissError` behind a place whose record this version cannot read: a later one has it.
        """
        if self.mode in ("refresh", "off"):
            return
        for form, made_by in chain([(request, None)], request.former_forms()):
            for store in self._stores():
                yield store, form, made_by
                _check_not_later(store, form)

    def content(self, request: ImageRequest) -> Any:
        """Return the model's raw content for a stored answer, or None."""
        return next(filter(None, (store.content(request) for store in self._stores())), None)

    def recall(self, sha256: str, *, digest: str | None = None) -> tuple[Generation, Any] | None:
        """Return the stored answer whose primary picture has this SHA-256, and its content; None without one.

        `digest` is that of the picture's request, where it is known: then no other record is read.
        """
        if self.mode == "off":
            return None
        return next(filter(None, (store.recall(sha256, digest=digest) for store in self._stores())), None)

    def keep(self, generation: Generation, content: Any, key: Secret | None) -> Generation | None:
        """Keep an answer and return it with its pictures in the store; None where it was not kept."""
        if self.store is None or self.mode == "off":
            return None
        # A model's turn shows the picture as it came, so an edit of a composed one does not echo it.
        is_echoed = can_be_echoed(content) and not generation.received
        is_kept = self.store.keep(generation, content if is_echoed else None, key=key)
        return self.store.point_to_files(generation) if is_kept else None

    def _keep_composed(self, found: Generation) -> Generation:
        """Keep a stored answer that was composed anew, with another feather: so its bytes stay the same."""
        is_new = found.received and isinstance(found.image.held, bytes)
        if self.store is not None and is_new and self.store.keep(replace(found, replayed=False)):
            return self.store.point_to_files(found)
        return found

    def add_path(self, generation: Generation) -> Generation:
        """Return the answer with `path` set to its picture in the store, if there is such a file."""
        return generation if self.store is None or generation.path else _with_path(generation, self.store)

    def with_archive(self, generation: Generation) -> Generation:
        """Return the answer with pictures that know which files they may replace when they are saved."""
        archive = self.saved_files(is_offline=generation.provider == "offline")
        return generation.map_pictures(lambda image: replace(image, archive=archive))

    def saved_files(self, *, is_offline: bool = False) -> SavedFiles:
        """Return what knows which files were saved from the stores in use, or painted offline."""
        return SavedFiles(self._stores if self.is_used else tuple, is_offline)

    def _stores(self) -> Iterator[Store]:
        """Yield the store, then those near it; they are looked for again after some seconds."""
        if self.store is None:
            return
        yield self.store
        now = monotonic()
        if self._near is None or now - self._near[0] > _NEAR_SECONDS:
            self._near = now, tuple(map(Store, location.find_near(self.store.folder)))
        yield from self._near[1]

    def _tell_of(self, store: Store) -> None:
        """Say once which store answers, where it is not this one."""
        if self.store is None or store is self.store or store.folder in self._told:
            return
        self._told.add(store.folder)
        warn(f"Replayed from the store {store.folder}, since it is not in {self.store.folder}.")

    def miss(self, request: ImageRequest) -> ReplayMissError:
        """Return the error for a request that is not stored; it names the nearest one and the differences."""
        if self._is_one_of_many():
            return ReplayMissError("This picture is not stored either.", hint=_UNLOCK)
        found = nearest.find(request, self.store.records()) if self.store is not None else None
        if found is None:
            where = "There is no store" if self.store is None else self.store.describe_nothing()
            return ReplayMissError(f"{where}, so there is nothing to replay.", hint=_UNLOCK)
        record, differences = found
        return ReplayMissError(
            f"This picture is not stored. The nearest is {record.prompt[:60]!r}, which differs in "
            f"{'; '.join(differences)}.",
            hint=_UNLOCK,
        )

    def _is_one_of_many(self) -> bool:
        now = monotonic()
        is_one = len(self._misses) == _MANY and now - self._misses[0] < 60
        self._misses.append(now)
        return is_one


def _with_path(generation: Generation, store: Store) -> Generation:
    path = store.image_path(generation.image)
    return replace(generation, path=path) if files.plain_size(path) else generation


def _check_not_later(store: Store, request: ImageRequest) -> None:
    """Raise `ReplayMissError` where this version cannot read what a later one has stored."""
    path = store.find_later_record(request)
    if path is not None:
        raise ReplayMissError(
            f"A later version of gemini_nb has stored this picture, in {path}. Nothing was sent.",
            hint="Upgrade gemini_nb to replay it; replay “refresh” requests it, and pays for it, again.",
        )


def _open_store(store: str | Path | bool | None) -> Store | None:
    if store is None or store is False:
        return None
    return Store(location.default_folder() if store is True else store)
