"""One batch job: it makes its rows over `seconds`, and tells its state, statistics and results.

A thread makes the rows, one after the other and evenly over the seconds. Where there are no threads, in a
browser, each question after the job makes those that are due.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gemini_nb.offline.batches.faults import NO_FAULT
from gemini_nb.offline.batches.files import to_json_time
from gemini_nb.offline.batches.rows import ResultLines, UnreadableRowError, read_rows, result_line
from gemini_nb.offline.responses import dump_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gemini_nb.offline.batches.faults import BatchFault
    from gemini_nb.offline.batches.files import Files
    from gemini_nb.offline.batches.rows import Row
    from gemini_nb.offline.responses import Response

_CANCEL_SECONDS = 10  # that a cancellation waits at most for the row under way
_PENDING_SHARE = 0.1  # of its seconds a job waits before it is running
_TYPES = "type.googleapis.com/google.ai.generativelanguage.v1main."
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")


@dataclass(frozen=True)
class JobOrder:
    """What a job does: `count` rows of the JSON Lines at `path`, each answered by `answer` with its number.

    `is_inline` says that the rows came in the request itself, and that the results go into the answer.
    """

    model: str
    display_name: str
    path: Path
    count: int
    is_inline: bool
    seconds: float
    answer: Callable[[Row, int], Response]
    fault: BatchFault = NO_FAULT


class BatchJob:
    """A job that makes its rows once it is started. Safe to share between threads.

    `met` counts how often a client has asked for what the job's fault spoils.
    """

    def __init__(self, order: JobOrder, files: Files) -> None:
        self.id = secrets.token_hex(16)
        self.order = order
        self.met: Counter[str] = Counter()
        self._files = files
        self._results = ResultLines(files.new_path())
        self._source = order.path.open("rb")  # the file may be deleted meanwhile
        self._rows = read_rows(self._source)
        self._began = time.monotonic()
        self._created = self._updated = datetime.now(UTC)
        self._state = "PENDING"
        self._error: dict[str, Any] | None = None
        self._failed = 0
        self._output: Path | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._is_cancelled = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Make the rows in a thread of its own."""
        self._thread = threading.Thread(target=self._work, name="gemini_nb offline batch", daemon=True)
        self._thread.start()

    def catch_up(self) -> None:
        """Make the rows that are due by now, where no thread does."""
        while not self.has_ended and self._advance() == 0:
            pass

    def cancel(self) -> bool:
        """Stop making rows and keep those that are made; False for a job that has ended.

        The row that is under way is made first, so that the next question finds the job ended.
        """
        if self.has_ended:
            return False
        self._is_cancelled = True
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_CANCEL_SECONDS)
        return True

    def stop(self) -> None:
        """Leave the job as it is: its server closes."""
        self._stop.set()

    def _work(self) -> None:
        while not self.has_ended:
            self._stop.wait(self._advance())
            if self._stop.is_set() and not self._is_cancelled:
                self._close()
                return

    def _advance(self) -> float:
        """Make the next row if it is due; return the seconds until there is more to do."""
        if self._is_cancelled:
            self._end("CANCELLED", {"code": 1, "message": "The operation was cancelled."})
            return 0
        done, order = len(self._results), self.order
        elapsed = time.monotonic() - self._began
        limit = int(order.count * order.fault.share)
        if self._state == "PENDING" and limit and elapsed >= order.seconds * _PENDING_SHARE:
            self._state = "RUNNING"
        if order.fault.share < 1 and done >= limit:
            return self._end_early(elapsed)
        due = order.seconds * (done + 1) / max(order.count, 1)
        if elapsed < due:
            return due - elapsed
        try:
            row = next(self._rows, None)
        except UnreadableRowError as problem:
            self._end("FAILED", {"code": 3, "message": str(problem)})
            return 0
        if row is None:
            self._end("SUCCEEDED")
        else:
            self._make(row)
        return 0

    def _end_early(self, elapsed: float) -> float:
        """End as the fault says once the seconds are over; return those that are left until then."""
        if self.order.fault.end is None:
            return threading.TIMEOUT_MAX
        state, code, message = self.order.fault.end
        if elapsed >= self.order.seconds:
            self._end(state, {"code": code, "message": message})
        return max(self.order.seconds - elapsed, 0)

    def _make(self, row: Row) -> None:
        line, is_success = result_line(row, self.order.answer(row, len(self._results)))
        with self._lock:
            self._results.append(line)
            self._failed += not is_success
            self._updated = datetime.now(UTC)

    def _end(self, state: str, error: dict[str, Any] | None = None) -> None:
        """Write the results, and only then tell that the job has ended."""
        with self._lock:
            if self._state in _ENDED:
                return
            path = self._files.new_path()
            with path.open("wb") as file:
                for piece in self._compose():
                    file.write(piece)
            if self.order.is_inline:
                self._output = path
            elif len(self._results) or state == "SUCCEEDED":
                self._files.add(path, mime_type="application/jsonl", generated_as=f"batch-{self.id}")
                self._output = path
            self._error = error
            self._updated = datetime.now(UTC)
            self._state = state
        self._close()

    def _compose(self) -> Iterator[bytes]:
        separator = b"," if self.order.is_inline else b"\n"
        for number, result in enumerate(self.order.fault.results(len(self._results))):
            yield separator if self.order.is_inline and number else b""
            yield result.change(self._results.read(result.row))
            yield b"" if self.order.is_inline else separator

    def _close(self) -> None:
        self._source.close()
        self._results.close()
        if self.order.is_inline:
            self.order.path.unlink(missing_ok=True)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will be made."""
        return self._state in _ENDED

    def operation(self) -> dict[str, Any]:
        """Return the job as the API tells it, a long-running operation, but for results that are inline."""
        with self._lock:
            return self._operation()

    def describe(self) -> list[bytes | Path]:
        """Return the operation in JSON with inline results; these may be long, and are a file among parts."""
        with self._lock:
            operation, results = self._operation(), self._output
        if results is None or not self.order.is_inline:
            return [dump_json(operation)]
        mark = secrets.token_hex(16)
        output = {"inlinedResponses": {"inlinedResponses": [mark]}}
        operation["metadata"]["output"] = output
        if "response" in operation:
            operation["response"] |= output
        head, *tails = dump_json(operation).split(f'"{mark}"'.encode())
        return [head, *(part for tail in tails for part in (results, tail))]

    def _operation(self) -> dict[str, Any]:
        name = f"batches/{self.id}"
        metadata: dict[str, Any] = {
            "@type": f"{_TYPES}GenerateContentBatch",
            "model": f"models/{self.order.model}",
            "displayName": self.order.display_name,
            "createTime": to_json_time(self._created),
            "updateTime": to_json_time(self._updated),
            "batchStats": self._stats(),
            "state": f"BATCH_STATE_{self._state}",
            "name": name,
        }
        operation: dict[str, Any] = {"name": name, "metadata": metadata}
        if self.has_ended:
            metadata["endTime"] = metadata["updateTime"]
            operation["done"] = True
            output = {"responsesFile": f"files/batch-{self.id}"}
            if self._output and not self.order.is_inline:
                metadata["output"] = output
            if self._error:
                operation["error"] = self._error
            else:
                inline = {} if self.order.is_inline else output
                operation["response"] = {"@type": f"{_TYPES}GenerateContentBatchOutput", **inline}
        return operation

    def _stats(self) -> dict[str, str]:
        done = len(self._results)
        counts = {
            "requestCount": self.order.count,
            "successfulRequestCount": done - self._failed,
            "failedRequestCount": self._failed,
            "pendingRequestCount": self.order.count - done,
        }
        return {name: str(count) for name, count in counts.items() if count or name == "requestCount"}
