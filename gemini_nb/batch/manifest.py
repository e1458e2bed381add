"""The manifest of a batch: JSON lines, one for each request, appended as it finishes.

A run has an id of its own, appends, and rewrites nothing: a crash costs at most the last line, and the lines
of earlier runs stay. The lines of the last run are complete, since replayed requests have theirs too.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from gemini_nb.batch import rows
from gemini_nb.errors import ArgumentError, SaveError
from gemini_nb.files import expand_path
from gemini_nb.images.save import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gemini_nb.batch.run import Progress

    _Redact = Callable[[Any], Any]

_MAX_LINE_BYTES = 2**26
# Some readers end a line at these, and some terminals begin a command.
_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029]")


class Manifest:
    """An open manifest; `redact` masks the key in a JSON value.

    Raises `ArgumentError` for a file that is no manifest or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, redact: _Redact = lambda row: row) -> None:
        self.path = expand_path(path, what="The manifest").absolute()
        self.run = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}-{secrets.token_hex(2)}"
        self._redact = redact
        self._lock = Lock()  # an interrupted thread may close it while the event loop writes
        self._file: int | None = _open_file(self.path)

    def add(self, index: int, request: Any, outcome: Any) -> None:
        """Append a line in one write; where the disk refuses, warn once and write no more."""
        when = {"run": self.run, "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        row = self._redact({**when, **rows.row(index, request, outcome, folder=self.path.parent)})
        try:
            self._append(_encode_line(row))
        except OSError as error:
            self.close()
            warn(
                f"The manifest {self.path} cannot be written: {error.strerror}. "
                "The batch continues without it."
            )

    def _append(self, line: bytes) -> None:
        with self._lock:
            left = memoryview(line if self._file is not None else b"")
            while left and self._file is not None:
                left = left[os.write(self._file, left) :]

    def close(self) -> None:
        """Flush to the disk and close; pictures in a store were flushed before their line was written."""
        with self._lock:
            if self._file is not None:
                with suppress(OSError):
                    os.fsync(self._file)
                os.close(self._file)
                self._file = None


def _encode_line(row: dict[str, Any]) -> bytes:
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    text = _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.encode("utf-8", "backslashreplace") + b"\n"  # JSON can name lone surrogates, UTF-8 cannot


def _open_file(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, flags, 0o666)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ArgumentError(f"The manifest {path} cannot be written: {reason}.") from None
    try:
        _mend(file, path)
    except BaseException:
        os.close(file)
        raise
    return file


def _mend(file: int, path: Path) -> None:
    """Check that the file is a manifest, and cut off an unfinished last line, left by a crash."""
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise ArgumentError(f"The manifest {path} cannot be written: it is not a regular file.")
    with os.fdopen(file, "rb", closefd=False) as reader:
        first = reader.readline(_MAX_LINE_BYTES)
        if first and not _is_manifest_line(first):
            raise ArgumentError(
                f"{path} is not the manifest of a batch.", hint="Nothing was sent. Choose a new file name."
            )
        end = whole = 0
        reader.seek(0)
        for line in reader:
            end += len(line)
            whole = end if line.endswith(b"\n") else whole
    if whole < end:
        os.ftruncate(file, whole)


def _is_manifest_line(line: bytes) -> bool:
    if not line.endswith(b"\n"):  # a crash in the very first line
        return line.startswith(b'{"run":')
    try:
        row = json.loads(line)
    except ValueError:
        return False
    return isinstance(row, dict) and {"run", "digest", "status"} <= row.keys()


@contextmanager
def writing_manifest(
    progress: Progress, path: str | os.PathLike[str] | None, *, redact: _Redact
) -> Iterator[None]:
    """Write a manifest of the requests that finish in the block; none where `path` is None.

    A `.parquet` file cannot grow line by line: it is written at the end of the block, even after an error,
    and replaces that of an earlier batch. Any other file of the name is left alone, which a warning says at
    the beginning, and the table goes to NAME-2.parquet.
    """
    if path is None:
        yield
    elif str(path).endswith(".parquet"):
        table = _choose_table(path)
        try:
            yield
        finally:
            _write_table(progress, table, redact)
    else:
        manifest = Manifest(path, redact=redact)
        progress.listeners.append(manifest.add)
        try:
            yield
        finally:
            manifest.close()


def _choose_table(path: str | os.PathLike[str]) -> Path:
    """Return a path for the table that is free or an earlier table; warn where it is not the one given."""
    rows.import_pyarrow()
    try:
        given = expand_path(path, what="The table")
    except ArgumentError:  # writing will say so
        return Path(path)
    for number in count(1):
        name = given if number == 1 else given.with_name(f"{given.stem}-{number}{given.suffix}")
        if not os.path.lexists(name) or rows.is_batch_table(name):
            break
    if name != given:
        warn(f"{given} is not the table of a batch and is left alone: the table goes to {name.name}.")
    return name


def _write_table(progress: Progress, path: str | os.PathLike[str], redact: _Redact) -> None:
    batch = progress.batch()
    try:
        path = _choose_table(path)  # again: hours may have passed
        rows.write_parquet(path, batch.manifest_rows, overwrite=True, redact=redact)
    except SaveError as error:
        warn(str(error))
    except Exception as error:  # noqa: BLE001 - no row or path may cost the batch, which is paid for
        warn(f"The table {os.fspath(path)!r} cannot be written: {redact(str(error))}.")
