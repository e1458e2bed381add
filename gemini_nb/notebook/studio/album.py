"""The numbered pictures that a session's studios show, and what of them is still to be brought back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from gemini_nb.errors import ArgumentError
from gemini_nb.notebook.studio import album_record
from gemini_nb.notebook.studio.album_record import Row
from gemini_nb.text import format_count, replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from typing import Protocol

    from gemini_nb.generation import Generation
    from gemini_nb.request import ImageRequest

    class Watcher(Protocol):
        """What an album calls after each change."""

        def redraw(self) -> None:
            """Draw the album's entries again."""


@dataclass(frozen=True)
class Entry:
    """One picture of the album; its `number` stays its own, also when it is removed.

    `created` is ISO 8601, `sources` are the words that named its input images. The request `is_whole` unless
    its conversation or input images are gone: then it cannot be asked again.
    """

    number: int
    generation: Generation
    created: str
    sources: tuple[str, ...] = ()
    is_whole: bool = True
    is_favourite: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """The digest of the request and the SHA-256 of the picture, by which a picture is known again."""
        return self.generation.digest, self.generation.image.sha256

    def row(self, *, is_removed: bool = False) -> Row:
        """Return the entry's row of the album's record."""
        request = self.generation.request if self.generation.provider == "offline" else None
        return Row(
            self.number,
            *self.key,
            self.created,
            tuple(map(replace_surrogates, self.sources)),
            self.is_favourite,
            is_removed,
            album_record.request_facts(request) if request else None,
        )

    def check_whole(self) -> None:
        """Raise `ArgumentError` for a picture whose request is not known in full."""
        if not self.is_whole:
            raise ArgumentError(
                f"Picture {self.number} is a turn of a conversation, or its source picture is not in the "
                "store, so it cannot be asked for again.",
                hint="Edit this continues from it; the cell that made it makes it again.",
            )


class Album:
    """Entries by number; each change calls the watchers, on the thread that made it.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._watchers: WeakSet[Watcher] = WeakSet()
        self._entries: dict[int, Entry] = {}
        self._removed: dict[int, Entry] = {}  # in the order in which they were removed
        self._expected: dict[int, Row] = {}
        self._missing: dict[int, Row] = {}
        self._next_number = 1

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries that are not removed, by number."""
        with self._lock:
            return tuple(self._entries[number] for number in sorted(self._entries))

    @property
    def removed(self) -> tuple[Entry, ...]:
        """The entries that were removed and can be restored, the last one last."""
        with self._lock:
            return tuple(self._removed.values())

    @property
    def recall_note(self) -> str:
        """A line about pictures that are still being brought back, or could not be; "" if there are none."""
        with self._lock:
            expected, missing = len(self._expected), len(self._missing)
        if expected:
            return f"Bringing back {format_count(expected, 'earlier picture')}…"
        if missing:
            return (
                f"{format_count(missing, 'earlier picture')} could not be brought back: not in the store, or "
                "painted from a picture that is gone."
            )
        return ""

    def record(self) -> dict[str, Any]:
        """Return the album's record as JSON values: what `recall` needs to bring its pictures back."""
        with self._lock:
            rows = {number: entry.row() for number, entry in self._entries.items()}
            rows |= {number: entry.row(is_removed=True) for number, entry in self._removed.items()}
            rows |= self._missing | self._expected
            return album_record.to_json(rows.values(), next_number=self._next_number)

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher.redraw()` after each change, as long as it lives."""
        self._watchers.add(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Call `watcher` no more."""
        self._watchers.discard(watcher)

    def find(self, number: int) -> Entry:
        """Return the entry of a number; raise `ArgumentError` where there is none."""
        problem, hint = f"There is no picture {number} in the studio.", ""
        with self._lock:
            if number in self._entries:
                return self._entries[number]
            if number in self._removed:
                problem, hint = f"Picture {number} was removed from the studio.", "Undo brings it back."
            elif number in self._expected:
                problem, hint = f"Picture {number} is still being brought back.", "Try again in a moment."
        raise ArgumentError(problem, hint=hint)

    def add(
        self,
        generation: Generation,
        *,
        sources: Iterable[str] = (),
        created: str | None = None,
        is_whole: bool = True,
    ) -> Entry:
        """Add a picture and return its entry; one that is or was in the album keeps its number.

        `created` is ISO 8601, by default now.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        new = Entry(0, generation, created or now, tuple(sources), is_whole)
        with self._lock:
            number = self._number_of(new.key)
            entry = (
                self._entries.get(number) or self._removed.pop(number, None) or replace(new, number=number)
            )
            self._entries[number] = entry
            self._expected.pop(number, None)
            self._missing.pop(number, None)
        self._notify()
        return entry

    def _number_of(self, key: tuple[str, str]) -> int:
        """Return the number of a picture, the next one for a new picture."""
        known: dict[tuple[str, str], int] = {
            own.key: own.number
            for rows in (self._missing, self._expected, self._removed, self._entries)
            for own in rows.values()
        }
        if key in known:
            return known[key]
        self._next_number += 1
        return self._next_number - 1

    def remove(self, number: int) -> Entry:
        """Take a picture out of the album and return it; the store keeps it, and its number stays its own."""
        with self._lock:
            entry = self._removed[number] = self.find(number)
            del self._entries[number]
        self._notify()
        return entry

    def restore(self) -> Entry:
        """Bring back the picture that was removed last; raise `ArgumentError` where there is none."""
        with self._lock:
            if not self._removed:
                raise ArgumentError("There is no removed picture to bring back.")
            number, entry = self._removed.popitem()
            self._entries[number] = entry
        self._notify()
        return entry

    def set_favourite(self, number: int, is_favourite: bool) -> None:
        """Mark a picture as a favourite, or no longer."""
        self._change(number, lambda entry: replace(entry, is_favourite=is_favourite))

    def set_path(self, entry: Entry, path: Path) -> None:
        """Note the file that a picture was saved to."""
        self._change(entry.number, lambda own: replace(own, generation=replace(own.generation, path=path)))

    def _change(self, number: int, change: Callable[[Entry], Entry]) -> None:
        with self._lock:
            self._entries[number] = change(self.find(number))
        self._notify()

    def known_takes(self, request: ImageRequest) -> set[int]:
        """Return the takes of a request that are in the album."""
        digest = replace(request, take=0).digest
        whole = (entry.generation.request for entry in self.entries if entry.is_whole)
        candidates = (own for own in whole if own.prompt == request.prompt)
        return {own.take for own in candidates if replace(own, take=0).digest == digest}

    def expect(self, rows: Iterable[Row], *, next_number: int = 1) -> list[Row]:
        """Reserve numbers for the rows of a record that are not in the album, and return those.

        A row keeps its number where that is free; words like "#3" in its sources follow.
        """
        with self._lock:
            known = {own.key for own in (*self._entries.values(), *self._removed.values())}
            known |= {row.key for row in (*self._expected.values(), *self._missing.values())}
            new = [row for row in rows if row.key not in known]
            taken = {*self._entries, *self._removed, *self._expected, *self._missing}
            self._next_number = max(self._next_number, next_number, *(row.number + 1 for row in new), 1)
            numbers: dict[int, int] = {}
            for row in new:
                numbers[row.number] = row.number
                if row.number in taken:
                    numbers[row.number] = self._next_number
                    self._next_number += 1
                taken.add(numbers[row.number])
            new = [row.renumbered(numbers) for row in new]
            self._expected |= {row.number: row for row in new}
        self._notify()
        return new

    def bring_back(self, entries: Sequence[tuple[Row, Entry]]) -> None:
        """Put the pictures of expected rows in their places."""
        with self._lock:
            for row, entry in entries:
                if self._expected.pop(row.number, None) is None:  # it was made again in the meantime
                    continue
                place = self._removed if row.is_removed else self._entries
                place[row.number] = entry
        self._notify()

    def give_up(self, rows: Iterable[Row]) -> None:
        """Count expected rows as missing; their record stays, so that a later kernel may find them."""
        with self._lock:
            for row in rows:
                if self._expected.pop(row.number, None) is not None:
                    self._missing[row.number] = row
        self._notify()

    def _notify(self) -> None:
        for watcher in list(self._watchers):
            watcher.redraw()
