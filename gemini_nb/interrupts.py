"""Interrupts (Ctrl-C) held back while something must not be left half done, and raised afterwards."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAX_HOLD_SECONDS = 5.0  # a disk that hangs must not lock a kernel


class Hold:
    """Holds interrupts back while it is closed: at first, and after each one that it lets through.

    It is the handler of SIGINT, so no code that runs between two interrupts can come too late to hold back
    the second one.
    """

    def __init__(self, handle: Callable[[int, Any], Any] | None) -> None:
        self._handle = handle  # None in a thread that no signal reaches
        self.is_open = False
        self._closed_at = monotonic()
        self.is_pending = False

    def __call__(self, number: int, frame: Any) -> None:
        """Handle the signal: raise what the handler before raises, or note that it has come."""
        if not self.is_open and monotonic() - self._closed_at < _MAX_HOLD_SECONDS:
            self.is_pending = True
        elif self._handle is not None:
            self.close()
            self._handle(number, frame)
            self.is_open = True  # that handler has raised nothing

    def open(self) -> None:
        """Let interrupts through from now on; raises one that has come."""
        self.is_open = True
        if self.is_pending:
            self.is_pending = False
            signal.raise_signal(signal.SIGINT)

    def check(self) -> None:
        """Raise an interrupt that has come, and hold back those that come from now on."""
        self.open()
        self.close()

    def close(self) -> None:
        """Hold back the interrupts that come from now on."""
        self.is_open = False
        self._closed_at = monotonic()


@contextmanager
def held() -> Iterator[Hold]:
    """Hold interrupts back in the block; one that came is raised at its end, unless one is raised already.

    A block within another one shares its hold. First imports belong into one: Python's import lock can stay
    locked where an interrupt breaks one off, and the background loop would wait for it for ever.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield Hold(None)
        return
    hold = before if isinstance(before, Hold) else Hold(before)
    was_open = hold.is_open
    hold.close()
    if hold is not before:
        signal.signal(signal.SIGINT, hold)
    is_raised = False
    try:
        yield hold
    except KeyboardInterrupt:
        is_raised = True
        raise
    finally:
        if hold is before and was_open:
            hold.is_pending = hold.is_pending and not is_raised
            hold.open()
        elif hold is not before:
            if signal.getsignal(signal.SIGINT) is hold:
                signal.signal(signal.SIGINT, before)
            if hold.is_pending and not is_raised:
                signal.raise_signal(signal.SIGINT)


@contextmanager
def let_through() -> Iterator[None]:
    """Raise interrupts at once in the block, which runs a caller's own code, although they are held."""
    hold = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not isinstance(hold, Hold):
        yield
        return
    hold.open()
    try:
        yield
    finally:
        hold.close()
