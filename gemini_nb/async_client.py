"""The client: from a prompt to a `Generation`, by way of store, transport and delivery."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import anyio
from anyio import to_thread

from gemini_nb import api_error, batch, inputs, models, providers
from gemini_nb.chat import AsyncChat
from gemini_nb.delivery import Delivery
from gemini_nb.errors import (
    ArgumentError,
    GeminiError,
    LinkFailedError,
    LinkRefusedError,
    OutcomeUnknownError,
)
from gemini_nb.replay import Replay
from gemini_nb.request import ImageRequest
from gemini_nb.retry import Pace, retrying
from gemini_nb.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from gemini_nb.generation import Batch, Generation
    from gemini_nb.store import Store
    from gemini_nb.transport import Answer

TIMEOUT_SECONDS = 240.0


class AsyncClient:
    """Ask for pictures from a coroutine; the same names as `Client`, awaited.

    `provider` is "crazyrouter", "google", "offline" or "auto" (None: `GEMINI_NB_PROVIDER`, else crazyrouter),
    `timeout` the seconds that one picture may take, everything included. `retry_unknown=True` sends a
    request again even where the first may have been billed. `store` is a folder to replay from and keep in
    (True: `.gemini_nb` beside the notebook), `replay` how it is used, see `Replay`. Raises `MissingKeyError`
    where no key is set: at once without a store, else with the first request that the store cannot answer.
    """

    def __init__(
        self,
        provider: str | None = None,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        store: str | Path | bool | None = False,
        replay: str = "auto",
        timeout: float = TIMEOUT_SECONDS,
        retry_unknown: bool = False,
    ) -> None:
        if not isinstance(timeout, int | float) or not 0 < timeout <= 86_400:
            raise ArgumentError(f"timeout is a number of seconds above 0, not {timeout!r}.")
        self.provider = providers.choose(provider, base_url=base_url)
        key = Secret(api_key) if api_key is not None else providers.find_key(self.provider)
        self._replay = Replay(store, replay)
        self._key = key
        if self._replay.store is None and self._replay.may_ask:
            providers.require_key(self.provider, key)
        self.timeout = float(timeout)
        self.retry_unknown = retry_unknown
        self._embedded: Any = None
        self._pace = Pace()
        self._under_way: set[anyio.CancelScope] = set()
        self._closed = False

    def __repr__(self) -> str:
        if not hasattr(self, "provider"):
            return "<AsyncClient>"
        return f"{type(self).__name__}({self.provider.name!r}, base_url={self.provider.base_url!r})"

    async def generate(
        self,
        prompt: str | ImageRequest,
        *,
        model: str = models.DEFAULT_MODEL,
        images: Sequence[Any] = (),
        aspect_ratio: str | None = None,
        image_size: str | None = None,
        take: int = 0,
        text: bool = False,
        config: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Generation:
        """Ask for one picture and return it as a `Generation`.

        `images` are pictures to work from: paths, https addresses, bytes, PIL images, NumPy arrays,
        Matplotlib figures or earlier results. `aspect_ratio` is written "16:9", `image_size` "1K", "2K" or
        "4K"; `text=True` asks for words as well. `config` is merged into `generationConfig`, `extra` into the
        body. Raises a `GeminiError`: at most one request is sent, unless it is proven that nothing was made.
        """
        with self._open():
            deadline = anyio.current_time() + self.timeout
            if not isinstance(prompt, ImageRequest):
                prompt = ImageRequest(
                    prompt,
                    model=model,
                    images=await self._inputs(images, deadline),
                    aspect_ratio=aspect_ratio,
                    image_size=image_size,
                    take=take,
                    text=text,
                    config=config or {},
                    extra=extra or {},
                )
            generation, _ = await self._answered(prompt, deadline)
            return generation

    async def converse(self, request: ImageRequest) -> tuple[Generation, Any]:
        """Ask for one picture; return it with the model's raw content, which the next turn must echo."""
        with self._open():
            generation, content = await self._answered(request, anyio.current_time() + self.timeout)
            return generation, content()

    def chat(self, model: str = models.DEFAULT_MODEL, **options: Any) -> AsyncChat:
        """Begin edits over several turns; `options` are those of `generate`, for every turn."""
        return AsyncChat(self, model=model, **options)

    async def generate_many(
        self, prompts: Iterable[str | ImageRequest], *, concurrency: int = 4, **options: Any
    ) -> Batch:
        """Ask for many pictures, `concurrency` at a time; `options` are those of `generate`.

        A failure does not stop the others: it is in `Batch.errors`. Three refusals of the key in a row do.
        """
        progress = batch.Progress(await self.requests(prompts, options))
        return await batch.run(self.generate, progress, concurrency=concurrency)

    async def request(self, prompt: str, *, images: Any = (), **options: Any) -> ImageRequest:
        """Return what `generate` would ask for, and send nothing; input images are read."""
        given = {name: value for name, value in options.items() if value is not None}
        sources = await self._inputs(images, anyio.current_time() + self.timeout)
        return ImageRequest(prompt, images=sources, **given)

    def holds(self, request: ImageRequest) -> bool:
        """Whether the store would answer a request, at no cost."""
        return self._replay.holds(request)

    async def requests(
        self, prompts: Iterable[str | ImageRequest], options: dict[str, Any]
    ) -> tuple[ImageRequest, ...]:
        """Return a request for each prompt, with the input images read once."""
        if isinstance(prompts, str):
            raise ArgumentError(
                "generate_many takes a list of prompts.", hint="Use generate for a single one."
            )
        options["images"] = await self._inputs(options.get("images", ()), anyio.current_time() + self.timeout)
        options = {name: value for name, value in options.items() if value is not None}
        return tuple(p if isinstance(p, ImageRequest) else ImageRequest(p, **options) for p in prompts)

    async def _inputs(self, sources: Any, deadline: float) -> tuple[inputs.InputImage, ...]:
        if isinstance(sources, str | bytes) or not hasattr(sources, "__iter__") or hasattr(sources, "shape"):
            sources = [sources]
        return tuple([await self._input(source, deadline) for source in sources])

    async def _input(self, source: Any, deadline: float) -> inputs.InputImage:
        if not inputs.is_link(source):
            return inputs.read(source)
        try:
            data, _ = await self._delivery().fetch(source, deadline=deadline)
            return inputs.read(data)
        except (LinkRefusedError, LinkFailedError) as problem:
            reason = str(problem.args[0])
        raise ArgumentError(
            f"The input image could not be fetched. {reason}", hint="Nothing was sent or billed."
        )

    async def _answered(self, request: ImageRequest, deadline: float) -> tuple[Generation, Callable[[], Any]]:
        """Look into the store before any provider: what is there costs nothing and needs no key."""
        found = await to_thread.run_sync(self._replay.find, request) if self.store else None
        if found is not None:
            return self._replay.placed(found), partial(self._replay.content, request)
        if not self._replay.may_ask and (self.store or self.provider is not providers.OFFLINE):
            raise self._replay.miss(request)
        providers.require_key(self.provider, self._key)
        generation, content = await self._made(request, deadline)
        if self.store:
            with anyio.CancelScope(shield=True):  # an interrupt waits for it: it is paid for
                await to_thread.run_sync(lambda: self._replay.keep(generation, content(), self._key))
        return self._replay.placed(generation), content

    @property
    def store(self) -> Store | None:
        """Where pictures are replayed from and kept, or None."""
        return self._replay.store

    async def _made(self, request: ImageRequest, deadline: float) -> tuple[Generation, Callable[[], Any]]:
        started = anyio.current_time()
        url, body = self.provider.url(request.model), request.encode()
        outcome = await retrying(
            partial(self._attempt, request.model, url, body, deadline),
            deadline=deadline,
            retry_unknown=self.retry_unknown,
        )
        if isinstance(outcome, GeminiError):
            raise outcome.with_traceback(None)
        generation, content = await self._delivery().read(request, outcome.body, deadline=deadline)
        return replace(generation, seconds=anyio.current_time() - started), content

    async def _attempt(self, model: str, url: str, body: bytes, deadline: float) -> Answer | GeminiError:
        from gemini_nb import transport  # noqa: PLC0415 - httpx is loaded with the first request

        paused = await self._pace.wait(deadline)
        if paused is not None:
            return paused
        answer = await transport.post(
            self.provider, self._key, url, body, deadline=deadline, embedded=self._offline()
        )
        if isinstance(answer, GeminiError) or answer.is_reply:
            return answer
        error = api_error.error_for(
            answer.status, answer.headers, answer.body, provider=self.provider, model=model, key=self._key
        )
        self._pace.heed(error)
        return error

    def _delivery(self) -> Delivery:
        folder = self.store.unread if self.store else None
        return Delivery(self.provider, self._key, embedded=self._offline(), folder=folder)

    def _offline(self) -> Any:
        """The embedded provider's transport, or None where there is a server to ask."""
        if self._embedded is None and self.provider is providers.OFFLINE:
            from gemini_nb.offline.embedded import OfflineTransport  # noqa: PLC0415

            self._embedded = OfflineTransport()
        return self._embedded

    @contextmanager
    def _open(self) -> Iterator[None]:
        """Refuse to work when closed, and let `aclose` end what is under way."""
        if self._closed:
            raise ArgumentError("This client is closed.", hint="Make another one.")
        scope = anyio.CancelScope()
        self._under_way.add(scope)
        try:
            with scope:
                yield
        finally:
            self._under_way.discard(scope)
        if scope.cancelled_caught:
            raise OutcomeUnknownError("The client was closed while a request was under way.")

    async def aclose(self) -> None:
        """Close the client; requests under way are cut off and their connections closed."""
        self._closed = True
        for scope in tuple(self._under_way):
            scope.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _frames: TracebackType | None
    ) -> None:
        await self.aclose()
