"""A batch as jobs: what is stored is replayed, what is under way is waited for, and only the rest is sent.

each request ── in the store ───────────────────────────────→ replayed
             └─ in a job of the store that is not over ─┐
             └─ else: planned, listed, sent ────────────┴───→ waited for, collected
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio

from gemini_nb import models
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
from gemini_nb.jobs.sender import Sender
from gemini_nb.jobs.service import check_provider
from gemini_nb.jobs.split import Limits, Planner
from gemini_nb.providers.keys import require_key
from gemini_nb.store.jobs import JobFolder
from gemini_nb.store.lock import StoreLock
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from gemini_nb.batch.result import Batch
    from gemini_nb.batch.run import Progress
    from gemini_nb.generation import Generation
    from gemini_nb.jobs.service import BatchService
    from gemini_nb.jobs.wire import JobStatus
    from gemini_nb.reply.reader import ReplyReader
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.jobs import JobRecord
    from gemini_nb.store.replay import Replay

COME_BACK = "%gemini jobs, client.jobs() or `gemini-nb jobs list` shows them; run it again to wait for them."

_LOCK_POLL_SECONDS = 0.2
_FATAL = (AuthenticationError, QuotaExhaustedError, MissingKeyError)
_UNSUCCESSFUL = ("FAILED", "CANCELLED", "EXPIRED")


def check_store(replay: Replay) -> None:
    """Raise `ArgumentError` where no store is used: a job must outlive the process that sends it."""
    if not replay.is_used:
        raise ArgumentError(
            'tier="batch" needs a store: a job takes up to a day, and is found there again.',
            hint='Nothing was sent. Use Client("google", store=True), with replay “auto”.',
        )


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

    async def run(self) -> Batch:
        """Answer all requests, and return the batch; a failure is an outcome, and does not stop the others.

        Raises `ArgumentError` for a provider without batch jobs and without a store. An exception of the
        caller's iterator is raised, with a `batch` attribute; nothing was sent then.
        """
        progress = self.progress
        check_provider(self.service.provider)
        check_store(self.replay)
        assert self.replay.store is not None  # noqa: S101 - it is used
        folder = JobFolder(self.replay.store)
        with progress.call.watched():
            await self._read_store()
            if progress.problem is not None:
                raise attach_batch(progress.problem, progress.batch())
            if self._places and (records := await self._start(folder)):
                await self._finish(folder, records)
        return progress.batch()

    async def _read_store(self) -> None:
        """Replay what is stored; the places of the other requests are noted, by their digests."""
        progress, may_ask = self.progress, self.replay.may_ask
        while (index := await progress.next_index()) is not None:
            request = progress.requests[index]
            outcome: Generation | GeminiError | None
            try:
                outcome = await run_in_thread(self.replay.find, request)
                if outcome is None and not may_ask:
                    outcome = await run_in_thread(self.replay.miss, request)
                digest = request.digest
            except GeminiError as error:
                outcome, digest = lighten(error), ""
            if outcome is None:
                self._places.setdefault(digest, []).append(index)
            else:
                progress.record_unsent(index, outcome)

    async def _start(self, folder: JobFolder) -> list[JobRecord]:
        """Find the jobs of the missing requests, and send what is in none; return those to wait for."""
        try:
            require_key(self.service.provider, self.service.key, why=", and not all pictures are stored")
            await run_in_thread(folder.prepare)
            with StoreLock(folder.folder / "sending.lock") as lock:
                while not await run_in_thread(lock.acquire):
                    self.progress.call.words = "another process is sending jobs of this store"
                    await anyio.sleep(_LOCK_POLL_SECONDS)
                return await self._send(folder)
        except GeminiError as error:
            self._fail(tuple(self._places), error)
            return []

    async def _send(self, folder: JobFolder) -> list[JobRecord]:
        known, records = await run_in_thread(self._find_jobs, folder)
        covered = {digest for digests in records.values() for digest in digests}
        new = [digest for digest in self._places if digest not in covered]
        live = {record.name: record for record in known}
        listed: dict[str, JobStatus] = {}
        if new or any(live[name].state == "planned" for name in records):
            self.progress.call.words = f"asking {self.service.provider.name} for its jobs"
            listed = {job.display_name: job for job in reversed(await self.service.list_jobs())}
        planned = await run_in_thread(self._plan, folder, new, live, listed)
        records |= {record.name: digests for record, digests in planned}
        live |= {record.name: record for record, _ in planned}
        sender = Sender(self.service, folder, self.limits, self.progress.call)
        sent: list[JobRecord] = []
        fatal: GeminiError | None = None
        for number, (name, digests) in enumerate(records.items(), start=1):
            outcome: JobRecord | GeminiError = live[name]
            self._note_places(digests)
            if live[name].state == "planned" and fatal is not None:
                await run_in_thread(folder.remove, name)
                outcome = fatal
            elif live[name].state in ("planned", "creating"):
                self.progress.call.words = f"sending batch job {number} of {len(records)}"
                self._say_what_goes_on(len(sent) + 1)
                outcome = await sender.send(live[name], listed.get(name))
            if isinstance(outcome, GeminiError):
                fatal = outcome if isinstance(outcome, _FATAL) else fatal
                self._fail(digests, outcome)
            else:
                sent.append(outcome)
        self._say_what_goes_on(len(sent))
        return sent

    def _find_jobs(self, folder: JobFolder) -> tuple[list[JobRecord], dict[str, list[str]]]:
        """Return all records, and by name the wanted rows of those jobs that have some."""
        known = folder.records()
        found: dict[str, list[str]] = {}
        taken: set[str] = set()
        base_url = self.service.provider.base_url
        for record in reversed(known):  # the newest job of a row counts
            if not record.is_live or record.base_url != base_url:
                continue
            if record.state == "planned" and not folder.body(record.name).is_file():
                folder.remove(record.name)
                continue
            is_over = record.state == "over"
            rows = [digest for digest, _ in folder.rows(record.name)]
            wanted = [digest for digest in rows if digest in self._places and digest not in taken]
            wanted = [digest for digest in wanted if not is_over or digest in record.failures]
            if wanted:
                found[record.name] = wanted
                taken.update(wanted)
        return known, found

    def _plan(
        self,
        folder: JobFolder,
        digests: list[str],
        known: dict[str, JobRecord],
        listed: dict[str, JobStatus],
    ) -> list[tuple[JobRecord, list[str]]]:
        is_new = self.replay.mode == "refresh"  # what another store had made before does not count

        def choose_name(base: str) -> str:
            for number in range(1, 10_000):
                name = f"{base}-{number}"
                is_over = name in listed and (is_new or listed[name].state in _UNSUCCESSFUL)
                if name not in known and not is_over:
                    return name
            raise ArgumentError("These requests were sent in too many jobs already.")

        planner = Planner(folder, self.service.provider, self.service.key, choose_name, self.limits)
        refused: list[tuple[str, GeminiError]] = []
        for digest in digests:
            request = self.progress.requests[self._places[digest][0]]
            models.warn_if_shut_down(request.model, self.service.provider.name)
            try:
                if request.mask is not None and self.replay.store is not None:
                    self.replay.store.keep_inputs(request)
                planner.add(request)
            except GeminiError as error:
                refused.append((digest, error))
        records = planner.finish()
        for digest, refusal in refused:
            self._fail([digest], refusal)
        return [(record, [digest for digest, _ in folder.rows(record.name)]) for record in records]

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
                    self._tell(record, digests)
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

    def _tell(self, record: JobRecord, digests: list[str]) -> None:
        for digest, error in failures_of(record, digests).items():
            self._deliver(digest, None, error)

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
