"""The one event loop of the process: a daemon thread on which every client does its waiting.

The thread that asks only waits, so it can be interrupted; cancelling the task closes its connection.
"""

from __future__ import annotations

import atexit
import os
import threading
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from gemini_nb.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from anyio.from_thread import BlockingPortal

T = TypeVar("T")

_LOOK_UP_SECONDS = 0.2  # Windows cannot interrupt an untimed wait
_FAREWELL_SECONDS = 0.5  # how long an interrupted call may take to close its connection

_lock = threading.Lock()
_portal: BlockingPortal | None = None


def run(task: Callable[..., Coroutine[Any, Any, T]], *args: object) -> T:
    """Run a coroutine function on the background loop and wait for its result.

    An interrupt cancels the task, waits half a second at most for its connection to close, and
    raises `Cancelled`.
    """
    done = threading.Event()
    future = portal().start_task_soon(_announcing, task, args, done)
    if not _waited(future):
        future.cancel()
        done.wait(_FAREWELL_SECONDS)
        raise Cancelled("the request was stopped and its connection closed; it may have been billed.")
    return future.result()


async def _announcing(
    task: Callable[..., Coroutine[Any, Any, T]], args: tuple[object, ...], done: threading.Event
) -> T:
    try:
        return await task(*args)
    finally:
        done.set()


def _waited(future: Future[Any]) -> bool:
    """Wait for `future`; return False when interrupted, so that nothing is raised inside `except`."""
    try:
        while not wait([future], timeout=_LOOK_UP_SECONDS).done:
            pass
    except KeyboardInterrupt:
        return False
    return True


def portal() -> BlockingPortal:
    """Return the process's blocking portal, started on first use."""
    global _portal  # noqa: PLW0603 - one loop per process is the point
    with _lock:
        if _portal is None:
            _portal = _started()
        return _portal


def _started() -> BlockingPortal:
    """Start the loop in a daemon thread, so that a stalled name look-up cannot hold up the exit."""
    import anyio  # noqa: PLC0415 - loaded with the first request
    from anyio.from_thread import BlockingPortal  # noqa: PLC0415

    started: Future[BlockingPortal] = Future()

    async def serve() -> None:
        async with BlockingPortal() as portal:
            started.set_result(portal)
            await portal.sleep_until_stopped()

    def loop() -> None:
        with suppress(CancelledError):
            anyio.run(serve)

    threading.Thread(target=loop, name="gemini_nb", daemon=True).start()
    return started.result()


def stop() -> None:
    """Cancel what is under way and end the loop; the next call starts another."""
    global _portal
    with _lock:
        running, _portal = _portal, None
    if running is not None:
        with suppress(RuntimeError, CancelledError):
            running.start_task_soon(running.stop, True)


def _forget() -> None:
    """After a fork the parent's loop and lock are not ours: the child starts its own."""
    global _portal, _lock
    _portal, _lock = None, threading.Lock()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
