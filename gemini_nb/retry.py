"""Which failures may be tried again, and when. Billing decides.

    unsent    the request never left            → again, three tries at most
    refused   429, 503: the work was not begun  → again while the advised wait fits the deadline
    unknown   it left, and no whole answer came → not again, unless the caller asks (`retry_unknown`)
    anything else                               → never

Backoff, jitter and the loop come from tenacity; the rule is here, and so is the `Pace` that everybody keeps
who sends to one origin with one key.
"""

from __future__ import annotations

import math
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, wait_random_exponential

from gemini_nb.errors import (
    ArgumentError,
    ConnectionFailedError,
    GeminiError,
    OutcomeUnknownError,
    RateLimitError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from gemini_nb.providers import Provider
    from gemini_nb.secret import Secret
    from gemini_nb.transport import Answer

MAX_TRIES = 3  # of a request that did not leave, or that may be billed each time
UNADVISED_PAUSE_SECONDS = 0.5
_TOO_LATE = "at this many requests per minute its turn comes too late"

_soon = wait_random_exponential(multiplier=0.2, max=30, min=0.1)
_later = wait_random_exponential(multiplier=1, max=30, min=UNADVISED_PAUSE_SECONDS)


async def retrying(
    attempt: Callable[[], Awaitable[Answer | GeminiError]],
    *,
    deadline: float,
    turns: Turns,
    retry_unknown: bool = False,
) -> Answer | GeminiError:
    """Make attempts until one gives an answer, a failure that may not be repeated, or time runs out.

    Each waits for its turn. `deadline` is in `anyio.current_time()`. The last failure is returned as it is,
    except that an advised wait past the deadline is named in it.
    """

    async def attempt_in_turn() -> Answer | GeminiError:
        too_late = await turns.next(deadline)
        if too_late is not None:
            return too_late
        outcome = await attempt()
        turns.pace.heed(outcome)
        return outcome

    rule = _Rule(deadline, retry_unknown=retry_unknown)
    attempts = AsyncRetrying(
        retry=retry_if_result(rule.may_repeat),
        wait=rule.wait,
        stop=rule.stop,
        sleep=anyio.sleep,
        retry_error_callback=_outcome,
    )
    outcome: Answer | GeminiError = await attempts(attempt_in_turn)
    if isinstance(outcome, RateLimitError) and outcome.retry_after:
        left = max(0.0, deadline - anyio.current_time())
        outcome.hint = (
            f"It asks to wait {math.ceil(outcome.retry_after)} s, and {left:.0f} s were left. Try again then."
        )
    return outcome


class Pace:
    """When the next request may leave, for everybody who shares an origin and a key.

    A refusal of one request holds back the others, and `every` seconds lie between one request and the next:
    a bucket of one token, since a larger one lets more than the allowed number into the first minute.
    aiolimiter's fills up to a whole minute's, and belongs to one event loop, where a notebook's clients run
    on two. There is no lock, which a fork could copy while it is held: what two threads may do to each other
    is to send two requests at once.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock  # one for all loops; a loop's own may begin anywhere
        self._paused_until = -math.inf
        self._free_from = -math.inf
        self._queue: deque[object] = deque()

    def heed(self, outcome: object) -> None:
        """Hold everybody back where a server refused the work for now."""
        if isinstance(outcome, RateLimitError):
            pause = outcome.retry_after or UNADVISED_PAUSE_SECONDS
            self._paused_until = max(self._paused_until, self._clock() + pause)

    async def turn(
        self, *, every: float = 0.0, within: float = math.inf, patience: float = math.inf
    ) -> RateLimitError | None:
        """Wait for this request's turn, first come, first served.

        Returns an error at once where the turn comes later than `within` seconds from now, or a pause lasts
        longer than `patience`.
        """
        ticket, latest = object(), self._clock() + within
        self._queue.append(ticket)
        try:
            while (left := self._left(ticket, every)) > 0:
                pause = self._paused_until - self._clock()
                if pause > patience or self._clock() + left >= latest:
                    why = "the server asked for a pause" if pause > 0 else _TOO_LATE
                    return RateLimitError(f"Not sent: {why}.", retry_after=left)
                await anyio.sleep(left)
            if every:
                self._free_from = self._clock() + every
        finally:
            self._queue.remove(ticket)
        return None

    def _left(self, ticket: object, every: float) -> float:
        """Seconds until this ticket's turn, as far as can be told now."""
        now = self._clock()
        turn = self._free_from + self._queue.index(ticket) * every if every else now
        return max(self._paused_until, turn) - now


class Turns:
    """The turns of one request, one for each try; `is_let_through` says that it has had its first."""

    def __init__(self, pace: Pace, *, every: float = 0.0, is_let_through: bool = False) -> None:
        self.pace = pace
        self._every = every
        self._is_let_through = is_let_through

    async def next(self, deadline: float) -> RateLimitError | None:
        """Wait for the turn, or return an error at once where it comes past `deadline`."""
        if self._is_let_through:
            self._is_let_through = False
            return None
        return await self.pace.turn(every=self._every, within=deadline - anyio.current_time())


def seconds_between(requests_per_minute: float | None) -> float:
    """Return the seconds from one request to the next, 0.0 for no limit; raise `ArgumentError`."""
    if requests_per_minute is None:
        return 0.0
    is_number = isinstance(requests_per_minute, int | float) and not isinstance(requests_per_minute, bool)
    if not is_number or not 0 < requests_per_minute < math.inf:
        raise ArgumentError(
            f"requests_per_minute is a number above 0, or None for no limit, not {requests_per_minute!r}."
        )
    return 60 / requests_per_minute


_paces: dict[tuple[str, str], Pace] = {}
# The port of a server on this machine may be another server's a moment later.
_paces_here: WeakValueDictionary[tuple[str, str], Pace] = WeakValueDictionary()


def pace_of(provider: Provider, key: Secret | None) -> Pace:
    """Return this process's one pace for a provider's origin and a key, of which a fingerprint is kept."""
    paces: MutableMapping[tuple[str, str], Pace] = _paces_here if provider.is_loopback else _paces
    return paces.setdefault((provider.origin, key.fingerprint if key else ""), Pace())


def forget_here(pace: Pace) -> None:
    """Let no later client share this pace of a server on this machine, whoever still holds it.

    An error's frames do, until garbage is collected.
    """
    for name in [name for name, known in _paces_here.items() if known is pace]:
        _paces_here.pop(name, None)


class _Rule:
    def __init__(self, deadline: float, *, retry_unknown: bool) -> None:
        self.deadline = deadline
        self.retry_unknown = retry_unknown
        self.tries = 0

    def may_repeat(self, outcome: Answer | GeminiError) -> bool:
        if isinstance(outcome, RateLimitError):
            return True
        self.tries += 1
        unsent = isinstance(outcome, ConnectionFailedError)
        unknown = isinstance(outcome, OutcomeUnknownError) and self.retry_unknown
        return (unsent or unknown) and self.tries < MAX_TRIES

    def wait(self, state: RetryCallState) -> float:
        """At least what the server advised, and a little apart from everybody else if there is time."""
        outcome = _outcome(state)
        if not isinstance(outcome, RateLimitError):
            return _soon(state)
        if not outcome.retry_after:
            return _later(state)
        spare = self.deadline - anyio.current_time() - outcome.retry_after
        return outcome.retry_after + min(_soon(state), max(0.0, spare / 2))

    def stop(self, state: RetryCallState) -> bool:
        return anyio.current_time() + state.upcoming_sleep >= self.deadline


def _outcome(state: RetryCallState) -> Answer | GeminiError | None:
    return state.outcome.result() if state.outcome else None
