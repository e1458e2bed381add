"""One job of the studio: from its settings to pictures in the album, on the background loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import count, islice
from time import monotonic
from typing import TYPE_CHECKING, Any

import anyio

from gemini_nb.batch import run as batch
from gemini_nb.costs import estimate
from gemini_nb.event_loop import run_in_thread
from gemini_nb.generation import Generation
from gemini_nb.notebook.generate import batch_error
from gemini_nb.notebook.progress import describe_seconds
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gemini_nb.client.client import Client
    from gemini_nb.costs import Spending
    from gemini_nb.errors import GeminiError
    from gemini_nb.notebook.session import Session
    from gemini_nb.request import ImageRequest

_CONCURRENCY = 4
_TICK_SECONDS = 0.5


@dataclass(frozen=True)
class StudioRequest:
    """The requests to send, the words that named their input images, and the ids of those source pictures."""

    requests: tuple[ImageRequest, ...]
    sources: tuple[str, ...] = ()
    source_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """How a job ended, in words; `error` is the first of its failures, `made` the number of its pictures."""

    words: str
    error: GeminiError | None
    made: int


def new_takes(request: ImageRequest, number: int, without: Iterable[int]) -> tuple[ImageRequest, ...]:
    """Return the first `number` takes of a request that are not in `without`."""
    known = set(without)
    free = (take for take in count() if take not in known)
    return tuple(replace(request, take=take) for take in islice(free, number))


async def run_job(
    session: Session,
    request: StudioRequest,
    client: Client,
    *,
    on_picture: Callable[[Generation], None],
    on_progress: Callable[[list[dict[str, Any]]], None],
) -> Outcome:
    """Send the requests, after the cost was checked; return how it ended.

    `on_picture` takes each picture as it comes, on a worker's thread, `on_progress` what is said of each take
    that is not made.
    """
    costs = await run_in_thread(
        partial(estimate, request.requests, holds=client.holds, provider=client.provider)
    )
    costs.check(max_cost=session.defaults.max_cost, max_images=session.defaults.max_images)
    state, ask = batch.Progress(request.requests), client.asynchronous.generate_function()
    started: dict[str, float] = {}

    async def generate(request: ImageRequest) -> Generation:
        started[request.digest] = monotonic()
        generation = await ask(request)
        with anyio.CancelScope(shield=True):  # it is paid for: Stop does not lose it
            await run_in_thread(on_picture, generation)
        return generation

    def show_progress() -> None:
        on_progress(describe_takes(state, started, client.provider.name, session.spending))

    async def keep_showing() -> None:
        while True:
            show_progress()
            await anyio.sleep(_TICK_SECONDS)

    state.listeners.append(lambda *_outcome: show_progress())
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_showing)
            await batch.run(generate, state, concurrency=_CONCURRENCY)
            tasks.cancel_scope.cancel()
    finally:
        session.count_failures(state.batch(), client)
        show_progress()
    result = state.batch()
    made = result.generations
    return Outcome(_describe_success(made), batch_error(result, strict=True), len(made))


def describe_takes(
    state: batch.Progress, started: dict[str, float], provider: str, spending: Spending
) -> list[dict[str, Any]]:
    """Return what is said of each take that is no picture yet: how long it takes, or why it failed."""
    takes = []
    for request, outcome in zip(state.requests, state.outcomes, strict=True):
        if isinstance(outcome, Generation):
            continue
        words, share, problem = "waits for its turn", None, str(outcome) if outcome else ""
        if outcome is None and request.digest in started:
            expected = spending.expected_seconds(request.model, provider)
            words, share = describe_seconds(monotonic() - started[request.digest], expected)
            words = state.call.describe_wait() or words
        label = f"Take {request.take + 1}" if len(state.requests) > 1 or request.take else "Your picture"
        takes.append({"label": label, "words": words, "share": share, "problem": problem})
    return takes


def _describe_success(generations: list[Generation]) -> str:
    if not generations:
        return ""
    pictures = format_count(len(generations), "picture")
    replayed = sum(generation.replayed for generation in generations)
    if replayed:
        return f"{pictures}, {replayed} of them from the store at no cost."
    if all(generation.provider == "offline" for generation in generations):
        return f"{pictures}, painted offline."
    return f"{pictures} made."
