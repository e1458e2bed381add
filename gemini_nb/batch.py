"""Many requests at a bounded concurrency: every success kept, one error for each failure, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

import anyio

from gemini_nb.errors import APIError, ArgumentError, AuthenticationError, GeminiError
from gemini_nb.generation import Batch, Generation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gemini_nb.request import ImageRequest

MAX_REFUSALS = 3  # 401 or 403, in a row; then the key or its account is taken to be no good for all


class Progress:
    """The outcomes so far, shared with the thread that waits, so that an interrupt keeps them."""

    def __init__(self, requests: Sequence[ImageRequest]) -> None:
        self.requests = tuple(requests)
        self.outcomes: list[Generation | GeminiError | None] = [None] * len(self.requests)
        self._refusals: list[APIError] = []  # those in a row, in the order they came

    def batch(self) -> Batch:
        return Batch(self.requests, tuple(self.outcomes))

    def keep(self, index: int, outcome: Generation | GeminiError) -> None:
        self.outcomes[index] = outcome
        self._refusals = [*self._refusals, outcome] if _is_refusal(outcome) else []

    def verdict(self) -> GeminiError | None:
        """Return the error for a request that is not worth sending any more."""
        if len(self._refusals) < MAX_REFUSALS:
            return None
        last = self._refusals[-1]
        return type(last)(
            f"Not sent: {MAX_REFUSALS} requests in a row were refused with {last.status}.",
            hint=last.hint,
            status=last.status,
            code=last.code,
        )


def _is_refusal(outcome: Generation | GeminiError) -> TypeGuard[APIError]:
    return isinstance(outcome, AuthenticationError) or (
        isinstance(outcome, APIError) and outcome.status in (401, 403)
    )


async def run(
    generate: Callable[[ImageRequest], Awaitable[Generation]], progress: Progress, *, concurrency: int
) -> Batch:
    """Ask for every request of `progress`, `concurrency` at a time, and return the batch."""
    if not isinstance(concurrency, int) or concurrency < 1:
        raise ArgumentError(f"concurrency is a whole number from 1 on, not {concurrency!r}.")
    waiting = iter(range(len(progress.requests)))

    async def worker() -> None:
        for index in waiting:  # shared by the workers: each takes the next
            verdict = progress.verdict()
            if verdict is None:
                progress.keep(index, await _outcome(generate, progress.requests[index]))
            else:
                progress.outcomes[index] = verdict

    async with anyio.create_task_group() as workers:
        for _ in range(min(concurrency, len(progress.requests))):
            workers.start_soon(worker)
    return progress.batch()


async def _outcome(
    generate: Callable[[ImageRequest], Awaitable[Generation]], request: ImageRequest
) -> Generation | GeminiError:
    try:
        return await generate(request)
    except GeminiError as error:
        return error.with_traceback(None)
