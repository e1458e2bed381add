"""The asynchronous client: prompts to pictures, one at a time, streamed, in batches and in chats."""

from __future__ import annotations

from collections.abc import Sized
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

import anyio
from anyio import to_thread

from gemini_nb import call, models
from gemini_nb.batch import run
from gemini_nb.client.chat import AsyncChat, Turn
from gemini_nb.client.pipeline import Pipeline
from gemini_nb.client.stream import AsyncStream
from gemini_nb.errors import (
    ArgumentError,
    ConnectionFailedError,
    GeminiError,
    LinkFailedError,
    LinkRefusedError,
    NoImageError,
    OutcomeUnknownError,
)
from gemini_nb.generation import Generation
from gemini_nb.http.rate_limit import forget_loopback_limiters, limiters_for, seconds_between
from gemini_nb.images import inputs
from gemini_nb.images.image import GeneratedImage
from gemini_nb.providers import provider as providers
from gemini_nb.providers.keys import find_key, require_key
from gemini_nb.providers.secret import Secret
from gemini_nb.providers.selection import choose_provider
from gemini_nb.reply.live_pieces import LivePieces
from gemini_nb.request import ImageRequest, copy_json
from gemini_nb.store.replay import Replay

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Coroutine,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from concurrent.futures import Executor
    from types import TracebackType

    from gemini_nb.batch.executor import ExecutorBackend
    from gemini_nb.batch.result import Batch
    from gemini_nb.call import RequestState
    from gemini_nb.reply.live_pieces import OnPiece
    from gemini_nb.request import Options
    from gemini_nb.store.spool import Spool
    from gemini_nb.store.store import Store

TIMEOUT_SECONDS = 240.0
_READ_PICTURES = (GeneratedImage, inputs.InputImage)


class AsyncClient:
    """Generate pictures in a coroutine; the methods are those of `Client`, awaited.

    `provider` is "crazyrouter", "google", "offline" or "auto" (None: `GEMINI_NB_PROVIDER`, else crazyrouter),
    `timeout` the seconds that one picture may take, everything included. `retry_unknown=True` sends a
    request again even where the first may have been billed. `store` is a folder to replay from and keep in
    (True: `.gemini_nb` beside the notebook), `replay` how it is used, see `Replay`. Raises `MissingKeyError`
    where no key is set: at once without a store, else with the first request that the store cannot answer.
    `requests_per_minute` spaces out what this client asks a model for, together with all of this process that
    ask the same server with the same key for it. A pause that the server asks for holds all of them back in
    any case, ten minutes at most; a call that is made during it is sent once all the same.
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
        requests_per_minute: float | None = None,
    ) -> None:
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 86_400:
            raise ArgumentError(f"timeout is a number of seconds above 0, a day at most, not {timeout!r}.")
        self.provider = choose_provider(provider, base_url=base_url)
        key = Secret(api_key) if api_key is not None else find_key(self.provider)
        self._replay = Replay(store, replay)
        self._key = key
        if self._replay.store is None and self._replay.may_ask:
            require_key(self.provider, key)
        self.timeout = float(timeout)
        self.retry_unknown = retry_unknown
        self.requests_per_minute = requests_per_minute
        self._limiters = limiters_for(self.provider, key)
        self._pipeline = Pipeline(
            self.provider,
            key,
            self._replay,
            limiters=self._limiters,
            interval=0.0 if self.provider is providers.OFFLINE else seconds_between(requests_per_minute),
            timeout=self.timeout,
            retry_unknown=retry_unknown,
        )
        self._open_scopes: set[anyio.CancelScope] = set()
        self._closed = False

    def __repr__(self) -> str:
        if not hasattr(self, "provider"):
            return "<AsyncClient>"
        return f"{type(self).__name__}({self.provider.name!r}, base_url={self.provider.base_url!r})"

    @overload
    async def generate(
        self, prompt: str | ImageRequest, *, stream: Literal[False] = False, **options: Unpack[Options]
    ) -> Generation: ...

    @overload
    async def generate(
        self, prompt: str | ImageRequest, *, stream: Literal[True], **options: Unpack[Options]
    ) -> AsyncStream: ...

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
        stream: bool = False,
    ) -> Coroutine[Any, Any, Generation | AsyncStream]:
        """Ask for one picture and return it as a `Generation`; an `ImageRequest` is sent as it is.

        `images` are pictures to work from: paths, https addresses, bytes, PIL images, NumPy arrays,
        Matplotlib figures or earlier results. `aspect_ratio` is written "16:9", `image_size` "1K", "2K" or
        "4K", with some models "512"; `text=True` asks for words as well. `config` is merged into
        `generationConfig`, `extra` into the body; both are copied with this call, not when it is awaited.
        With `stream=True` words and pictures come one by one from the `AsyncStream` that is returned at once;
        what it amounts to is the same. Raises a `GeminiError`: at most one request is sent, unless it is
        proven that nothing was made.
        """
        options: Options = {
            "model": model,
            "images": images,
            "aspect_ratio": aspect_ratio,
            "image_size": image_size,
            "take": take,
            "text": text,
            "config": config,
            "extra": extra,
        }
        return self._generate(prompt, copy_json(options), stream=stream)  # before a task of it begins

    async def _generate(
        self, prompt: str | ImageRequest, options: Options, *, stream: bool
    ) -> Generation | AsyncStream:
        with self._until_closed() as state:
            deadline = anyio.current_time() + self.timeout
            if not isinstance(prompt, ImageRequest):
                prompt = await self.request(prompt, **options)
            if stream:
                return AsyncStream(partial(self._generate_live, prompt, deadline))
            return _with_content(*await self._pipeline.answer(prompt, deadline, state=state))

    async def converse(
        self, request: ImageRequest, *, on_piece: OnPiece | None = None
    ) -> tuple[Generation, Any]:
        """Generate one picture; return it with the model's raw content, which the next turn must echo.

        With `on_piece` the reply is streamed: it is called with each text and picture as they arrive.
        """
        with self._until_closed() as state:
            pieces = LivePieces(on_piece, key=self._key) if on_piece else None
            deadline = anyio.current_time() + self.timeout
            generation, content = await self._pipeline.answer(request, deadline, pieces, state=state)
            if pieces:
                pieces.finish(generation)  # a stored picture has no pieces: they are given all at once
            return _with_content(generation, content), content()

    async def recall(self, picture: Any) -> Turn | None:
        """Return the turn that a picture came with, from this process or the store; None if it is unknown."""
        return await to_thread.run_sync(self._recall, picture)

    def _recall(self, picture: Any) -> Turn | None:
        if isinstance(picture, Generation):
            if picture.content is not None:
                return Turn(picture, picture.content())
            found = self._replay.recall(picture.image.sha256, digest=picture.digest)
            return Turn(picture, found[1]) if found else None
        if inputs.is_link(picture) or not isinstance(picture, (str, Path, bytes, *_READ_PICTURES)):
            return None
        with suppress(GeminiError):  # it cannot be read: whoever sends it says so
            digest = (picture if isinstance(picture, _READ_PICTURES) else inputs.read(picture)).sha256
            if found := self._replay.recall(digest):
                return Turn(*found)
        return None

    async def _generate_live(self, request: ImageRequest, deadline: float, on_piece: OnPiece) -> Generation:
        with self._until_closed() as state:
            pieces = LivePieces(on_piece, key=self._key)
            generation, content = await self._pipeline.answer(request, deadline, pieces, state=state)
            pieces.finish(generation)
            return _with_content(generation, content)

    def chat(self, model: str = models.DEFAULT_MODEL, **options: Any) -> AsyncChat:
        """Begin edits over several turns; `options` are those of `generate`, for every turn."""
        return AsyncChat(self, model=model, **options)

    async def generate_many(
        self,
        prompts: Iterable[str | ImageRequest],
        *,
        concurrency: int = 4,
        executor: Executor | None = None,
        manifest: str | Path | None = None,
        progress: bool | None = None,
        **options: Unpack[Options],
    ) -> Batch:
        """Ask for many pictures, `concurrency` at a time; `options` are those of `generate`.

        A failure does not stop the others and is in `Batch.errors`; three refusals of the key in a row do.
        `timeout` begins for each when it is sent, not in the queue. A store holds the pictures, equal
        requests are sent once, and another run asks for the missing ones only. Without a store they are in
        a temporary folder, which is removed when none of them is in use.

        A list is checked as a whole before anything is sent. An iterator is read when a worker is free, and
        its input images are dropped after the answer. `executor` sends from other processes, see
        `ExecutorBackend`.
        `manifest` is the path of a file: to `.jsonl` a line is appended as each request finishes; `.parquet`
        is written at the end. `progress` draws a bar, by default (None) on a terminal, and in a notebook for
        twenty pictures or more.
        """
        from gemini_nb.batch import manifest as manifests  # noqa: PLC0415 - one picture does without
        from gemini_nb.batch.progress_bar import ProgressBar  # noqa: PLC0415

        batch = self.batch_progress(await self.build_requests(prompts, options))
        with (
            manifests.writing_manifest(batch, manifest, redact=self.redact),
            ProgressBar(batch, progress) as bar,
        ):
            batch.listeners.append(lambda *_: bar.update())
            generate = self.generate_function(executor)
            return await run.run(generate, batch, concurrency=concurrency, each_second=bar.update)

    def batch_progress(self, requests: Iterable[ImageRequest] | AsyncIterator[ImageRequest]) -> run.Progress:
        """Return the progress of a batch that has not begun; with a store, equal requests are sent once."""
        return run.Progress(requests, once=self._replay.is_used, is_stored=self.holds)

    def generate_function(
        self, executor: Executor | None = None
    ) -> Callable[[ImageRequest], Awaitable[Generation]]:
        """Return the function that answers each request of a batch, by this client or by an executor."""
        from gemini_nb.store.spool import Spool  # noqa: PLC0415 - one picture does without

        if executor:
            return self.executor_backend(executor).generate
        return partial(self._generate_for_batch, spool=Spool())

    def executor_backend(self, executor: Executor) -> ExecutorBackend:
        """Return a backend that generates pictures on an executor's workers, with this client's settings."""
        from gemini_nb.batch import executor as backend  # noqa: PLC0415 - few have one
        from gemini_nb.batch.worker import Settings  # noqa: PLC0415

        backend.check_key(self.provider, self._key)
        settings = Settings(
            AsyncClient,
            self.provider.name,
            self.provider.base_url,
            str(self.store.folder) if self.store else None,
            self._replay.mode,
            self.timeout,
            self.retry_unknown,
        )
        return backend.ExecutorBackend(
            executor, settings, limiters=self._limiters, interval=self._pipeline.interval
        )

    async def request(self, prompt: str, *, images: Any = (), **options: Any) -> ImageRequest:
        """Return the request that `generate` would send, and send nothing; input images are read."""
        given = {name: value for name, value in options.items() if value is not None}
        return ImageRequest(prompt, images=await self.read_images(images), **given)

    async def read_images(self, sources: Any) -> tuple[inputs.InputImage, ...]:
        """Read input images, whatever `generate` takes as `images`, and send nothing; links are fetched."""
        deadline = anyio.current_time() + self.timeout
        if isinstance(sources, str | bytes) or not hasattr(sources, "__iter__") or hasattr(sources, "shape"):
            sources = [sources]
        return tuple([await self._read_image(source, deadline) for source in sources])

    def holds(self, request: ImageRequest) -> bool:
        """Whether the store has the answer to a request, which then costs nothing; its pictures are checked.

        Raises `ReplayMissError` where a later version of gemini_nb has stored it.
        """
        return self._replay.holds(request)

    async def build_requests(
        self, prompts: Iterable[str | ImageRequest], options: Mapping[str, Any]
    ) -> Iterable[ImageRequest]:
        """Return a request for each prompt: a tuple, or for an iterator another one. Images are read once."""
        if isinstance(prompts, str):
            raise ArgumentError(
                "generate_many takes a list of prompts.", hint="Use generate for a single one."
            )
        options = {**options, "images": await self.read_images(options.get("images", ()))}
        options = {name: copy_json(value) for name, value in options.items() if value is not None}
        requests = (p if isinstance(p, ImageRequest) else ImageRequest(p, **options) for p in prompts)
        return tuple(requests) if isinstance(prompts, Sized) else requests

    async def _read_image(self, source: Any, deadline: float) -> inputs.InputImage:
        if not inputs.is_link(source):
            return inputs.read(source)
        try:
            data, _ = await self._pipeline.reader().fetch(source, deadline=deadline)
            return inputs.read(data)
        except (LinkRefusedError, LinkFailedError) as error:
            reason = str(error.args[0])
        raise ArgumentError(
            f"The input image could not be fetched. {reason}", hint="Nothing was sent or billed."
        )

    async def _generate_for_batch(self, request: ImageRequest, *, spool: Spool | None = None) -> Generation:
        """Generate one picture of a batch; its timeout begins when the rate limiter lets it through.

        A picture that no store keeps goes to `spool`, so that memory does not grow with their number.
        """
        with self._until_closed() as state:
            try:
                generation, _ = await self._pipeline.answer(request, None, state=state, spool=spool)
            except NoImageError as error:
                if spool is not None:
                    error.drafts = await to_thread.run_sync(spool.hold, error.drafts)
                raise
            return generation

    @property
    def store(self) -> Store | None:
        """The store from which pictures are replayed and in which they are kept, or None."""
        return self._replay.store

    def redact(self, value: Any) -> Any:
        """Return a JSON value with the key masked."""
        return self._key.redact_all(value) if self._key else value

    @contextmanager
    def _until_closed(self) -> Iterator[RequestState]:
        """Run a request until `aclose` cancels it; raise `ArgumentError` if the client is closed already."""
        if self._closed:
            raise ArgumentError("This client is closed.", hint="Make another one.")
        scope = anyio.CancelScope()
        self._open_scopes.add(scope)
        try:
            with call.current().request_state() as state, scope:
                yield state
        finally:
            self._open_scopes.discard(scope)
        if scope.cancelled_caught and state.may_be_billed:
            raise OutcomeUnknownError("The client was closed while a request was under way.")
        if scope.cancelled_caught:
            raise ConnectionFailedError("Not sent: the client was closed.", hint="Nothing was billed.")

    async def aclose(self) -> None:
        """Close the client; requests under way are cancelled and their connections closed."""
        self._closed = True
        forget_loopback_limiters(self._limiters)
        for scope in tuple(self._open_scopes):
            scope.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _frames: TracebackType | None
    ) -> None:
        await self.aclose()


def _with_content(generation: Generation, content: Callable[[], Any]) -> Generation:
    """Return an answer that keeps the model's content, unless it is in the store with the picture."""
    return generation if generation.path else replace(generation, content=content)
