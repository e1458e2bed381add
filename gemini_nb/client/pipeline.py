"""The pipeline of one request: the store, else the rate limiter, one POST, the reply, and the store again."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.lowlevel
from anyio import to_thread

from gemini_nb.errors import ConnectionFailedError, GeminiError, RateLimitError
from gemini_nb.http.retry import retry
from gemini_nb.providers import provider as providers
from gemini_nb.providers.keys import require_key
from gemini_nb.reply import api_errors
from gemini_nb.reply.json_receiver import JSONReceiver
from gemini_nb.reply.reader import ReplyReader
from gemini_nb.reply.reply import is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gemini_nb.call import RequestState
    from gemini_nb.files import UnnamedFile
    from gemini_nb.generation import Generation
    from gemini_nb.http.rate_limit import RateLimiters
    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret
    from gemini_nb.reply.content import Content
    from gemini_nb.reply.json_receiver import ReceivedBody
    from gemini_nb.reply.live_pieces import LivePieces
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.replay import Replay
    from gemini_nb.store.spool import Spool

T = TypeVar("T")


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

        An equal request under way is waited for, since the store then has its picture. `deadline` is in the
        event loop's seconds; None gives `timeout` from the moment that the rate limiter lets it through.
        `state` tells who watches it what the request does.
        """
        if not self.replay.is_used:
            return await self._answer(request, deadline, pieces, state, spool)
        key = (request.digest, anyio.lowlevel.current_token())
        with anyio.CancelScope(deadline=math.inf if deadline is None else deadline) as waiting:
            while key in self._under_way:
                await self._under_way[key].wait()
        if waiting.cancelled_caught:
            raise ConnectionFailedError(
                "Not sent: an equal request was still under way when time ran out.",
                hint="Run it again: the store may have its picture by then.",
            )
        ended = self._under_way[key] = anyio.Event()
        try:
            return await self._answer(request, deadline, pieces, state, spool)
        finally:
            del self._under_way[key]
            ended.set()

    async def _answer(
        self,
        request: ImageRequest,
        deadline: float | None,
        pieces: LivePieces | None,
        state: RequestState | None,
        spool: Spool | None,
    ) -> tuple[Generation, Callable[[], Any]]:
        """Look into the store first: a stored picture costs nothing and needs no key."""
        found = await to_thread.run_sync(self.replay.find, request) if self.replay.store else None
        if found is not None:
            return self.replay.add_path(found), partial(self.replay.content, request)
        if not self.replay.may_ask and (self.replay.store or self.provider is not providers.OFFLINE):
            raise self.replay.miss(request)
        require_key(self.provider, self.key)
        generation, content = await self._ask_provider(
            request, deadline, pieces, state, self._choose_file(spool)
        )
        if self.replay.store or spool:
            generation = await _run_shielded(partial(self._keep, generation, content, spool))
        return self.replay.add_path(generation), content

    def _choose_file(self, spool: Spool | None) -> Callable[[], UnnamedFile] | None:
        """Return the function that opens a file for an arriving picture; None where memory holds it."""
        if self.replay.store and self.replay.is_used and self.provider is not providers.OFFLINE:
            return self.replay.store.new_file
        return spool.new_file if spool else None

    def _keep(self, generation: Generation, content: Content, spool: Spool | None) -> Generation:
        stored = self.replay.keep(generation, content, self.key)
        if stored is None and spool:
            return spool.keep(generation)
        return stored or generation.in_memory()

    async def _ask_provider(
        self,
        request: ImageRequest,
        deadline: float | None,
        pieces: LivePieces | None,
        state: RequestState | None,
        new_file: Callable[[], UnnamedFile] | None,
    ) -> tuple[Generation, Content]:
        is_acquired, limiter = deadline is None, self.limiters.of(request.model)
        if deadline is None:
            too_late = await limiter.acquire(state, interval=self.interval, max_pause=self.timeout)
            if too_late is not None:
                raise too_late
            deadline = anyio.current_time() + self.timeout
        started = anyio.current_time()
        url, body = self.provider.url(request.model, stream=pieces is not None), request.encode()
        outcome = await retry(
            partial(self._attempt, request, url, body, deadline=deadline, pieces=pieces, new_file=new_file),
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
        url: str,
        body: bytes,
        *,
        deadline: float,
        pieces: LivePieces | None,
        new_file: Callable[[], UnnamedFile] | None,
    ) -> tuple[Generation, Content] | GeminiError:
        """Make one attempt: send the request and read its reply; a refusal inside a success is returned too.

        Only that: any other failure of a reply may have been billed, so it is raised and not retried.
        """
        outcome = await self._post(
            request.model, url, body, deadline=deadline, pieces=pieces, new_file=new_file
        )
        if isinstance(outcome, GeminiError):
            return outcome
        reply, headers = outcome
        try:
            return await self.reader().read(request, reply, deadline=deadline, headers=headers)
        except RateLimitError as error:
            refusal = error
        return refusal.with_traceback(None)

    async def _post(
        self,
        model: str,
        url: str,
        body: bytes,
        *,
        deadline: float,
        pieces: LivePieces | None,
        new_file: Callable[[], UnnamedFile] | None,
    ) -> tuple[ReceivedBody, Mapping[str, str]] | GeminiError:
        """Send the request; return the reply and its headers, also of a whole one whose connection broke."""
        from gemini_nb.http import transport  # noqa: PLC0415 - httpx is loaded with the first request

        receiver = pieces.receiver(new_file) if pieces else JSONReceiver(new_file)
        try:
            answer = await transport.post(
                self.provider,
                self.key,
                url,
                body,
                deadline=deadline,
                embedded=self._offline(),
                receiver=receiver,
            )
        except anyio.get_cancelled_exc_class():  # interrupted, and what came may be whole
            await self.reader().keep_interrupted(receiver.finish())
            raise
        if isinstance(answer, GeminiError):
            return answer
        if not answer.is_reply:
            return api_errors.error_for(
                answer.status, answer.headers, answer.body, provider=self.provider, model=model, key=self.key
            )
        reply = receiver.finish()
        if answer.surplus and not is_whole(reply):
            reply = replace(reply, rest=reply.rest + answer.surplus)
        if answer.broken is None or is_whole(reply):
            return reply, answer.headers
        kept = self._without_hidden_key(answer.body, reply) if answer.body else reply
        error = await self.reader().with_kept_reply(answer.broken, kept)
        if pieces and pieces.has_begun:  # pieces were shown, so it must not be tried again
            raise error.with_traceback(None)
        return error

    def _without_hidden_key(self, packed: bytes, reply: ReceivedBody) -> bytes:
        """Return a compressed reply as it came, or unpacked where the key is in it, which is masked then."""
        raw = reply.raw()
        return packed if self.key is None or self.key.redact_bytes(raw) is raw else raw

    def reader(self) -> ReplyReader:
        """Return the reader of this provider's replies, which also fetches hosted pictures."""
        folder = self.replay.store.unread if self.replay.store else None
        return ReplyReader(self.provider, self.key, embedded=self._offline(), folder=folder)

    def _offline(self) -> Any:
        """The embedded provider's transport, or None where there is a server to ask."""
        if self._embedded is None and self.provider is providers.OFFLINE:
            from gemini_nb.offline.transport import OfflineTransport  # noqa: PLC0415

            self._embedded = OfflineTransport()
        return self._embedded


async def _run_shielded(call: Callable[[], T]) -> T:
    """Call a function in a thread and wait for its end, even when cancelled: it keeps a paid picture.

    So an equal request finds it in the store. A shielded scope alone does not delay `Task.cancel`.
    """
    if not _is_asyncio():
        with anyio.CancelScope(shield=True):
            result = await to_thread.run_sync(call)
        return result  # noqa: RET504 - mypy: a scope may swallow
    working = asyncio.ensure_future(to_thread.run_sync(call))
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


def _is_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
