"""The table that a batch was made from: the row of each request, with the table's own index and columns."""

from __future__ import annotations

from collections.abc import Sized
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, eq=False)
class Source:
    """The rows of a table, one for each request of a batch.

    `table` is a pandas or polars frame, or a list of dicts; `numbers` are the places of its rows in the table
    that was given, from 0. `varied` are columns whose values were replaced by those of a list (`--vary`).
    """

    table: Any
    numbers: tuple[int, ...]
    varied: frozenset[str] = frozenset()

    @classmethod
    def select(
        cls, table: Any, rows: Sequence[dict[Any, Any]], numbers: Iterable[int], varied: Iterable[str] = ()
    ) -> Source:
        """Copy the rows with these numbers: what is done to `table` later changes no batch.

        `rows` are all of them as dicts, for a table that is no frame of pandas or polars.
        """
        numbers = tuple(numbers)
        return cls(_take(table if _is_frame(table) else rows, numbers), numbers, frozenset(varied))

    @classmethod
    def of_column(cls, values: Any) -> Source | None:
        """Return the table that a column of pandas or polars, or an index, is by itself; else None."""
        to_frame = getattr(values, "to_frame", None)
        if isinstance(values, Sized) and callable(to_frame):
            with suppress(Exception):  # a library with a `to_frame` of another kind: its prompts are taken
                return cls.select(to_frame(), (), range(len(values)))
        return None

    def take(self, places: Sequence[int]) -> Source:
        """Return the rows of some of the requests, by their places in the batch."""
        return Source(_take(self.table, places), tuple(self.numbers[place] for place in places), self.varied)

    @property
    def is_pandas(self) -> bool:
        """Whether the table is a frame of pandas, which has an index."""
        return hasattr(self.table, "iloc")

    @property
    def is_polars(self) -> bool:
        """Whether the table is a frame of polars."""
        return not self.is_pandas and _is_frame(self.table)

    @cached_property
    def columns(self) -> list[Any]:
        """The names of the table's columns, after those of its index."""
        if isinstance(self.table, list):
            return list(dict.fromkeys(name for row in self.table for name in row))
        levels = self.table.index.names if self.is_pandas else ()
        return [*(name for name in levels if name is not None), *self.table.columns]

    @property
    def index_labels(self) -> list[Any]:
        """What pandas' index calls each row, a tuple where it has several levels; elsewhere nothing."""
        return list(self.table.index) if self.is_pandas else []

    def records(self) -> list[dict[Any, Any]]:
        """Return each row as a dict."""
        if isinstance(self.table, list):
            return self.table
        rows: list[dict[Any, Any]] = read_pandas_rows(self.table) if self.is_pandas else self.table.to_dicts()
        return rows


def read_pandas_rows(frame: Any) -> list[dict[Any, Any]]:
    """Return the rows of a pandas frame as dicts, each with the named levels of its index."""
    rows: list[dict[Any, Any]] = frame.to_dict("records")
    levels = {
        name: frame.index.get_level_values(place)
        for place, name in enumerate(frame.index.names)
        if name is not None
    }
    labels = zip(*levels.values(), strict=True) if levels else ((),) * len(rows)
    return [{**dict(zip(levels, label, strict=True)), **row} for label, row in zip(labels, rows, strict=True)]


def _is_frame(table: Any) -> bool:
    """Whether a table is a frame of pandas or polars, told by what it can do: neither is imported."""
    return hasattr(table, "columns") and (
        hasattr(table, "iloc") or callable(getattr(table, "to_dicts", None))
    )


def _take(table: Any, places: Sequence[int]) -> Any:
    if isinstance(table, list):
        return [table[place] for place in places]
    return (table.iloc if hasattr(table, "iloc") else table)[list(places)]
