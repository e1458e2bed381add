"""One press of Generate or Again: from what is set to pictures in the album, on the background loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count, islice
from time import monotonic
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from gemini_nb.batch import run as batch
from gemini_nb.costs import estimate
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.notebook import options, progress, variables
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gemini_nb.client.client import Client
    from gemini_nb.generation import Generation
    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Album
    from gemini_nb.notebook.studio.controls import Settings
    from gemini_nb.request import ImageRequest

_CONCURRENCY = 4
_TICK_SECONDS = 0.5


@dataclass(frozen=True)
class StudioRequest:
    """The requests to send, and the words that named their input images."""

    requests: tuple[ImageRequest, ...]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sources:
    """What source pictures may be named: the album's by #number, uploads by name, then as `-i` does."""

    album: Album
    uploads: Mapping[str, bytes]
    names: Mapping[str, Any]

    def read(self, text: str) -> list[tuple[str, Any]]:
        """Return each word of a text with its picture; raise `ArgumentError` for one that names none."""
        words = [word.strip(",") for word in options.split_words(text)]
        options.check_no_keys(words)
        return [(word, value) for word in words if word for value in self._values(word)]

    def _values(self, word: str) -> list[Any]:
        if word.startswith("#") and word[1:].isdecimal():
            return [self.album.find(int(word[1:])).generation]
        if word in self.uploads:
            return [self.uploads[word]]
        try:
            return variables.read_images([word], self.names)
        except ArgumentError as problem:
            message, hint = str(problem.args[0]).removeprefix("-i "), problem.hint
        raise ArgumentError(message, hint=hint)


async def requests_for(order: Settings, client: Client, named: Sources) -> StudioRequest:
    """Return the requests for an order: takes that the album does not show yet."""
    given = named.read(order.sources)
    first = await client.asynchronous.request(
        order.prompt,
        model=order.model,
        images=[value for _, value in given],
        aspect_ratio=order.aspect_ratio,
        image_size=order.image_size,
    )
    return StudioRequest(
        takes(first, order.number, named.album.takes(first)), tuple(word for word, _ in given)
    )


def takes(request: ImageRequest, number: int, without: Iterable[int]) -> tuple[ImageRequest, ...]:
    """Return the first `number` takes of a request that are not in `without`."""
    known = set(without)
    free = (take for take in count() if take not in known)
    return tuple(replace(request, take=take) for take in islice(free, number))


class StudioJob:
    """Asks for pictures, shows how long it takes, and hands over each as it comes."""

    def __init__(
        self,
        session: Session,
        ask: StudioRequest,
        client: Client,
        *,
        arrived: Callable[[Generation], None],
        show: Callable[[str], None],
    ) -> None:
        self._session = session
        self._client = client
        self._ask = client.asynchronous.generate_function()
        self._arrived = arrived
        self._show = show
        self.progress = batch.Progress(ask.requests)

    async def run(self) -> None:
        """Send the requests, after the cost was checked; a failure is in `progress`, or raised for all."""
        session, requests = self._session, self.progress.requests
        costs = estimate(requests, holds=self._client.holds, provider=self._client.provider)
        costs.check(max_cost=session.defaults.max_cost, max_images=session.defaults.max_images)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tick)
            await batch.run(self._one, self.progress, concurrency=_CONCURRENCY)
            tasks.cancel_scope.cancel()

    async def _one(self, request: ImageRequest) -> Generation:
        generation = await self._ask(request)
        with anyio.CancelScope(shield=True):  # it is paid for: Stop does not lose it
            await to_thread.run_sync(self._arrived, generation)
        return generation

    async def _tick(self) -> None:
        started, provider, ledger = monotonic(), self._client.provider.name, self._session.spending
        requests = self.progress.requests
        render = (
            progress.one_image(requests[0].model, provider, ledger)
            if len(requests) == 1
            else progress.many_images(self.progress, provider, ledger, _CONCURRENCY)
        )
        while True:
            self._show(render(monotonic() - started)["text/html"])
            await anyio.sleep(_TICK_SECONDS)

    def verdict(self) -> tuple[str, GeminiError | None]:
        """Say what came of it, with the first error."""
        made = self.progress.batch()
        errors, done = made.errors, made.generations
        if not errors:
            return _praise(done), None
        if len(made) == 1:
            return str(errors[0]), errors[0]
        return (
            f"{len(errors)} of {format_count(len(made), 'picture')} failed. The first: {errors[0]}",
            errors[0],
        )


def _praise(done: list[Generation]) -> str:
    replayed = sum(one.replayed for one in done)
    if replayed:
        return f"{format_count(len(done), 'picture')}, {replayed} of them from the store at no cost."
    if all(one.provider == "offline" for one in done):
        return f"{format_count(len(done), 'picture')}, painted offline."
    return f"{format_count(len(done), 'picture')} made."
