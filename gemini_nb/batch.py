"""Many requests at a bounded concurrency: every success kept, one error for each failure, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from gemini_nb.errors import ArgumentError, AuthenticationError, GeminiError
from gemini_nb.generation import Batch, Generation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gemini_nb.request import ImageRequest

MAX_KEY_REFUSALS = 3  # in a row; then the key is taken to be wrong for all


class Progress:
    """The outcomes so far, shared with the thread that waits, so that an interrupt keeps them."""

    def __init__(self, requests: Sequence[ImageRequest]) -> None:
        self.requests = tuple(requests)
        self.outcomes: list[Generation | GeminiError | None] = [None] * len(self.requests)
        self._refusals = 0

    def batch(self) -> Batch:
        return Batch(self.requests, tuple(self.outcomes))

    def keep(self, index: int, outcome: Generation | GeminiError) -> None:
        self.outcomes[index] = outcome
        self._refusals = self._refusals + 1 if isinstance(outcome, AuthenticationError) else 0

    @property
    def is_hopeless(self) -> bool:
        return self._refusals >= MAX_KEY_REFUSALS


async def run(
    generate: Callable[[ImageRequest], Awaitable[Generation]], progress: Progress, *, concurrency: int
) -> Batch:
    """Ask for every request of `progress`, `concurrency` at a time, and return the batch."""
    if not isinstance(concurrency, int) or concurrency < 1:
        raise ArgumentError(f"concurrency is a whole number from 1 on, not {concurrency!r}.")
    waiting = iter(range(len(progress.requests)))

    async def worker() -> None:
        for index in waiting:  # shared by the workers: each takes the next
            if progress.is_hopeless:
                progress.outcomes[index] = AuthenticationError(
                    f"Not sent: the key was refused {MAX_KEY_REFUSALS} times in a row."
                )
                continue
            progress.keep(index, await _outcome(generate, progress.requests[index]))

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
