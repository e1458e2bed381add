"""The asynchronous client: prompts to pictures, one at a time, streamed, in batches and in chats."""

from __future__ import annotations

from collections.abc import Sized
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, overload

import anyio

from gemini_nb import call, models
from gemini_nb.batch import run
from gemini_nb.batch.source import Source
from gemini_nb.client.chat import AsyncChat, find_turn
from gemini_nb.client.pipeline import Pipeline
from gemini_nb.client.stream import AsyncStream
from gemini_nb.errors import ArgumentError, ConnectionFailedError, NoImageError, OutcomeUnknownError
from gemini_nb.event_loop import run_in_thread
from gemini_nb.http.rate_limit import forget_loopback_limiters, limiters_for, seconds_between
from gemini_nb.images import input_reader
from gemini_nb.providers import provider as providers
from gemini_nb.providers.keys import find_key, require_key
from gemini_nb.providers.secret import Secret, clear_locals
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
    from pathlib import Path

    from gemini_nb.batch.executor import ExecutorBackend
    from gemini_nb.batch.result import Batch
    from gemini_nb.call import RequestState
    from gemini_nb.client.chat import Turn
    from gemini_nb.client.jobs import AsyncJobs
    from gemini_nb.client.model_list import ModelList
    from gemini_nb.generation import Generation
    from gemini_nb.images.inputs import InputImage
    from gemini_nb.images.mask import Mask
    from gemini_nb.reply.live_pieces import OnPiece
    from gemini_nb.request import Options
    from gemini_nb.settings.options import Search, ThinkingLevel
    from gemini_nb.store.saved_files import SavedFiles
    from gemini_nb.store.spool import Spool
    from gemini_nb.store.store import Store

TIMEOUT_SECONDS = 240.0

Tier = Literal["batch"]


class AsyncClient:
    """Generate pictures in a coroutine; the methods are those of `Client`, awaited.

    `provider` is "crazyrouter", "google", "offline" or "auto" (None: `GEMINI_NB_PROVIDER`, else crazyrouter),
    `timeout` the seconds that one picture may take, everything included. `retry_unknown=True` sends a
    request again even where the first may have been billed. `store` is a folder to replay from and keep in
    (True: `.gemini_nb` beside the notebook). `replay` is "auto" (what is stored is replayed, the rest asked
    for), "only" (nothing is asked for), "refresh" (all is asked for again) or "off". Raises `MissingKeyError`
    where no key is set: at once without a store, else with the first request that the store cannot answer.
    `requests_per_minute` spaces out what this client asks a model for, together with all of this process that
    ask the same server with the same key for it. A pause that the server asks for holds all of them back in
    any case, ten minutes at most; a call that is made during it is sent once all the same.
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
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 86_400:
            raise ArgumentError(
                f"timeout must be a number of seconds above 0, a day at most, not {timeout!r}."
            )
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
    ) -> Coroutine[Any, Any, Generation | AsyncStream]:
        """Ask for one picture and return it as a `Generation`; an `ImageRequest` is sent as it is.

        `images` are pictures to work from: paths, https addresses, data URIs, bytes, open files, PIL images,
        NumPy arrays, Matplotlib figures, IPython's and ipywidgets' images, uploads or earlier results, alone
        or in lists. They are read when this is awaited, within `timeout`, as a person sees them: upright by
        their EXIF orientation, 16 bits and floats in 0…1 scaled. `aspect_ratio` is written "16:9",
        `image_size` "1K", "2K" or "4K", with some models "512"; `text=True` asks for words as well.

        `mask` says where the one picture of `images` may change: a picture of its size that is white there,
        an array that is True there, or a box (x, y, width, height) in pixels. All other pixels are put back
        from the source exactly, so that the result is a PNG; what came is in `Generation.received`. `feather`
        is the width in pixels of a soft edge inside the mask.

        `search` lets the model search: "web", "image" or "both". `thinking` is a level, "minimal" to "xhigh",
        or a number of tokens. `system` is the system instruction, `seed` a whole number of 32 bits. `safety`
        is a threshold, such as "only_high", or a dict of them by category, such as {"harassment": "none"}.
        A model that is not known to take a value is warned of. None of the five is validated on Crazyrouter.
        `config` is merged into `generationConfig`, `extra` into the body, copied with this call.

        With `stream=True` words and pictures come one by one from the `AsyncStream` that is returned at once;
        what it amounts to is the same. Raises a `GeminiError`: at most one request is sent, unless it is
        proven that nothing was made.
        """
        options: Options = {
            "model": model,
            "images": images,
            "mask": mask,
            "feather": feather,
            "aspect_ratio": aspect_ratio,
            "image_size": image_size,
            "take": take,
            "text": text,
            "search": search,
            "thinking": thinking,
            "system": system,
            "seed": seed,
            "safety": safety,
            "config": config,
            "extra": extra,
        }
        return self._generate(prompt, copy_json(options), stream=stream)  # before a task of it begins

    async def _generate(
        self, prompt: str | ImageRequest, options: Options, *, stream: bool
    ) -> Generation | AsyncStream:
        with self._until_closed():
            deadline = self.deadline
            if not isinstance(prompt, ImageRequest):
                prompt = await self.request(prompt, deadline=deadline, **options)
        answer = partial(self._answer, prompt, deadline)
        return AsyncStream(answer, is_kept=self.store is not None) if stream else await answer()

    async def converse(
        self, request: ImageRequest, *, on_piece: OnPiece | None = None, deadline: float | None = None
    ) -> tuple[Generation, Any]:
        """Generate one picture; return it with the model's raw content, which the next turn must echo.

        With `on_piece` the reply is streamed: it is called with each text and picture as they arrive.
        `deadline` is in the event loop's seconds, by default `timeout` from now.
        """
        deadline = self.deadline if deadline is None else deadline
        generation, content = await self._answer_with_content(request, deadline, on_piece)
        return generation, await run_in_thread(content)

    async def _answer(
        self, request: ImageRequest, deadline: float, on_piece: OnPiece | None = None
    ) -> Generation:
        return (await self._answer_with_content(request, deadline, on_piece))[0]

    async def _answer_with_content(
        self, request: ImageRequest, deadline: float, on_piece: OnPiece | None
    ) -> tuple[Generation, Callable[[], Any]]:
        """Return the answer and a function for the model's raw content; an answer in no store has it too."""
        with self._until_closed() as state:
            is_whole = request.mask is None
            pieces = LivePieces(on_piece, key=self._key, with_pictures=is_whole) if on_piece else None
            request = request.at(self.provider.name)
            generation, content = await self._pipeline.answer(request, deadline, pieces, state=state)
            if pieces:
                pieces.finish(generation)  # a stored picture has no pieces: they are given all at once
            return (generation if generation.path else replace(generation, content=content)), content

    async def recall(self, picture: Any) -> Turn | None:
        """Return the turn that a picture came with, from this process or the store; None if it is unknown.

        `picture` is a `Generation`, a `GeneratedImage` or an `InputImage`.
        """
        return await run_in_thread(find_turn, picture, self._replay)

    def chat(self, model: str = models.DEFAULT, **options: Any) -> AsyncChat:
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
        tier: Tier | None = None,
        **options: Unpack[Options],
    ) -> Batch:
        """Ask for many pictures, `concurrency` at a time; `options` are those of `generate`.

        A failure does not stop the others and is in `Batch.errors`; three refusals of the key in a row do.
        `timeout` begins for each when it is sent, not in the queue. A store holds the pictures, equal
        requests are sent once, and another run asks for the missing ones only. Without a store they are in
        a temporary folder, which is removed when none of them is in use.

        A list is checked as a whole before anything is sent; of a column of a data frame the batch keeps the
        index, see `Batch.to_frame`. An iterator is read when a worker is free, and its input images are
        dropped after the answer. `executor` sends from other processes; the request of a worker that is lost
        is not sent again. `manifest` is the path of a file: to `.jsonl` a line is appended as each request
        finishes; `.parquet` is written at the end. `progress` draws a bar, by default (None) on a terminal,
        and in a notebook for twenty pictures or more.

        `tier="batch"` sends them as batch jobs, at half the price and within a day, to Google only and with a
        store, where each job is recorded before it is sent: run again, even in another process, it waits for
        the jobs that are under way and sends only what is in none. What failed is told once, and sent again
        by the run after that. An interrupt leaves the jobs running; `jobs` lists, cancels and fetches them.
        """
        from gemini_nb.batch import manifest as manifests  # noqa: PLC0415 - one picture does without
        from gemini_nb.batch.progress_bar import ProgressBar  # noqa: PLC0415

        batch = self.batch_progress(
            await self.build_requests(prompts, options), source=Source.of_column(prompts)
        )
        with (
            manifests.writing_manifest(batch, manifest, redact=self.redact),
            ProgressBar(batch, progress) as bar,
        ):
            batch.listeners.append(lambda *_: bar.update())
            answer = self.batch_answerer(batch, tier=tier, concurrency=concurrency, executor=executor)
            return await run.run_ticking(answer, bar.update)

    def batch_answerer(
        self,
        batch: run.Progress,
        *,
        tier: Tier | None = None,
        concurrency: int = 4,
        executor: Executor | None = None,
    ) -> Callable[[], Awaitable[Batch]]:
        """Return the function that answers all requests of a batch: one by one, or in batch jobs."""
        if tier is None:
            return lambda: run.run(self.generate_function(executor), batch, concurrency=concurrency)
        if tier != models.BATCH:
            raise ArgumentError(f'tier is "batch" or None, not {tier!r}.', hint="Nothing was sent.")
        if executor is not None:
            raise ArgumentError('tier="batch" takes no executor.', hint="The provider does the work.")
        return partial(self.jobs().run, batch)

    def jobs(self) -> AsyncJobs:
        """Return the batch jobs of this client's store, to list, wait for, cancel or fetch them."""
        from gemini_nb.client.jobs import AsyncJobs  # noqa: PLC0415 - few send batch jobs

        return AsyncJobs(self._pipeline, self._until_closed)

    async def list_models(self) -> ModelList:
        """Ask the provider which models it offers, and compare them with the catalogue; nothing is billed."""
        with self._until_closed():
            return await self._pipeline.list_models(self.deadline)

    def batch_progress(
        self,
        requests: Iterable[ImageRequest] | AsyncIterator[ImageRequest],
        *,
        source: Source | None = None,
    ) -> run.Progress:
        """Return the progress of a batch that has not begun; with a store, equal requests are sent once."""
        return run.Progress(requests, once=self._replay.is_used, is_stored=self.holds, source=source)

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

    async def request(
        self,
        prompt: str,
        *,
        images: Any = (),
        mask: Any = None,
        feather: int = 0,
        deadline: float | None = None,
        **options: Any,
    ) -> ImageRequest:
        """Return the request that `generate` would send, and send nothing; input images are read."""
        given = {name: value for name, value in options.items() if value is not None}
        given["images"] = read = await self.read_images(images, deadline=deadline)
        given["mask"] = await self.read_mask(mask, read, feather=feather, deadline=deadline)
        return ImageRequest(prompt, provider=self.provider.name, **given)

    async def read_mask(
        self,
        given: Any,
        images: Sequence[InputImage],
        *,
        feather: int = 0,
        deadline: float | None = None,
    ) -> Mask | None:
        """Read the mask for the one picture of `images`, whatever `generate` takes as `mask`; None for None.

        Raises `ArgumentError` without a picture or with several, for a mask of another size than the
        picture's, and for an empty one.
        """
        deadline = self.deadline if deadline is None else deadline
        read_images = partial(self.read_images, deadline=deadline)
        return await input_reader.read_mask(
            given, images, feather=feather, deadline=deadline, read_images=read_images
        )

    async def read_images(self, sources: Any, *, deadline: float | None = None) -> tuple[InputImage, ...]:
        """Read input images, whatever `generate` takes as `images`, and send nothing; links are fetched.

        Files are read and pictures encoded in other threads. Raises `ArgumentError` past `deadline`, which is
        in the event loop's seconds, by default `timeout` from now.
        """
        deadline = self.deadline if deadline is None else deadline
        return await input_reader.read_images(
            sources,
            deadline=deadline,
            fetch=lambda link: self._pipeline.reader().fetch(link, deadline=deadline),
            redact=self.redact,
            provider=self.provider.name,
        )

    def holds(self, request: ImageRequest) -> bool:
        """Whether the store has the answer to a request, which then costs nothing; its pictures are checked.

        Raises `ReplayMissError` where a later version of gemini_nb has stored it.
        """
        return self._replay.holds(request.at(self.provider.name))

    async def build_requests(
        self, prompts: Iterable[str | ImageRequest], options: Mapping[str, Any]
    ) -> Iterable[ImageRequest]:
        """Return a request for each prompt: a tuple, or for an iterator another one. Images are read once."""
        if isinstance(prompts, str):
            raise ArgumentError(
                "generate_many takes a list of prompts.", hint="Use generate for a single one."
            )
        images = await self.read_images(options.get("images", ()))
        feather = options.get("feather") or 0
        mask = await self.read_mask(options.get("mask"), images, feather=feather)
        options = {**options, "images": images, "mask": mask, "feather": None}
        options = {name: copy_json(value) for name, value in options.items() if value is not None}
        name = self.provider.name
        requests = (
            p.at(name) if isinstance(p, ImageRequest) else ImageRequest(p, provider=name, **options)
            for p in prompts
        )
        return tuple(requests) if isinstance(prompts, Sized) else requests

    async def _generate_for_batch(self, request: ImageRequest, *, spool: Spool) -> Generation:
        """Generate one picture of a batch; its timeout begins when the rate limiter lets it through.

        A picture that no store keeps goes to `spool`, so that memory does not grow with their number.
        """
        with self._until_closed() as state:
            try:
                request = request.at(self.provider.name)
                generation, _ = await self._pipeline.answer(request, None, state=state, spool=spool)
            except NoImageError as error:
                error.drafts = await run_in_thread(spool.hold, error.drafts)
                raise
            return generation

    @property
    def deadline(self) -> float:
        """When a call that begins now has to end, in the event loop's seconds."""
        return anyio.current_time() + self.timeout

    @property
    def may_ask(self) -> bool:
        """Whether the provider is asked for what is not stored: not with replay "only"."""
        return self._replay.may_ask

    @property
    def store(self) -> Store | None:
        """The store from which pictures are replayed and in which they are kept, or None."""
        return self._replay.store

    @property
    def saved_files(self) -> SavedFiles:
        """What knows which saved files may be replaced, since they could be made again."""
        return self._replay.saved_files()

    def redact(self, value: Any) -> Any:
        """Return a JSON value with the key masked."""
        return self._key.redact_all(value) if self._key else value

    @contextmanager
    def _until_closed(self) -> Iterator[RequestState]:
        """Run a request until `aclose` cancels it; raise `ArgumentError` if the client is closed already."""
        if self._closed:
            raise ArgumentError("This client is closed.", hint="Create a new one.")
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

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()
