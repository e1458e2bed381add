"""Retries with backoff and jitter: which failures may be tried again, and when. Billing decides.

unsent    the request never left            → again, three tries at most
refused   429, 503: the work was not begun  → again while the advised wait fits the deadline
unknown   it left, and no whole answer came → not again, unless the caller asks (`retry_unknown`)
anything else                               → never
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, TypeVar

import anyio

from gemini_nb.call import ORDER, Call, RequestState
from gemini_nb.errors import (
    ArgumentError,
    ConnectionFailedError,
    GeminiError,
    OutcomeUnknownError,
    RateLimitError,
)
from gemini_nb.http.rate_limit import MAX_PAUSE_SECONDS, UNADVISED_PAUSE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gemini_nb.http.rate_limit import RateLimiter

Answer = TypeVar("Answer")

MAX_TRIES = 3  # of a request that did not leave, or that may be billed each time
MAX_BACKOFF_SECONDS = 30.0


async def retry(
    attempt: Callable[[], Awaitable[Answer | GeminiError]],
    *,
    deadline: float,
    limiter: RateLimiter,
    state: RequestState | None = None,
    interval: float = 0.0,
    is_acquired: bool = False,
    retry_unknown: bool = False,
) -> Answer | GeminiError:
    """Make attempts until one gives an answer, a failure that may not be repeated, or time runs out.

    Each attempt waits for its turn at the limiter, `interval` seconds after the one before; with
    `is_acquired` the first one has had its turn. `deadline` is in `anyio.current_time()`. `state` is told of
    waits and attempts. The last failure is returned as it is, except that an advised wait past the deadline
    is named in it.
    """
    repeatable = (ConnectionFailedError, OutcomeUnknownError) if retry_unknown else ConnectionFailedError
    state = state or RequestState(Call(began=0))
    attempts = tries = 0  # a refusal is an attempt, but no try
    while True:
        left = deadline - anyio.current_time()
        outcome: Answer | GeminiError | None = None
        if attempts or not is_acquired:
            outcome = await limiter.acquire(state, interval=interval, within=left)
        if outcome is None:
            sent, before, state.may_be_billed = next(ORDER), state.may_be_billed, True
            outcome = await attempt()
            if isinstance(outcome, ConnectionFailedError | RateLimitError | ArgumentError):
                state.may_be_billed = before
            limiter.learn(outcome, sent=sent, call=state.call)
        attempts += 1
        if not isinstance(outcome, RateLimitError):
            tries += 1
            if tries == MAX_TRIES or not isinstance(outcome, repeatable):
                return outcome
        left = deadline - anyio.current_time()
        pause = _pause_seconds(outcome, attempts, left)
        if pause >= left:
            break
        if isinstance(outcome, RateLimitError):
            state.wait_for(pause, is_refused=True)
        await anyio.sleep(pause)
        state.wait = None
    if isinstance(outcome, RateLimitError) and outcome.retry_after:
        outcome.hint = _describe_advice(outcome.retry_after, left)
    return outcome


def _describe_advice(advised: float, left: float) -> str:
    words = f"It asks to wait {math.ceil(advised)} s, and {max(0.0, left):.0f} s were left."
    if advised <= MAX_PAUSE_SECONDS:
        return f"{words} Try again then."
    return f"{words} That may be a mistake of the server: if you run it again, it is sent at once."


def _pause_seconds(failure: GeminiError, attempts: int, left: float) -> float:
    """Return at least what the server advised, and a little apart from everybody else if there is time."""
    if not isinstance(failure, RateLimitError):
        return _backoff(0.2, attempts, at_least=0.1)
    if not failure.retry_after:
        return _backoff(1.0, attempts, at_least=UNADVISED_PAUSE_SECONDS)
    spare = left - failure.retry_after
    return failure.retry_after + min(_backoff(0.2, attempts, at_least=0.1), max(0.0, spare / 2))


def _backoff(first: float, attempts: int, *, at_least: float) -> float:
    """Return random seconds below a bound that doubles with each attempt: exponential backoff."""
    bound = min(MAX_BACKOFF_SECONDS, first * 2.0 ** min(attempts - 1, 10))
    return random.uniform(at_least, bound)  # noqa: S311 - jitter is no secret
