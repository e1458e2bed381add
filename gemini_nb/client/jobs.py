"""The batch jobs of a store, as a user sees them: listed, waited for, cancelled and fetched."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gemini_nb import event_loop
from gemini_nb.batch.result import Batch
from gemini_nb.call import current
from gemini_nb.display.table import Table
from gemini_nb.errors import APIError, ArgumentError, GeminiError, ReplayMissError
from gemini_nb.event_loop import run_in_thread
from gemini_nb.jobs.collector import Collector, failures_of
from gemini_nb.jobs.runner import JobRunner, describe_going_on, require_store
from gemini_nb.providers.keys import require_key
from gemini_nb.store.jobs import JobFolder
from gemini_nb.text import format_count, format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from gemini_nb.batch.run import Progress
    from gemini_nb.client.pipeline import Pipeline
    from gemini_nb.generation import Generation
    from gemini_nb.jobs.service import BatchService
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.jobs import JobRecord

    Outcome = Generation | GeminiError
    Outcomes = dict[str, Outcome]

COLUMNS = ("job", "state", "made", "failed", "rows", "model", "since")
_STATES = {"planned": "not sent yet", "creating": "sent, no answer yet", "created": "sent", "over": "fetched"}


@dataclass(frozen=True)
class JobList:
    """Batch jobs, oldest first, with what the provider said of them last; a notebook shows a table."""

    jobs: tuple[JobRecord, ...]

    def __len__(self) -> int:
        return len(self.jobs)

    def __iter__(self) -> Iterator[JobRecord]:
        return iter(self.jobs)

    def __getitem__(self, place: int) -> JobRecord:
        return self.jobs[place]

    def table(self) -> Table:
        """Return the jobs as a table."""
        rows = tuple(
            (
                job.name,
                describe_state(job),
                str(job.made),
                str(job.failed),
                str(job.rows),
                job.model,
                format_time(job.created),
            )
            for job in self.jobs
        )
        note = "The same call waits for a job again; wait, cancel and fetch take its name."
        return Table(COLUMNS, rows, notes=(note if rows else "There are no batch jobs in this store.",))

    def __str__(self) -> str:
        """Return the table as a terminal shows it."""
        return str(self.table())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.table()._repr_mimebundle_(include, exclude)


def describe_state(job: JobRecord) -> str:
    """Return in a few words how far a job is."""
    if job.state == "over" and job.failed:
        return f"fetched, {format_count(job.failed, 'row')} failed"
    return job.said.lower() if job.state == "created" and job.said else _STATES[job.state]


@dataclass
class JobRows:
    """The rows of jobs by digest, what came of them so far, and which of them are in jobs that go on."""

    requests: dict[str, ImageRequest] = field(default_factory=dict)
    outcomes: Outcomes = field(default_factory=dict)
    in_jobs: set[str] = field(default_factory=set)

    def record_outcome(self, digest: str, _request: ImageRequest | None, outcome: Outcome) -> None:
        """Record what came of a row."""
        self.outcomes[digest] = outcome

    def batch(self) -> Batch:
        """Return the rows as a batch, in any thread."""
        digests, outcomes = tuple(self.requests), dict(self.outcomes)
        in_jobs = (place for place, digest in enumerate(digests) if digest in self.in_jobs)
        return Batch(
            tuple(self.requests[digest] for digest in digests),
            tuple(outcomes.get(digest) for digest in digests),
            in_jobs=frozenset(place for place in in_jobs if digests[place] not in outcomes),
        )


class AsyncJobs:
    """The batch jobs of a client's store; names are those of `list`, none means all that are not fetched.

    Asking, cancelling and fetching are free. Raises `ArgumentError` without a store, and where there is no
    job of a name.
    """

    def __init__(self, pipeline: Pipeline, until_closed: Callable[[], AbstractContextManager[Any]]) -> None:
        self._pipeline = pipeline
        self._until_closed = until_closed

    async def run(self, progress: Progress) -> Batch:
        """Answer all requests of a batch in jobs; `AsyncClient.generate_many` says how."""
        with self._until_closed():
            pipeline = self._pipeline
            runner = JobRunner(progress, pipeline.batch_service(), pipeline.replay, pipeline.reader())
            return await runner.run()

    async def list(self) -> JobList:
        """Return all jobs of the store; with a key the provider is asked for those that are under way."""
        folder = self._folder()
        records = await run_in_thread(folder.records)
        may_ask = self._pipeline.replay.may_ask and self._pipeline.key is not None
        if not (may_ask and any(map(self._is_here, records))):
            return JobList(tuple(records))
        with self._until_closed():
            service = self._pipeline.batch_service()
            listed = {status.job: status for status in await service.list_jobs()}

        def update(record: JobRecord) -> JobRecord:
            status = listed.get(record.job or "") if self._is_here(record) else None
            return status.update(record) if status else record

        return JobList(tuple(map(update, records)))

    def _is_here(self, record: JobRecord) -> bool:
        """Whether a job is under way at this client's provider."""
        return record.state == "created" and record.base_url == self._pipeline.provider.base_url

    async def wait(self, *names: str) -> Batch:
        """Wait for jobs, put their results into the store, and return their rows as a batch."""
        return await self.collect(names, JobRows(), is_waiting=True)

    async def fetch(self, *names: str) -> Batch:
        """Put the results of the jobs that are over into the store, and return their rows as a batch.

        Those that are not over are left alone; their rows are `in_jobs`.
        """
        return await self.collect(names, JobRows(), is_waiting=False)

    async def cancel(self, *names: str) -> JobList:
        """Ask the provider to make no more rows of these jobs; what was made is kept, billed and fetched."""
        folder, records = await self._choose(names)
        with self._until_closed():
            service = self._pipeline.batch_service()
            for record in records:
                if record.state == "planned":
                    await run_in_thread(folder.remove, record.name)
                elif record.job is not None and record.state == "created":
                    await self._cancel(service, folder, record)
        return await self.list()

    @staticmethod
    async def _cancel(service: BatchService, folder: JobFolder, record: JobRecord) -> None:
        try:
            await service.cancel(record.job or "")
        except APIError as error:
            if error.status == HTTPStatus.NOT_FOUND:  # there is nothing to come back to
                await run_in_thread(folder.remove, record.name)
            elif error.status != HTTPStatus.BAD_REQUEST:  # Google's word for a job that is over
                raise

    async def collect(self, names: Sequence[str], rows: JobRows, *, is_waiting: bool) -> Batch:
        """Do what `wait` and `fetch` do; `rows` has what came of it so far, also after an interrupt."""
        folder, records = await self._choose(names)
        call = current()
        places = {record.name: place for place, record in enumerate(records, start=1)}

        def say(record: JobRecord, problem: str) -> None:
            place = (
                f"batch job {places[record.name]} of {len(records)}" if len(records) > 1 else "the batch job"
            )
            call.words = problem or f"{record.made} of {record.rows} made in {place}"
            call.share = record.made / record.rows if record.rows else None

        with self._until_closed(), call.watched():
            pipeline = self._pipeline
            service = pipeline.batch_service()
            collector = Collector(
                service, folder, pipeline.replay, pipeline.reader(), {}, rows.record_outcome, say
            )
            going_on = sum(record.state == "created" for record in records)
            if going_on:
                call.words_after_stop = describe_going_on(going_on, pipeline.provider.name)
            over: list[JobRecord] = []
            for record in records:
                requests = await run_in_thread(partial(_read_rows, folder, record))
                rows.requests |= requests
                rows.in_jobs |= requests.keys()
                ended = await collector.finish(record, is_waiting=is_waiting)
                if ended is not None:
                    rows.in_jobs -= requests.keys()
                    rows.outcomes |= {**failures_of(ended, tuple(requests)), **rows.outcomes}
                    await run_in_thread(partial(self._replay, requests, rows.outcomes))
                    over.append(ended)
            for record in over:
                if not record.is_told:
                    await run_in_thread(folder.write, replace(record, is_told=True))
        call.words = call.words_after_stop = ""
        return rows.batch()

    def _replay(self, rows: dict[str, ImageRequest], outcomes: Outcomes) -> None:
        """Add what is in the store already."""
        for digest, request in rows.items():
            if digest not in outcomes and (found := self._pipeline.replay.find(request)) is not None:
                outcomes[digest] = found

    async def _choose(self, names: Sequence[str]) -> tuple[JobFolder, Sequence[JobRecord]]:
        folder, provider = self._folder(), self._pipeline.provider
        records = {record.name: record for record in await run_in_thread(folder.records)}
        unknown = [name for name in names if name not in records]
        if unknown:
            hint = f"There are: {', '.join(records)}." if records else "The store has no jobs."
            raise ArgumentError(f"There is no batch job {unknown[0]!r} in this store.", hint=hint)
        elsewhere = [name for name in names if not self._is_reached(records[name])]
        if elsewhere:
            there = records[elsewhere[0]].base_url
            raise ArgumentError(
                f"{elsewhere[0]} is a job of {there}, and {provider.base_url} would be asked.",
                hint=f"Use --base-url or base_url= to name {there}.",
            )
        live = (record for record in records.values() if record.is_live and self._is_reached(record))
        chosen = [records[name] for name in dict.fromkeys(names)] or list(live)
        if not self._pipeline.replay.may_ask and any(record.state == "created" for record in chosen):
            raise ReplayMissError(
                f"Replay is locked to what is stored, so {provider.name} is not asked for its jobs.",
                hint="Nothing was sent. `list` tells what was known of them last.",
            )
        if chosen:
            require_key(provider, self._pipeline.key)
        return folder, chosen

    def _is_reached(self, record: JobRecord) -> bool:
        """Whether this client's provider can be asked for a job, or it need not be asked."""
        return record.state == "over" or record.base_url == self._pipeline.provider.base_url

    def _folder(self) -> JobFolder:
        return JobFolder(require_store(self._pipeline.replay))


class Jobs:
    """The batch jobs of a client's store, for a thread that waits; the methods are those of `AsyncJobs`."""

    def __init__(self, jobs: AsyncJobs) -> None:
        self._jobs = jobs

    def list(self) -> JobList:
        """Return all jobs of the store; with a key the provider is asked for those that are under way."""
        return event_loop.run(self._jobs.list)

    def wait(self, *names: str) -> Batch:
        """Wait for jobs, put their results into the store, and return their rows as a batch.

        An interrupt raises `Cancelled`, whose `batch` holds what has come; the jobs go on.
        """
        return self._collect(names, is_waiting=True)

    def fetch(self, *names: str) -> Batch:
        """Put the results of the jobs that are over into the store, and return their rows as a batch."""
        return self._collect(names, is_waiting=False)

    def _collect(self, names: Sequence[str], *, is_waiting: bool) -> Batch:
        rows = JobRows()
        return event_loop.run(
            partial(self._jobs.collect, names, rows, is_waiting=is_waiting), gather=rows.batch
        )

    def cancel(self, *names: str) -> JobList:
        """Ask the provider to make no more rows of these jobs; what was made is kept, billed and fetched."""
        return event_loop.run(partial(self._jobs.cancel, *names))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.list()._repr_mimebundle_(include, exclude)


def _read_rows(folder: JobFolder, record: JobRecord) -> dict[str, ImageRequest]:
    found = ((digest, folder.request(digest, facts)) for digest, facts in folder.rows(record.name))
    return {digest: request for digest, request in found if request is not None}
