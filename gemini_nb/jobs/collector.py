"""Jobs waited for, and their results put into the store: each row as its single request would have been.

A job that is over is collected row by row from a file. Whatever ends that early changes nothing at the
provider: the next run reads the results again, and keeps what is not kept yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import anyio

from gemini_nb.batch.run import lighten
from gemini_nb.errors import (
    APIError,
    BadResponseError,
    ConnectionFailedError,
    GeminiError,
    RateLimitError,
    ReplayMissError,
)
from gemini_nb.event_loop import run_in_thread
from gemini_nb.images.save import warn
from gemini_nb.jobs import failures
from gemini_nb.jobs.results import Row, read_rows
from gemini_nb.models import BATCH
from gemini_nb.reply.kept import keep_reply
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from gemini_nb.files import UnnamedFile
    from gemini_nb.generation import Generation
    from gemini_nb.jobs.service import BatchService
    from gemini_nb.jobs.wire import JobStatus
    from gemini_nb.reply.json_receiver import ReceivedBody
    from gemini_nb.reply.reader import ReplyReader
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.jobs import JobFolder, JobRecord
    from gemini_nb.store.replay import Replay

    Outcome = Generation | GeminiError
    # Digest, the request where it is one of several of that digest, and what came of it.
    Deliver = Callable[[str, ImageRequest | None, Outcome], object]
    Say = Callable[[JobRecord, str], object]

FIRST_POLL_SECONDS = 0.2
MAX_POLL_SECONDS = 60.0
MAX_FETCHES = 3  # of results that come cut short
READ_SECONDS = 60.0  # for one row, a hosted picture included


@dataclass
class Collector:
    """Waits for jobs and collects them; `deliver(digest, request, outcome)` gets what became of each row.

    `requests` are those that the caller has, by digest: several where they differ in what their mask makes of
    one picture. Other rows are kept and delivered as well, with a request that is read from the record.
    """

    service: BatchService
    folder: JobFolder
    replay: Replay
    reader: ReplyReader
    requests: dict[str, list[ImageRequest]]
    deliver: Deliver
    say: Say

    async def wait(self, record: JobRecord) -> tuple[JobRecord, JobStatus, UnnamedFile | None]:
        """Wait until a job is over, and return what the provider says then, and results that came with it.

        It is asked less and less often, once a minute at last. A network that is away is waited for; a key
        that is refused, a job that is unknown and answers that stay unreadable are raised.
        """
        pause, job, unreadable = FIRST_POLL_SECONDS, record.job or "", 0
        while True:
            try:
                status, file = await self.service.get(job, self.folder.folder)
            except (APIError, ConnectionFailedError) as error:
                is_server_down = isinstance(error, APIError) and (error.status or 0) >= 500
                if not (is_server_down or isinstance(error, RateLimitError | ConnectionFailedError)):
                    raise
                self.say(record, f"{self.service.provider.name} cannot be asked: {error.args[0]}")
            except BadResponseError as error:
                unreadable += 1
                if unreadable == MAX_FETCHES:
                    raise
                self.say(record, str(error.args[0]))
            else:
                unreadable = 0
                record = status.update(record)
                self.say(record, "")
                if status.is_over:
                    return record, status, file
                if file is not None:
                    file.close()
            await anyio.sleep(pause)
            pause = min(1.5 * pause, MAX_POLL_SECONDS)

    async def finish(self, record: JobRecord, *, is_waiting: bool) -> JobRecord | None:
        """Collect a job if it is over, or wait for that; None where it is not over, or was never sent."""
        if record.state != "created":
            return record if record.state == "over" else None
        if is_waiting:
            return await self.collect(*await self.wait(record))
        status, file = await self.service.get(record.job or "", self.folder.folder)
        return await self.collect(record, status, file) if status.is_over else None

    async def collect(self, record: JobRecord, status: JobStatus, file: UnnamedFile | None) -> JobRecord:
        """Put the results of a job that is over into the store, and return its new record.

        Raises `ConnectionFailedError` where they could not be fetched whole: then the record stays as it is,
        and the next run fetches them again.
        """
        rows = await run_in_thread(lambda: dict(self.folder.rows(record.name)))
        job = _Collection(self, record, rows)
        gone: GeminiError | None = None
        try:
            await self._read_results(job, status, file)
        except APIError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            gone = failures.error_for_gone_results(self.service.provider.name)
        if job.unkept:
            raise job.unkept
        for digest in tuple(job.left):
            job.note(digest, gone or failures.error_without_result(status, self.service.provider.name))
        for digest, failure in job.errors.items():
            self.deliver(digest, None, failure)
        if job.strays:
            results = format_count(len(job.strays), "result")
            warn(
                f"{self.service.provider.name} sent {results} that cannot be told to belong to a row, or "
                f"came twice and differ: kept in {self.folder.store.unread}."
            )
        record = replace(
            record,
            state="over",
            said=status.state,
            made=record.rows - len(job.errors),
            failed=len(job.errors),
            failures={digest: failures.encode(failure) for digest, failure in job.errors.items()},
            is_told=not job.errors,
        )
        await run_in_thread(self.folder.write, record)
        return record

    async def _read_results(self, job: _Collection, status: JobStatus, file: UnnamedFile | None) -> None:
        """Read the results, and fetch them again where they come cut short."""
        problem: Exception | None = None
        for _ in range(MAX_FETCHES):
            is_whole = True
            try:
                if file is None and status.results_file is not None:
                    file, is_whole = await self.service.fetch(status.results_file, self.folder.folder)
                await job.read(file)
            except (ConnectionFailedError, RateLimitError, OSError) as error:
                is_whole, problem = False, error
            finally:
                if file is not None:
                    file.close()
                file = None
            if not job.left or (is_whole and not job.is_cut):
                return
            self.say(job.record, "its results came cut short, and are fetched again")
            if status.results_file is None:
                _, status, file = await self.wait(job.record)
        raise ConnectionFailedError(
            f"The results of a batch job came cut short: {len(job.left)} of {job.record.rows} are missing.",
            hint="They are paid for, and the provider keeps them for two days: run it again.",
        ) from problem


class _Collection:
    """The collection of one job: which of its rows are still missing, and what failed."""

    def __init__(self, owner: Collector, record: JobRecord, rows: dict[str, Any]) -> None:
        self.owner = owner
        self.record = record
        self.rows = rows
        self.left = set(rows)
        self.errors: dict[str, GeminiError] = {}  # delivered at the end: a picture may follow an error
        self.is_cut = False  # the last line ends in the middle
        self.unkept: GeminiError | None = None
        self._seen: dict[str, bytes] = {}
        self.strays: set[bytes] = set()  # the marks of results that belong to no row, and are kept

    async def read(self, file: UnnamedFile | None) -> None:
        """Read the rows of a file, one after the other.

        Those without a key are read at last, where all others stand in the order in which they were sent:
        then they do too.
        """
        self.is_cut = has_nameless = False
        keys: list[str | None] = []
        async for row in self._rows_of(file):
            self.is_cut |= row.is_cut
            keys.append(row.key)
            if row.broken is not None and not row.is_cut:
                await self._keep(row.mark, row.broken)
            elif row.key is None:
                has_nameless |= row.reply is not None
            elif row.key in self.rows:
                await self._take(row.key, row)
            else:
                await self._keep(row.mark, row.reply)  # of a row that was not asked for: it may be paid for
        if not has_nameless:
            return
        is_in_order = len(keys) == len(self.rows) and all(
            key in (None, digest) for key, digest in zip(keys, self.rows, strict=True)
        )
        digests = iter(self.rows if is_in_order else ())
        async for row in self._rows_of(file):
            digest = next(digests, None)
            if row.key is None and row.reply is not None and digest is not None:
                await self._take(digest, row)
            elif row.key is None:
                await self._keep(row.mark, row.reply)

    async def _take(self, digest: str, row: Row) -> None:
        """Take a row; one that comes twice counts once, and a picture for more than an error."""
        if row.reply is None and row.error is None:
            return
        seen = self._seen.get(digest)
        if seen == row.mark:
            return
        if seen is not None and (row.reply is None or digest not in self.errors):
            await self._keep(row.mark, row.reply)
            return
        self._seen[digest] = row.mark
        if row.reply is None:
            self.note(digest, self._error(row.error or {}))
            return
        self.errors.pop(digest, None)
        wanted: list[ImageRequest | None] = [*self.owner.requests.get(digest, ())]
        for request in wanted or [None]:
            await self._read_reply(digest, request, row.reply)

    def _error(self, error: dict[str, Any]) -> GeminiError:
        service = self.owner.service
        return failures.error_of_row(
            error, provider=service.provider, model=self.record.model, key=service.key
        )

    async def _read_reply(self, digest: str, request: ImageRequest | None, reply: ReceivedBody) -> None:
        is_wanted, replay = request is not None, self.owner.replay
        if request is None:
            request = await run_in_thread(self.owner.folder.request, digest, self.rows[digest])
        if request is None:
            return  # a record that this version cannot read: the row stays missing
        if not is_wanted and await run_in_thread(_holds, replay, request):
            self.left.discard(digest)
            return
        try:
            generation, content = await self.owner.reader.read(
                request, reply, deadline=anyio.current_time() + READ_SECONDS
            )
        except GeminiError as error:
            self.note(digest, error)
            return
        generation = replace(generation, tier=BATCH)
        stored = await run_in_thread(partial(replay.keep, generation, content, self.owner.service.key))
        if stored is None:
            self.unkept = ConnectionFailedError(
                "A picture of a batch job could not be kept in the store.",
                hint="It is paid for, and the provider keeps it for two days: make room, and run it again.",
            )
        generation = replay.add_path(stored or generation.in_memory())
        self.left.discard(digest)
        self.owner.deliver(digest, request, replay.with_archive(generation))

    def note(self, digest: str, error: GeminiError) -> None:
        """Note the error of a row."""
        error.tier = BATCH
        self.left.discard(digest)
        self.errors[digest] = lighten(error)

    async def _rows_of(self, file: UnnamedFile | None) -> AsyncIterator[Row]:
        rows = read_rows(file, self.owner.folder.store.new_file)
        while (row := await run_in_thread(next, rows, None)) is not None:
            yield row

    async def _keep(self, mark: bytes, reply: ReceivedBody | None) -> None:
        """Keep a reply that belongs to no row, or comes for the second time: it may be paid for."""
        if reply is None or mark in self.strays:
            return
        self.strays.add(mark)
        unread = self.owner.folder.store.unread
        await run_in_thread(partial(keep_reply, reply, folder=unread, key=self.owner.service.key))


def _holds(replay: Replay, request: ImageRequest) -> bool:
    try:
        return replay.holds(request)
    except ReplayMissError:
        return False


def failures_of(record: JobRecord, digests: Sequence[str]) -> dict[str, GeminiError]:
    """Return the errors of those rows of a record that have failed."""
    return {name: failures.decode(record.failures[name]) for name in digests if name in record.failures}
