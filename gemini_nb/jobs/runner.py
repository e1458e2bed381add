"""A batch as jobs: what is stored is replayed, what is under way is waited for, and only the rest is sent.

each request ── in the store ───────────────────────────────→ replayed
             └─ in a job of the store that is not over ─┐
             └─ else: planned, listed, sent ────────────┴───→ waited for, collected
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio

from gemini_nb.batch.run import attach_batch, lighten
from gemini_nb.errors import (
    ArgumentError,
    AuthenticationError,
    GeminiError,
    MissingKeyError,
    QuotaExhaustedError,
)
from gemini_nb.event_loop import run_in_thread
from gemini_nb.jobs.collector import Collector, failures_of
from gemini_nb.jobs.plan import JobPlan
from gemini_nb.jobs.sender import Sender
from gemini_nb.jobs.split import Limits
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from gemini_nb.batch.result import Batch
    from gemini_nb.batch.run import Progress
    from gemini_nb.generation import Generation
    from gemini_nb.jobs.service import BatchService
    from gemini_nb.reply.reader import ReplyReader
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.jobs import JobFolder, JobRecord
    from gemini_nb.store.replay import Replay
    from gemini_nb.store.store import Store

COME_BACK = "%gemini jobs, client.jobs() or `gemini-nb jobs list` shows them; run it again to wait for them."

_FATAL = (AuthenticationError, QuotaExhaustedError, MissingKeyError)


def require_store(replay: Replay) -> Store:
    """Return the store in use; raise `ArgumentError` without one: a job must outlive its process."""
    if replay.store is None or not replay.is_used:
        raise ArgumentError(
            'tier="batch" needs a store: a job takes up to a day, and is found there again.',
            hint='Nothing was sent. Use Client("google", store=True), with replay “auto”.',
        )
    return replay.store


def describe_going_on(jobs: int, provider: str) -> str:
    """Return what an interrupt leaves, in words: so many jobs at a provider."""
    return f"{format_count(jobs, 'batch job')} {'goes' if jobs == 1 else 'go'} on at {provider}. {COME_BACK}"


@dataclass
class JobRunner:
    """Runs one batch as jobs; the outcomes are in `progress`."""

    progress: Progress
    service: BatchService
    replay: Replay
    reader: ReplyReader
    limits: Limits = field(default_factory=Limits)
    _places: dict[str, list[int]] = field(default_factory=dict, init=False)
    _states: dict[str, JobRecord] = field(default_factory=dict, init=False)
    _refusal: GeminiError | None = field(default=None, init=False)  # of whatever is not stored

    async def run(self) -> Batch:
        """Answer all requests, and return the batch; a failure is an outcome, and does not stop the others.

        Raises `ArgumentError` without a store, and where the disk is full. An exception of the caller's
        iterator is raised, with a `batch` attribute; nothing was sent then.
        """
        store = require_store(self.replay)
        plan = JobPlan(store, self.service, self.limits, is_refresh=self.replay.mode == "refresh")
        with self.progress.call.watched():
            with plan.lock:
                await self._read_requests(plan)
                records = await self._send(plan)
            if records:
                await self._finish(plan.folder, records)
        return self.progress.batch()

    async def _read_requests(self, plan: JobPlan) -> None:
        """Replay what is stored, and plan a job for each other request."""
        progress = self.progress
        with plan.folder.writing():
            while (index := await progress.next_index()) is not None:
                try:
                    outcome = await self._find_or_plan(plan, index, progress.requests[index])
                except GeminiError as error:
                    outcome = lighten(error)
                if outcome is not None:
                    progress.record_unsent(index, outcome)
        if progress.problem is not None:
            await run_in_thread(plan.drop)
            raise attach_batch(progress.problem, progress.batch())

    async def _find_or_plan(
        self, plan: JobPlan, index: int, request: ImageRequest
    ) -> Generation | GeminiError | None:
        """Return the stored answer, or an error; None for a request that is in a job now."""
        found = await run_in_thread(self.replay.find, request)
        if found is not None:
            return found
        if not self.replay.may_ask:
            return await run_in_thread(self.replay.miss, request)
        if request.digest in self._places:  # with another mask's edge
            self._places[request.digest].append(index)
            return None
        if not plan.is_open and self._refusal is None:
            try:
                await plan.open(self.progress.call)
            except GeminiError as error:
                plan.lock.release()
                self._refusal = error.with_traceback(None)
            else:  # somebody else may have put it into the store, and ended its job, a moment ago
                return await self._find_or_plan(plan, index, request)
        if self._refusal is not None:
            return self._refusal
        await run_in_thread(plan.add, request)
        self._places[request.digest] = [index]
        self.progress.hold_lightly(index)
        return None

    async def _send(self, plan: JobPlan) -> list[JobRecord]:
        """Send the jobs that are not sent yet, and return all that are to be waited for."""
        await run_in_thread(plan.finish)
        sender = Sender(self.service, plan.folder, self.limits, self.progress.call, plan.narrow)
        sent: list[JobRecord] = []
        fatal: GeminiError | None = None
        for number, (name, record) in enumerate(tuple(plan.jobs.items()), start=1):
            outcome: JobRecord | GeminiError = record
            digests = plan.rows[name]
            self._note_places(digests)
            if record.state == "planned" and fatal is not None:
                await run_in_thread(plan.folder.remove, name)
                outcome = fatal
            elif record.state in ("planned", "creating"):
                self.progress.call.words = f"sending batch job {number} of {len(plan.jobs)}"
                self._say_what_goes_on(len(sent) + 1)
                outcome = await sender.send(record, plan.listed.get(name))
            if isinstance(outcome, GeminiError):
                fatal = outcome if isinstance(outcome, _FATAL) else fatal
                self._fail(digests, outcome)
            else:
                sent.append(outcome)
        self._say_what_goes_on(len(sent))
        return sent

    async def _finish(self, folder: JobFolder, records: list[JobRecord]) -> None:
        requests = {
            digest: [self.progress.requests[index] for index in places]
            for digest, places in self._places.items()
        }
        collector = Collector(
            self.service, folder, self.replay, self.reader, requests, self._deliver, self._say
        )
        self._states = {record.name: record for record in records}
        one_at_a_time = anyio.Lock()

        async def finish(record: JobRecord) -> None:
            digests = [digest for digest, _ in await run_in_thread(lambda: list(folder.rows(record.name)))]
            try:
                if record.state == "over":
                    for digest, error in failures_of(record, digests).items():
                        self._deliver(digest, None, error)
                else:
                    record, status, file = await collector.wait(record)
                    async with one_at_a_time:  # so that memory holds one row
                        record = await collector.collect(record, status, file)
            except GeminiError as problem:
                self._fail(digests, problem)
            else:
                if not record.is_told:
                    await run_in_thread(folder.write, replace(record, is_told=True))
            self._states.pop(record.name, None)

        async with anyio.create_task_group() as tasks:
            for record in records:
                tasks.start_soon(finish, record)
        self.progress.call.words = self.progress.call.words_after_stop = ""

    def _deliver(self, digest: str, request: ImageRequest | None, outcome: Generation | GeminiError) -> None:
        """Record what became of a row, for all of its requests or for one of them."""
        progress = self.progress
        for index in self._places.get(digest, ()):
            is_meant = request is None or progress.requests[index] is request
            if is_meant and progress.outcomes[index] is None:
                progress.in_jobs.discard(index)
                progress.record(index, outcome)

    def _fail(self, digests: Any, error: GeminiError) -> None:
        for digest in digests:
            self._deliver(digest, None, lighten(error))

    def _note_places(self, digests: list[str]) -> None:
        self.progress.in_jobs.update(
            index
            for digest in digests
            for index in self._places.get(digest, ())
            if self.progress.outcomes[index] is None
        )

    def _say_what_goes_on(self, jobs: int) -> None:
        if jobs:
            self.progress.call.words_after_stop = describe_going_on(jobs, self.service.provider.name)

    def _say(self, record: JobRecord, problem: str) -> None:
        if record.name in self._states:
            self._states[record.name] = record
        records = self._states.values()
        made, rows = sum(record.made for record in records), sum(record.rows for record in records)
        words = f"{made} of {rows} made in {format_count(len(records), 'batch job')}"
        failed = sum(record.failed for record in records)
        words += f", {failed} failed" if failed else ""
        self.progress.call.words = f"{words} · {problem}" if problem else words
        self.progress.call.share = made / rows if rows else None
