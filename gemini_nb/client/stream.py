"""Streamed replies, asynchronous and blocking: the results of `generate(…, stream=True)`.

The request is sent at once; its pieces are queued here for the caller who iterates.
"""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import anyio

from gemini_nb import call, event_loop, interrupts
from gemini_nb.errors import (
    ArgumentError,
    Cancelled,
    ConnectionFailedError,
    GeminiError,
    GeminiWarning,
    OutcomeUnknownError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.reply.live_pieces import OnPiece

    Make = Callable[[OnPiece], Coroutine[Any, Any, Generation]]

_CLOSED = "The stream was closed before the reply was complete; it may have been billed."
_CLOSE_TIMEOUT_SECONDS = 0.5
_running: set[asyncio.Task[None]] = set()  # a loop holds its tasks weakly


class AsyncStream:
    """An async iterator of texts (`str`) and pictures (`GeneratedImage`) as they arrive.

    `generation` is then the whole result; its `text` is all texts joined, and only it has the drafts. An
    error is raised in place of the next piece. Use it in `async with`, or close it: that closes the
    connection, with a warning if the reply was under way. Cancelling the wait for a piece closes it too.
    `is_kept` says that a store will have the result, whoever takes it here.
    """

    def __init__(self, make: Make, *, is_kept: bool) -> None:
        self.is_kept = is_kept
        self.call = call.current()
        self._pieces: deque[str | GeneratedImage] = deque()
        self._changed = asyncio.Event()
        self._scope = anyio.CancelScope()
        self._outcome: Generation | Exception = ArgumentError(
            "The stream has not ended yet.", hint="Iterate to its end, or call result()."
        )
        self.has_ended = False
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run(make))
        _running.add(self._task)
        self._task.add_done_callback(_running.discard)

    async def _run(self, make: Make) -> None:
        try:
            with self._scope, self.call.watched():
                self._outcome = await make(self._add_piece)
            if self._scope.cancelled_caught:
                self._outcome = self._error_for_closing()
        except asyncio.CancelledError:  # the event loop ends
            self._outcome = self._error_for_closing()
            raise
        except Exception as error:  # noqa: BLE001 - raised to the caller in place of the next piece
            self._outcome = error
        finally:
            self.has_ended = True
            self._changed.set()

    def _error_for_closing(self) -> GeminiError:
        if self.call.may_be_billed:
            return OutcomeUnknownError(_CLOSED)
        return ConnectionFailedError(
            "The stream was closed before its request was sent.", hint="Nothing was billed."
        )

    def _add_piece(self, piece: str | GeneratedImage) -> None:
        self._pieces.append(piece)
        self._changed.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str | GeneratedImage:
        piece = await self.next_piece()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def next_piece(self) -> str | GeneratedImage | None:
        """Wait for the next piece and return it, None at the end; raise the error of the request."""
        while not self._pieces and not self.has_ended:
            self._changed.clear()
            try:
                await self._changed.wait()
            except anyio.get_cancelled_exc_class():
                await self.end()
                raise
        if self._pieces:
            return self._pieces.popleft()
        _ = self.generation  # raises what the request failed with
        return None

    async def result(self) -> Generation:
        """Wait for the end and return the whole result; the pieces that were not read are skipped."""
        while await self.next_piece() is not None:
            pass
        return self.generation

    @property
    def generation(self) -> Generation:
        """The whole result after the end of the stream; raises the error of the request."""
        if isinstance(self._outcome, GeminiError):
            raise self._outcome.with_traceback(None)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    async def aclose(self) -> None:
        """Close the connection; if the reply was under way, warn that it may have been billed."""
        if await self.end():
            warnings.warn(_CLOSED, GeminiWarning, stacklevel=2)

    def close_soon(self) -> None:
        """Close the connection without waiting for it, from any thread."""
        with suppress(RuntimeError):  # its loop has ended
            self._loop.call_soon_threadsafe(self._scope.cancel)

    async def end(self) -> bool:
        """Close the connection without a warning; return whether a result was lost that may be billed."""
        was_under_way = not self.has_ended
        self._scope.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait({self._task}, timeout=_CLOSE_TIMEOUT_SECONDS)
        is_lost = isinstance(self._outcome, GeminiError) and not isinstance(
            self._outcome, ConnectionFailedError
        )
        return was_under_way and is_lost

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _type: object, error: BaseException | None, _frames: object) -> None:
        if error is None:
            await self.aclose()
        elif await self.end():
            error.add_note(_CLOSED)


class Stream:
    """An iterator over an `AsyncStream` that waits for its pieces; an interrupt while waiting closes it.

    One that nobody holds any more is closed as well, unless a store will have its result.

    >>> from gemini_nb import Client
    >>> with Client("offline").generate("a red square", text=True, stream=True) as stream:
    ...     kinds = [type(piece).__name__ for piece in stream]
    >>> kinds[-1], stream.generation.image.mime_type
    ('GeneratedImage', 'image/jpeg')
    """

    def __init__(self, stream: AsyncStream) -> None:
        self._stream = stream

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str | GeneratedImage:
        try:
            piece = event_loop.run(self._stream.next_piece, call=self._stream.call)
        except Cancelled:
            self._stream.close_soon()  # it may have come before `next_piece` began
            raise
        if piece is None:
            raise StopIteration
        return piece

    def result(self) -> Generation:
        """Wait for the end and return the whole result; the pieces that were not read are skipped."""
        return event_loop.run(self._stream.result, call=self._stream.call)

    @property
    def generation(self) -> Generation:
        """The whole result after the end of the stream; raises the error of the request."""
        return self._stream.generation

    def close(self) -> None:
        """Close the connection; if the reply was under way, warn that it may have been billed."""
        if self._end():
            warnings.warn(_CLOSED, GeminiWarning, stacklevel=2)

    def _end(self) -> bool:
        """Close the connection, whatever interrupts come meanwhile; return whether a result was lost."""
        with interrupts.held():
            try:
                future = event_loop.submit(self._stream.end)
                event_loop.wait_for(future)
                return future.result()
            except CancelledError:  # the loop was stopped below it
                return True

    def __del__(self) -> None:
        """Close the connection of a stream that nobody holds: an interrupt may come before it has a name."""
        stream: AsyncStream | None = self.__dict__.get("_stream")  # or `__init__` was interrupted
        if stream is not None and not (stream.has_ended or stream.is_kept):
            stream.close_soon()
            if stream.call.may_be_billed:
                warnings.warn(_CLOSED, GeminiWarning, stacklevel=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _frames: object) -> None:
        if error is None:
            self.close()
        elif self._end():
            error.add_note(_CLOSED)
