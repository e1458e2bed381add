"""The requests of a batch job, read row by row from a JSON Lines file, and the lines of its results.

A row is `{"key": "…", "request": {…}}` in an uploaded file and `{"metadata": {…}, "request": {…}}` inline;
its result has the same key or metadata beside `response` or `error`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from gemini_nb.offline.responses import dump_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from gemini_nb.offline.responses import Response

_HEAD = ("key", "metadata")
# https://grpc.io/docs/guides/status-codes/
_RPC_CODES = {400: 3, 403: 7, 404: 5, 429: 8, 500: 13, 503: 14}


class UnreadableRowError(ValueError):
    """A line is not a row; the message says which and why."""


@dataclass(frozen=True)
class Row:
    """One request of a job. `head` is what its result repeats: its key, its metadata, or nothing."""

    head: dict[str, Any]
    request: dict[str, Any]

    @property
    def key(self) -> str:
        """The key that the caller gave, beside the request or in its metadata; else the request's SHA-256."""
        metadata = self.head.get("metadata")
        key = self.head.get("key") or (metadata.get("key") if isinstance(metadata, dict) else None)
        return str(key) if key else hashlib.sha256(dump_json(self.request)).hexdigest()


def write_rows(path: Path, rows: Iterable[Any]) -> None:
    """Write the requests of an inline job as the lines of a file."""
    with path.open("wb") as file:
        file.writelines(dump_json(row) + b"\n" for row in rows)


def read_rows(file: IO[bytes]) -> Iterator[Row]:
    """Read rows from an open file; empty lines are skipped.

    Raises `UnreadableRowError` at a line that is none.
    """
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise UnreadableRowError(f"Line {number} of the input is not JSON.") from None
        if not isinstance(row, dict) or not isinstance(row.get("request"), dict):
            raise UnreadableRowError(f"Line {number} of the input has no request.")
        yield Row({name: row[name] for name in _HEAD if name in row}, row["request"])


def result_line(row: Row, answer: Response) -> tuple[bytes, bool]:
    """Return the line that tells a row's answer, without a line end, and whether it is a success.

    An error is a `google.rpc.Status`, whose code is that of gRPC.
    """
    value = json.loads(answer.body) if answer.is_json else {}
    if answer.status == 200 and "error" not in value and answer.is_json:
        return dump_json({**row.head, "response": value}), True
    error = value.get("error", {})
    status = {
        "code": _RPC_CODES.get(answer.status, 13),
        "message": error.get("message", "An internal error has occurred."),
    }
    return dump_json({**row.head, "error": status}), False


class ResultLines:
    """The result lines of a job in a file of their own; only where each begins is kept in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w+b")
        self._ends = [0]

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, line: bytes) -> None:
        """Add the line of the next row."""
        self._file.seek(self._ends[-1])
        self._file.write(line)
        self._ends.append(self._ends[-1] + len(line))

    def read(self, index: int) -> bytes:
        """Return a line by its row's number, counted from 0."""
        start, end = self._ends[index : index + 2]
        self._file.seek(start)
        return self._file.read(end - start)

    def close(self) -> None:
        """Delete the file; nothing can be read or added any more."""
        self._file.close()
        self._path.unlink(missing_ok=True)
