"""The one event loop of the process: a daemon thread on which every client does its waiting.

The thread that asks only waits, so it can be interrupted; cancelling the task closes its connection.
"""

from __future__ import annotations

import atexit
import os
import threading
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from gemini_nb.errors import Cancelled, GeminiError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from anyio.from_thread import BlockingPortal

T = TypeVar("T")

_LOOK_UP_SECONDS = 0.2  # Windows cannot interrupt an untimed wait
_FAREWELL_SECONDS = 0.5  # how long an interrupted call may take to close its connection

_STOPPED = "the request was stopped and its connection closed; it may have been billed."


@dataclass(frozen=True)
class _Loop:
    portal: BlockingPortal
    thread: threading.Thread


_lock = threading.Lock()
_loop: _Loop | None = None


def run(task: Callable[..., Coroutine[Any, Any, T]], *args: object) -> T:
    """Run a coroutine function on the background loop and wait for its result.

    An interrupt cancels the task, waits half a second at most for its connection to close, and
    raises `Cancelled`.
    """
    ended = threading.Event()
    future: Future[T] = _portal().start_task_soon(_announcing, task, args, ended)
    if not _waited(future):
        future.cancel()
        ended.wait(_FAREWELL_SECONDS)
        raise Cancelled(_STOPPED)
    if future.cancelled():  # the loop was stopped below it
        raise Cancelled(_STOPPED)
    error = future.exception()
    if isinstance(error, GeminiError):
        raise error.with_traceback(None)  # the loop's frames help nobody, and could show a key
    return future.result()


async def _announcing(
    task: Callable[..., Coroutine[Any, Any, T]], args: tuple[object, ...], ended: threading.Event
) -> T:
    try:
        return await task(*args)
    finally:
        ended.set()


def _waited(future: Future[Any]) -> bool:
    """Wait for `future`; return False when interrupted, so that nothing is raised inside `except`."""
    try:
        while not wait([future], timeout=_LOOK_UP_SECONDS).done:
            pass
    except KeyboardInterrupt:
        return False
    return True


def _portal() -> BlockingPortal:
    """Return the process's blocking portal, started on first use."""
    global _loop  # noqa: PLW0603 - one loop per process is the point
    with _lock:
        if _loop is None or not _loop.thread.is_alive():
            _loop = _started()
        return _loop.portal


def _started() -> _Loop:
    import asyncio  # noqa: PLC0415 - loaded with the first request

    import anyio  # noqa: PLC0415
    from anyio.from_thread import BlockingPortal  # noqa: PLC0415

    started: Future[BlockingPortal] = Future()

    async def serve() -> None:
        asyncio.get_running_loop().set_default_executor(_LookUps())
        async with BlockingPortal() as portal:
            started.set_result(portal)
            await portal.sleep_until_stopped()

    def loop() -> None:
        with suppress(CancelledError):
            anyio.run(serve)

    thread = threading.Thread(target=loop, name="gemini_nb", daemon=True)
    thread.start()
    return _Loop(started.result(), thread)


class _LookUps(ThreadPoolExecutor):
    """Where asyncio looks names up: in daemon threads, so that a stalled one delays no exit."""

    def submit(self, call: Callable[..., T], /, *args: Any, **options: Any) -> Future[T]:
        future: Future[T] = Future()
        thread = threading.Thread(target=_settle, args=(future, call, args, options), daemon=True)
        thread.start()
        return future


def _settle(future: Future[T], call: Callable[..., T], args: Any, options: Any) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call(*args, **options)
    except Exception as error:  # noqa: BLE001 - raised again where the result is awaited
        future.set_exception(error)
    else:
        future.set_result(result)


def stop() -> None:
    """Cancel what is under way and end the loop; the next call starts another."""
    global _loop
    with _lock:
        running, _loop = _loop, None
    if running is not None:
        with suppress(RuntimeError, CancelledError):
            running.portal.start_task_soon(running.portal.stop, True)
        running.thread.join(_FAREWELL_SECONDS)


def _forget() -> None:
    """After a fork the parent's loop and lock are not ours: the child starts its own."""
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
