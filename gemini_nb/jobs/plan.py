"""The plan of a batch: which job each missing request is in, one that is under way or a new one.

It is made under the store's lock: no other process plans or sends meanwhile, so no request is in two jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from gemini_nb import models
from gemini_nb.errors import ArgumentError
from gemini_nb.event_loop import run_in_thread
from gemini_nb.jobs.split import Planner
from gemini_nb.providers.keys import require_key
from gemini_nb.store.jobs import JobFolder
from gemini_nb.store.lock import StoreLock

if TYPE_CHECKING:
    from gemini_nb.call import Call
    from gemini_nb.jobs.service import BatchService
    from gemini_nb.jobs.split import Limits
    from gemini_nb.jobs.wire import JobStatus
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.jobs import JobRecord
    from gemini_nb.store.store import Store

_LOCK_POLL_SECONDS = 0.2
_UNSUCCESSFUL = ("FAILED", "CANCELLED", "EXPIRED")
_MAX_JOBS_OF_ROWS = 10_000


class JobPlan:
    """Puts missing requests into jobs, once it is open; nothing is sent here.

    `open` takes the `lock`, which the caller lets go. `jobs` are the records of the jobs to send or wait for,
    and `rows` by their names the requests that are meant, as digests. `listed` is what the provider says of
    jobs by their names.
    """

    def __init__(self, store: Store, service: BatchService, limits: Limits, *, is_refresh: bool) -> None:
        self.folder = JobFolder(store)
        self.jobs: dict[str, JobRecord] = {}
        self.rows: dict[str, list[str]] = {}
        self.listed: dict[str, JobStatus] = {}
        self.lock = StoreLock(self.folder.folder / "sending.lock")
        self.is_open = False
        self._service = service
        self._is_refresh = is_refresh
        self._known: dict[str, JobRecord] = {}
        self._job_of: dict[str, str] = {}  # by the digests of the rows of all jobs that are under way
        self._planner = Planner(self.folder, service.provider, service.key, self._choose_name, limits)

    async def open(self, call: Call) -> None:
        """Wait for the lock, and ask which jobs there are; raise a `GeminiError`."""
        require_key(self._service.provider, self._service.key, why=", and not all pictures are stored")
        await run_in_thread(self.folder.prepare)
        while not await run_in_thread(self.lock.acquire):
            call.words = "another process is sending jobs of this store"
            await anyio.sleep(_LOCK_POLL_SECONDS)
        await run_in_thread(self._find_jobs)
        call.words = f"asking {self._service.provider.name} for its jobs"
        jobs = await self._service.list_jobs()
        self.listed = {job.display_name: job for job in reversed(jobs)}
        self.is_open = True

    def _find_jobs(self) -> None:
        base_url = self._service.provider.base_url
        for record in self.folder.records():
            self._known[record.name] = record
            if not record.is_live or record.base_url != base_url:
                continue
            if record.state == "planned" and not self.folder.body(record.name).is_file():
                self.folder.remove(record.name)  # nothing was sent, and it cannot be
                continue
            for digest, _ in self.folder.rows(record.name):
                if record.state != "over" or digest in record.failures:
                    self._job_of[digest] = record.name  # the newest job of a row counts

    def add(self, request: ImageRequest) -> None:
        """Put a request into a job; raise a `GeminiError` where it can be in none."""
        name = self._job_of.get(request.digest)
        if name is not None:
            self.jobs[name] = self._known[name]
            self.rows.setdefault(name, []).append(request.digest)
            return
        models.warn_if_shut_down(request.model, self._service.provider.name)
        if request.mask is not None:
            with self.folder.writing():
                self.folder.store.keep_inputs(request)
        self._planner.add(request)

    def finish(self) -> None:
        """Write the records of the new jobs, and take out of planned ones what nobody asks for any more."""
        for record in [record for record in self.jobs.values() if record.state == "planned"]:
            self.narrow(record)
        for record in self._planner.finish():
            self.jobs[record.name] = record
            self.rows[record.name] = [digest for digest, _ in self.folder.rows(record.name)]

    def narrow(self, record: JobRecord) -> JobRecord:
        """Return a job that was not created, with those of its rows only that are asked for now."""
        wanted = self.rows[record.name]
        if len(wanted) == record.rows:
            return record
        narrow = self._planner.copy(record, frozenset(wanted))
        for kept in (self.jobs, self.rows):
            del kept[record.name]
        self.jobs[narrow.name], self.rows[narrow.name] = narrow, wanted
        self.folder.remove(record.name)
        return narrow

    def drop(self) -> None:
        """Remove the new jobs: none was sent."""
        for record in self._planner.finish():
            self.folder.remove(record.name)

    def _choose_name(self, base: str) -> str:
        """Return a name that no job of these rows has had, or that of one in another store that goes on."""
        for number in range(1, _MAX_JOBS_OF_ROWS):
            name = f"{base}-{number}"
            status = self.listed.get(name)
            is_spent = status is not None and (self._is_refresh or status.state in _UNSUCCESSFUL)
            if name not in self._known and not is_spent:
                return name
        raise ArgumentError("These requests were sent in too many jobs already.")
