"""The one event loop of the process: a daemon thread on which every client does its waiting.

The thread that asks only waits, so it can be interrupted; cancelling the task closes its connection.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from gemini_nb.errors import Cancelled, GeminiError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

_POLL_SECONDS = 0.2  # Windows cannot interrupt an untimed wait
_CLOSE_TIMEOUT_SECONDS = 0.5  # how long an interrupted call may take to close its connection


@dataclass(frozen=True)
class _Loop:
    loop: asyncio.AbstractEventLoop
    stopping: asyncio.Event
    thread: threading.Thread


_lock = threading.Lock()
_current: _Loop | None = None


def run(
    task: Callable[..., Coroutine[Any, Any, T]],
    *args: object,
    meanwhile: Callable[[Future[T], float], object] | None = None,
) -> T:
    """Run a coroutine function on the background loop and wait for its result.

    `meanwhile(future, seconds)` is called again and again to do the waiting. An interrupt cancels the task,
    waits half a second at most for its connection to close, and raises `Cancelled`. Whatever else is raised
    in the waiting thread ends the task in the same way, and is raised as it is.
    """
    ended = threading.Event()
    loop = _running().loop
    future = asyncio.run_coroutine_threadsafe(_announcing(task, args, ended), loop)
    interrupted = not _waited(future, meanwhile or _idle, ended)
    if interrupted or future.cancelled():  # cancelled, when the loop was stopped below it
        raise Cancelled("the request was stopped and its connection closed; it may have been billed.")
    error = future.exception()
    if isinstance(error, GeminiError):
        raise error.with_traceback(None)  # the loop's frames help nobody, and could show a key
    return future.result()


def submit(task: Callable[..., Coroutine[Any, Any, T]], *args: object) -> Future[T]:
    """Start a coroutine function on the background loop; cancelling the future that comes back ends it."""
    loop = _running().loop
    return asyncio.run_coroutine_threadsafe(task(*args), loop)


async def _announcing(
    task: Callable[..., Coroutine[Any, Any, T]], args: tuple[object, ...], ended: threading.Event
) -> T:
    try:
        return await task(*args)
    finally:
        ended.set()


def _idle(future: Future[Any], seconds: float) -> None:
    wait([future], timeout=seconds)


def _waited(
    future: Future[T], meanwhile: Callable[[Future[T], float], object], ended: threading.Event
) -> bool:
    """Wait for `future`; return False when interrupted, so that `Cancelled` is not raised inside `except`.

    A signal's handler or the caller's iterator may raise anything: nobody would see what went on below.
    """
    try:
        while not future.done():
            meanwhile(future, _POLL_SECONDS)
    except BaseException as stop:
        future.cancel()
        ended.wait(_CLOSE_TIMEOUT_SECONDS)
        if not isinstance(stop, KeyboardInterrupt):
            raise
        return False
    return True


def _running() -> _Loop:
    """Return the process's loop, started on first use."""
    global _current  # noqa: PLW0603 - one loop per process is the point
    with _lock:
        if _current is None or not _current.thread.is_alive():
            _current = _started()
        return _current


def _started() -> _Loop:
    started: Future[_Loop] = Future()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(_LookUps())
        stopping = asyncio.Event()
        started.set_result(_Loop(loop, stopping, threading.current_thread()))
        await stopping.wait()

    def main() -> None:
        try:
            with asyncio.Runner() as runner:  # unlike `run`, it makes the loop before the coroutine
                runner.run(serve())
        except OSError as error:  # too many open files: nobody would wake who waits for the loop
            if not started.done():
                started.set_exception(_no_loop(error))

    threading.Thread(target=main, name="gemini_nb", daemon=True).start()
    return started.result()


def _no_loop(error: OSError) -> GeminiError:
    return GeminiError(
        f"No event loop could be started: {error.strerror}.",
        hint="Nothing was sent. Close files or connections that are open, then run it again.",
    )


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
    global _current
    with _lock:
        ending, _current = _current, None
    if ending is not None:
        with suppress(RuntimeError):  # it has ended by itself
            ending.loop.call_soon_threadsafe(ending.stopping.set)
        ending.thread.join(_CLOSE_TIMEOUT_SECONDS)


def _forget() -> None:
    """After a fork the parent's loop and lock are not ours: the child starts its own."""
    global _current, _lock
    _current, _lock = None, threading.Lock()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
