"""The blocking client: its calls run on the background event loop, and the caller's thread waits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

from gemini_nb import event_loop, interrupts, models
from gemini_nb.batch.source import Source
from gemini_nb.client.async_client import TIMEOUT_SECONDS, AsyncClient
from gemini_nb.client.chat import Chat
from gemini_nb.client.stream import AsyncStream, Stream
from gemini_nb.providers.secret import clear_locals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from gemini_nb.batch import run
    from gemini_nb.batch.feed import CallerIterator
    from gemini_nb.batch.progress_bar import ProgressBar
    from gemini_nb.batch.result import Batch
    from gemini_nb.client.async_client import Tier
    from gemini_nb.client.jobs import Jobs
    from gemini_nb.client.model_list import ModelList
    from gemini_nb.generation import Generation
    from gemini_nb.images.inputs import InputImage
    from gemini_nb.images.mask import Mask
    from gemini_nb.providers.provider import Provider
    from gemini_nb.request import ImageRequest, Options
    from gemini_nb.settings.options import Search, ThinkingLevel
    from gemini_nb.store.saved_files import SavedFiles
    from gemini_nb.store.store import Store


class Client:
    """Generate pictures and wait for them; the arguments are those of `AsyncClient`.

    >>> Client("offline").generate("a red square on white").image.mime_type
    'image/jpeg'
    """

    @clear_locals
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
        requests_per_minute: float | None = None,
    ) -> None:
        self._client = AsyncClient(
            provider,
            api_key=api_key,
            base_url=base_url,
            store=store,
            replay=replay,
            timeout=timeout,
            retry_unknown=retry_unknown,
            requests_per_minute=requests_per_minute,
        )

    def __repr__(self) -> str:
        inner = getattr(self, "_client", None)
        return f"Client{repr(inner).removeprefix('AsyncClient')}" if inner else "<Client>"

    @property
    def provider(self) -> Provider:
        """The provider that is asked, with its address."""
        return self._client.provider

    @property
    def is_offline(self) -> bool:
        """Whether pictures are painted in this process instead of asked for."""
        return self.provider.name == "offline"

    @property
    def may_ask(self) -> bool:
        """Whether the provider is asked for what is not stored: not with replay "only"."""
        return self._client.may_ask

    @property
    def store(self) -> Store | None:
        """The store from which pictures are replayed and in which they are kept, or None."""
        return self._client.store

    @property
    def saved_files(self) -> SavedFiles:
        """What knows which saved files may be replaced, since they could be made again."""
        return self._client.saved_files

    @property
    def asynchronous(self) -> AsyncClient:
        """The asynchronous client underneath, for coroutines on the background event loop."""
        return self._client

    def request(self, prompt: str, **options: Unpack[Options]) -> ImageRequest:
        """Return the request that `generate` would send, and send nothing; input images are read."""
        return event_loop.run(partial(self._client.request, prompt, **options))

    def read_images(self, sources: Any) -> tuple[InputImage, ...]:
        """Read input images, whatever `generate` takes as `images`, and send nothing; links are fetched."""
        return event_loop.run(partial(self._client.read_images, sources))

    def read_mask(self, given: Any, images: Sequence[InputImage], *, feather: int = 0) -> Mask | None:
        """Read a mask for the one picture of `images`, whatever `generate` takes as `mask`; None for None."""
        return event_loop.run(partial(self._client.read_mask, given, images, feather=feather))

    def holds(self, request: ImageRequest) -> bool:
        """Whether the store has the answer to a request, which then costs nothing; its pictures are checked.

        Raises `ReplayMissError` where a later version of gemini_nb has stored it.
        """
        return self._client.holds(request)

    def list_models(self) -> ModelList:
        """Ask the provider which models it offers, and compare them with the catalogue; nothing is billed."""
        return event_loop.run(self._client.list_models)

    def chat(self, model: str = models.DEFAULT, **options: Any) -> Chat:
        """Begin edits over several turns; `options` are those of `generate`, for every turn."""
        return Chat(self._client.chat(model, **options))

    @overload
    def generate(  # written out: editors show this signature
        self,
        prompt: str | ImageRequest,
        *,
        model: str = models.DEFAULT,
        images: Sequence[Any] = (),
        aspect_ratio: str | None = None,
        image_size: str | None = None,
        take: int = 0,
        text: bool = False,
        search: Search | None = None,
        thinking: ThinkingLevel | int | None = None,
        system: str | None = None,
        seed: int | None = None,
        safety: str | Mapping[str, str] | Sequence[str] | None = None,
        mask: Any = None,
        feather: int = 0,
        config: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        stream: Literal[False] = False,
    ) -> Generation: ...

    @overload
    def generate(
        self, prompt: str | ImageRequest, *, stream: Literal[True], **options: Unpack[Options]
    ) -> Stream: ...

    def generate(
        self,
        prompt: str | ImageRequest,
        *,
        model: str = models.DEFAULT,
        images: Sequence[Any] = (),
        aspect_ratio: str | None = None,
        image_size: str | None = None,
        take: int = 0,
        text: bool = False,
        search: Search | None = None,
        thinking: ThinkingLevel | int | None = None,
        system: str | None = None,
        seed: int | None = None,
        safety: str | Mapping[str, str] | Sequence[str] | None = None,
        mask: Any = None,
        feather: int = 0,
        config: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        stream: bool = False,
    ) -> Generation | Stream:
        """Ask for one picture and wait for it; the options are explained at `AsyncClient.generate`.

        With `stream=True` nothing is waited for yet: the `Stream` that is returned is. An interrupt raises
        `Cancelled` within a second and closes the connection.
        """
        ask = partial(
            self._client.generate,
            prompt,
            model=model,
            images=images,
            mask=mask,
            feather=feather,
            aspect_ratio=aspect_ratio,
            image_size=image_size,
            take=take,
            text=text,
            search=search,
            thinking=thinking,
            system=system,
            seed=seed,
            safety=safety,
            config=config,
            extra=extra,
            stream=stream,
        )
        result: Generation | AsyncStream | None = None
        try:
            with interrupts.held():
                result = event_loop.run(ask, discard=_close_stream)
            return Stream(result) if isinstance(result, AsyncStream) else result
        except KeyboardInterrupt:
            _close_stream(result)  # nobody will have it
            raise

    def generate_many(
        self,
        prompts: Iterable[str | ImageRequest],
        *,
        concurrency: int = 4,
        executor: Executor | None = None,
        manifest: str | Path | None = None,
        progress: bool | None = None,
        tier: Tier | None = None,
        **options: Unpack[Options],
    ) -> Batch:
        """Ask for many pictures; the options are explained at `AsyncClient.generate_many`.

        An iterator is read in this thread. An interrupt raises `Cancelled`, whose `batch` holds the finished
        requests; batch jobs go on, and the same call waits for them again.
        """
        with interrupts.held() as hold:  # a second interrupt must not lose what the first one has gathered
            from gemini_nb.batch import manifest as manifests  # noqa: PLC0415 - one picture does without
            from gemini_nb.batch.feed import CallerIterator  # noqa: PLC0415
            from gemini_nb.batch.progress_bar import ProgressBar  # noqa: PLC0415

            client = self._client
            requests = event_loop.run(partial(client.build_requests, prompts, options))
            feed = None if isinstance(requests, tuple) else CallerIterator(requests)
            batch = client.batch_progress(feed or requests, source=Source.of_column(prompts))
            with (
                manifests.writing_manifest(batch, manifest, redact=client.redact),
                ProgressBar(batch, progress) as bar,
            ):
                result = self.run_batch(batch, concurrency, executor=executor, feed=feed, bar=bar, tier=tier)
            if hold.is_pending:  # it came when all was done
                raise event_loop.make_cancelled(batch.call, batch.batch)
            return result

    def run_batch(
        self,
        progress: run.Progress,
        concurrency: int = 4,
        *,
        executor: Executor | None = None,
        feed: CallerIterator[ImageRequest] | None = None,
        bar: ProgressBar | None = None,
        tier: Tier | None = None,
    ) -> Batch:
        """Run a batch and wait for it; another thread may watch the outcomes of `progress`.

        This thread serves the `feed` of requests, if there is one, and draws the `bar`. An interrupt raises
        `Cancelled`, whose `batch` holds the finished requests.
        """

        async def main() -> Batch:
            try:
                answer = self._client.batch_answerer(
                    progress, tier=tier, concurrency=concurrency, executor=executor
                )
                return await answer()
            finally:
                if feed is not None:
                    feed.close()

        def serve_iterator(future: Future[Batch], seconds: float) -> None:
            if feed is not None:
                feed.serve(seconds)
            else:
                event_loop.wait_for(future, seconds)
            if bar is not None:
                bar.update()

        return event_loop.run(main, while_waiting=serve_iterator, call=progress.call, gather=progress.batch)

    def jobs(self) -> Jobs:
        """Return the batch jobs of this client's store, to list, wait for, cancel or fetch them."""
        from gemini_nb.client.jobs import Jobs  # noqa: PLC0415 - few send batch jobs

        return Jobs(self._client.jobs())

    def close(self) -> None:
        """Close the client; requests under way in other threads are cancelled."""
        event_loop.run(self._client.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _close_stream(result: Generation | AsyncStream | None) -> None:
    if isinstance(result, AsyncStream):
        result.close_soon()


@overload
def generate(
    prompt: str | ImageRequest,
    *,
    provider: str | None = None,
    model: str = models.DEFAULT,
    images: Sequence[Any] = (),
    aspect_ratio: str | None = None,
    image_size: str | None = None,
    take: int = 0,
    text: bool = False,
    search: Search | None = None,
    thinking: ThinkingLevel | int | None = None,
    system: str | None = None,
    seed: int | None = None,
    safety: str | Mapping[str, str] | Sequence[str] | None = None,
    mask: Any = None,
    feather: int = 0,
    config: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    stream: Literal[False] = False,
) -> Generation: ...


@overload
def generate(
    prompt: str | ImageRequest,
    *,
    provider: str | None = None,
    stream: Literal[True],
    **options: Unpack[Options],
) -> Stream: ...


def generate(
    prompt: str | ImageRequest, *, provider: str | None = None, **options: Any
) -> Generation | Stream:
    """Ask for one picture with a client of its own; see `AsyncClient.generate`."""
    result: Generation | Stream = Client(provider).generate(prompt, **options)
    return result
