"""The client's blocking face: the work is done on the background loop, the caller only waits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from gemini_nb import background, batch, models
from gemini_nb.async_client import TIMEOUT_SECONDS, AsyncClient
from gemini_nb.chat import Chat
from gemini_nb.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from gemini_nb.generation import Batch, Generation
    from gemini_nb.providers import Provider
    from gemini_nb.request import ImageRequest
    from gemini_nb.store import Store


class Client:
    """Ask for pictures and wait for them; the arguments are those of `AsyncClient`.

    >>> Client("offline").generate("a red square on white").image.mime_type
    'image/jpeg'
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
        self._client = AsyncClient(
            provider,
            api_key=api_key,
            base_url=base_url,
            store=store,
            replay=replay,
            timeout=timeout,
            retry_unknown=retry_unknown,
        )

    def __repr__(self) -> str:
        inner = getattr(self, "_client", None)
        return f"Client{repr(inner).removeprefix('AsyncClient')}" if inner else "<Client>"

    @property
    def provider(self) -> Provider:
        return self._client.provider

    @property
    def is_offline(self) -> bool:
        """Whether pictures are painted in this process instead of asked for."""
        return self.provider.name == "offline"

    @property
    def store(self) -> Store | None:
        return self._client.store

    @property
    def asynchronous(self) -> AsyncClient:
        """The client underneath, for coroutines on the background loop."""
        return self._client

    def request(self, prompt: str, **options: Any) -> ImageRequest:
        """Return what `generate` would ask for, and send nothing; input images are read."""
        return background.run(partial(self._client.request, prompt, **options))

    def holds(self, request: ImageRequest) -> bool:
        """Whether the store would answer a request, at no cost."""
        return self._client.holds(request)

    def chat(self, model: str = models.DEFAULT_MODEL, **options: Any) -> Chat:
        """Begin edits over several turns; `options` are those of `generate`, for every turn."""
        return Chat(self._client.chat(model, **options))

    def generate(
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
        """Ask for one picture and wait for it; the options are explained at `AsyncClient.generate`.

        An interrupt raises `Cancelled` within a second and closes the connection.
        """
        ask = partial(
            self._client.generate,
            prompt,
            model=model,
            images=images,
            aspect_ratio=aspect_ratio,
            image_size=image_size,
            take=take,
            text=text,
            config=config,
            extra=extra,
        )
        return background.run(ask)

    def generate_many(
        self, prompts: Iterable[str | ImageRequest], *, concurrency: int = 4, **options: Any
    ) -> Batch:
        """Ask for many pictures; an interrupt raises `Cancelled`, whose `batch` holds what has finished."""
        return self.run(
            batch.Progress(background.run(partial(self._client.requests, prompts, options))), concurrency
        )

    def run(self, progress: batch.Progress, concurrency: int = 4) -> Batch:
        """Ask for every request of `progress`, whose outcomes can be watched from another thread."""
        try:
            return background.run(
                partial(batch.run, self._client.generate, progress, concurrency=concurrency)
            )
        except Cancelled as cancelled:
            cancelled.batch = progress.batch()
            raise

    def close(self) -> None:
        """Close the client; requests under way in other threads are cut off."""
        background.run(self._client.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _frames: TracebackType | None
    ) -> None:
        self.close()


def generate(prompt: str | ImageRequest, *, provider: str | None = None, **options: Any) -> Generation:
    """Ask for one picture with a client of its own; see `AsyncClient.generate`."""
    return Client(provider).generate(prompt, **options)
