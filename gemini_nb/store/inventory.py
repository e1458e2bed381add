"""Inventory of a store as text lines and tables, for `%gemini store` and `gemini-nb store`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from gemini_nb import files
from gemini_nb.display.table import Table, Thumbnail, make_thumbnail
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.store import maintenance
from gemini_nb.text import format_count, format_dollars, format_size, format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gemini_nb.store.maintenance import Report
    from gemini_nb.store.record import Record
    from gemini_nb.store.store import Store


THUMBNAIL_PIXELS = 96  # at most, across and down
_KINDS = ("records", "images", "contents", "unread")
_NUMBERS = frozenset({"take", "seconds", "estimated cost"})


def count_records(store: Store) -> int:
    """Count the records of a store by their file names; none is read."""
    return sum(1 for _ in maintenance.list_files(store.folder, "records"))


def clear(store: Store, *, confirmed: bool, hint: str) -> str:
    """Remove everything and return a line about it; raise `ArgumentError` if that is not `confirmed`."""
    if not confirmed:
        records = format_count(count_records(store), "record")
        raise ArgumentError(
            f"This removes {records} and their pictures from {store.folder}: they would be paid for again.",
            hint=hint,
        )
    return f"{format_count(store.clear(), 'file')} removed from {store.folder}"


def lines(store: Store) -> list[str]:
    """Return lines with the folder of a store, the numbers of records and pictures, and the size."""
    paths = {kind: list(maintenance.list_files(store.folder, kind)) for kind in _KINDS}
    counts = (format_count(len(paths["records"]), "record"), format_count(len(paths["images"]), "picture"))
    size = sum(files.plain_size(path) for kind in _KINDS for path in paths[kind])
    return [f"folder   {store.folder}", f"holds    {', '.join(counts)}", f"size     {format_size(size)}"]


def report_lines(report: Report) -> list[str]:
    """Return lines with the result of `Store.verify`: sound files, then a line for each problem."""
    sound = (
        format_count(report.records, "record"),
        format_count(report.images, "picture"),
        format_count(report.contents, "content"),
    )
    lines = [f"sound    {', '.join(sound)}; {format_size(report.total_bytes)}"]
    if report.later:
        records = format_count(report.later, "record")
        lines.append(f"later    {records} from a later version of gemini_nb, left alone; upgrade to use them")
    if report.unread:
        lines.append(f"unread   {format_count(report.unread, 'kept reply', 'kept replies')}")
    if report.unused:
        lines.append(f"unused   {format_count(report.unused, 'file')} that no record names")
    if report.left_over:
        lines.append(f"partial  {format_count(report.left_over, 'file')} of interrupted writes")
    lines += [f"PROBLEM  {each.path.parent.name}/{each.path.name}: {each.what}" for each in report.problems]
    return lines if report.problems else [*lines, "Every file is intact."]


def table(records: Iterable[Record], *, thumbnails: Sequence[Thumbnail | str] = (), total: int = 0) -> Table:
    """Return records as a table, with a first column of thumbnails where they are given."""
    rows: list[tuple[str | Thumbnail, ...]] = [
        (
            record.prompt,
            record.model,
            str(record.take),
            format_time(record.created),
            f"{record.seconds:.1f}",
            format_dollars(record.estimated_cost),
        )
        for record in records
    ]
    columns: tuple[str, ...] = ("prompt", "model", "take", "when", "seconds", "estimated cost")
    if thumbnails:
        rows = [(picture, *row) for picture, row in zip(thumbnails, rows, strict=True)]
        columns = ("picture", *columns)
    more = f"The newest {len(rows)} of {total}. " if total > len(rows) else ""
    note = f"{more}Costs are estimates at Google's list prices; a gateway charges its own."
    return Table(columns, tuple(rows), notes=(note,), right=_NUMBERS)


def history_table(store: Store, most: int) -> Table:
    """Return the newest `most` records with thumbnails; one of a missing or altered picture is empty."""
    total = count_records(store)
    records = list(islice(store.records(), most))
    return table(records, thumbnails=[_thumbnail(store, record) for record in records], total=total)


def _thumbnail(store: Store, record: Record) -> Thumbnail | str:
    image = store.image(record.images[-1])
    if image is None:
        return ""
    try:
        return make_thumbnail(image, record.prompt, pixels=THUMBNAIL_PIXELS)
    except GeminiError:
        return ""
