"""Results of a job, read piece by piece: an answer's rows are cut out while it arrives, and lie in a file.

`ResultReceiver` takes the answer to a question for a job, or a file of results, from the network. `read_rows`
reads what it has written, a row at a time, its pictures into files, so that gigabytes of results cost
no memory.
"""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import TooLargeError
from gemini_nb.files import UnnamedFile
from gemini_nb.jobs.wire import read_json
from gemini_nb.reply.json_receiver import JSONReceiver, ReceivedBody

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    NewFile = Callable[[], UnnamedFile]

MAX_RESULT_BYTES = 64 * 2**30
MAX_ROW_BYTES = 64 * 2**20  # as of a single reply
MAX_ANSWER_BYTES = 8 * 2**20  # of what stands around the rows

_NAME = b"inlinedResponses"
_STRUCTURE = re.compile(rb'["{}\[\],]')
_IN_STRING = re.compile(rb'["\\]')
_ON_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
_READ_BYTES = _WRITTEN_BYTES = 256 * 1024
_MAX_NAME_BYTES = 40


class RowCutter:
    """Cuts the items of each array called `inlinedResponses` out of a JSON text that arrives in pieces.

    `write` gets them as they stand there, a line each, in pieces. Only the first array that holds rows
    counts: an operation says them twice. `rest` is the text without them.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.rest = bytearray()
        self._write = write
        self._row: bytearray | None = None  # what is not written yet, while inside of an array of rows
        self._has_rows = self._is_over = False
        self._depth = 0  # of brackets within the row
        self._string: bytearray | None = None  # the beginning of the string that the text is in
        self._name = b""  # the string that was read last, while only a colon follows
        self._is_escaped = False

    def feed(self, piece: bytes) -> None:
        """Take the next piece; raise `TooLargeError` where there is too much around the rows."""
        at = 0
        while at < len(piece):
            at = self._skip_string(piece, at) if self._string is not None else self._read_structure(piece, at)

    def _skip_string(self, piece: bytes, at: int) -> int:
        start = at
        if self._is_escaped:
            self._is_escaped, at = False, at + 1
        found = _IN_STRING.search(piece, at)
        end = found.end() if found else len(piece)
        self._put(piece[start:end])
        string = self._string
        if string is not None and len(string) < _MAX_NAME_BYTES:
            string += piece[start : min(end, start + _MAX_NAME_BYTES)]
        if found and found[0] == b"\\":
            self._is_escaped = True
        elif found:
            self._name, self._string = bytes(string or b"").removesuffix(b'"'), None
        return end

    def _read_structure(self, piece: bytes, at: int) -> int:
        found = _STRUCTURE.search(piece, at)
        if found is None:
            self._put(piece[at:])
            return len(piece)
        mark = found[0]
        if self._row is not None and not self._depth and mark in b",]":
            self._put(piece[at : found.start()])
            self._write_row(b"\n")
            if mark == b"]":
                self._row = None
                self._is_over = self._has_rows
                self._put(mark)
        else:
            self._put(piece[at : found.end()])
            self._note(mark)
        if mark != b'"':
            self._name = b""
        return found.end()

    def _note(self, mark: bytes) -> None:
        if mark == b'"':
            self._string = bytearray()
        elif self._row is not None:
            self._depth += 1 if mark in b"{[" else -1 if mark in b"}]" else 0
        elif mark == b"[" and self._name == _NAME:
            self._row = bytearray()

    def _put(self, text: bytes) -> None:
        if self._row is None:
            self.rest += text
            if len(self.rest) > MAX_ANSWER_BYTES:
                raise TooLargeError(
                    "What the provider says of its jobs is too long, and was not read.", hint=""
                )
        else:
            self._row += text
            if len(self._row) >= _WRITTEN_BYTES:
                self._write_row(b"")

    def _write_row(self, end: bytes) -> None:
        """Write what there is of a row, on one line: a line break in JSON is white space."""
        row, self._row = bytes(self._row or b""), bytearray()
        self._has_rows |= bool(row.strip())
        if not self._is_over:
            self._write(row.translate(_ON_ONE_LINE) + end)


class ResultReceiver:
    """Receives an answer whose rows go to a file of `folder`, a line each; without one they are dropped.

    With `is_file` the answer is a file of results, and goes there as it is. A receiver of
    `http.transport.send`.
    """

    def __init__(self, folder: Path | None, *, is_file: bool = False) -> None:
        self.file: UnnamedFile | None = None
        self._folder = folder
        self._is_file = is_file
        self._cutter = RowCutter(self._write)

    def expect(self, length: int) -> None:
        """Prepare for nothing."""

    def take(self, piece: bytes | memoryview) -> Generator[None, None, None]:
        """Take the next piece."""
        if self._is_file:
            self._write(piece)
        else:
            self._cutter.feed(bytes(piece))
        yield

    def finish(self) -> Any:
        """Return the JSON of the answer without its rows; None where that is none, or it is a file."""
        return read_json(self._cutter.rest)

    def close(self) -> None:
        """Drop the file."""
        if self.file is not None:
            self.file.close()

    def _write(self, data: bytes | memoryview) -> None:
        if self._folder is None:
            return
        if self.file is None:
            self.file = UnnamedFile(self._folder, mode=0o600)
        self.file.write(data)


@dataclass(frozen=True)
class Row:
    """A row of results: its key, and a reply as it would have come alone, or what is said of its failure.

    `broken` is a line that is no JSON; it `is_cut` short where nothing ends it. `mark` tells a row from one
    that says anything else.
    """

    mark: bytes
    key: str | None = None
    reply: ReceivedBody | None = None
    error: dict[str, Any] | None = None
    broken: ReceivedBody | None = None
    is_cut: bool = False


class _Line:
    """A line while it is read: its pictures are decoded on the way, so that its text is never held."""

    def __init__(self, new_file: NewFile | None, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._receiver = JSONReceiver(new_file)
        self._digest = sha256()
        self._size = 0
        self._is_blank = True

    def write(self, piece: bytes) -> None:
        """Take the next piece; what comes past the limit is dropped, and with it the row."""
        self._size += len(piece)
        if self._size <= self._max_bytes and piece:
            self._is_blank = self._is_blank and not piece.strip()
            self._digest.update(piece)
            self._receiver.write(piece)

    def rows(self, *, is_last: bool = False) -> Iterator[Row]:
        """Yield the row of the line, if there is one."""
        if self._is_blank or self._size > self._max_bytes:
            return
        mark, body = self._digest.digest(), self._receiver.finish()
        try:
            row = json.loads(body.rest)
            # the reply that stands in the row, as if it had come alone
            rest = json.dumps(row.get("response"), separators=(",", ":")).encode("ascii")
        except (ValueError, RecursionError, AttributeError):
            yield Row(mark, broken=body, is_cut=is_last)
            return
        metadata = row.get("metadata")
        key = row.get("key") or (metadata.get("key") if isinstance(metadata, dict) else None)
        error = row.get("error") or row.get("status")
        yield Row(
            mark,
            key=key if isinstance(key, str) else None,
            reply=ReceivedBody(rest, body.blobs) if row.get("response") else None,
            error=error if isinstance(error, dict) else None,
        )


def read_rows(
    file: UnnamedFile | None, new_file: NewFile | None = None, *, max_row_bytes: int = MAX_ROW_BYTES
) -> Iterator[Row]:
    """Yield the rows of a file of results; one of more than `max_row_bytes` is left out.

    `new_file` opens a file for a picture; without it, or where the disk refuses, it stays in memory.
    """
    if file is None:
        return
    with closing(file.open_reader()) as reader:
        line = _Line(new_file, max_row_bytes)
        while piece := reader.read(_READ_BYTES):
            first, *others = piece.split(b"\n")
            line.write(first)
            for beginning in others:
                yield from line.rows()
                line = _Line(new_file, max_row_bytes)
                line.write(beginning)
        yield from line.rows(is_last=True)
