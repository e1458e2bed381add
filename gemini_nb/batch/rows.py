"""One request of a batch as a row that others can read: what was asked, and what came of it."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError, GeminiError, SaveError
from gemini_nb.files import atomic_file
from gemini_nb.generation import Generation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gemini_nb.request import ImageRequest


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
}


def facts(index: int, request: Any, outcome: Any, *, folder: Path) -> dict[str, Any]:
    """Return one row: what was asked, and what came of it; paths are as seen from `folder`.

    `status` is "ok", "failed", or "not asked" where `outcome` is None. The cost is an estimate in US dollars.
    """
    error = outcome if isinstance(outcome, GeminiError) else None
    made = None if error else outcome
    image = made.image if made else None
    return {
        "index": index,
        "prompt": request.prompt,
        "model": request.model,
        "take": request.take,
        "digest": _digest(request),
        "status": "ok" if made else "failed" if error else "not asked",
        "error_type": type(error).__name__ if error else None,
        "error": str(error) if error else None,
        "path": _seen_from(folder, made.path) if made and made.path else None,
        "sha256": image.sha256 if image else None,
        "mime_type": image.mime_type if image else None,
        "width": image.width if image else None,
        "height": image.height if image else None,
        "seconds": round(made.seconds, 3) if made else None,
        "estimated_cost": made.estimated_cost if made else None,
        "replayed": made.replayed if made else None,
        "provider": made.provider if made else None,
    }


def _digest(request: Any) -> str | None:
    try:
        digest: str = request.digest
    except GeminiError:  # its config is no JSON, which is the error of its row
        return None
    return digest


def _seen_from(folder: Path, path: Path) -> str:
    """The path relative to the manifest, so that the two can move together; with forward slashes."""
    with suppress(ValueError):  # another drive
        path = Path(os.path.relpath(path, folder))
    return path.as_posix()


def _shown_path(path: Path) -> str:
    """The path as seen from here, so that a notebook's table is the same on every machine."""
    try:
        return str(path.relative_to(type(path).cwd()))
    except (ValueError, OSError):  # it is elsewhere, or the current folder is gone
        return str(path)


def _row(request: ImageRequest, outcome: Generation | GeminiError | None) -> dict[str, Any]:
    made = outcome if isinstance(outcome, Generation) else None
    status = "ok" if made else "not asked" if outcome is None else type(outcome).__name__
    return {
        "prompt": request.prompt,
        "model": request.model,
        "take": request.take,
        "path": _shown_path(made.path) if made and made.path else None,
        "pixels": f"{made.image.width} × {made.image.height}" if made else None,
        "width": made.image.width if made else None,
        "height": made.image.height if made else None,
        "cost": made.estimated_cost if made else None,
        "seconds": made.seconds if made else None,
        "replayed": made.replayed if made else None,
        "status": status,
        "error": str(outcome) if isinstance(outcome, GeminiError) else None,
    }


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
    rows = (facts(index, request, outcome, folder=target.parent) for index, (request, outcome) in asked)
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

    schema = arrow.schema([(name, arrow.type_for_alias(kind)) for name, kind in COLUMNS.items()])
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(arrow.Table.from_pylist(rows, schema), buffer)
    return buffer.getvalue()


def _storable(one: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for name, value in one.items()
    }
