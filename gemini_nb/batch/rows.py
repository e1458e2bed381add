"""One request of a batch as a row that others can read: what was asked, and what came of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import GeminiError
from gemini_nb.generation import Generation

if TYPE_CHECKING:
    from pathlib import Path

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
