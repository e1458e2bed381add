"""An iterator read in the caller's thread, while the background event loop awaits its items.

A database cursor belongs to the thread that opened it, and a generator may itself wait for the event loop.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from gemini_nb.event_loop import get
from gemini_nb.interrupts import let_through

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


class CallerIterator(Generic[T]):
    """An async iterator for the event loop; `serve`, in the caller's thread, provides each awaited item."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self._wanted: SimpleQueue[Future[T] | None] = SimpleQueue()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        wanted: Future[T] = Future()
        self._wanted.put(wanted)
        return await asyncio.wrap_future(wanted)

    def serve(self, seconds: float) -> None:
        """Provide one item, if one is awaited within `seconds`."""
        try:
            wanted = get(self._wanted, seconds)
        except Empty:
            return
        if wanted is not None and wanted.set_running_or_notify_cancel():
            try:
                with let_through():
                    item = next(self._items)
                wanted.set_result(item)
            except StopIteration:
                wanted.set_exception(StopAsyncIteration())
            except Exception as error:  # noqa: BLE001 - the caller's own, raised where the batch ends
                wanted.set_exception(error)

    def close(self) -> None:
        """Wake a waiting `serve`: no more items are awaited."""
        self._wanted.put(None)
