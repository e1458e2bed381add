"""Which failures may be tried again, and when. Billing decides.

    unsent    the request never left            → again, three tries at most
    refused   429, 503: the work was not begun  → again while the advised wait fits the deadline
    unknown   it left, and no whole answer came → not again, unless the caller asks (`retry_unknown`)
    anything else                               → never

Backoff, jitter and the loop come from tenacity; the rule is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, wait_random_exponential

from gemini_nb.errors import ConnectionFailedError, GeminiError, OutcomeUnknownError, RateLimitError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gemini_nb.transport import Answer

MAX_UNSENT_TRIES = 3
UNADVISED_PAUSE_SECONDS = 0.5

_quick = wait_random_exponential(multiplier=0.2, max=2, min=0.1)
_patient = wait_random_exponential(multiplier=1, max=30, min=0.5)


async def retrying(
    attempt: Callable[[], Awaitable[Answer | GeminiError]], *, deadline: float, retry_unknown: bool = False
) -> Answer | GeminiError:
    """Make attempts until one gives an answer, a failure that may not be repeated, or time runs out.

    `deadline` is in `anyio.current_time()`. The last failure is returned as it is, except that an advised
    wait past the deadline is named in it.
    """
    rule = _Rule(deadline, retry_unknown=retry_unknown)
    attempts = AsyncRetrying(
        retry=retry_if_result(rule.may_repeat),
        wait=rule.wait,
        stop=rule.stop,
        sleep=anyio.sleep,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    outcome: Answer | GeminiError = await attempts(attempt)
    if isinstance(outcome, RateLimitError) and outcome.retry_after:
        left = max(0.0, deadline - anyio.current_time())
        outcome.hint = (
            f"It asks to wait {outcome.retry_after:.0f} s, and {left:.0f} s were left. Try again then."
        )
    return outcome


class Pace:
    """One pause for everybody who shares a key: a refusal of one request holds back the others."""

    def __init__(self) -> None:
        self._until = 0.0

    def heed(self, error: GeminiError) -> None:
        if isinstance(error, RateLimitError):
            pause = error.retry_after or UNADVISED_PAUSE_SECONDS
            self._until = max(self._until, anyio.current_time() + pause)

    async def wait(self, deadline: float) -> RateLimitError | None:
        """Wait for the pause to end; return an error at once where it lasts past `deadline`."""
        left = self._until - anyio.current_time()
        if self._until >= deadline:
            return RateLimitError("Not sent: the server asked for a pause.", retry_after=left)
        await anyio.sleep(max(0.0, left))
        return None


class _Rule:
    def __init__(self, deadline: float, *, retry_unknown: bool) -> None:
        self.deadline = deadline
        self.retry_unknown = retry_unknown
        self.unsent = 0

    def may_repeat(self, outcome: Answer | GeminiError) -> bool:
        if isinstance(outcome, ConnectionFailedError):
            self.unsent += 1
            return self.unsent < MAX_UNSENT_TRIES
        if isinstance(outcome, OutcomeUnknownError):
            return self.retry_unknown
        return isinstance(outcome, RateLimitError)

    def wait(self, state: RetryCallState) -> float:
        """At least what the server advised, and a little apart from everybody else."""
        outcome = state.outcome.result() if state.outcome else None
        if isinstance(outcome, RateLimitError):
            return (outcome.retry_after or 0.0) + (_quick if outcome.retry_after else _patient)(state)
        return _quick(state)

    def stop(self, state: RetryCallState) -> bool:
        return anyio.current_time() + state.upcoming_sleep >= self.deadline
