"""Jobs sent once: the record says "creating" before, and a lost answer is looked for in the provider's list.

planned   → (upload) → creating → POST → created
                          │         ├ unsent or refused: the record is removed, nothing was made
                          │         └ unknown ─┐
    a process that died here ──────────────────┴→ the list, until it has had time → created, or sent again
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio

from gemini_nb.errors import ArgumentError, GeminiError, OutcomeUnknownError
from gemini_nb.event_loop import run_in_thread
from gemini_nb.jobs import wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.call import Call
    from gemini_nb.jobs.service import BatchService
    from gemini_nb.jobs.split import Limits
    from gemini_nb.jobs.wire import JobStatus
    from gemini_nb.store.jobs import JobFolder, JobRecord

MAX_CREATIONS = 3  # of one job whose answers were lost, and which no list shows
SETTLE_SECONDS = 60.0  # a list may show a new job this much later
LOOPBACK_SETTLE_SECONDS = 2.0  # a server on this machine has one list, and writes it at once
_MAX_PAUSE_SECONDS = 10.0


@dataclass
class Sender:
    """Sends the jobs that are recorded in a folder; the caller holds its lock.

    `narrow` takes out of a job that turns out to be nowhere what nobody asks for any more.
    """

    service: BatchService
    folder: JobFolder
    limits: Limits
    call: Call
    narrow: Callable[[JobRecord], JobRecord]

    async def send(self, record: JobRecord, listed: JobStatus | None = None) -> JobRecord | GeminiError:
        """Send a job unless the provider has it, and return its new record, or the error as it is.

        `listed` is what the provider's list says of a job that is planned: another store may have sent it.
        """
        try:
            if record.state == "creating":
                listed = await self._search(record)
                record = record if listed else await run_in_thread(self.narrow, record)
            if listed is not None:
                return await self._adopt(record, listed)
            return await self._create(record)
        except GeminiError as error:
            return error.with_traceback(None)

    async def _create(self, record: JobRecord) -> JobRecord | GeminiError:
        outcome: JobStatus | GeminiError | None = None
        for _ in range(MAX_CREATIONS):
            record, body = await self._make_body(record)
            record = replace(record, state="creating", sent_at=time.time())
            await run_in_thread(self.folder.write, record)
            with self.call.request_state() as state:
                outcome = await self.service.create(record.model, body, state)
                state.may_be_billed = False  # from here on the record knows
            if isinstance(outcome, wire.JobStatus):
                return await self._adopt(record, outcome)
            if not isinstance(outcome, OutcomeUnknownError):
                await run_in_thread(self.folder.remove, record.name)
                return outcome
            if found := await self._search(record):
                return await self._adopt(record, found)
        assert isinstance(outcome, OutcomeUnknownError)  # noqa: S101 - of the last of them
        outcome.hint = (
            f"The list of {self.service.provider.name} does not show the job. It may have been created all "
            "the same: run it again, and the list is asked before anything is sent."
        )
        return outcome

    async def _make_body(self, record: JobRecord) -> tuple[JobRecord, bytes]:
        """Return the body that creates a job; its rows are uploaded before, unless they fit into it."""
        path = self.folder.body(record.name)
        try:
            if self.limits.is_inline(record):
                lines = (await run_in_thread(path.read_bytes)).splitlines()
                return record, await run_in_thread(wire.inline_body, record.name, lines)
            file = record.file or await self._resume_upload(record)
            if file is None:
                upload = await self.service.start_upload(record.name, record.size)
                key = self.service.key
                if key is None or key.redact(upload) == upload:
                    record = replace(record, upload=upload)
                    await run_in_thread(self.folder.write, record)
                file = await self.service.upload(upload, path)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise ArgumentError(
                f"The rows of a batch job cannot be read from {path}: {reason}. Nothing more was sent.",
                hint="Run it again: the job is planned anew.",
            ) from None
        if file != record.file:
            record = replace(record, file=file, upload=None)
            await run_in_thread(self.folder.write, record)
        return record, wire.file_body(record.name, file)

    async def _resume_upload(self, record: JobRecord) -> str | None:
        """Go on with an upload that was broken off; None where there is none that the server knows."""
        if record.upload is None or not record.upload.startswith(self.service.provider.origin + "/"):
            return None
        try:
            return await self.service.upload(record.upload, self.folder.body(record.name), offset=None)
        except GeminiError:
            return None

    async def _search(self, record: JobRecord) -> JobStatus | None:
        """Look for a job in the provider's list until a new one must be there; None where it is not.

        Raises `OutcomeUnknownError` where the list cannot be had.
        """
        is_loopback = self.service.provider.is_loopback
        settle = LOOPBACK_SETTLE_SECONDS if is_loopback else SETTLE_SECONDS
        left = record.sent_at + settle - time.time()
        until = anyio.current_time() + min(settle, max(0.0, left))  # the clock may have been set back
        pause = 0.1
        self.call.words = f"looking for a job in the list of {self.service.provider.name}"
        while True:
            is_last = anyio.current_time() >= until
            problem = None
            try:
                jobs = await self.service.list_jobs()
                if found := next((job for job in jobs if job.display_name == record.name), None):
                    return found
            except GeminiError as error:
                problem = error
            if is_last:
                break
            await anyio.sleep(min(pause, max(0.0, until - anyio.current_time())))
            pause = min(2 * pause, _MAX_PAUSE_SECONDS)
        if problem is None:
            return None
        raise OutcomeUnknownError(
            f"A job may have been created, and {self.service.provider.name} cannot be asked for its list: "
            f"{problem.args[0]}",
            hint="Nothing was sent again. Run it again: the list is asked first.",
        )

    async def _adopt(self, record: JobRecord, status: JobStatus) -> JobRecord:
        """Write that the provider has the job."""
        record = replace(record, state="created", job=status.job, said=status.state, upload=None)
        await run_in_thread(self.folder.write, record)
        await run_in_thread(self.folder.drop_body, record.name)
        return record
