"""Cooperative scheduling: long work on an event loop gives way to other tasks, heavy work leaves the loop.

Every client of the process shares one loop, so whatever takes long there stops all of them, their deadlines
included.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import anyio.lowlevel

from gemini_nb.event_loop import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
P = ParamSpec("P")

TURN_SECONDS = 0.02


class Turn:
    """A task's turn on the event loop; what it began to do goes on in the next one."""

    def __init__(self) -> None:
        self._ends = time.perf_counter() + TURN_SECONDS

    async def give_way(self) -> None:
        """Let other tasks run if the turn has lasted long enough; that is where a deadline is noticed."""
        if time.perf_counter() >= self._ends:
            await anyio.lowlevel.checkpoint()
            self._ends = time.perf_counter() + TURN_SECONDS


async def run_off_loop(call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Run a call in a thread and wait for its result; a cancelled wait ends at once, the call goes on."""
    return await run_in_thread(partial(call, *args, **options), abandon_on_cancel=True)
