"""Where the record of a studio's album is found again: in the user's cache, and in the notebook's output.

A kernel may be restarted before its notebook is saved, and outputs are cleared: so the cache has it too. Its
file is named by the cell's id, since a new notebook often has the path of an old one; and it tells the
notebook's path, since a copy of a notebook has the ids of its cells.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb import files
from gemini_nb.notebook.studio import album_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gemini_nb.notebook.studio.album_record import AlbumRecord

MAX_FILES = 200
MAX_NOTEBOOK_BYTES = 32 * 2**20
_MAX_FILE_BYTES = 2 * album_record.MAX_RECORD_BYTES
_CELL_ID = re.compile(r"[\w-]{1,64}", re.ASCII)  # of nbformat 4.5; VS Code gives a path and a number
_RANDOM_CHARACTERS = 8  # an id that is shorter was given by hand, as other notebooks' may be
_UNREADABLE = (ValueError, RecursionError)


def read(cell_id: str, notebook: Path | None) -> AlbumRecord | None:
    """Return the record of a cell of a notebook: of what was cached and what was saved the later one.

    `notebook` is its file, if that is known. Whatever cannot be read counts as missing.
    """
    found = [record for record in (_read_cached(cell_id, notebook), _read_saved(cell_id, notebook)) if record]
    return max(found, key=lambda record: record.newest, default=None)


def write(cell_id: str, notebook: Path | None, record: Mapping[str, Any]) -> None:
    """Write a cell's record to the user's cache, whole; the oldest of more than 200 go. Never raises."""
    if not _is_unique(cell_id, notebook):
        return
    with suppress(OSError, RuntimeError, ValueError):  # RuntimeError: no home
        path = _cache_path(cell_id)
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.make_secret_folder(path.parent)
        is_new = not path.exists()
        whole = {"notebook": os.fspath(notebook) if notebook else None, album_record.KEY: record}
        files.write_private(path, json.dumps(whole).encode("ascii"), flush=False)
        if is_new:
            _drop_oldest(path.parent)


def _is_unique(cell_id: str, notebook: Path | None) -> bool:
    """Whether no other cell has this id, or the notebook's path tells them apart."""
    is_random = len(cell_id) >= _RANDOM_CHARACTERS
    return _CELL_ID.fullmatch(cell_id) is not None and (is_random or notebook is not None)


def _cache_path(cell_id: str) -> Path:
    from platformdirs import user_cache_path  # noqa: PLC0415 - needed by a studio alone

    return user_cache_path("gemini_nb") / "studio" / f"{sha256(cell_id.encode()).hexdigest()}.json"


def _drop_oldest(folder: Path) -> None:
    found = []
    for path in folder.glob("*.json"):
        with suppress(OSError):  # another kernel may be tidying too
            found.append((path.lstat().st_mtime_ns, path))
    for _, path in sorted(found)[:-MAX_FILES]:
        with suppress(OSError):
            path.unlink()


def _read_cached(cell_id: str, notebook: Path | None) -> AlbumRecord | None:
    if not _is_unique(cell_id, notebook):
        return None
    with suppress(OSError, RuntimeError, *_UNREADABLE):
        raw = files.read_plain(_cache_path(cell_id), limit=_MAX_FILE_BYTES)
        whole = json.loads(raw or b"null")
        if isinstance(whole, dict) and not _is_of_copy(whole.get("notebook"), notebook):
            return album_record.parse(whole.get(album_record.KEY))
    return None


def _is_of_copy(written_by: Any, notebook: Path | None) -> bool:
    """Whether another notebook that is still there wrote it: one that was renamed is not."""
    if notebook is None or not isinstance(written_by, str) or written_by == os.fspath(notebook):
        return False
    return files.read_stamp(Path(written_by)) is not None


def _read_saved(cell_id: str, notebook: Path | None) -> AlbumRecord | None:
    """Return the record in the saved output of a cell.

    The ids that VS Code gives its cells are not in the file: there any studio's record is taken, the last.
    """
    raw = files.read_plain(notebook, limit=MAX_NOTEBOOK_BYTES) if notebook else None
    if raw is None or f'"{album_record.KEY}"'.encode() not in raw:
        return None
    with suppress(*_UNREADABLE):
        found = [
            record
            for cell in _list(json.loads(raw), "cells")
            if not _CELL_ID.fullmatch(cell_id) or (isinstance(cell, dict) and cell.get("id") == cell_id)
            for record in _find_records(cell)
        ]
        return found[-1] if found else None
    return None


def _find_records(cell: Any) -> Iterator[AlbumRecord]:
    for output in _list(cell, "outputs"):
        metadata = output.get("metadata") if isinstance(output, dict) else None
        if isinstance(metadata, dict):
            record = album_record.parse(metadata.get(album_record.KEY))
            if record is not None:
                yield record


def _list(value: Any, name: str) -> list[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []
