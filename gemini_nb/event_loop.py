"""The background event loop of the process: a daemon thread on which every client does its waiting.

The calling thread only waits, so it can be interrupted; cancelling the task closes its connection.
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
class _LoopThread:
    loop: asyncio.AbstractEventLoop
    stopping: asyncio.Event
    thread: threading.Thread


_lock = threading.Lock()
_current: _LoopThread | None = None


def run(
    function: Callable[..., Coroutine[Any, Any, T]],
    *args: object,
    while_waiting: Callable[[Future[T], float], object] | None = None,
) -> T:
    """Run a coroutine function on the background loop and wait for its result.

    `while_waiting(future, seconds)` is called again and again to do the waiting. An interrupt cancels the
    task, waits half a second at most for its connection to close, and raises `Cancelled`. Whatever else is
    raised in the waiting thread ends the task in the same way, and is raised as it is.
    """
    ended = threading.Event()
    loop = _ensure_loop().loop
    future = asyncio.run_coroutine_threadsafe(_run_and_signal(function, args, ended), loop)
    waiting = while_waiting or (lambda future, seconds: wait([future], timeout=seconds))
    interrupted = not _wait_for(future, waiting, ended)
    if interrupted or future.cancelled():  # cancelled, when the loop was stopped below it
        raise Cancelled("the request was stopped and its connection closed; it may have been billed.")
    error = future.exception()
    if isinstance(error, GeminiError):
        raise error.with_traceback(None)  # the loop's frames help nobody, and could show a key
    return future.result()


def submit(function: Callable[..., Coroutine[Any, Any, T]], *args: object) -> Future[T]:
    """Start a coroutine function on the background loop and return its future; cancelling that ends it."""
    return asyncio.run_coroutine_threadsafe(function(*args), _ensure_loop().loop)


def stop() -> None:
    """Cancel what is under way and end the loop; the next call starts another."""
    global _current
    with _lock:
        ending, _current = _current, None
    if ending is not None:
        with suppress(RuntimeError):  # it has ended by itself
            ending.loop.call_soon_threadsafe(ending.stopping.set)
        ending.thread.join(_CLOSE_TIMEOUT_SECONDS)


async def _run_and_signal(
    function: Callable[..., Coroutine[Any, Any, T]], args: tuple[object, ...], ended: threading.Event
) -> T:
    """Run the function and set `ended`: a cancelled future is done before its task is."""
    try:
        return await function(*args)
    finally:
        ended.set()


def _wait_for(
    future: Future[T], while_waiting: Callable[[Future[T], float], object], ended: threading.Event
) -> bool:
    """Wait for `future`; return False when interrupted, so that `Cancelled` is not raised inside `except`.

    A signal's handler or the caller's iterator may raise anything: the task must not go on unseen.
    """
    try:
        while not future.done():
            while_waiting(future, _POLL_SECONDS)
    except BaseException as stop:
        future.cancel()
        ended.wait(_CLOSE_TIMEOUT_SECONDS)
        if not isinstance(stop, KeyboardInterrupt):
            raise
        return False
    return True


def _ensure_loop() -> _LoopThread:
    """Return the process's loop, started on first use."""
    global _current  # noqa: PLW0603 - one loop per process is the point
    with _lock:
        if _current is None or not _current.thread.is_alive():
            _current = _start_loop()
        return _current


def _start_loop() -> _LoopThread:
    started: Future[_LoopThread] = Future()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(_DaemonThreadExecutor())
        stopping = asyncio.Event()
        started.set_result(_LoopThread(loop, stopping, threading.current_thread()))
        await stopping.wait()

    def main() -> None:
        try:
            with asyncio.Runner() as runner:  # unlike `run`, it makes the loop before the coroutine
                runner.run(serve())
        except OSError as error:  # too many open files: without this the caller would wait for ever
            if not started.done():
                message = f"No event loop could be started: {error.strerror}."
                hint = "Nothing was sent. Close files or connections that are open, then run it again."
                started.set_exception(GeminiError(message, hint=hint))

    threading.Thread(target=main, name="gemini_nb", daemon=True).start()
    return started.result()


class _DaemonThreadExecutor(ThreadPoolExecutor):
    """asyncio's executor for name lookups."""

    def submit(self, call: Callable[..., T], /, *args: Any, **options: Any) -> Future[T]:
        """Start the call in a daemon thread of its own."""
        return call_in_daemon_thread(call, *args, **options)


def call_in_daemon_thread(call: Callable[..., T], *args: Any, **options: Any) -> Future[T]:
    """Start a call in a thread of its own, which delays no exit where it stalls, as a name lookup can."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # whoever waits may give up; the call cannot

    def run() -> None:
        try:
            future.set_result(call(*args, **options))
        except Exception as error:  # noqa: BLE001 - raised again where the result is awaited
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _reset_after_fork() -> None:
    """Forget the parent's loop and lock: the child starts its own."""
    global _current, _lock
    _current, _lock = None, threading.Lock()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
