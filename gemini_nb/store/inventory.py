"""What a store holds, in words and as a table: for `%gemini store` and `gemini-nb store`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from gemini_nb import stored_file
from gemini_nb.costs import dollars
from gemini_nb.display.table import Table
from gemini_nb.store import maintenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gemini_nb.display.table import Thumbnail
    from gemini_nb.store.maintenance import Report
    from gemini_nb.store.record import Record
    from gemini_nb.store.store import Store

_KINDS = ("records", "images", "contents", "unread")
_NUMBERS = frozenset({"take", "seconds", "estimated cost"})


def count(store: Store) -> int:
    """Return how many records there are, told by their names alone."""
    return sum(1 for _ in maintenance.files(store.folder, "records"))


def lines(store: Store) -> list[str]:
    """Say where a store is and how much it holds; nothing is read but names and sizes."""
    found = {
        kind: [stored_file.size(path) for path in maintenance.files(store.folder, kind)] for kind in _KINDS
    }
    sizes = [size for sizes in found.values() for size in sizes]
    return [
        f"folder   {store.folder}",
        f"holds    {counted(len(found['records']), 'record')}, {counted(len(found['images']), 'picture')}",
        f"size     {size_in_words(sum(sizes))}",
    ]


def report_lines(report: Report) -> list[str]:
    """Say what `Store.verify` found, a line each; sound files first."""
    sound = (
        counted(report.records, "record"),
        counted(report.images, "picture"),
        counted(report.contents, "content"),
    )
    said = [f"sound    {', '.join(sound)}; {size_in_words(report.total_bytes)}"]
    said += [f"unread   {counted(report.unread, 'kept reply', 'kept replies')}"] if report.unread else []
    said += [f"unused   {counted(report.unused, 'file')} that no record names"] if report.unused else []
    said += [f"partial  {counted(report.left_over, 'file')} of writers that died"] if report.left_over else []
    said += [f"PROBLEM  {one.path.parent.name}/{one.path.name}: {one.what}" for one in report.problems]
    return said if report.problems else [*said, "Every file is what its name says."]


def table(records: Iterable[Record], *, thumbnails: Sequence[Thumbnail | str] = (), total: int = 0) -> Table:
    """Return records as a table, with a first column of thumbnails where they are given."""
    rows: list[tuple[str | Thumbnail, ...]] = [
        (
            one.prompt,
            one.model,
            str(one.take),
            when(one.created),
            f"{one.seconds:.1f}",
            dollars(one.estimated_cost),
        )
        for one in records
    ]
    columns: tuple[str, ...] = ("prompt", "model", "take", "when", "seconds", "estimated cost")
    if thumbnails:
        rows = [(picture, *row) for picture, row in zip(thumbnails, rows, strict=True)]
        columns = ("picture", *columns)
    more = f"The newest {len(rows)} of {total}. " if total > len(rows) else ""
    note = f"{more}Costs are estimates at Google's list prices; a gateway charges its own."
    return Table(columns, tuple(rows), notes=(note,), right=_NUMBERS)


def when(created: str) -> str:
    """Return a record's time as the clock on this machine's wall shows it."""
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return "unknown"


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun.

    >>> counted(2, "reply", "replies")
    '2 replies'
    """
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def size_in_words(size: int) -> str:
    """Return bytes in words, in the units that file managers use."""
    if size < 1000:
        return counted(size, "byte")
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
