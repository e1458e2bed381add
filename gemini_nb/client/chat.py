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

from gemini_nb import event_loop
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.event_loop import run_in_thread
from gemini_nb.generation import Generation
from gemini_nb.images.image import GeneratedImage
from gemini_nb.images.sources import list_sources
from gemini_nb.reply.content import can_be_echoed, with_role
from gemini_nb.request import copy_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gemini_nb.images.inputs import InputImage
    from gemini_nb.providers.provider import Provider
    from gemini_nb.reply.live_pieces import OnPiece
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.replay import Replay


class ConversingClient(Protocol):
    """The part of a client that a chat uses."""

    @property
    def provider(self) -> Provider:
        """The provider that is asked."""

    @property
    def deadline(self) -> float:
        """When a call that begins now has to end, in the event loop's seconds."""

    def holds(self, request: ImageRequest) -> bool:
        """Whether the store answers a request."""

    async def recall(self, picture: Any) -> Turn | None:
        """Return the turn that a picture came with, where it is known."""

    async def read_images(self, sources: Any, *, deadline: float | None = None) -> tuple[InputImage, ...]:
        """Return input images, read."""

    async def request(
        self, prompt: str, *, images: Any = (), deadline: float | None = None, **options: Any
    ) -> ImageRequest:
        """Return a request, with the input images read."""

    async def converse(
        self, request: ImageRequest, *, on_piece: OnPiece | None = None, deadline: float | None = None
    ) -> tuple[Generation, Any]:
        """Return the picture for a request and the model's raw content; raise a `GeminiError`."""


@dataclass(frozen=True)
class Turn:
    """One request and its answer; `content` is the model's raw content, None where it is not known."""

    generation: Generation
    content: Any = field(default=None, repr=False)

    @property
    def can_be_echoed(self) -> bool:
        """Whether the API will take the model's turn as it was received.

        The turn of an edit with a mask is not echoed: it shows what came, and not what was made of it.
        """
        return can_be_echoed(self.content) and not self.generation.received

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


def find_turn(picture: Generation | GeneratedImage | InputImage, replay: Replay) -> Turn | None:
    """Return the turn that a picture came with, from this process or a store; None if it is unknown."""
    if not isinstance(picture, Generation):
        found = replay.recall(picture.sha256)
        return Turn(*found) if found else None
    if picture.content is not None:
        return Turn(picture, picture.content())
    found = replay.recall(picture.image.sha256, digest=picture.digest)
    return Turn(picture, found[1]) if found else None


def _form_of_turn(request: ImageRequest, turn: Turn) -> ImageRequest:
    """Return the request as it was sent when a turn was made, by a former id of the model; else as it is."""
    forms = (form for form, _ in request.former_forms() if form.model == turn.generation.model)
    return request if turn.generation.model == request.model else next(forms, request)


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
        """Ask for a picture or a change, and return the new picture; `options` are those of `generate`.

        A `mask` is for the last picture of the chat, which is sent with it; earlier turns are not.
        """
        deadline = self._client.deadline
        request = await self.request(prompt, images=images, deadline=deadline, **options)
        return await self.ask(request, deadline=deadline)

    async def ask(
        self, request: ImageRequest, *, on_piece: OnPiece | None = None, deadline: float | None = None
    ) -> Generation:
        """Send a request made by `request`, and add its answer as the newest turn.

        With `on_piece` the reply is streamed: it is called with each text and picture as they arrive.
        `deadline` is in the event loop's seconds, by default the client's timeout from now.
        """
        generation, content = await self._client.converse(request, on_piece=on_piece, deadline=deadline)
        source = [self.source] if isinstance(self.source, Generation) else []
        earlier = [*source, *(turn.generation for turn in self.turns)]
        generation = replace(generation, chain=tuple((each.prompt, each.image) for each in earlier))
        self.turns = (*self.turns, Turn(generation, content))
        return generation

    async def request(
        self, prompt: str, *, images: Sequence[Any] = (), deadline: float | None = None, **options: Any
    ) -> ImageRequest:
        """Return the request that `send` would send, and send nothing."""
        options = {"model": self.model, **self.options, **options}
        deadline = self._client.deadline if deadline is None else deadline
        if options.get("mask") is not None:
            own = self.last or self.source
            given = [*([] if own is None else [own]), *list_sources(images)]
            return await self._client.request(prompt, images=given, deadline=deadline, **options)
        request = await self._client.request(prompt, images=images, deadline=deadline, **options)
        pictures: list[Any] = [self.last] if self.last else await self._read_source(deadline)
        if not pictures:
            return request
        pictures += request.images
        send_along = partial(self._client.request, prompt, images=pictures, deadline=deadline, **options)
        turn = self.turns[-1] if self.turns else await self._client.recall(pictures[0])
        if turn is None:
            return await send_along()
        form = _form_of_turn(request, turn)
        echo = await run_in_thread(turn.echo_before, form)
        if echo is None:
            return await send_along()
        earlier = await self._find_in_earlier_form(form, echo, send_along)
        if earlier is not None:
            return earlier
        is_taken = form is request and self._takes_echo_of(turn)
        if is_taken or await run_in_thread(self._client.holds, echo):
            return echo
        return await send_along()

    async def _read_source(self, deadline: float) -> list[Any]:
        """Return the pictures to begin with; what is none of ours is read, once, to be recalled and sent."""
        if self.source is None:
            return []
        if isinstance(self.source, Generation | GeneratedImage):
            return [self.source]
        return list(await self._client.read_images([self.source], deadline=deadline))

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
        return earlier if await run_in_thread(self._client.holds, earlier) else None

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
