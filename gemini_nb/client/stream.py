"""Streamed replies, asynchronous and blocking: the results of `generate(…, stream=True)`.

The request is sent at once; its pieces are queued here for the caller who iterates.
"""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from typing import TYPE_CHECKING, Any, Self

import anyio

from gemini_nb import event_loop
from gemini_nb.errors import ArgumentError, GeminiError, GeminiWarning, OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.reply.live_pieces import OnPiece

    Make = Callable[[OnPiece], Coroutine[Any, Any, Generation]]

_CLOSED = "The stream was closed before the reply was whole; it may have been billed."
_CLOSE_TIMEOUT_SECONDS = 0.5
_running: set[asyncio.Task[None]] = set()  # a loop holds its tasks weakly


class AsyncStream:
    """An async iterator of texts (`str`) and pictures (`GeneratedImage`) as they arrive.

    `generation` is then the whole result; its `text` is all texts joined, and only it has the drafts. An
    error is raised in place of the next piece. Use it in `async with`, or close it: that closes the
    connection, with a warning if the reply was under way. Cancelling the wait for a piece closes it too.
    """

    def __init__(self, make: Make) -> None:
        self._pieces: deque[str | GeneratedImage] = deque()
        self._changed = asyncio.Event()
        self._scope = anyio.CancelScope()
        self._outcome: Generation | Exception = ArgumentError(
            "The stream is not at its end.", hint="Take all of it, or use result()."
        )
        self._has_ended = False
        self._task = asyncio.create_task(self._run(make))
        _running.add(self._task)
        self._task.add_done_callback(_running.discard)

    async def _run(self, make: Make) -> None:
        try:
            with self._scope:
                self._outcome = await make(self._add_piece)
            if self._scope.cancelled_caught:
                self._outcome = OutcomeUnknownError(_CLOSED)
        except asyncio.CancelledError:  # the event loop ends
            self._outcome = OutcomeUnknownError(_CLOSED)
            raise
        except Exception as error:  # noqa: BLE001 - raised to the caller in place of the next piece
            self._outcome = error
        finally:
            self._has_ended = True
            self._changed.set()

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
        while not self._pieces and not self._has_ended:
            self._changed.clear()
            try:
                await self._changed.wait()
            except anyio.get_cancelled_exc_class():
                await self.end()
                raise
        if self._pieces:
            return self._pieces.popleft()
        self._result_or_raise()
        return None

    async def result(self) -> Generation:
        """Wait for the end and return the whole result; the pieces that were not read are skipped."""
        while await self.next_piece() is not None:
            pass
        return self._result_or_raise()

    @property
    def generation(self) -> Generation:
        """The whole result after the end of the stream; raises the error of the request."""
        return self._result_or_raise()

    def _result_or_raise(self) -> Generation:
        if isinstance(self._outcome, GeminiError):
            raise self._outcome.with_traceback(None)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    async def aclose(self) -> None:
        """Close the connection; if the reply was under way, warn that it may have been billed."""
        if await self.end():
            warnings.warn(_CLOSED, GeminiWarning, stacklevel=2)

    async def end(self) -> bool:
        """Close the connection without a warning; return whether a result was lost."""
        was_under_way = not self._has_ended
        self._scope.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait({self._task}, timeout=_CLOSE_TIMEOUT_SECONDS)
        return was_under_way and isinstance(self._outcome, GeminiError)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _frames: TracebackType | None
    ) -> None:
        if error is None:
            await self.aclose()
        elif await self.end():
            error.add_note(_CLOSED)


class Stream:
    """An iterator over an `AsyncStream` that waits for its pieces; an interrupt while waiting closes it.

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
        piece = event_loop.run(self._stream.next_piece)
        if piece is None:
            raise StopIteration
        return piece

    def result(self) -> Generation:
        """Wait for the end and return the whole result; the pieces that were not read are skipped."""
        return event_loop.run(self._stream.result)

    @property
    def generation(self) -> Generation:
        """The whole result after the end of the stream; raises the error of the request."""
        return self._stream.generation

    def close(self) -> None:
        """Close the connection; if the reply was under way, warn that it may have been billed."""
        if event_loop.run(self._stream.end):
            warnings.warn(_CLOSED, GeminiWarning, stacklevel=2)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _frames: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        elif event_loop.run(self._stream.end):
            error.add_note(_CLOSED)
