"""The executor backend of a batch: requests sent by processes, IPython engines or a Dask cluster.

One task is submitted for each request; its picture is read from the store, which all workers share.
"""

from __future__ import annotations

import asyncio
import pickle
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from gemini_nb import call
from gemini_nb.batch.claim import Claim
from gemini_nb.batch.worker import (
    OWN_ENVIRONMENT,
    Result,
    Settings,
    Task,
    describe_request,
    error_for_lost_worker,
)
from gemini_nb.errors import ArgumentError, ConnectionFailedError, ImageLostError
from gemini_nb.event_loop import run_in_thread
from gemini_nb.providers import provider as providers
from gemini_nb.providers.keys import environment_key
from gemini_nb.store.replay import Replay

if TYPE_CHECKING:
    from concurrent.futures import Future

    from gemini_nb.call import RequestState
    from gemini_nb.generation import Generation
    from gemini_nb.http.rate_limit import RateLimiters
    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret
    from gemini_nb.request import ImageRequest

_POLL_SECONDS = (0.1, 1.0, 5.0)  # a network folder may show the files of another machine late


class ExecutorBackend:
    """Generates pictures on an executor's workers; raises the errors that they raise.

    `timeout` begins when a worker begins; the wait for a worker is not limited. The request of a lost worker
    is not sent again, even if the executor repeats the task: it is an `OutcomeUnknownError` if it may have
    been billed. A cancelled request is not sent unless a worker has begun it; then the worker goes on, and
    the store keeps the picture.
    """

    def __init__(
        self, executor: Executor, settings: Settings, *, limiters: RateLimiters, interval: float
    ) -> None:
        if not isinstance(executor, Executor):
            raise ArgumentError(
                f"executor is a concurrent.futures.Executor, not a {type(executor).__name__}.",
                hint="Use client.executor() of an ipyparallel client, client.get_executor() of a Dask "
                "client.",
            )
        self._is_billed = settings.provider != providers.OFFLINE.name
        self._replay = Replay(settings.store, settings.replay)
        if self._is_billed and not self._replay.is_used:
            raise ArgumentError(
                "An executor needs a store in which its workers keep the pictures.",
                hint="Give the client store=, a folder that all workers share; replay cannot be “off”.",
            )
        self._executor = executor
        self.settings = settings
        self._limiters = limiters
        self._interval = interval
        self._submitting = anyio.Lock()  # some executors do not take tasks from two threads at once

    async def generate(self, request: ImageRequest) -> Generation:
        """Return the stored picture, or ask a worker for it; raise a `GeminiError`."""
        found = await run_in_thread(self._replay.find, request) if self._replay.is_used else None
        if found is not None:
            return found
        if not self._replay.may_ask and self._replay.is_used:
            raise await run_in_thread(self._replay.miss, request)
        with call.current().request_state() as state:
            return await self._ask_worker(request, state)

    async def _ask_worker(self, request: ImageRequest, state: RequestState) -> Generation:
        limiter = self._limiters.of(request.model)
        too_late = await limiter.acquire(state, interval=self._interval, max_pause=self.settings.timeout)
        if too_late is not None:
            raise too_late
        claim = await run_in_thread(self._create_claim, request) if self._is_billed else None
        sent = next(call.ORDER)
        result = await self._submit_and_wait(Task(request, self.settings, claim), state)
        if claim is not None:
            await run_in_thread(claim.drop)
        limiter.learn(result.error, sent=sent, call=state.call)
        if result.error is not None:
            raise result.error.with_traceback(None)
        generation = result.generation or await self._find_kept(request, result)
        return self._replay.with_archive(await run_in_thread(self._replay.add_path, generation))

    def _create_claim(self, request: ImageRequest) -> Claim:
        store = self._replay.store
        assert store is not None  # noqa: S101 - `__init__` has checked it
        claim = Claim(store.folder, request.digest)
        try:
            store.prepare()
            claim.create()
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
        else:
            return claim
        raise ArgumentError(
            f"The store {store.folder} cannot be written: {reason}. Nothing was sent.",
            hint="Set store= to a folder that all workers share and can write to.",
        )

    async def _submit_and_wait(self, task: Task, state: RequestState) -> Result:
        """Submit a task and wait; if the executor fails, the claim tells whether a worker had begun."""
        state.may_be_billed = task.claim is not None
        try:
            async with self._submitting:
                future = await run_in_thread(  # pickled there: input images may have megabytes
                    lambda: self._executor.submit(pickle.loads, task.pack())
                )
            settled = await _wait_for(future)
        except asyncio.CancelledError:
            if task.claim is not None:
                state.may_be_billed = not task.claim.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - each executor has errors of its own
            return _result_for_failure(task, error)
        problem = ConnectionError("cancelled") if settled.cancelled() else settled.exception()
        return settled.result() if problem is None else _result_for_failure(task, problem)

    async def _find_kept(self, request: ImageRequest, result: Result) -> Generation:
        """Wait until the store shows the worker's picture, not an older one of the request, and return it."""
        store = self._replay.store
        assert store is not None  # noqa: S101 - the worker has kept it there
        for pause in (0.0, *_POLL_SECONDS):
            await anyio.sleep(pause)
            found = await run_in_thread(store.find, request)
            if found is not None and result.sha256 in (None, found.image.sha256):
                return replace(found, replayed=result.replayed)
        error = ImageLostError(
            f"The worker has kept {describe_request(request)}, and it is not in the store {store.folder}.",
            hint="Run it again in a minute, with replay “auto”: once it is seen, it is not paid for again.",
        )
        error.may_be_billed = True
        raise error


async def _wait_for(future: Future[Result]) -> asyncio.Future[Result]:
    """Wait for a future without raising its error: a worker's KeyboardInterrupt would end the event loop."""
    settled = asyncio.wrap_future(future)
    try:
        await asyncio.wait([settled])
    except asyncio.CancelledError:
        settled.cancel()  # and thereby `future`
        raise
    return settled


def check_key(provider: Provider, key: Secret | None) -> None:
    """Raise `ArgumentError` for a key that is not in the environment, where workers look for it."""
    if key is None or provider.key_in == "nowhere" or key.where in provider.key_variables:
        return
    shared = environment_key(provider)
    if shared is None or shared.fingerprint != key.fingerprint:
        raise ArgumentError(
            f"The workers of an executor cannot use the key from {key.where}.",
            hint=f"{OWN_ENVIRONMENT} Set {provider.key_variables[0]} there and here.",
        )


def _result_for_failure(task: Task, error: BaseException) -> Result:
    """Return the result of a task that the executor did not finish."""
    if _lacks_package(error):
        return Result(
            error=ArgumentError(
                "gemini_nb is not installed where the workers run. Nothing was sent.",
                hint="Install the same version there as here.",
            )
        )
    name = getattr(error, "ename", type(error).__name__)
    if task.claim is None or task.claim.cancel():
        return Result(
            error=ConnectionFailedError(
                "Not sent: the executor failed before a worker started "
                f"{describe_request(task.request)} ({name}).",
                hint="Nothing was sent or billed. Check its workers, then run it again.",
            )
        )
    if task.claim.state == "kept":
        return Result()
    return Result(error=error_for_lost_worker(task.request, f"was lost ({name})"))


def _lacks_package(error: BaseException | None) -> bool:
    """Whether a worker could not import this package; each executor wraps that error in its own."""
    text = ""
    while error is not None:
        text += f" {getattr(error, 'ename', type(error).__name__)}: {error}"
        error = error.__cause__
    return "ModuleNotFoundError" in text and "gemini_nb" in text
