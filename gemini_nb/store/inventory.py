"""What a store holds, in words and as a table: for `%gemini store` and `gemini-nb store`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_nb import stored_file
from gemini_nb.display.table import Table
from gemini_nb.store import maintenance
from gemini_nb.text import format_count, format_dollars, format_size, format_time

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
    return sum(1 for _ in maintenance.list_files(store.folder, "records"))


def lines(store: Store) -> list[str]:
    """Say where a store is and how much it holds; nothing is read but names and sizes."""
    found = {
        kind: [stored_file.plain_size(path) for path in maintenance.list_files(store.folder, kind)]
        for kind in _KINDS
    }
    sizes = [size for sizes in found.values() for size in sizes]
    return [
        f"folder   {store.folder}",
        f"holds    {format_count(len(found['records']), 'record')}, {format_count(len(found['images']), 'picture')}",
        f"size     {format_size(sum(sizes))}",
    ]


def report_lines(report: Report) -> list[str]:
    """Say what `Store.verify` found, a line each; sound files first."""
    sound = (
        format_count(report.records, "record"),
        format_count(report.images, "picture"),
        format_count(report.contents, "content"),
    )
    said = [f"sound    {', '.join(sound)}; {format_size(report.total_bytes)}"]
    said += [f"unread   {format_count(report.unread, 'kept reply', 'kept replies')}"] if report.unread else []
    said += [f"unused   {format_count(report.unused, 'file')} that no record names"] if report.unused else []
    said += (
        [f"partial  {format_count(report.left_over, 'file')} of writers that died"]
        if report.left_over
        else []
    )
    said += [f"PROBLEM  {one.path.parent.name}/{one.path.name}: {one.what}" for one in report.problems]
    return said if report.problems else [*said, "Every file is what its name says."]


def table(records: Iterable[Record], *, thumbnails: Sequence[Thumbnail | str] = (), total: int = 0) -> Table:
    """Return records as a table, with a first column of thumbnails where they are given."""
    rows: list[tuple[str | Thumbnail, ...]] = [
        (
            one.prompt,
            one.model,
            str(one.take),
            format_time(one.created),
            f"{one.seconds:.1f}",
            format_dollars(one.estimated_cost),
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
