"""Lists of values, and any library's tables as rows: what fills the fields of a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from typing import Any

from gemini_nb.batch.source import read_pandas_rows
from gemini_nb.errors import ArgumentError
from gemini_nb.prompts.template import suggest_name
from gemini_nb.text import with_article

_TABLE_HINT = "Give a pandas or polars frame, an Arrow table, a list of dicts, or a dict of columns."


def read_values(name: str, names: Mapping[str, Any], *, most: int) -> list[Any]:
    """Return the values of a list; raise `ArgumentError` for what is none or can be read only once."""
    what = f"--vary {name}"
    values = _find_variable(what, name, names)
    if isinstance(values, Iterator):
        raise ArgumentError(
            f"{what}: {_with_article(values)} can be read only once.",
            hint=f"Make it a list first: {name} = list({name})",
        )
    is_table = isinstance(values, Mapping) or hasattr(values, "columns")
    if is_table or isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise ArgumentError(
            f"{what}: it is {_with_article(values)}, not a list of values.",
            hint=f"Its rows become pictures with --each {name}"
            if is_table
            else "Give a list, such as [1, 2].",
        )
    if isinstance(values, Sized) and len(values) > most:
        raise ArgumentError(f"{what}: it has {len(values):,} values; the limit is {most:,}.")
    return _check_not_empty(list(values), what)


def read_rows(name: str, names: Mapping[str, Any]) -> list[dict[Any, Any]]:
    """Return the rows of a table as dicts; raise `ArgumentError` for what is none."""
    what = f"--each {name}"
    table = _find_variable(what, name, names)
    rows = _to_rows(table, what)
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        is_list = hasattr(table, "__iter__") and not isinstance(table, str | bytes)
        raise ArgumentError(
            f"{what}: {_with_article(table)} has no rows.",
            hint=f"Its values become pictures with --vary {name}" if is_list else _TABLE_HINT,
        )
    return _check_not_empty([dict(row) for row in rows], what)


def _to_rows(frame: Any, what: str) -> Any:
    if isinstance(frame, Mapping):
        return _columns_to_rows(frame, what)
    if callable(getattr(frame, "to_dicts", None)):  # polars
        return frame.to_dicts()
    if callable(getattr(frame, "to_pylist", None)):  # Arrow
        return frame.to_pylist()
    if callable(getattr(frame, "to_dict", None)) and hasattr(frame, "columns"):  # pandas
        return read_pandas_rows(frame) if hasattr(frame, "index") else frame.to_dict("records")
    return frame


def _columns_to_rows(columns: Mapping[Any, Any], what: str) -> list[dict[Any, Any]]:
    for name, column in columns.items():
        if isinstance(column, str | bytes | Mapping) or not isinstance(column, Sized):
            raise ArgumentError(
                f"{what}: its {str(name)[:40]!r} is not a column of values.", hint=_TABLE_HINT
            )
    lengths = {str(name)[:40]: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length:,}" for name, length in list(lengths.items())[:8])
        raise ArgumentError(f"{what}: its columns are of different lengths: {listed}.")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _find_variable(what: str, name: str, names: Mapping[str, Any]) -> Any:
    if name not in names:
        raise ArgumentError(f"{what}: there is no variable of this name.", hint=suggest_name(name, names))
    return names[name]


def _with_article(value: Any) -> str:
    name = with_article(type(value).__name__)
    return name[0].lower() + name[1:]


def _check_not_empty(values: list[Any], what: str) -> list[Any]:
    if not values:
        raise ArgumentError(f"{what}: it is empty, so there is nothing to ask for.")
    return values
