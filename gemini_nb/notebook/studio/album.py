"""The numbered pictures that a session's studios show, begun with the newest of the store."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING
from weakref import WeakSet

from gemini_nb.errors import ArgumentError, GeminiError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Protocol

    from gemini_nb.generation import Generation
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.record import Record
    from gemini_nb.store.store import Store

    class Watcher(Protocol):
        """What an album calls after each change."""

        def redraw(self) -> None:
            """Draw the album's entries again."""


MAX_RECALLED = 8  # pictures that a fresh kernel takes from the store


@dataclass(frozen=True)
class Entry:
    """One picture of the album; its `number` stays as long as the kernel lives.

    `created` is ISO 8601, `sources` are the words that named its input images. The request `is_whole` unless
    its conversation or input images are gone: then it cannot be asked again.
    """

    number: int
    generation: Generation
    created: str
    sources: tuple[str, ...] = ()
    is_whole: bool = True

    def check_whole(self) -> None:
        """Raise `ArgumentError` for a picture whose request is not known in full."""
        if not self.is_whole:
            raise ArgumentError(
                f"Picture {self.number} is a turn of a conversation, or its source picture is not in the "
                "store, so it cannot be asked for again.",
                hint="Edit this goes on from it; the cell that made it makes it again.",
            )


class Album:
    """Entries in the order they came; each change calls the watchers, on the thread that made it."""

    def __init__(self, store: Store | None = None) -> None:
        self._lock = threading.Lock()
        self._watchers: WeakSet[Watcher] = WeakSet()
        self._entries = _recall(store) if store is not None else []

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries, oldest first."""
        with self._lock:
            return tuple(self._entries)

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher.redraw()` after each change, as long as it lives."""
        self._watchers.add(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Call `watcher` no more."""
        self._watchers.discard(watcher)

    def find(self, number: int) -> Entry:
        """Return the entry of a number; raise `ArgumentError` where there is none."""
        for entry in self.entries:
            if entry.number == number:
                return entry
        raise ArgumentError(f"There is no picture {number} in the studio.")

    def add(self, generation: Generation, *, sources: Iterable[str] = ()) -> Entry:
        """Add a picture and return its entry; one that is in the album already keeps its number."""
        with self._lock:
            known = {(own.generation.digest, own.generation.image.sha256): own for own in self._entries}
            entry = known.get((generation.digest, generation.image.sha256))
            if entry is None:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                entry = Entry(len(self._entries) + 1, generation, now, tuple(sources))
                self._entries.append(entry)
        self._notify()
        return entry

    def set_path(self, entry: Entry, path: Path) -> None:
        """Note the file that a picture was saved to."""
        changed = replace(entry, generation=replace(entry.generation, path=path))
        with self._lock:
            self._entries[entry.number - 1] = changed
        self._notify()

    def known_takes(self, request: ImageRequest) -> set[int]:
        """Return the takes of a request that are in the album."""
        digest = replace(request, take=0).digest
        candidates = [
            entry.generation.request
            for entry in self.entries
            if entry.is_whole and entry.generation.prompt == request.prompt
        ]
        return {one.take for one in candidates if replace(one, take=0).digest == digest}

    def _notify(self) -> None:
        for watcher in list(self._watchers):
            watcher.redraw()


def _recall(store: Store) -> list[Entry]:
    """Return the newest pictures of a store, oldest first; what cannot be read is left out."""
    newest = islice(
        (entry for record in store.records() if (entry := _read_entry(store, record))), MAX_RECALLED
    )
    return [replace(entry, number=number) for number, entry in enumerate(reversed(list(newest)), start=1)]


def _read_entry(store: Store, record: Record) -> Entry | None:
    image = store.image(record.images[-1])
    if image is None:
        return None
    try:
        request = store.request(record)
    except GeminiError:
        return None
    generation = record.generation(request, [image])
    return Entry(0, generation, record.created, is_whole=request.digest == record.digest)
