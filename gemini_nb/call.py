"""Calls: what somebody started (a picture, a chat's turn, a batch), and what its requests are doing now.

The state is written on an event loop and read by any thread that shows it. A context variable carries the
call from the thread that waits to the coroutines that send.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDER = count(1)  # numbers tell what came first, where a clock may give the same time twice
NOT_BILLED = "the wait was stopped with no request under way, so nothing was billed for it."
MAY_BE_BILLED = "the request was stopped and its connection closed; it may have been billed."


@dataclass(frozen=True)
class Wait:
    """A wait until a moment of `time.monotonic()`: for a server that refused, or for a turn in the queue."""

    until: float
    is_refused: bool


@dataclass(eq=False)
class RequestState:
    """One request of a call: what it waits for, and whether it was sent and its outcome is not known yet."""

    call: Call
    wait: Wait | None = None
    may_be_billed: bool = False

    def wait_for(self, seconds: float, *, is_refused: bool) -> None:
        """Say that it waits now; `wait = None` says that it does not wait any more."""
        self.wait = Wait(monotonic() + seconds, is_refused)


class Call:
    """One call and its requests; a pause that began before it lets it through once.

    `began` is a number of `ORDER`; with 0, for the rows of a batch that another process runs, no pause lets
    it through. `let_through` holds the rate limiters that have done so, `trying` those among them whose
    server has not answered yet. `words` say what it waits for where that is a batch job, and `share`
    how much of that is done; `words_after_stop` what goes on after an interrupt.
    """

    def __init__(self, *, began: int | None = None) -> None:
        self.began = next(ORDER) if began is None else began
        self.let_through: set[object] = set()
        self.trying: set[object] = set()
        self.words = ""
        self.share: float | None = None
        self.words_after_stop = ""
        self._was_answered = False
        self._states: set[RequestState] = set()

    @contextmanager
    def request_state(self) -> Iterator[RequestState]:
        """Hold one request; it is remembered where it was cancelled, so that `may_be_billed` counts it."""
        state = RequestState(self)
        self._states.add(state)
        try:
            yield state
        except Exception:
            self._states.discard(state)  # its error says what may have been billed
            raise
        else:
            self._states.discard(state)
            self._was_answered |= state.may_be_billed
        finally:
            state.wait = None

    @property
    def may_be_billed(self) -> bool:
        """Whether a request was sent whose outcome is not known."""
        return any(state.may_be_billed for state in tuple(self._states))

    @property
    def has_waited_only(self) -> bool:
        """Whether its requests under way were all stopped, or are, before anything that is billed."""
        return bool(self._states) and not self.may_be_billed

    def describe_wait(self) -> str:
        """Return what the call waits for before it can send, in words; "" where it does not wait."""
        waits = [state.wait for state in tuple(self._states)]
        refused = [wait.until for wait in waits if wait and wait.is_refused]
        if refused:
            return f"rate limited; asking again in {max(1, math.ceil(min(refused) - monotonic()))} s"
        return "waiting for its turn" if waits and all(waits) else self.words

    def describe_stop(self, *, result_is_lost: bool = False) -> str:
        """Return what an interrupt has stopped, in words; a result may have come too late to be returned."""
        if self.words_after_stop:
            return self.words_after_stop
        is_billed = self.may_be_billed or (result_is_lost and self._was_answered)
        return MAY_BE_BILLED if is_billed else NOT_BILLED

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count what is sent in the block as part of this call."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[Call | None] = ContextVar("gemini_nb_call", default=None)


def current() -> Call:
    """Return the call that this context is part of; a new one where there is none."""
    return _current.get() or Call()
