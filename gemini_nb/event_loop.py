"""Where waiting and blocking work are done: the background event loop of the process, and its threads.

The loop runs in a daemon thread. The calling thread only waits, so it can be interrupted; cancelling the task
closes its connection. In a browser, where Python has the page's one thread, the loop is the page's own: the
caller is suspended while it runs (JSPI), and blocking work is done in place.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from gemini_nb import interrupts
from gemini_nb.call import current
from gemini_nb.errors import Cancelled, GeminiError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from queue import SimpleQueue

    from gemini_nb.call import Call

T = TypeVar("T")

HAS_THREADS = sys.platform != "emscripten"
"""Whether threads can be started: not in a browser."""

_POLL_SECONDS = 0.1  # how soon an interrupt is seen
_QUEUE_POLL_SECONDS = 0.01  # how soon an item of a queue is seen where there are no threads
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
    call: Call | None = None,
    gather: Callable[[], Any] | None = None,
    discard: Callable[[T], object] | None = None,
) -> T:
    """Run a coroutine function on the background loop and wait for its result.

    `while_waiting(future, seconds)` is called again and again to do the waiting. An interrupt cancels the
    task, waits half a second at most for its connection to close, and raises `Cancelled`, with what `gather`
    returns as its `batch`; what `call` tells of its requests is the message. A second interrupt changes
    nothing. Whatever else is raised in the waiting thread ends the task in the same way, and is raised as it
    is. `discard` is called with a result that came too late to be returned.
    """
    waiting = while_waiting or wait_for
    call = call or current()
    _check_can_wait()
    with interrupts.held() as hold:
        task = _Task(_ensure_loop().loop, partial(function, *args), call, discard)
        future = _wait_for(task, waiting, hold)
        if future is None or future.cancelled():  # cancelled, when the loop was stopped below it
            raise make_cancelled(call, gather, result_is_lost=task.has_result and gather is None)
        error = future.exception()
        if isinstance(error, GeminiError):
            raise error.with_traceback(None)  # the loop's frames help nobody, and could show a key
        return future.result()


def make_cancelled(
    call: Call, gather: Callable[[], Any] | None, *, result_is_lost: bool = False
) -> Cancelled:
    """Return the error for an interrupt of a call, with what it had gathered by then."""
    cancelled = Cancelled(call.describe_stop(result_is_lost=result_is_lost))
    cancelled.batch = gather() if gather else None
    return cancelled


def submit(function: Callable[..., Coroutine[Any, Any, T]], *args: object) -> Future[T]:
    """Start a coroutine function on the background loop and return its future; cancelling that ends it."""
    return asyncio.run_coroutine_threadsafe(function(*args), _ensure_loop().loop)


def wait_for(future: Future[Any], seconds: float | None = None) -> None:
    """Wait until a future is done, `seconds` at most."""
    if HAS_THREADS:
        wait([future], timeout=seconds)
    elif not future.done():
        _suspend(partial(_await_done, future, seconds))


def get(queue: SimpleQueue[T], seconds: float) -> T:
    """Take the next item of a queue that tasks of the loop fill; raise `queue.Empty` after `seconds`."""
    if HAS_THREADS:
        return queue.get(timeout=seconds)
    until = monotonic() + seconds
    while queue.empty() and monotonic() < until:
        _suspend(partial(asyncio.sleep, _QUEUE_POLL_SECONDS))
    return queue.get_nowait()


async def _await_done(future: Future[Any], seconds: float | None) -> None:
    is_done = asyncio.Event()
    future.add_done_callback(lambda _future: is_done.set())
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await is_done.wait()


def _check_can_wait() -> None:
    """Raise `GeminiError` where a browser cannot suspend the caller, before anything is sent."""
    if HAS_THREADS:
        return
    from pyodide.ffi import can_run_sync  # noqa: PLC0415 - there in a browser only

    if not can_run_sync():
        raise GeminiError(
            "This browser cannot wait inside a cell: it has no JavaScript Promise Integration (JSPI).",
            hint="Nothing was sent. Open the page in a current Chrome or Edge, or await an AsyncClient: "
            "await gemini_nb.AsyncClient().generate(…)",
        )


def _suspend(function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function on the page's loop while the caller is suspended."""
    from pyodide.ffi import run_sync  # noqa: PLC0415 - there in a browser only

    _check_can_wait()
    result: T = run_sync(function())
    return result


def stop() -> None:
    """Cancel what is under way and end the loop; the next call starts another. A page's loop goes on."""
    global _current
    if not HAS_THREADS:
        return
    with _lock:
        ending, _current = _current, None
    if ending is not None:
        with suppress(RuntimeError):  # it has ended by itself
            ending.loop.call_soon_threadsafe(ending.stopping.set)
        ending.thread.join(_CLOSE_TIMEOUT_SECONDS)


class _Task(Generic[T]):
    """A coroutine on the loop, and the thread that waits for it and may leave at any moment."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Callable[[], Coroutine[Any, Any, T]],
        call: Call,
        discard: Callable[[T], object] | None,
    ) -> None:
        self._loop = loop
        self._function = function
        self._call = call
        self._discard = discard or (lambda _result: None)
        self.has_result = False
        self._results: list[T] = []
        self._task: asyncio.Task[Any] | None = None
        self._is_stopped = False
        self._end: Future[None] = Future()

    def start(self) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(self._run(), self._loop)

    async def _run(self) -> T:
        self._task = asyncio.current_task()
        try:
            if self._is_stopped:
                raise asyncio.CancelledError
            with self._call.watched():
                result = await self._function()
            self._results.append(result)
            self.has_result = True
            if self._is_stopped:
                self._discard_result()
            return result
        finally:
            self._end.set_result(None)

    def stop(self) -> None:
        """Cancel the coroutine, also one that has not begun, and wait a moment for its end."""
        self._is_stopped = True
        if self._task is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._task.cancel)
        wait_for(self._end, _CLOSE_TIMEOUT_SECONDS)
        self._discard_result()

    def _discard_result(self) -> None:
        with suppress(IndexError):
            self._discard(self._results.pop())


def _wait_for(
    task: _Task[T], while_waiting: Callable[[Future[T], float], object], hold: interrupts.Hold
) -> Future[T] | None:
    """Start the task and wait; return None when interrupted, so that `Cancelled` is not raised in `except`.

    A signal's handler or the caller's iterator may raise anything: the task must not go on unseen.
    """
    try:
        future = task.start()
        while not future.done():
            hold.check()  # here alone: raised in `wait`, an interrupt could leave a lock locked
            while_waiting(future, _POLL_SECONDS)
        hold.check()
    except BaseException as stop:
        hold.close()
        task.stop()
        if not isinstance(stop, KeyboardInterrupt):
            raise
        return None
    return future


def _ensure_loop() -> _LoopThread:
    """Return the process's loop, started on first use."""
    global _current  # noqa: PLW0603 - one loop per process is the point
    with _lock:
        if _current is None or not _current.thread.is_alive():
            _current = _start_loop()
        return _current


def _start_loop() -> _LoopThread:
    if not HAS_THREADS:
        return _LoopThread(asyncio.get_running_loop(), asyncio.Event(), threading.current_thread())
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
                hint = "Nothing was sent. Close some open files or connections, then run it again."
                started.set_exception(GeminiError(message, hint=hint))

    threading.Thread(target=main, name="gemini_nb", daemon=True).start()
    return started.result()


class _DaemonThreadExecutor(ThreadPoolExecutor):
    """asyncio's executor for name lookups."""

    def submit(self, call: Callable[..., T], /, *args: Any, **options: Any) -> Future[T]:
        return call_in_daemon_thread(call, *args, **options)


def call_in_daemon_thread(call: Callable[..., T], *args: Any, **options: Any) -> Future[T]:
    """Start a call in a thread of its own, which delays no exit where it stalls, as a name lookup can.

    Where there are no threads it is made at once.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # whoever waits may give up; the call cannot

    def run() -> None:
        try:
            future.set_result(call(*args, **options))
        except Exception as error:  # noqa: BLE001 - raised again where the result is awaited
            future.set_exception(error)

    if HAS_THREADS:
        threading.Thread(target=run, daemon=True).start()
    else:
        run()
    return future


async def run_in_thread(call: Callable[..., T], *args: Any, abandon_on_cancel: bool = False) -> T:
    """Run a blocking call in a worker thread and return its result; `anyio.to_thread.run_sync`'s arguments.

    Where there are no threads it is made in place, after other tasks had their turn.
    """
    if HAS_THREADS:
        return await anyio.to_thread.run_sync(call, *args, abandon_on_cancel=abandon_on_cancel)
    await anyio.lowlevel.checkpoint()
    return call(*args)


async def await_daemon_thread(call: Callable[..., T], *args: Any, deadline: float) -> T:
    """Call something that may stall in a daemon thread, and return its result.

    Raises TimeoutError past the `deadline`, which is in the running loop's seconds; the thread is then left
    to itself, as it is when the task is cancelled. It does not count against anyio's limit of threads.
    """
    with anyio.fail_after(deadline - anyio.current_time()):
        if is_asyncio():
            return await asyncio.wrap_future(call_in_daemon_thread(copy_context().run, call, *args))
        own = anyio.CapacityLimiter(1)
        return await anyio.to_thread.run_sync(partial(call, *args), abandon_on_cancel=True, limiter=own)


def is_asyncio() -> bool:
    """Whether the running event loop is asyncio's; trio's threads are daemons in any case."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _reset_after_fork() -> None:
    """Forget the parent's loop and lock: the child starts its own."""
    global _current, _lock
    _current, _lock = None, threading.Lock()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
