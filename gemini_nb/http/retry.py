"""Which failures may be tried again, and when. Billing decides.

    unsent    the request never left            → again, three tries at most
    refused   429, 503: the work was not begun  → again while the advised wait fits the deadline
    unknown   it left, and no whole answer came → not again, unless the caller asks (`retry_unknown`)
    anything else                               → never

Backoff, jitter and the loop come from tenacity; the rule is here.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import anyio

from gemini_nb.errors import ConnectionFailedError, GeminiError, OutcomeUnknownError, RateLimitError
from gemini_nb.http.rate_limit import UNADVISED_PAUSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tenacity import RetryCallState

    from gemini_nb.http.rate_limit import LimitedAttempts
    from gemini_nb.http.transport import HTTPAnswer

MAX_TRIES = 3  # of a request that did not leave, or that may be billed each time

_REPEATABLE = (RateLimitError, ConnectionFailedError, OutcomeUnknownError)


async def retrying(
    attempt: Callable[[], Awaitable[HTTPAnswer | GeminiError]],
    *,
    deadline: float,
    turns: LimitedAttempts,
    retry_unknown: bool = False,
) -> HTTPAnswer | GeminiError:
    """Make attempts until one gives an answer, a failure that may not be repeated, or time runs out.

    Each waits for its turn. `deadline` is in `anyio.current_time()`. The last failure is returned as it is,
    except that an advised wait past the deadline is named in it.
    """
    outcome = await turns.attempt(attempt, deadline)
    if isinstance(outcome, _REPEATABLE):
        rule = _Rule(deadline, retry_unknown=retry_unknown)
        outcome = await rule.repeat(partial(turns.attempt, attempt, deadline), first=outcome)
    if isinstance(outcome, RateLimitError) and outcome.retry_after:
        left = max(0.0, deadline - anyio.current_time())
        outcome.hint = (
            f"It asks to wait {math.ceil(outcome.retry_after)} s, and {left:.0f} s were left. Try again then."
        )
    return outcome


class _Rule:
    def __init__(self, deadline: float, *, retry_unknown: bool) -> None:
        from tenacity import wait_random_exponential  # noqa: PLC0415 - most requests need no second try

        self.deadline = deadline
        self.retry_unknown = retry_unknown
        self.tries = 0
        self._soon = wait_random_exponential(multiplier=0.2, max=30, min=0.1)
        self._later = wait_random_exponential(multiplier=1, max=30, min=UNADVISED_PAUSE_SECONDS)

    async def repeat(
        self, attempt: Callable[[], Awaitable[HTTPAnswer | GeminiError]], *, first: GeminiError
    ) -> HTTPAnswer | GeminiError:
        """Go on after the `first` failure."""
        from tenacity import AsyncRetrying, retry_if_result  # noqa: PLC0415

        known: list[HTTPAnswer | GeminiError] = [first]

        async def next_one() -> HTTPAnswer | GeminiError:
            return known.pop() if known else await attempt()

        attempts = AsyncRetrying(
            retry=retry_if_result(self.may_repeat),
            wait=self.wait,
            stop=self.stop,
            sleep=anyio.sleep,
            retry_error_callback=_outcome,
        )
        outcome: HTTPAnswer | GeminiError = await attempts(next_one)
        return outcome

    def may_repeat(self, outcome: HTTPAnswer | GeminiError) -> bool:
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
            return self._soon(state)
        if not outcome.retry_after:
            return self._later(state)
        spare = self.deadline - anyio.current_time() - outcome.retry_after
        return outcome.retry_after + min(self._soon(state), max(0.0, spare / 2))

    def stop(self, state: RetryCallState) -> bool:
        return anyio.current_time() + state.upcoming_sleep >= self.deadline


def _outcome(state: RetryCallState) -> HTTPAnswer | GeminiError | None:
    return state.outcome.result() if state.outcome else None
