"""Batches: many requests at a bounded concurrency, with every success kept and one error for each failure.

Memory grows by a few kilobytes for each request: bodies are not held, nor pictures that are in a file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, TypeGuard

import anyio

from gemini_nb.batch.result import Batch
from gemini_nb.batch.rows import find_digest
from gemini_nb.call import current
from gemini_nb.costs import Spending
from gemini_nb.errors import (
    APIError,
    ArgumentError,
    AuthenticationError,
    ConnectionFailedError,
    GeminiError,
    MissingKeyError,
    QuotaExhaustedError,
    ReplayMissError,
)
from gemini_nb.event_loop import run_in_thread
from gemini_nb.generation import Generation
from gemini_nb.images.inputs import let_go

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from gemini_nb.batch.source import Source
    from gemini_nb.request import ImageRequest

    Outcome = Generation | GeminiError
    Listener = Callable[[int, ImageRequest, Outcome], object]

_REFUSED = (401, 403)
MAX_REFUSALS = 3  # 401 or 403 in a row; then no further request is sent with this key
_UNSENT = (ArgumentError, ConnectionFailedError, MissingKeyError, ReplayMissError)
_MAX_KEPT_CHARS = 2000  # of the text of a model that gave no picture


class Progress:
    """The outcomes of a batch so far, shared with the waiting thread, so that an interrupt keeps them.

    A sequence of requests is held whole. An iterator, sync or async, is read when a worker is free, and the
    bytes of its input images are dropped after the answer. With `once`, equal requests are sent once and all
    get the answer. `is_stored` tells which requests the store answers, and so need no valid key. `source` are
    the rows of a table that they were made from. `listeners` are called with index, request and outcome as
    each finishes. `done` counts the finished ones, `failed` the errors among them; `total` is None for an
    iterator. `under_way` are the indexes of those that are being asked for, and `call` tells what they do.
    """

    def __init__(
        self,
        requests: Iterable[ImageRequest] | AsyncIterator[ImageRequest],
        *,
        once: bool = False,
        is_stored: Callable[[ImageRequest], bool] = lambda _request: False,
        source: Source | None = None,
    ) -> None:
        self.is_read_lazily = not isinstance(requests, Sequence)
        self.requests: list[ImageRequest] = list(requests) if isinstance(requests, Sequence) else []
        self.outcomes: list[Outcome | None] = [None] * len(self.requests)
        self.total = None if self.is_read_lazily else len(self.requests)
        self.listeners: list[Listener] = []
        self.spending = Spending()
        self.call = current()
        self.done = self.failed = 0
        self.under_way: set[int] = set()
        self.in_jobs: set[int] = set()  # with the provider, whoever waits for them
        self.problem: BaseException | None = None  # raised by the caller's iterator; it ends the batch
        self._iterator = requests if isinstance(requests, AsyncIterator) else iter(requests)
        self._count = 0
        self._once = once
        self._is_stored = is_stored
        self._source = source
        self._first_index: dict[tuple[str, int], int] = {}
        self._equal_indexes: dict[int, list[int]] = {}
        self._started = monotonic()
        self._refusals: list[APIError] = []  # the latest ones, without a success in between

    def batch(self) -> Batch:
        """Return the batch so far, in any thread; the outcome of an unfinished request is None."""
        outcomes = tuple(self.outcomes)  # before the requests, since each request is added before its outcome
        under_way = (index for index in tuple(self.under_way) if index < len(outcomes))
        interrupted = frozenset(index for index in under_way if outcomes[index] is None)
        if self.call.has_waited_only:
            interrupted = frozenset()
        requests = tuple(self.requests[: len(outcomes)])
        return Batch(
            requests,
            outcomes,
            interrupted=interrupted,
            in_jobs=frozenset(index for index in tuple(self.in_jobs) if outcomes[index] is None),
            source=self._source,
            seconds=monotonic() - self._started,
        )

    async def next_index(self) -> int | None:
        """Return the index of the next request to send, None at the end; an equal one waits for its twin."""
        while (request := await self._next()) is not None:
            index = self._count
            self._count += 1
            if self.is_read_lazily:
                self.requests.append(request)
                self.outcomes.append(None)
            first = self._first_index.setdefault(_name_of_picture(request), index) if self._once else index
            if first == index:
                return index
            answer = self.outcomes[first]
            if answer is None:
                self._equal_indexes.setdefault(first, []).append(index)
            else:
                self._store_outcome(index, _outcome_for_equal(answer, request))
        return None

    async def _next(self) -> ImageRequest | None:
        if self.problem is not None:
            return None
        try:
            if isinstance(self._iterator, AsyncIterator):
                return await anext(self._iterator, None)
            return next(self._iterator, None)
        except Exception as error:  # noqa: BLE001 - the caller's own; `run` raises it at the end
            self.problem = error
            return None

    def record(self, index: int, outcome: Outcome) -> None:
        """Store the outcome of a request that was sent, and count refusals of the key."""
        if _is_refusal(outcome):
            self._refusals.append(outcome)
        elif _shows_that_key_works(outcome):
            self._refusals.clear()
        self.record_unsent(index, outcome)

    def record_unsent(self, index: int, outcome: Outcome) -> None:
        """Store the outcome of a request that was not sent, for it and for the requests equal to it."""
        self._store_outcome(index, outcome)
        for other in self._equal_indexes.pop(index, ()):
            self._store_outcome(other, _outcome_for_equal(outcome, self.requests[other]))

    def hold_lightly(self, index: int) -> None:
        """Let go of the bytes of a request's input images, once they are sent; a mask's picture needs them.

        Those of a list are the caller's own.
        """
        request = self.requests[index]
        if self.is_read_lazily and request.images and request.mask is None:
            self.requests[index] = _drop_input_bytes(request)

    def _store_outcome(self, index: int, outcome: Outcome) -> None:
        request, held = self.requests[index], outcome
        if self.is_read_lazily and request.images:
            light = self.requests[index] = _drop_input_bytes(request)
            held = replace(outcome, request=light) if isinstance(outcome, Generation) else outcome
        self.outcomes[index] = held
        self.under_way.discard(index)
        self.done += 1
        if isinstance(outcome, Generation):
            self.spending.add(outcome)
        else:
            self.spending.add_failure(outcome, request.model)
            self.failed += 1
        for listener in self.listeners:
            listener(index, request, outcome)

    async def refusal(self, request: ImageRequest) -> GeminiError | None:
        """Return the error for a request that is not sent, since the key was refused too often; else None."""
        if len(self._refusals) < MAX_REFUSALS:
            return None
        with suppress(GeminiError):  # a config that is no JSON has no digest
            if await run_in_thread(self._is_stored, request):
                return None
        last = self._refusals[-1]
        return type(last)(
            f"Not sent: {MAX_REFUSALS} requests in a row were refused with {last.status}.",
            hint=last.hint,
            status=last.status,
            code=last.code,
        )


def _outcome_for_equal(outcome: Outcome, request: ImageRequest) -> Outcome:
    """Return an outcome as that of an equal request: it was sent once and paid for once."""
    if isinstance(outcome, Generation):
        return replace(outcome, request=request, replayed=outcome.provider != "offline")
    return outcome


def _drop_input_bytes(request: ImageRequest) -> ImageRequest:
    """Return the request with the types and digests of its input images, but not their bytes."""
    light = copy(request)
    if digest := find_digest(request):
        light.__dict__["digest"] = digest
    light.__dict__["images"] = tuple(let_go(image) for image in request.images)
    if request.mask is not None:
        light.__dict__["mask"] = replace(request.mask, image=let_go(request.mask.image))
    return light


def _name_of_picture(request: ImageRequest) -> tuple[str, int]:
    """Return what requests for the same picture share: their digest, and the feather of their mask."""
    return find_digest(request) or f"{id(request)}", request.mask.feather if request.mask else 0


def _is_refusal(outcome: Outcome) -> TypeGuard[APIError]:
    """Whether the key or its account was refused; a firewall's 403 is neither, and may be of one prompt."""
    return isinstance(outcome, AuthenticationError) or (
        isinstance(outcome, QuotaExhaustedError) and outcome.status in _REFUSED
    )


def _shows_that_key_works(outcome: Outcome) -> bool:
    """Whether the server accepted the key; a replay or an unsent request does not show it."""
    if isinstance(outcome, Generation):
        return not outcome.replayed
    says_nothing = isinstance(outcome, APIError) and outcome.status in (None, *_REFUSED)
    return not (isinstance(outcome, _UNSENT) or says_nothing)


async def run(
    generate: Callable[[ImageRequest], Awaitable[Generation]],
    progress: Progress,
    *,
    concurrency: int,
) -> Batch:
    """Call `generate` for every request of `progress`, `concurrency` at a time, and return the batch.

    Raises `ArgumentError` for a bad `concurrency`. An exception of the
    caller's iterator is raised after the requests under way have ended, with a `batch` attribute.
    """
    if not isinstance(concurrency, int) or concurrency < 1:
        raise ArgumentError(f"concurrency must be a whole number of 1 or more, not {concurrency!r}.")

    async def worker() -> None:
        while (index := await progress.next_index()) is not None:
            request = progress.requests[index]
            try:
                refusal = await progress.refusal(request)
                if refusal is None:
                    progress.under_way.add(index)
                    progress.record(index, await _call(generate, request))
                else:
                    progress.record_unsent(index, refusal)
            except Exception as error:  # noqa: BLE001 - a bug: raised after the other workers' results are in
                progress.problem = error

    with progress.call.watched():
        async with anyio.create_task_group() as workers:
            for _ in range(concurrency if progress.total is None else min(concurrency, progress.total)):
                workers.start_soon(worker)
    if progress.problem is not None:
        raise attach_batch(progress.problem, progress.batch())
    return progress.batch()


async def run_ticking(answer: Callable[[], Awaitable[Batch]], each_second: Callable[[], object]) -> Batch:
    """Answer a batch, and call `each_second` meanwhile."""

    async def tick() -> None:
        while True:
            await anyio.sleep(1.0)
            each_second()

    problem: BaseException | None = None
    async with anyio.create_task_group() as others:
        others.start_soon(tick)
        try:
            batch = await answer()
        except Exception as error:  # noqa: BLE001 - raised again, and not in a group
            problem = error
        others.cancel_scope.cancel()
    if problem is not None:
        raise problem
    return batch


async def _call(generate: Callable[[ImageRequest], Awaitable[Generation]], request: ImageRequest) -> Outcome:
    try:
        return await generate(request)
    except GeminiError as error:
        return lighten(error)


def lighten(error: GeminiError) -> GeminiError:
    """Return the error without traceback and long texts: ten thousand of them may be held."""
    error.__context__ = error.__cause__ = None
    text = getattr(error, "text", "")
    if len(text) > _MAX_KEPT_CHARS:
        error.text = f"{text[:_MAX_KEPT_CHARS]}…"  # type: ignore[attr-defined]
    return error.with_traceback(None)


def attach_batch(error: BaseException, batch: Batch) -> BaseException:
    """Return the iterator's error with the batch so far: no success is lost (promise 4)."""
    error.add_note(f"The batch stopped here. What had finished is in `batch` of this error: {batch.summary}.")
    error.batch = batch  # type: ignore[attr-defined]
    return error
