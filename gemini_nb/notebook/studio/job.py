"""One job of the studio: from its settings to pictures in the album, on the background loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import count, islice
from time import monotonic
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from gemini_nb.batch import run as batch
from gemini_nb.costs import estimate
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.notebook import options, progress, variables
from gemini_nb.notebook.generate import batch_error
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
    """Where the words of "Source pictures" are looked up: #number in the album, uploads, then as `-i`."""

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


async def requests_for(settings: Settings, client: Client, sources: Sources) -> StudioRequest:
    """Return the requests for settings: takes that the album does not show yet."""
    images = sources.read(settings.sources)
    first = await client.asynchronous.request(
        settings.prompt, images=[image for _word, image in images], **settings.options
    )
    return StudioRequest(
        new_takes(first, settings.number, sources.album.known_takes(first)),
        tuple(word for word, _image in images),
    )


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
    on_progress: Callable[[str], None],
) -> tuple[str, GeminiError | None]:
    """Send the requests, after the cost was checked; return how it ended, in words, with the first error.

    `on_picture` takes each picture as it comes, on a worker's thread, `on_progress` HTML of how far it is.
    """
    costs = await to_thread.run_sync(
        partial(estimate, request.requests, holds=client.holds, provider=client.provider)
    )
    costs.check(max_cost=session.defaults.max_cost, max_images=session.defaults.max_images)
    state, ask = batch.Progress(request.requests), client.asynchronous.generate_function()
    name, spending = client.provider.name, session.spending
    if len(request.requests) == 1:
        render = progress.one_image(request.requests[0].model, name, spending, state.call)
    else:
        render = progress.many_images(state, name, spending, _CONCURRENCY)

    async def generate(request: ImageRequest) -> Generation:
        generation = await ask(request)
        with anyio.CancelScope(shield=True):  # it is paid for: Stop does not lose it
            await to_thread.run_sync(on_picture, generation)
        return generation

    async def show_progress() -> None:
        started = monotonic()
        while True:
            on_progress(render(monotonic() - started)["text/html"])
            await anyio.sleep(_TICK_SECONDS)

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(show_progress)
            await batch.run(generate, state, concurrency=_CONCURRENCY)
            tasks.cancel_scope.cancel()
    finally:
        session.count_failures(state.batch(), client)
    result = state.batch()
    error = batch_error(result, strict=True)
    return (str(error), result.errors[0]) if error else (_describe_success(result.generations), None)


def _describe_success(generations: list[Generation]) -> str:
    pictures = format_count(len(generations), "picture")
    replayed = sum(generation.replayed for generation in generations)
    if replayed:
        return f"{pictures}, {replayed} of them from the store at no cost."
    if all(generation.provider == "offline" for generation in generations):
        return f"{pictures}, painted offline."
    return f"{pictures} made."
