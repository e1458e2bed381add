"""The pipeline of one request: the store, else the rate limiter, one POST, the reply, and the store again."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import anyio
import anyio.lowlevel

from gemini_nb import models
from gemini_nb.errors import ConnectionFailedError, GeminiError, RateLimitError, ReplayMissError
from gemini_nb.event_loop import HAS_THREADS, is_asyncio, run_in_thread
from gemini_nb.http.retry import retry
from gemini_nb.http.turns import run_off_loop
from gemini_nb.images.save import warn
from gemini_nb.providers import provider as providers
from gemini_nb.providers.keys import require_key
from gemini_nb.reply.errors import api_errors
from gemini_nb.reply.json_receiver import JSONReceiver
from gemini_nb.reply.reader import MAX_BYTES_ON_LOOP, ReplyReader, weigh
from gemini_nb.reply.reply import is_whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from gemini_nb.call import RequestState
    from gemini_nb.client.model_list import ModelList
    from gemini_nb.files import UnnamedFile
    from gemini_nb.generation import Generation
    from gemini_nb.http.rate_limit import RateLimiters
    from gemini_nb.jobs.service import BatchService
    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret
    from gemini_nb.reply.content import Content
    from gemini_nb.reply.json_receiver import ReceivedBody
    from gemini_nb.reply.live_pieces import LivePieces
    from gemini_nb.reply.stream_receiver import StreamedReply
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.replay import Replay
    from gemini_nb.store.spool import Spool

    NewFile = Callable[[], UnnamedFile]

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(eq=False)
class Pipeline:
    """Answers the requests of one client, one at a time or many at once.

    `interval` is the least number of seconds from one request to the next, `timeout` the most for one.
    """

    provider: Provider
    key: Secret | None
    replay: Replay
    limiters: RateLimiters
    interval: float
    timeout: float
    retry_unknown: bool
    _embedded: Any = field(default=None, init=False)
    _under_way: dict[Any, anyio.Event] = field(default_factory=dict, init=False)

    async def answer(
        self,
        request: ImageRequest,
        deadline: float | None,
        pieces: LivePieces | None = None,
        *,
        state: RequestState | None = None,
        spool: Spool | None = None,
    ) -> tuple[Generation, Callable[[], Any]]:
        """Return the answer to a request, and a function for the model's raw content; raise a `GeminiError`.

        A stored picture costs nothing and needs no key. `deadline` is in the event loop's seconds; None gives
        `timeout` from the moment that the rate limiter lets it through. `state` tells who watches it what the
        request does.
        """
        async with self._wait_for_equal(request, deadline):
            found = await self._read_store(self.replay.find, request, deadline) if self.replay.store else None
            if found is not None:
                return found, partial(self.replay.content, found.request)
            if not self.replay.may_ask and (self.replay.store or self.provider is not providers.OFFLINE):
                raise await self._read_store(self.replay.miss, request, deadline)
            require_key(
                self.provider, self.key, why=", and this picture is not stored" if self.replay.store else ""
            )
            models.warn_if_shut_down(request.model, self.provider.name)
            new_file = self._choose_file(spool)
            generation, content = await self._ask_provider(request, deadline, pieces, state, new_file)
            if self.replay.store or spool:
                generation = await _run_shielded(partial(self._keep, generation, content, spool))
            return self.replay.with_archive(generation), content

    @asynccontextmanager
    async def _wait_for_equal(self, request: ImageRequest, deadline: float | None) -> AsyncIterator[None]:
        """Wait for an equal request under way, since the store then has its picture, and hold up others."""
        if not self.replay.is_used:
            yield
            return
        key = (request.digest, anyio.lowlevel.current_token())
        with anyio.CancelScope(deadline=math.inf if deadline is None else deadline) as waiting:
            while key in self._under_way:
                await self._under_way[key].wait()
        if waiting.cancelled_caught:
            raise ConnectionFailedError(
                "Not sent: an identical request was still under way when time ran out.",
                hint="Run it again: the store may have its picture by then.",
            )
        ended = self._under_way[key] = anyio.Event()
        try:
            yield
        finally:
            del self._under_way[key]
            ended.set()

    async def _read_store(
        self, read: Callable[[ImageRequest], T], request: ImageRequest, deadline: float | None
    ) -> T:
        """Read the store in a thread, which is left alone when time is up: a network folder may hang."""
        until = anyio.current_time() + self.timeout if deadline is None else deadline
        with anyio.CancelScope(deadline=until):
            return await run_in_thread(read, request, abandon_on_cancel=True)
        raise ConnectionFailedError(
            "Not sent: the store could not be read before time ran out.",
            hint="Check the disk or the network folder that it is on, or choose another store.",
        )

    def _choose_file(self, spool: Spool | None) -> NewFile | None:
        """Return the function that opens a file for an arriving picture; None where memory holds it."""
        if self.replay.store and self.replay.is_used and self.provider is not providers.OFFLINE:
            return self.replay.store.new_file
        return spool.new_file if spool else None

    def _keep(self, generation: Generation, content: Content, spool: Spool | None) -> Generation:
        stored = self.replay.keep(generation, content, self.key)
        if stored is None:
            stored = spool.keep(generation) if spool else generation.in_memory()
        return self.replay.add_path(stored)

    async def _ask_provider(
        self,
        request: ImageRequest,
        deadline: float | None,
        pieces: LivePieces | None,
        state: RequestState | None,
        new_file: NewFile | None,
    ) -> tuple[Generation, Content]:
        _warn_of_unvalidated(request.unvalidated(self.provider.name))
        is_acquired, limiter = deadline is None, self.limiters.of(request.model)
        if deadline is None:
            too_late = await limiter.acquire(state, interval=self.interval, max_pause=self.timeout)
            if too_late is not None:
                raise too_late
            deadline = anyio.current_time() + self.timeout
        started = anyio.current_time()
        body = request.encode()
        outcome = await retry(
            partial(self._attempt, request, body, deadline=deadline, pieces=pieces, new_file=new_file),
            deadline=deadline,
            limiter=limiter,
            state=state,
            interval=self.interval,
            is_acquired=is_acquired,
            retry_unknown=self.retry_unknown,
        )
        if isinstance(outcome, GeminiError):
            outcome.may_be_billed &= self.provider is not providers.OFFLINE
            raise outcome.with_traceback(None)
        generation, content = outcome
        return replace(generation, seconds=anyio.current_time() - started), content

    async def _attempt(
        self,
        request: ImageRequest,
        body: bytes,
        *,
        deadline: float,
        pieces: LivePieces | None,
        new_file: NewFile | None,
    ) -> tuple[Generation, Content] | GeminiError:
        """Make one attempt: send the request and read its reply, also a whole one whose connection broke."""
        from gemini_nb.http import transport  # noqa: PLC0415 - httpx is loaded with the first request

        receiver = pieces.receiver(new_file) if pieces else JSONReceiver(new_file)
        url, embedded = self.provider.url(request.model, stream=pieces is not None), self._offline()
        try:
            answer = await transport.send(
                self.provider, self.key, url, body, deadline=deadline, embedded=embedded, receiver=receiver
            )
        except anyio.get_cancelled_exc_class():  # interrupted, and what came may be whole
            await self.reader().keep_interrupted(receiver)
            raise
        if isinstance(answer, GeminiError):
            return answer
        if not answer.is_reply:
            return await _run_by_size(
                len(answer.body),
                api_errors.error_for,
                answer.status,
                answer.headers,
                answer.body,
                provider=self.provider,
                model=request.model,
                key=self.key,
            )
        finish = partial(_finish, receiver, answer.surplus)
        reply = finish() if receiver.size <= MAX_BYTES_ON_LOOP else await _run_shielded(finish)
        if answer.broken is None or await self._is_whole(reply):
            return await self._read(request, reply, answer.headers, deadline)
        kept = replace(reply, packed=answer.body)
        error = await self.reader().with_kept_reply(answer.broken, kept, deadline=deadline)
        if pieces and pieces.has_begun:  # pieces were shown, so it must not be tried again
            raise error.with_traceback(None)
        return error

    async def _read(
        self, request: ImageRequest, reply: ReceivedBody, headers: Mapping[str, str], deadline: float
    ) -> tuple[Generation, Content] | GeminiError:
        """Read a reply; a refusal inside a success is returned, to be retried.

        Only that: any other failure of a reply may have been billed, so it is raised and not retried.
        """
        try:
            return await self.reader().read(request, reply, deadline=deadline, headers=headers)
        except RateLimitError as error:
            refusal = error
        return refusal.with_traceback(None)

    async def _is_whole(self, reply: ReceivedBody) -> bool:
        try:
            return await _run_by_size(weigh(reply), is_whole, reply)
        except anyio.get_cancelled_exc_class():
            await self.reader().keep_interrupted(reply)
            raise

    async def list_models(self, deadline: float) -> ModelList:
        """Ask the provider which models it offers; raise a `GeminiError`. Nothing is billed for it."""
        from gemini_nb.client.model_list import ask_for_models  # noqa: PLC0415 - a picture does without

        if not self.replay.may_ask:
            raise ReplayMissError(
                "Replay is locked to what is stored, so the provider is not asked for its models.",
                hint="Nothing was sent. `%gemini models` lists the catalogue.",
            )
        require_key(self.provider, self.key)
        return await ask_for_models(self.provider, self.key, deadline=deadline, embedded=self._offline())

    def batch_service(self) -> BatchService:
        """Return what speaks to the provider's batch API; raise `ArgumentError` where it has none."""
        from gemini_nb.jobs import service  # noqa: PLC0415 - few send batch jobs

        service.check_provider(self.provider)
        return service.BatchService(
            self.provider, self.key, self.limiters, embedded=self._offline(), timeout=self.timeout
        )

    def reader(self) -> ReplyReader:
        """Return the reader of this provider's replies, which also fetches hosted pictures."""
        folder = self.replay.store.unread if self.replay.store else None
        return ReplyReader(self.provider, self.key, embedded=self._offline(), folder=folder)

    def _offline(self) -> Any:
        """The embedded provider's transport, or None where there is a server to ask."""
        if self._embedded is None and self.provider is providers.OFFLINE:
            from gemini_nb.offline.transport import OfflineTransport  # noqa: PLC0415

            self._embedded = OfflineTransport()
        if HAS_THREADS or not self.provider.is_loopback or self._embedded:
            return self._embedded
        from gemini_nb.offline.transport import find_page_transport  # noqa: PLC0415 - in a browser only

        return find_page_transport(self.provider.origin)


_warned: set[str] = set()


def _warn_of_unvalidated(names: Iterable[str]) -> None:
    """Say once of each option that nobody knows what Crazyrouter does with it."""
    new = [name for name in names if name not in _warned]
    _warned.update(new)
    if new:
        warn(f"Not validated on Crazyrouter, passed on as given: {', '.join(new)}.")


def _finish(receiver: JSONReceiver | StreamedReply, surplus: bytes) -> ReceivedBody:
    """Return the reply as far as it came, with what came behind its announced length if it needs that."""
    reply = receiver.finish()
    if surplus and not is_whole(reply):
        return replace(reply, rest=reply.rest + surplus)
    return reply


async def _run_by_size(size: int, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Call a function that reads so many bytes: on the loop if they are few, else in a thread."""
    if size <= MAX_BYTES_ON_LOOP:
        return call(*args, **options)
    return await run_off_loop(call, *args, **options)


async def _run_shielded(call: Callable[[], T]) -> T:
    """Call a function in a thread and wait for its end, even when cancelled: it keeps a paid picture.

    So an equal request finds it in the store. A shielded scope alone does not delay `Task.cancel`.
    """
    if not is_asyncio():
        with anyio.CancelScope(shield=True):
            result = await run_in_thread(call)
        return result  # noqa: RET504 - mypy: a scope may swallow
    working = asyncio.ensure_future(run_in_thread(call))
    interrupt = None
    with anyio.CancelScope(shield=True):
        while not working.done():
            try:
                await asyncio.wait([working])
            except asyncio.CancelledError as error:
                interrupt = error
    if interrupt is None or working.cancelled():  # the loop ends
        return working.result()
    working.exception()  # seen, so that asyncio does not complain of one
    try:
        raise interrupt
    finally:
        del interrupt  # its traceback holds this frame
