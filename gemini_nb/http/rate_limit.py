"""Rate limiting shared by all clients of a process that send to one origin with one key for one model."""

from __future__ import annotations

import math
import os
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import anyio

from gemini_nb.call import ORDER, Call, RequestState
from gemini_nb.errors import ArgumentError, ConnectionFailedError, GeminiError, RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret

UNADVISED_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 600.0  # a header may ask for a year, or give an epoch time by mistake
_RECHECK_SECONDS = 0.5  # how soon a call learns that the server is well again
_TOO_LATE = "at this many requests per minute its turn comes after the timeout"


class RateLimiter:
    """A token bucket of one token, with a first-in first-out queue, for all who share origin, key and model.

    A refusal of one request holds back the others, and `interval` seconds lie between one request and the
    next. The bucket holds one token because a larger one lets more than the allowed number into the first
    minute: aiolimiter's holds a whole minute's, and belongs to one event loop, where a notebook's clients run
    on two. There is no lock, since a fork could copy it while it is held; without one the worst that two
    threads can do is to send two requests at once.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock  # one for all loops; a loop's own may begin anywhere
        self._paused_until = -math.inf
        self._refused_at = 0  # a number of `ORDER`, as are the next
        self._answered_at = 0  # when the request was sent that was answered last
        self._next_token_at = -math.inf
        self._queue: deque[object] = deque()

    def learn(self, outcome: object, *, sent: int = 0, call: Call | None = None) -> None:
        """Hold everybody back where `outcome` is a server's refusal for now, ten minutes at most.

        `sent` is the number of `ORDER` at which its request was sent: an answer to one that was sent after
        the refusal shows that the server is well. A request of `call` that never left gets another chance.
        """
        if call is not None:
            call.trying.discard(self)
        if isinstance(outcome, RateLimitError):
            pause = min(outcome.retry_after or UNADVISED_PAUSE_SECONDS, MAX_PAUSE_SECONDS)
            self._paused_until = max(self._paused_until, self._clock() + pause)
            self._refused_at = next(ORDER)
        elif isinstance(outcome, ConnectionFailedError) and call is not None:
            call.let_through.discard(self)
        elif not isinstance(outcome, GeminiError):
            self._answered_at = max(self._answered_at, sent)

    async def acquire(
        self,
        state: RequestState | None = None,
        *,
        interval: float = 0.0,
        within: float = math.inf,
        max_pause: float = math.inf,
    ) -> RateLimitError | None:
        """Wait for this request's turn, first come, first served, and say in `state` that it waits.

        A pause lets a request through if its call began after the refusal, once, and all of them as soon as
        the server has answered: a refused request costs nothing, and a header must not lock a kernel. Returns
        an error at once where the turn comes later than `within` seconds from now, or a pause lasts longer
        than `max_pause`.
        """
        state = state or RequestState(Call(began=0))
        ticket, latest = object(), self._clock() + within
        queue = self._queue
        queue.append(ticket)
        try:
            while True:
                pause = self._seconds_paused(state.call)
                left = max(pause, self._seconds_to_turn(queue.index(ticket), interval))
                if left <= 0:
                    break
                is_trying = self._is_newer(state.call) and self in state.call.trying
                if (pause > max_pause and not is_trying) or self._clock() + left >= latest:
                    reason = "the server asked for a pause" if pause > 0 else _TOO_LATE
                    hint = f"Its turn comes in {math.ceil(left)} s. Run it again then."
                    return RateLimitError(f"Not sent: {reason}.", hint=hint, retry_after=left)
                state.wait_for(left, is_refused=pause > 0)
                await anyio.sleep(min(left, _RECHECK_SECONDS) if self._is_newer(state.call) else left)
            if interval:
                self._next_token_at = self._clock() + interval
            state.call.let_through.add(self)
            state.call.trying.add(self)
        finally:
            state.wait = None
            queue.remove(ticket)
        return None

    def clear_queue(self) -> None:
        """Forget who waits: those who come from now on wait behind nobody."""
        self._queue = deque()

    def _seconds_paused(self, call: Call) -> float:
        is_well = self._answered_at > self._refused_at
        if self._is_newer(call) and (is_well or self not in call.let_through):
            return 0.0
        return self._paused_until - self._clock()

    def _is_newer(self, call: Call) -> bool:
        """Whether a call began after the latest refusal."""
        return call.began > self._refused_at

    def _seconds_to_turn(self, place: int, interval: float) -> float:
        """Return the seconds until the turn of a place in the queue, as far as can be told now."""
        return self._next_token_at + place * interval - self._clock() if interval else 0.0


class RateLimiters:
    """The rate limiters of one origin and key, one for each model: Google's quotas are per model."""

    def __init__(self) -> None:
        self._limiters: dict[str, RateLimiter] = {}

    def of(self, model: str) -> RateLimiter:
        """Return the limiter of a model."""
        return self._limiters.setdefault(model, RateLimiter())

    def clear_queues(self) -> None:
        """Forget who waits."""
        for limiter in tuple(self._limiters.values()):
            limiter.clear_queue()


def seconds_between(requests_per_minute: float | None) -> float:
    """Return the seconds from one request to the next, 0.0 for no limit; raise `ArgumentError`."""
    if requests_per_minute is None:
        return 0.0
    is_number = isinstance(requests_per_minute, int | float) and not isinstance(requests_per_minute, bool)
    if not is_number or not 0 < requests_per_minute < math.inf:
        raise ArgumentError(
            f"requests_per_minute must be a number above 0, or None for no limit, "
            f"not {requests_per_minute!r}."
        )
    return 60 / requests_per_minute


_limiters: dict[tuple[str, str], RateLimiters] = {}
# The port of a server on this machine may be another server's a moment later.
_loopback_limiters: WeakValueDictionary[tuple[str, str], RateLimiters] = WeakValueDictionary()


def limiters_for(provider: Provider, key: Secret | None) -> RateLimiters:
    """Return the limiters of an origin and a key in this process; of the key a fingerprint is kept."""
    limiters: MutableMapping[tuple[str, str], RateLimiters] = (
        _loopback_limiters if provider.is_loopback else _limiters
    )
    return limiters.setdefault((provider.origin, key.fingerprint if key else ""), RateLimiters())


def forget_loopback_limiters(limiters: RateLimiters) -> None:
    """Let no later client share these limiters of a server on this machine.

    The weak reference is not enough: an error's frames hold the limiters until garbage is collected.
    """
    for name in [name for name, known in _loopback_limiters.items() if known is limiters]:
        _loopback_limiters.pop(name, None)


def _clear_queues() -> None:
    """Clear the queues in a forked child: the requests in them are its parent's, and never leave here."""
    for limiters in [*_limiters.values(), *_loopback_limiters.values()]:
        limiters.clear_queues()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_clear_queues)
