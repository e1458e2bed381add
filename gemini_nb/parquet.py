"""A batch as a Parquet table, where pyarrow is installed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.batch import rows as row
from gemini_nb.errors import ArgumentError, SaveError
from gemini_nb.files import atomic_file

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable


def require_pyarrow() -> Any:
    """Return pyarrow; raise `ArgumentError` where it is not installed."""
    try:
        import pyarrow  # noqa: PLC0415, ICN001 - optional
    except ImportError:
        raise ArgumentError(
            "Parquet needs pyarrow.", hint="pip install pyarrow, or name the manifest run.jsonl."
        ) from None
    return pyarrow


def write(
    path: str | os.PathLike[str],
    requests: Iterable[Any],
    outcomes: Iterable[Any],
    *,
    redact: Callable[[Any], Any] = lambda row: row,
    overwrite: bool = False,
) -> Path:
    """Write a whole batch as one Parquet file, or nothing, and return its path; raise `SaveError`."""
    target = Path(path).expanduser().absolute()
    asked = enumerate(zip(requests, outcomes, strict=True))
    rows = (row.facts(index, request, outcome, folder=target.parent) for index, (request, outcome) in asked)
    data = _encoded([_storable(redact(one)) for one in rows])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(data, target.parent) as file:
            if overwrite:
                file.replace(target)
                return target
            if file.claim(target):
                return target
        problem = "it is there already; overwrite=True replaces it"
    except OSError as error:
        problem = str(error.strerror)
    raise SaveError(f"The table {target} cannot be written: {problem}.")


def _encoded(rows: list[dict[str, Any]]) -> bytes:
    arrow = require_pyarrow()
    import pyarrow.parquet  # noqa: PLC0415 - optional

    schema = arrow.schema([(name, arrow.type_for_alias(kind)) for name, kind in row.COLUMNS.items()])
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(arrow.Table.from_pylist(rows, schema), buffer)
    return buffer.getvalue()


def _storable(one: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for name, value in one.items()
    }
