"""Watchdog of event loops: the CPU time of each turn of the loop that every client shares.

A turn is one callback, or a task's code from one suspension to the next. What counts is the CPU time of the
loop's own thread, imports included; garbage is not, since the suite's own is collected with it. Even CPU time
doubles where cores are shared: a turn of the background loop fails its test past twice `LIMIT_SECONDS`. Turns
of a loop that a test runs itself hold the test's own code as well: they are reported only.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMIT_SECONDS = 0.25
BACKGROUND_THREAD = "gemini_nb"
# A folder in which child processes leave their longest turn.
FOLDER_VARIABLE = "GEMINI_NB_TEST_TURNS"
BACKGROUND, OTHERS = "longest turn of the background loop", "longest turn of a test's own loop"


@dataclass(frozen=True, order=True)
class Turn:
    """One turn: the seconds of CPU that it took, and what ran in it."""

    seconds: float = 0.0
    what: str = ""


_collecting = threading.local()  # since when, and for how long so far
longest = {BACKGROUND: Turn(), OTHERS: Turn()}


def install() -> None:
    """Measure every turn of every asyncio loop of this process from now on."""
    run = asyncio.Handle._run
    if hasattr(run, "__wrapped__"):
        return

    @wraps(run)
    def run_measured(handle: asyncio.Handle) -> None:
        started, _collecting.seconds = time.thread_time(), 0.0
        try:
            run(handle)
        finally:
            note(time.thread_time() - started - _collecting.seconds, handle)

    asyncio.Handle._run = run_measured
    gc.callbacks.append(_note_collection)


def _note_collection(phase: str, _info: object) -> None:
    now = time.thread_time()
    if phase == "start":
        _collecting.since = now
    else:
        _collecting.seconds = getattr(_collecting, "seconds", 0.0) + now - getattr(_collecting, "since", now)


def note(seconds: float, handle: asyncio.Handle) -> None:
    loop = BACKGROUND if threading.current_thread().name == BACKGROUND_THREAD else OTHERS
    if seconds > longest[loop].seconds:
        longest[loop] = Turn(seconds, repr(getattr(handle._callback, "__self__", handle)))


def take() -> dict[str, Turn]:
    """Return the longest turns since the last call."""
    found = longest.copy()
    longest.update(dict.fromkeys(longest, Turn()))
    return found


def install_in_child() -> None:
    """Measure in a child process; what it leaves in its parent's folder, `take_children` finds."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        install()
        atexit.register(_leave, Path(folder) / str(os.getpid()))


def _leave(path: Path) -> None:
    turn = longest[BACKGROUND]
    with suppress(OSError):  # a child may have become another user, or outlive its parent
        path.write_text(f"{turn.seconds}\n{turn.what}")


def take_children(folder: Path) -> Turn:
    """Return the longest turn that children left, and remove what they left."""
    turns = [Turn()]
    for path in folder.iterdir():
        seconds, _, what = path.read_text().partition("\n")
        turns.append(Turn(float(seconds), what))
        path.unlink()
    return max(turns)


def summarize(reports: Iterable[Any]) -> list[str]:
    """Return a line for each kind of loop with its longest turn in all of these reports of tests."""
    lines = []
    for loop in longest:
        turns = [
            (value, report.nodeid)
            for report in reports
            for name, value in getattr(report, "user_properties", ())
            if name == loop
        ]
        if turns:
            seconds, test = max(turns)
            lines.append(f"{loop}: {seconds:.3f} s of CPU in {test}")
    return lines
