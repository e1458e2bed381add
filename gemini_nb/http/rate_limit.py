"""Rate limiting shared by all clients of a process that send to one origin with one key."""

from __future__ import annotations

import math
import os
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import anyio

from gemini_nb.errors import ArgumentError, RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret

UNADVISED_PAUSE_SECONDS = 0.5
_TOO_LATE = "at this many requests per minute its turn comes too late"


class RateLimiter:
    """A token bucket of one token, with a first-in first-out queue, for all who share an origin and a key.

    A refusal of one request holds back the others, and `interval` seconds lie between one request and the
    next. The bucket holds one token because a larger one lets more than the allowed number into the first
    minute: aiolimiter's holds a whole minute's, and belongs to one event loop, where a notebook's clients run
    on two. There is no lock, since a fork could copy it while it is held; without one the worst that two
    threads can do is to send two requests at once.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock  # one for all loops; a loop's own may begin anywhere
        self._paused_until = -math.inf
        self._next_token_at = -math.inf
        self._queue: deque[object] = deque()

    def pause_after(self, outcome: object) -> None:
        """Hold everybody back where `outcome` is a server's refusal for now; ignore anything else."""
        if isinstance(outcome, RateLimitError):
            pause = outcome.retry_after or UNADVISED_PAUSE_SECONDS
            self._paused_until = max(self._paused_until, self._clock() + pause)

    async def acquire(
        self, *, interval: float = 0.0, within: float = math.inf, max_pause: float = math.inf
    ) -> RateLimitError | None:
        """Wait for this request's turn, first come, first served.

        Returns an error at once where the turn comes later than `within` seconds from now, or a pause lasts
        longer than `max_pause`.
        """
        ticket, latest = object(), self._clock() + within
        queue = self._queue
        queue.append(ticket)
        try:
            while (left := self._seconds_left(queue.index(ticket), interval)) > 0:
                pause = self._paused_until - self._clock()
                if pause > max_pause or self._clock() + left >= latest:
                    reason = "the server asked for a pause" if pause > 0 else _TOO_LATE
                    hint = f"Its turn comes in {math.ceil(left)} s. Run it again then."
                    return RateLimitError(f"Not sent: {reason}.", hint=hint, retry_after=left)
                await anyio.sleep(left)
            if interval:
                self._next_token_at = self._clock() + interval
        finally:
            queue.remove(ticket)
        return None

    def clear_queue(self) -> None:
        """Forget who waits: those who come from now on wait behind nobody."""
        self._queue = deque()

    def _seconds_left(self, place: int, interval: float) -> float:
        """Return the seconds until the turn of a place in the queue, as far as can be told now."""
        now = self._clock()
        turn = self._next_token_at + place * interval if interval else now
        return max(self._paused_until, turn) - now


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


_limiters: dict[tuple[str, str], RateLimiter] = {}
# The port of a server on this machine may be another server's a moment later.
_loopback_limiters: WeakValueDictionary[tuple[str, str], RateLimiter] = WeakValueDictionary()


def limiter_for(provider: Provider, key: Secret | None) -> RateLimiter:
    """Return the limiter of an origin and a key in this process; of the key a fingerprint is kept."""
    limiters: MutableMapping[tuple[str, str], RateLimiter] = (
        _loopback_limiters if provider.is_loopback else _limiters
    )
    return limiters.setdefault((provider.origin, key.fingerprint if key else ""), RateLimiter())


def forget_loopback_limiter(limiter: RateLimiter) -> None:
    """Let no later client share this limiter of a server on this machine.

    The weak reference is not enough: an error's frames hold the limiter until garbage is collected.
    """
    for name in [name for name, known in _loopback_limiters.items() if known is limiter]:
        _loopback_limiters.pop(name, None)


def _clear_queues() -> None:
    """Clear the queues in a forked child: the requests in them are its parent's, and never leave here."""
    for limiter in [*_limiters.values(), *_loopback_limiters.values()]:
        limiter.clear_queue()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_clear_queues)
