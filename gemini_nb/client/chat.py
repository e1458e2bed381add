"""Chats: edits of a picture over several turns, in which the model's own turns are echoed.

The API takes a model's turn only as it was received, with its thought signatures; one without a role is the
model's. Where that is not possible, as for a picture that came as text or as a link, or for another model or
provider, the last picture is sent as an input image instead.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from anyio import to_thread

from gemini_nb import event_loop
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.generation import Generation
from gemini_nb.reply.content import can_be_echoed, with_role
from gemini_nb.request import copy_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.providers.provider import Provider
    from gemini_nb.reply.live_pieces import OnPiece
    from gemini_nb.request import ImageRequest


class ConversingClient(Protocol):
    """The part of a client that a chat uses."""

    @property
    def provider(self) -> Provider:
        """The provider that is asked."""

    def holds(self, request: ImageRequest) -> bool:
        """Whether the store answers a request."""

    async def recall(self, picture: Any) -> Turn | None:
        """Return the turn that a picture came with, where it is known."""

    async def request(self, prompt: str, *, images: Any = (), **options: Any) -> ImageRequest:
        """Return a request, with the input images read."""

    async def converse(
        self, request: ImageRequest, *, on_piece: OnPiece | None = None
    ) -> tuple[Generation, Any]:
        """Return the picture for a request and the model's raw content; raise a `GeminiError`."""


@dataclass(frozen=True)
class Turn:
    """One request and its answer; `content` is the model's raw content, None where it is not known."""

    generation: Generation
    content: Any = field(default=None, repr=False)

    @property
    def can_be_echoed(self) -> bool:
        """Whether the API will take the model's turn as it was received."""
        return can_be_echoed(self.content)

    def echo_before(self, request: ImageRequest) -> ImageRequest | None:
        """Return a request that goes on from this turn, and from those before it, with their contents.

        None where that cannot be: for another model, whose signatures differ, or a turn that is not whole.
        """
        earlier = self.generation.request
        if not self.can_be_echoed or self.generation.model != request.model:
            return None
        with suppress(GeminiError):  # nested too deeply, or its input pictures were let go
            contents = (*earlier.history, earlier.content, self.content)
            echo = replace(request, history=tuple(map(with_role, contents)))
            return echo if echo.digest else None
        return None


class AsyncChat:
    """A conversation about one picture, with its `turns` so far; `source` is a picture to begin with.

    A failed turn leaves the conversation as it was.
    """

    def __init__(
        self,
        client: ConversingClient,
        *,
        model: str,
        source: Any = None,
        turns: Sequence[Turn] = (),
        **options: Any,
    ) -> None:
        self._client = client
        self.model = model
        self.options = copy_json(options)
        self.turns = tuple(turns)
        self.source = source

    @property
    def last(self) -> Generation | None:
        """The newest result, or None before the first."""
        return self.turns[-1].generation if self.turns else None

    async def send(self, prompt: str, *, images: Sequence[Any] = (), **options: Any) -> Generation:
        """Ask for a picture or a change, and return the new picture; `options` are those of `generate`."""
        return await self.ask(await self.request(prompt, images=images, **options))

    async def ask(self, request: ImageRequest, *, on_piece: OnPiece | None = None) -> Generation:
        """Send a request made by `request`, and add its answer as the newest turn.

        With `on_piece` the reply is streamed: it is called with each text and picture as they arrive.
        """
        generation, content = await self._client.converse(request, on_piece=on_piece)
        generation = replace(generation, chain=self._chain())
        self.turns = (*self.turns, Turn(generation, content))
        return generation

    def _chain(self) -> tuple[tuple[str, GeneratedImage], ...]:
        """Return the pictures so far, with their prompts; the source too, if it is a `Generation`."""
        source = [self.source] if isinstance(self.source, Generation) else []
        generations = [*source, *(turn.generation for turn in self.turns)]
        return tuple((generation.prompt, generation.image) for generation in generations)

    async def request(self, prompt: str, *, images: Sequence[Any] = (), **options: Any) -> ImageRequest:
        """Return the request that `send` would send, and send nothing."""
        options = {"model": self.model, **self.options, **options}
        request = await self._client.request(prompt, images=images, **options)
        picture = self.last or self.source
        if picture is None:
            return request
        send_along = partial(self._client.request, prompt, images=[picture, *images], **options)
        turn = self.turns[-1] if self.turns else await self._client.recall(self.source)
        echo = await to_thread.run_sync(turn.echo_before, request) if turn else None
        if turn is None or echo is None:
            return await send_along()
        earlier = await self._find_in_earlier_form(request, echo, send_along)
        if earlier is not None:
            return earlier
        if self._takes_echo_of(turn) or await to_thread.run_sync(self._client.holds, echo):
            return echo
        return await send_along()

    def _takes_echo_of(self, turn: Turn) -> bool:
        """Whether the provider takes a turn: none takes another's, and the painter looks at pictures."""
        name = self._client.provider.name
        return turn.generation.provider == name and (name != "offline" or bool(self.turns))

    async def _find_in_earlier_form(
        self, request: ImageRequest, echo: ImageRequest, send_along: Callable[[], Awaitable[ImageRequest]]
    ) -> ImageRequest | None:
        """Return the request as earlier versions sent it, if the store has its answer, which is paid for.

        They sent the first picture along, and echoed the turns after it, with the roles that they came with.
        """
        turns = self.turns
        if turns and all(turn.can_be_echoed and turn.generation.model == request.model for turn in turns):
            pairs = ((turn.generation.request.content, turn.content) for turn in turns)
            earlier = replace(request, history=tuple(content for pair in pairs for content in pair))
            if earlier.history == echo.history:
                return None
        else:
            try:
                earlier = await send_along()
            except GeminiError:  # the picture is gone, or one too many
                return None
        return earlier if await to_thread.run_sync(self._client.holds, earlier) else None

    def undo(self) -> Generation | None:
        """Forget the last turn and return the result before it, or None where there is none."""
        if not self.turns:
            raise ArgumentError("There is no turn to undo.")
        self.turns = self.turns[:-1]
        return self.last


class Chat:
    """A conversation that waits for each answer; see `AsyncChat`."""

    def __init__(self, chat: AsyncChat) -> None:
        self._chat = chat

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns so far, oldest first."""
        return self._chat.turns

    @property
    def last(self) -> Generation | None:
        """The newest result, or None before the first."""
        return self._chat.last

    def send(self, prompt: str, *, images: Sequence[Any] = (), **options: Any) -> Generation:
        """Ask for a picture or a change, and wait for the new picture."""
        return event_loop.run(partial(self._chat.send, prompt, images=images, **options))

    @property
    def source(self) -> Any:
        """The picture to begin with, or None."""
        return self._chat.source

    def request(self, prompt: str, *, images: Sequence[Any] = (), **options: Any) -> ImageRequest:
        """Return the request that `send` would send, and send nothing."""
        return event_loop.run(partial(self._chat.request, prompt, images=images, **options))

    def ask(self, request: ImageRequest, *, on_piece: OnPiece | None = None) -> Generation:
        """Send a request made by `request`, and add its answer as the newest turn.

        With `on_piece` the reply is streamed: it is called with each text and picture, in another thread.
        """
        return event_loop.run(partial(self._chat.ask, request, on_piece=on_piece))

    def undo(self) -> Generation | None:
        """Forget the last turn and return the result before it, or None where there is none."""
        return self._chat.undo()
