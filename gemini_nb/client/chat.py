"""Chats: edits of a picture over several turns, in which the model's own turns are echoed.

The API takes a model's turn only as it was received, with its thought signatures. Where that is not possible,
as for a picture that came as text or as a link, or for another model, the last picture is sent as an input
image instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from gemini_nb import event_loop
from gemini_nb.errors import ArgumentError
from gemini_nb.generation import Generation
from gemini_nb.reply.content import can_be_echoed
from gemini_nb.request import copy_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.reply.live_pieces import OnPiece
    from gemini_nb.request import ImageRequest


class ConversingClient(Protocol):
    """The part of a client that a chat uses."""

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
        if self.turns and self._can_echo_to(request.model):
            pairs = ((turn.generation.request.content, turn.content) for turn in self.turns)
            return replace(request, history=tuple(content for pair in pairs for content in pair))
        source = self.last or self.source
        if source is None:
            return request
        return await self._client.request(prompt, images=[source, *images], **options)

    def _can_echo_to(self, model: str) -> bool:
        """Whether the model will take the turns so far: thought signatures are valid for one model."""
        return all(turn.can_be_echoed and turn.generation.model == model for turn in self.turns)

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
