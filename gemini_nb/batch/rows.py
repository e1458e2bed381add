"""Rows of a batch: one for each request, the same in `Batch.rows()`, data frames, manifests and Parquet."""

from __future__ import annotations

import io
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.files import write_new
from gemini_nb.generation import Generation, Grounding
from gemini_nb.models.usage import price_usage
from gemini_nb.text import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.request import ImageRequest

    Row = dict[str, Any]

# What each column holds, by pyarrow's name for it.
COLUMNS = {
    "index": "int64",
    "prompt": "string",
    "model": "string",
    "take": "int64",
    "digest": "string",
    "status": "string",
    "error_type": "string",
    "error": "string",
    "path": "string",
    "sha256": "string",
    "mime_type": "string",
    "width": "int64",
    "height": "int64",
    "seconds": "float64",
    "estimated_cost": "float64",
    "replayed": "bool",
    "provider": "string",
    "queries": "string",
    "sources": "string",
    "safety_ratings": "string",
}

_MARK = b"gemini_nb"  # in the metadata of a table's schema


def row(
    index: int,
    request: ImageRequest,
    outcome: Generation | GeminiError | None,
    *,
    folder: Path,
    unanswered: str = "not asked",
) -> Row:
    """Return what was asked and what came of it, by the names of `COLUMNS`; `Batch.rows` says what they hold.

    `path` is as seen from `folder`, `unanswered` the status where `outcome` is None.
    """
    error = outcome if isinstance(outcome, GeminiError) else None
    generation = outcome if isinstance(outcome, Generation) else None
    image = generation.image if generation else None
    request = generation.request if generation else request  # a stored one may name a former id of the model
    return {
        "index": index,
        "prompt": request.prompt,
        "model": request.model,
        "take": request.take,
        "digest": find_digest(request),
        "status": "ok" if generation else "failed" if error else unanswered,
        "error_type": type(error).__name__ if error else None,
        "error": str(error) if error else None,
        "path": _relative_path(generation.path, folder) if generation and generation.path else None,
        "sha256": image.sha256 if image else None,
        "mime_type": image.mime_type if image else None,
        "width": image.width if image else None,
        "height": image.height if image else None,
        "seconds": round(generation.seconds, 3) if generation else None,
        "estimated_cost": _cost(request, outcome),
        "replayed": generation.replayed if generation else None,
        "provider": generation.provider if generation else None,
        **_describe_grounding(generation),
    }


def _describe_grounding(generation: Generation | None) -> Row:
    """Return what was searched for and found, a line each, and the ratings as JSON; None where nothing is."""
    found = (generation and generation.grounding) or Grounding()
    sources = (f"{link.title} <{link.url}>" for link in found.sources)
    ratings = generation.safety_ratings if generation else ()
    return {
        "queries": "\n".join(found.queries) or None,
        "sources": "\n".join(sources) or None,
        "safety_ratings": json.dumps([dict(rating) for rating in ratings]) if ratings else None,
    }


def _cost(request: ImageRequest, outcome: Generation | GeminiError | None) -> float | None:
    if isinstance(outcome, Generation):
        return outcome.estimated_cost
    if outcome is None or not outcome.may_be_billed:
        return None
    return price_usage(request.model, outcome.usage, tier=outcome.tier)


def find_digest(request: ImageRequest) -> str | None:
    """Return a request's digest; None where its config is no JSON, which is the error of sending it."""
    try:
        return request.digest
    except GeminiError:
        return None


def _relative_path(path: Path, folder: Path) -> str:
    """The path relative to the table, so that the two can move together; with forward slashes."""
    with suppress(ValueError, OSError):  # another drive; a current folder that is gone
        path = Path(os.path.relpath(path, folder))
    return path.as_posix()


def import_pyarrow() -> Any:
    """Import and return pyarrow; raise `ArgumentError` where it is not installed."""
    try:
        import pyarrow  # noqa: PLC0415, ICN001 - optional
    except ImportError:
        raise ArgumentError(
            "Parquet needs pyarrow.", hint="pip install pyarrow, or name the manifest run.jsonl."
        ) from None
    return pyarrow


def is_batch_table(path: Path) -> bool:
    """Whether a file is a Parquet table that `write_parquet` wrote, or is empty: a re-run may replace it."""
    arrow = import_pyarrow()
    import pyarrow.parquet  # noqa: PLC0415 - optional

    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
            return False
        if status.st_size == 0:
            return True
        schema = pyarrow.parquet.read_schema(path)
    except (OSError, arrow.ArrowException):
        return False
    is_marked = _MARK in (schema.metadata or {})
    return set(schema.names) == set(COLUMNS) or (is_marked and set(schema.names) < set(COLUMNS))


def write_parquet(
    path: str | os.PathLike[str],
    make_rows: Callable[[Path], list[Row]],
    *,
    overwrite: bool,
    redact: Callable[[Row], Row] = lambda row: row,
) -> Path:
    """Write a whole batch as one Parquet file, or nothing, and return its path; raise `SaveError`.

    `make_rows` gets the folder from which paths are seen.
    """

    def make(target: Path) -> bytes:
        return _encode_parquet(replace_in_rows([redact(row) for row in make_rows(target.parent)]))

    return write_new(path, make, what="The table", overwrite=overwrite)


def _encode_parquet(rows: list[Row]) -> bytes:
    arrow = import_pyarrow()
    import pyarrow.parquet  # noqa: PLC0415 - optional

    fields = [(name, arrow.type_for_alias(kind)) for name, kind in COLUMNS.items()]
    schema = arrow.schema(fields, metadata={_MARK: b"batch"})
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(arrow.Table.from_pylist(rows, schema), buffer)
    return buffer.getvalue()


def replace_in_rows(table: list[Row]) -> list[Row]:
    """Return rows without lone surrogates, which a prompt can hold and no encoding: U+FFFD stands for them.

    Names of columns that only differed in them stay different.
    """
    names: dict[Any, Any] = {}
    taken: set[Any] = set()
    for name in dict.fromkeys(name for row in table for name in row):
        names[name] = _replace_in(name)
        while names[name] in taken:
            names[name] += "�"
        taken.add(names[name])
    return [{names[name]: _replace_in(value) for name, value in row.items()} for row in table]


def _replace_in(value: Any) -> Any:
    return replace_surrogates(value) if isinstance(value, str) else value
