"""The batch API of a provider: jobs created, asked for, listed, cancelled; files sent and fetched.

Only `create` costs anything. All else is free, may be repeated, and so raises no error that speaks of a bill.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import anyio

from gemini_nb.errors import (
    APIError,
    ArgumentError,
    BadResponseError,
    ConnectionFailedError,
    GeminiError,
    OutcomeUnknownError,
)
from gemini_nb.event_loop import run_in_thread
from gemini_nb.http.retry import retry
from gemini_nb.jobs import wire
from gemini_nb.jobs.results import MAX_RESULT_BYTES, ResultReceiver
from gemini_nb.reply.errors import api_errors

if TYPE_CHECKING:
    from pathlib import Path

    from gemini_nb.call import RequestState
    from gemini_nb.files import UnnamedFile
    from gemini_nb.http.rate_limit import RateLimiters
    from gemini_nb.http.transport import HTTPAnswer
    from gemini_nb.jobs.wire import JobStatus
    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret

BATCH_PROVIDERS = ("google",)
ASK_SECONDS = 60.0  # for one free question
CREATE_SECONDS = 240.0  # for the request that creates a job, refusals and their pauses included
FETCH_SECONDS = 4 * 3600.0  # for a file of results
CHUNK_BYTES = 8 * 2**20  # of an upload; Google wants multiples of 256 KiB
MAX_PAGES = 100
MAX_FAILED_PIECES = 3  # of one upload

_UNKNOWN_JOB = (
    "It may have been sent with another key, or be too old. `gemini-nb jobs cancel NAME` drops its record: "
    "then its rows are sent again."
)
_FREE = "Asking is free; the job goes on. Try again later."


def check_provider(provider: Provider) -> None:
    """Raise `ArgumentError` for a provider that takes no batch jobs."""
    if provider.name not in BATCH_PROVIDERS:
        raise ArgumentError(
            f"{provider.name} takes no batch jobs.",
            hint='Nothing was sent. Use Client("google", store=True), or in a notebook '
            '%config GeminiMagics.provider = "google".',
        )


@dataclass
class BatchService:
    """Speaks to one provider with one key; a `GeminiError` is raised, except by `create`."""

    provider: Provider
    key: Secret | None
    limiters: RateLimiters
    embedded: Any = None
    timeout: float = CREATE_SECONDS

    async def create(self, model: str, body: bytes, state: RequestState) -> JobStatus | GeminiError:
        """Create a job, which is billed; return what came of it, or the error as it is.

        What was not sent or was refused is tried again within `timeout`. An `OutcomeUnknownError` says that
        the job may have been created.
        """
        url = f"{self.provider.base_url}/v1beta/models/{quote(model, safe='/')}:batchGenerateContent"
        return await retry(
            partial(self._try_to_create, url, model, body),
            deadline=anyio.current_time() + self.timeout,
            limiter=self.limiters.of(f"{model}:batchGenerateContent"),
            state=state,
        )

    async def _try_to_create(self, url: str, model: str, body: bytes) -> JobStatus | GeminiError:
        answer = await self._send(url, body, seconds=self.timeout)
        if isinstance(answer, GeminiError):
            return answer
        if not answer.is_reply:
            error = self._error(answer, model)
            if answer.status == 503:  # of one picture it says that nothing was begun, of a job nobody knows
                return OutcomeUnknownError(str(error.args[0]), status=503)
            return error
        status = wire.read_status(wire.read_json(answer.body))
        if status is None:  # also where it was cut short
            return OutcomeUnknownError(
                "The answer to the creation of the job names no job.", status=answer.status
            )
        return status

    async def get(self, job: str, folder: Path) -> tuple[JobStatus, UnnamedFile | None]:
        """Ask for a job; return its state, and the file of its results where they came with the answer."""
        receiver = ResultReceiver(folder)
        try:
            answer = await self._ask(f"v1beta/{job}", receiver=receiver, seconds=FETCH_SECONDS)
            status = wire.read_status(receiver.finish())
            if answer.broken is not None or status is None:
                raise self._error_for_broken(answer)
        except BaseException as error:
            receiver.close()
            if isinstance(error, APIError) and error.status == HTTPStatus.NOT_FOUND:
                error.hint = _UNKNOWN_JOB
            raise
        return self._redact(status), receiver.file

    async def list_jobs(self) -> list[JobStatus]:
        """Return the jobs that the provider lists, newest first as it has them."""
        found: list[JobStatus] = []
        token = ""
        for _ in range(MAX_PAGES):
            receiver = ResultReceiver(None)
            page = f"&pageToken={quote(token, safe='')}" if token else ""
            answer = await self._ask(f"v1beta/batches?pageSize=100{page}", receiver=receiver)
            values = receiver.finish()
            if answer.broken is not None or not isinstance(values, dict):
                raise self._error_for_broken(answer)
            jobs, token = wire.read_page(values)
            found += map(self._redact, jobs)
            if not token:
                break
        return found

    async def cancel(self, job: str) -> None:
        """Ask that no more rows of a job are made; what was made is kept by the provider."""
        await self._ask(f"v1beta/{job}:cancel", body=b"{}")

    async def fetch(self, file: str, folder: Path) -> tuple[UnnamedFile | None, bool]:
        """Return a file of results, as far as it came, and whether it came whole."""
        receiver = ResultReceiver(folder, is_file=True)
        try:
            answer = await self._ask(
                f"download/v1beta/{file}:download?alt=media", receiver=receiver, seconds=FETCH_SECONDS
            )
        except BaseException:
            receiver.close()
            raise
        return receiver.file, answer.broken is None

    async def start_upload(self, display_name: str, size: int) -> str:
        """Begin a resumable upload of JSON lines of `size` bytes, and return the URL to send them to."""
        headers = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(size),
            "X-Goog-Upload-Header-Content-Type": "application/jsonl",
        }
        facts = {"displayName": display_name, "mimeType": "application/jsonl", "sizeBytes": str(size)}
        body = json.dumps({"file": facts}).encode("ascii")
        answer = await self._ask("upload/v1beta/files", body=body, headers=headers)
        parts = urlsplit(answer.headers.get("x-goog-upload-url", ""))
        if not parts.path:
            raise BadResponseError("The provider gave no address to upload the rows of the job to.")
        return f"{self.provider.origin}{parts.path}?{parts.query}"  # the key goes to no other origin

    async def upload(self, url: str, path: Path, *, offset: int | None = 0) -> str:
        """Send a file to the URL of an upload, in pieces, and return its name at the provider.

        A piece that got lost is sent again from where the server says that it is. With `offset` None the
        server is asked first: an upload that was broken off goes on there.
        """
        size = (await run_in_thread(path.stat)).st_size
        failures = 0
        while True:
            outcome = await self._try_to_upload(url, path, offset, size)
            if isinstance(outcome, str):
                return outcome
            if isinstance(outcome, int):
                offset = outcome
                continue
            failures += 1
            if failures > MAX_FAILED_PIECES:
                raise outcome.with_traceback(None)
            await anyio.sleep(0.1 * 2**failures)
            offset = None

    async def _try_to_upload(
        self, url: str, path: Path, offset: int | None, size: int
    ) -> str | int | GeminiError:
        """Send the piece at an offset, or ask how far the upload is.

        Return the name of a finished file, else the offset of the next piece, or what went wrong.
        """
        piece, command, headers = b"", "query", {}
        if offset is not None:
            piece = await run_in_thread(_read_piece, path, offset)
            command = "upload, finalize" if offset + len(piece) >= size else "upload"
            headers = {"X-Goog-Upload-Offset": str(offset)}
        headers |= {"X-Goog-Upload-Command": command, "Content-Type": "application/octet-stream"}
        try:
            answer = await self._ask(url, body=piece, headers=headers, seconds=CREATE_SECONDS)
        except (ConnectionFailedError, APIError) as error:
            return error
        status = answer.headers.get("x-goog-upload-status", "")
        if status == "final":
            name = wire.read_file_name(wire.read_json(answer.body))
            return name or ConnectionFailedError("The answer to the upload names no file.")
        if status != "active":
            return ConnectionFailedError("The upload of the rows of a job was broken off.")
        if offset is not None:
            return offset + len(piece)
        received = answer.headers.get("x-goog-upload-size-received", "")
        return int(received) if received.isascii() and received.isdigit() else 0

    async def _ask(
        self,
        path: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        receiver: ResultReceiver | None = None,
        seconds: float = ASK_SECONDS,
    ) -> HTTPAnswer:
        """Send what is free; raise a `GeminiError`, never one that speaks of a bill."""
        url = path if path.startswith("http") else f"{self.provider.base_url}/{path}"
        answer = await self._send(url, body, headers=headers, receiver=receiver, seconds=seconds)
        if isinstance(answer, GeminiError):
            raise without_bill(answer, hint=_FREE)
        if not answer.is_reply:
            raise without_bill(self._error(answer, ""), hint=_FREE)
        return answer

    async def _send(
        self, url: str, body: bytes | None, *, seconds: float, **more: Any
    ) -> HTTPAnswer | GeminiError:
        from gemini_nb.http import transport  # noqa: PLC0415 - httpx is loaded with the first request

        return await transport.send(
            self.provider,
            self.key,
            url,
            body,
            deadline=anyio.current_time() + seconds,
            embedded=self.embedded,
            max_bytes=MAX_RESULT_BYTES if more.get("receiver") else transport.MAX_REPLY_BYTES,
            **more,
        )

    def _redact(self, status: JobStatus) -> JobStatus:
        return replace(status, problem=self.key.redact(status.problem)) if self.key else status

    def _error(self, answer: HTTPAnswer, model: str) -> GeminiError:
        return api_errors.error_for(
            answer.status, answer.headers, answer.body, provider=self.provider, model=model, key=self.key
        )

    def _error_for_broken(self, answer: HTTPAnswer) -> GeminiError:
        reason = str(answer.broken.args[0]) if answer.broken else "it is not readable"
        return BadResponseError(
            f"What {self.provider.name} says of its jobs did not come: {reason}", hint=_FREE
        )


def without_bill(error: GeminiError, *, hint: str) -> GeminiError:
    """Return the error of a question that is free: with no word of a bill, and no traceback."""
    if isinstance(error, OutcomeUnknownError):
        problem = str(error.args[0])
        if error.status is None:
            return ConnectionFailedError(problem, hint=hint)
        return APIError(problem, status=error.status, code=error.code, hint=hint)
    return error.with_traceback(None)


def _read_piece(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(CHUNK_BYTES)
