"""When the next request may leave: one limiter for everybody who sends to one origin with one key."""

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
    from collections.abc import Awaitable, Callable, MutableMapping

    from gemini_nb.errors import GeminiError
    from gemini_nb.http.transport import HTTPAnswer
    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret

UNADVISED_PAUSE_SECONDS = 0.5
_TOO_LATE = "at this many requests per minute its turn comes too late"


class RateLimiter:
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

    def pause_after(self, outcome: object) -> None:
        """Hold everybody back where a server refused the work for now."""
        if isinstance(outcome, RateLimitError):
            pause = outcome.retry_after or UNADVISED_PAUSE_SECONDS
            self._paused_until = max(self._paused_until, self._clock() + pause)

    async def acquire(
        self, *, every: float = 0.0, within: float = math.inf, max_pause: float = math.inf
    ) -> RateLimitError | None:
        """Wait for this request's turn, first come, first served.

        Returns an error at once where the turn comes later than `within` seconds from now, or a pause lasts
        longer than `max_pause`.
        """
        ticket, latest = object(), self._clock() + within
        queue = self._queue
        queue.append(ticket)
        try:
            while (left := self._left(queue.index(ticket), every)) > 0:
                pause = self._paused_until - self._clock()
                if pause > max_pause or self._clock() + left >= latest:
                    why = "the server asked for a pause" if pause > 0 else _TOO_LATE
                    hint = f"Its turn comes in {math.ceil(left)} s. Run it again then."
                    return RateLimitError(f"Not sent: {why}.", hint=hint, retry_after=left)
                await anyio.sleep(left)
            if every:
                self._free_from = self._clock() + every
        finally:
            queue.remove(ticket)
        return None

    def empty(self) -> None:
        """Let nobody wait before those who come from now on."""
        self._queue = deque()

    def _left(self, place: int, every: float) -> float:
        """Seconds until the turn of who has this place in the queue, as far as can be told now."""
        now = self._clock()
        turn = self._free_from + place * every if every else now
        return max(self._paused_until, turn) - now


class LimitedAttempts:
    """The turns of one request, one for each try; `is_let_through` says that it has had its first."""

    def __init__(self, limiter: RateLimiter, *, every: float = 0.0, is_let_through: bool = False) -> None:
        self._limiter = limiter
        self._every = every
        self._is_let_through = is_let_through

    async def attempt(
        self, attempt: Callable[[], Awaitable[HTTPAnswer | GeminiError]], deadline: float
    ) -> HTTPAnswer | GeminiError:
        """Wait for the turn and make an attempt; an error at once where the turn comes past `deadline`."""
        if self._is_let_through:
            self._is_let_through = False
        elif too_late := await self._limiter.acquire(
            every=self._every, within=deadline - anyio.current_time()
        ):
            return too_late
        outcome = await attempt()
        self._limiter.pause_after(outcome)
        return outcome


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


_paces: dict[tuple[str, str], RateLimiter] = {}
# The port of a server on this machine may be another server's a moment later.
_paces_here: WeakValueDictionary[tuple[str, str], RateLimiter] = WeakValueDictionary()


def limiter_for(provider: Provider, key: Secret | None) -> RateLimiter:
    """Return this process's one limiter for a provider's origin and a key, of which a fingerprint is kept."""
    paces: MutableMapping[tuple[str, str], RateLimiter] = _paces_here if provider.is_loopback else _paces
    return paces.setdefault((provider.origin, key.fingerprint if key else ""), RateLimiter())


def forget_here(limiter: RateLimiter) -> None:
    """Let no later client share this limiter of a server on this machine, whoever still holds it.

    An error's frames do, until garbage is collected.
    """
    for name in [name for name, known in _paces_here.items() if known is limiter]:
        _paces_here.pop(name, None)


def _leave_the_queues_behind() -> None:
    """Empty them in a forked child: those who wait in them are its parent's requests, and never leave."""
    for limiter in [*_paces.values(), *_paces_here.values()]:
        limiter.empty()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_the_queues_behind)
