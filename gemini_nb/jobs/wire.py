"""What is said to the batch API and what it answers: bodies of jobs, and the state of one.

The words are those of google-genai's `batches.py`. `{"batch": {"displayName", "inputConfig"}}` creates a job
of rows that stand in the body or in an uploaded file of JSON lines; the answer is an operation, whose
`metadata` tells the state, the counts, and where the results are.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gemini_nb.store.jobs import JobRecord

_STATE = re.compile(r"(?:BATCH|JOB)_STATE_([A-Z_]{1,40})", re.ASCII)
_JOB_NAME = re.compile(r"batches/[\w.~-]{1,200}", re.ASCII)
_FILE_NAME = re.compile(r"files/[\w.~-]{1,200}", re.ASCII)
_OVER = {"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED"}
_MAX_COUNT = 10**9
_MAX_MESSAGE_CHARS = 400

# What stands in a row's `error.code`: the numbers of google.rpc.Code.
_HTTP_STATUS = dict(
    enumerate((499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401), start=1)
)


@dataclass(frozen=True)
class JobStatus:
    """What a provider says of a job.

    `state` is PENDING, RUNNING, SUCCEEDED, FAILED, CANCELLED, EXPIRED, PARTIALLY_SUCCEEDED or a word that is
    not known yet. `made` and `failed` count rows, 0 where it does not say. `results_file` is the file of its
    results, None where they come with the answer itself, or there are none. `problem` is what it says of why
    it failed.
    """

    job: str
    display_name: str = ""
    state: str = "PENDING"
    made: int = 0
    failed: int = 0
    results_file: str | None = None
    problem: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be made."""
        return self.state in _OVER

    def update(self, record: JobRecord) -> JobRecord:
        """Return the job's record with its state and its counts."""
        return replace(record, said=self.state, made=self.made, failed=self.failed)


def encode_row(key: str, body: bytes) -> bytes:
    """Return a line of the file of a job: a row's key, and the very body of a single request."""
    return b'{"key":%s,"request":%s}\n' % (json.dumps(key).encode("ascii"), body)


def inline_body(display_name: str, lines: Iterable[bytes]) -> bytes:
    """Return the body that creates a job of these lines of a file, all of them in the body."""
    rows = []
    for line in lines:
        key, _, body = line.partition(b',"request":')
        rows.append(b'{"request":%s,"metadata":{"key":%s}}' % (body.rstrip()[:-1], key[len(b'{"key":') :]))
    name = json.dumps(display_name).encode("ascii")
    requests = b'{"requests":{"requests":[%s]}}' % b",".join(rows)
    return b'{"batch":{"displayName":%s,"inputConfig":%s}}' % (name, requests)


def file_body(display_name: str, file: str) -> bytes:
    """Return the body that creates a job of the rows of an uploaded file."""
    batch = {"displayName": display_name, "inputConfig": {"fileName": file}}
    return json.dumps({"batch": batch}, separators=(",", ":")).encode("ascii")


def read_status(operation: Any) -> JobStatus | None:
    """Return what an operation says of its job; None where this is none."""
    name = operation.get("name") if isinstance(operation, dict) else None
    if not isinstance(name, str) or not _JOB_NAME.fullmatch(name):
        return None
    facts = _dict(operation.get("metadata")) or operation
    found = _STATE.fullmatch(str(facts.get("state", "")))
    state = found[1] if found else "UNSPECIFIED"
    error = _dict(operation.get("error"))
    if state not in _OVER and operation.get("done") is True:
        state = "FAILED" if error else "SUCCEEDED"
    output = _dict(facts.get("output")) or _dict(operation.get("response"))
    file = output.get("responsesFile")
    stats = _dict(facts.get("batchStats"))
    return JobStatus(
        name,
        display_name=_text(facts.get("displayName")),
        state=state,
        made=_count(stats.get("successfulRequestCount")),
        failed=_count(stats.get("failedRequestCount")),
        results_file=file if isinstance(file, str) and _FILE_NAME.fullmatch(file) else None,
        problem=_text(error.get("message")),
    )


def read_page(page: Any) -> tuple[list[JobStatus], str]:
    """Return the jobs of a page of the list, and the token of the next page or ""."""
    page = _dict(page)
    rows = page.get("operations") or page.get("batches")
    found = (read_status(row) for row in (rows if isinstance(rows, list) else ()))
    token = page.get("nextPageToken")
    return [status for status in found if status], token if isinstance(token, str) else ""


def read_file_name(answer: Any) -> str | None:
    """Return the name of an uploaded file, `files/…`; None where the answer has none."""
    name = _dict(_dict(answer).get("file")).get("name")
    return name if isinstance(name, str) and _FILE_NAME.fullmatch(name) else None


def http_status(error: Mapping[str, Any]) -> int:
    """Return the HTTP status that the code of a row's error stands for."""
    code = error.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        return 500
    return code if 400 <= code <= 599 else _HTTP_STATUS.get(code, 500)


def read_json(body: bytes | bytearray) -> Any:
    """Return the JSON value of a body, None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "".join(filter(str.isprintable, value[:_MAX_MESSAGE_CHARS])) if isinstance(value, str) else ""


def _count(value: Any) -> int:
    """Return a number that JSON has as one or, being 64 bits long, as text."""
    text = str(value)
    return min(int(text), _MAX_COUNT) if text.isascii() and text.isdigit() and len(text) < 20 else 0
