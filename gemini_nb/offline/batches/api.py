"""The paths of the batch API and of files, and what is answered there."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gemini_nb.event_loop import HAS_THREADS
from gemini_nb.offline.batches.faults import BatchFaults
from gemini_nb.offline.batches.files import GRANULARITY, MAX_FILE_BYTES, Files
from gemini_nb.offline.batches.job import BatchJob, JobOrder
from gemini_nb.offline.batches.rows import write_rows
from gemini_nb.offline.request import find_field
from gemini_nb.offline.responses import (
    JSON,
    bytes_response,
    dump_json,
    error_response,
    json_response,
    method_not_allowed,
    parts_response,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gemini_nb.offline.batches.files import StoredFile, Upload
    from gemini_nb.offline.batches.rows import Row
    from gemini_nb.offline.responses import Response

    AnswerRow = Callable[[str, bytes], Response]

BATCH_SECONDS = 5.0
"""How long a job takes unless it is told."""

MAX_INLINE_BYTES = 20 * 10**6
"""The longest request with its rows inside: https://ai.google.dev/gemini-api/docs/batch-api."""

_PAGE_SIZE, _MAX_PAGE_SIZE = 50, 1000
_VERSION = "/(?:v1beta|v1)"
_JOB = re.compile(rf"{_VERSION}/batches(?:/([A-Za-z0-9-]+)(:cancel)?)?")
_FILE = re.compile(rf"(?:/download)?{_VERSION}/files(?:/([A-Za-z0-9-]+)(:download)?)?")
_UPLOAD = re.compile(rf"/upload{_VERSION}/files")
_NO_FILE = "You do not have permission to access the File {0} or it may not exist."


class BatchApi:
    """Answers for batch jobs and files; `answer_row` answers one request for a model, by its body.

    For tests it counts: `created` holds the display names of the jobs in the order in which they were
    accepted, `rows_made` how many times each row was answered without an error, by its caller's key.
    """

    def __init__(
        self, answer_row: AnswerRow, *, seconds: float = BATCH_SECONDS, fault: str | None = None
    ) -> None:
        self._answer_row = answer_row
        self._faults = BatchFaults(fault)
        self._seconds = seconds
        self._files = Files()
        self._jobs: dict[str, BatchJob] = {}
        self._lock = threading.Lock()
        self.created: list[str] = []
        self.rows_made: Counter[str] = Counter()

    def close(self) -> None:
        """Let no job go on."""
        for job in list(self._jobs.values()):
            job.stop()

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        *,
        origin: str,
        headers: Mapping[str, str],
    ) -> Response | None:
        """Answer a request below `batches` and `files`; None for any other path."""
        if _UPLOAD.fullmatch(path):
            if method != "POST":
                return method_not_allowed(method)
            if "upload_id" in query:
                return self._continue_upload(query["upload_id"], headers, body, origin=origin)
            return self._start_upload(path, headers, body, origin=origin)
        if match := _JOB.fullmatch(path):
            return self._answer_job(method, match[1], query, cancels=bool(match[2]))
        if match := _FILE.fullmatch(path):
            return self._answer_file(method, match[1], query, origin=origin, downloads=bool(match[2]))
        return None

    def create(self, model: str, body: bytes) -> Response:
        """Accept a job for a model, `models.batchGenerateContent`."""
        if len(body) > MAX_INLINE_BYTES:
            return error_response(400, f"Request payload size exceeds the limit: {MAX_INLINE_BYTES} bytes.")
        order = self._read_order(model, _to_object(find_field(_parse(body), "batch")))
        if not isinstance(order, JobOrder):
            return order
        fault = order.fault
        if fault.creation and not fault.is_accepted:
            return fault.creation
        job = BatchJob(order, self._files)
        with self._lock:
            self._jobs[job.id] = job
            self.created.append(order.display_name)
        if HAS_THREADS:
            job.start()
        return fault.creation or _send_job(job)

    def _read_order(self, model: str, batch: dict[str, Any]) -> JobOrder | Response:
        given = _to_object(find_field(batch, "inputConfig"))
        name, inline = find_field(given, "fileName"), _to_object(given.get("requests")).get("requests")
        if isinstance(inline, list) and inline and not name:
            path, count = self._files.new_path(), len(inline)
            write_rows(path, inline)
        elif isinstance(name, str) and not inline:
            stored = self._files.find(name.removeprefix("files/"))
            if stored is None:
                return error_response(403, _NO_FILE.format(name.removeprefix("files/")[:60]))
            path = stored.path
            with path.open("rb") as file:
                count = sum(bool(line.strip()) for line in file)
        else:
            message = "Exactly one of `requests` and `file_name` must be set in `input_config`."
            return error_response(400, message)
        fault = self._faults.next_job()
        return JobOrder(
            model=model,
            display_name=str(find_field(batch, "displayName") or ""),
            path=path,
            count=count,
            is_inline=bool(inline),
            seconds=self._seconds,
            answer=lambda row, number: self._make(model, row, fault.row(number)),
            fault=fault,
        )

    def _make(self, model: str, row: Row, answer: Response | None) -> Response:
        answer = answer or self._answer_row(model, dump_json(row.request))
        if answer.status == 200:
            with self._lock:
                self.rows_made[row.key] += 1
        return answer

    def _answer_job(self, method: str, job_id: str, query: Mapping[str, str], *, cancels: bool) -> Response:
        if not job_id:
            return self._list_jobs(query) if method == "GET" else method_not_allowed(method)
        job = self._jobs.get(job_id)
        if job is None:
            return error_response(404, "Requested entity was not found.")
        if not HAS_THREADS:
            job.catch_up()
        match method, cancels:
            case "GET", False:
                return self._tell_job(job)
            case "POST", True if job.cancel():
                return json_response(200, {})
            case "POST", True:
                message = "The batch has ended and cannot be cancelled."
                return error_response(400, message, status="FAILED_PRECONDITION")
            case "DELETE", False:
                job.cancel()
                self._jobs.pop(job_id, None)  # two may delete it at once
                return json_response(200, {})
        return method_not_allowed(method)

    def _tell_job(self, job: BatchJob) -> Response:
        fault = job.order.fault
        if fault.poll:
            job.met["poll"] += 1
            if job.met["poll"] == 1 if fault.once else job.met["poll"] % 2:
                return fault.poll
        if job.has_ended and job.order.is_inline:
            return _spoil(job, _send_job(job))
        return _send_job(job)

    def _list_jobs(self, query: Mapping[str, str]) -> Response:
        with self._lock:
            jobs = list(self._jobs.values())[::-1]
        for job in jobs:
            job.met["list"] += 1
        listed = [job for job in jobs if job.met["list"] > job.order.fault.hidden_lists]
        page, token = _page(listed, query)
        return json_response(200, {"operations": [job.operation() for job in page]} | token)

    def _answer_file(
        self, method: str, file_id: str, query: Mapping[str, str], *, origin: str, downloads: bool
    ) -> Response:
        if not file_id:
            if method != "GET":
                return method_not_allowed(method)
            files, token = _page(self._files.list(), query)
            return json_response(200, {"files": [file.describe(origin) for file in files]} | token)
        stored = self._files.find(file_id)
        if stored is None:
            return error_response(403, _NO_FILE.format(file_id))
        match method, downloads:
            case "GET", False:
                return json_response(200, stored.describe(origin))
            case "GET", True:
                job = self._jobs.get(file_id.removeprefix("batch-"))
                answer = _download(stored, query)
                return _spoil(job, answer) if job else answer
            case "DELETE", False:
                self._files.delete(file_id)
                return json_response(200, {})
        return method_not_allowed(method)

    def _start_upload(self, path: str, headers: Mapping[str, str], body: bytes, *, origin: str) -> Response:
        size = headers.get("x-goog-upload-header-content-length", "")
        if headers.get("x-goog-upload-command") != "start" or not size.isdecimal():
            message = "Only resumable uploads are imitated: start one with its Content-Length."
            return error_response(400, message)
        if int(size) > MAX_FILE_BYTES:
            return error_response(400, f"The file is larger than {MAX_FILE_BYTES} bytes.")
        name = find_field(_to_object(find_field(_parse(body), "file")), "displayName")
        upload = self._files.start_upload(
            size=int(size),
            mime_type=headers.get("x-goog-upload-header-content-type", "application/octet-stream"),
            display_name=str(name or ""),
        )
        return _tell_upload(upload, origin=origin, address=f"{origin}{path}?upload_id={upload.id}")

    def _continue_upload(
        self, upload_id: str, headers: Mapping[str, str], body: bytes, *, origin: str
    ) -> Response:
        upload = self._files.find_upload(upload_id)
        if upload is None:
            return error_response(404, "This upload is not known, or it was too long ago.")
        commands = [word.strip() for word in headers.get("x-goog-upload-command", "").split(",")]
        with upload.lock:
            if commands == ["query"] or upload.file:
                return _tell_upload(upload, origin=origin)
            error = _check_piece(upload, commands, headers.get("x-goog-upload-offset", ""), body)
            if error:
                return error
            upload.append(body)
            if "finalize" in commands:
                self._files.finish_upload(upload)
            return replace(_tell_upload(upload, origin=origin), delivery=self._faults.next_piece())


def _check_piece(upload: Upload, commands: list[str], offset: str, body: bytes) -> Response | None:
    if not commands or not set(commands) <= {"upload", "finalize"}:
        return error_response(400, "The upload command is none of: start, upload, query, finalize.")
    if offset != str(upload.received):
        return error_response(400, f"The offset is {upload.received}, not {offset[:20]!r}.")
    total = upload.received + len(body)
    if total > upload.size or ("finalize" in commands and total != upload.size):
        return error_response(400, f"The file was announced with {upload.size} bytes.")
    if "finalize" not in commands and len(body) % GRANULARITY:
        return error_response(400, f"A piece that is not the last is a multiple of {GRANULARITY} bytes.")
    return None


def _tell_upload(upload: Upload, *, origin: str, address: str = "") -> Response:
    body = dump_json({"file": upload.file.describe(origin)}) if upload.file else b""
    response = bytes_response(200, JSON, body)
    headers = {
        **response.headers,
        "x-goog-upload-status": "final" if upload.file else "active",
        "x-goog-upload-size-received": str(upload.received),
    }
    if address:
        headers |= {"x-goog-upload-url": address, "x-goog-upload-chunk-granularity": str(GRANULARITY)}
    return replace(response, headers=headers)


def _download(stored: StoredFile, query: Mapping[str, str]) -> Response:
    if not stored.is_generated:
        return error_response(400, "Only generated files can be downloaded, not uploaded ones.")
    if query.get("alt") != "media":
        return error_response(400, "A download takes alt=media.")
    return parts_response(200, stored.mime_type, [stored.path])


def _spoil(job: BatchJob, results: Response) -> Response:
    """Return the answer with a job's results as its fault has it."""
    job.met["download"] += 1
    fault = job.order.fault
    if fault.once and job.met["download"] > 1:
        return results
    if isinstance(fault.download, str):
        return replace(results, delivery=fault.download)
    return fault.download


def _send_job(job: BatchJob) -> Response:
    return parts_response(200, JSON, job.describe())


def _page(items: Sequence[Any], query: Mapping[str, str]) -> tuple[Sequence[Any], dict[str, str]]:
    """Return the page of a list that is asked for, and the token of the next one."""
    asked = query.get("pageSize", "")
    size = min(int(asked[:9]), _MAX_PAGE_SIZE) if asked.isdecimal() and int(asked[:9]) else _PAGE_SIZE
    token = query.get("pageToken", "")
    start = int(token[:9]) if token.isdecimal() else 0
    end = start + size
    return items[start:end], {"nextPageToken": str(end)} if end < len(items) else {}


def _parse(body: bytes) -> dict[str, Any]:
    try:
        return _to_object(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def _to_object(value: Any) -> dict[str, Any]:
    """Return a JSON object, an empty one for any other value."""
    return value if isinstance(value, dict) else {}
