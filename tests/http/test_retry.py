from __future__ import annotations

from itertools import pairwise

import anyio
import anyio.lowlevel
import pytest

from gemini_nb.errors import (
    APIError,
    AuthenticationError,
    BlockedError,
    ConnectionFailedError,
    OutcomeUnknownError,
    QuotaExhaustedError,
    RateLimitError,
    TooLargeError,
)
from gemini_nb.http.rate_limit import UNADVISED_PAUSE_SECONDS
from gemini_nb.http.retry import MAX_BACKOFF_SECONDS, MAX_TRIES, retry
from gemini_nb.http.transport import HTTPAnswer
from support import virtual_clock

DONE = HTTPAnswer(200, {}, b"")


def run_attempts(*outcomes, seconds=5.0, **settings):
    """Retry an attempt that gives these outcomes, the last one again and again: what came, and when."""

    async def main():
        begun = []

        async def attempt():
            begun.append(anyio.current_time())
            return outcomes[min(len(begun), len(outcomes)) - 1]

        deadline = anyio.current_time() + seconds
        outcome = await retry(attempt, deadline=deadline, limiter=virtual_clock.a_limiter(), **settings)
        return outcome, begun

    return virtual_clock.run(main)


def test_an_answer_ends_it():
    outcome, begun = run_attempts(DONE)
    assert outcome is DONE
    assert len(begun) == 1


@pytest.mark.parametrize(
    "error",
    [
        APIError("m", status=400),
        AuthenticationError("m", status=401),
        QuotaExhaustedError("m", status=429),
        BlockedError("m"),
        TooLargeError("m"),
        OutcomeUnknownError("m"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_have_been_billed_or_cannot_change_is_never_repeated(error):
    outcome, begun = run_attempts(error, DONE)
    assert outcome is error
    assert len(begun) == 1


@pytest.mark.parametrize("failures", [1, 2])
def test_an_unsent_request_is_tried_again(failures):
    outcome, begun = run_attempts(*[ConnectionFailedError("m")] * failures, DONE)
    assert outcome is DONE
    assert len(begun) == failures + 1


def test_an_unsent_request_is_given_up_after_three_tries():
    outcome, begun = run_attempts(ConnectionFailedError("m"))
    assert type(outcome) is ConnectionFailedError
    assert len(begun) == MAX_TRIES == 3


def test_an_unknown_outcome_is_repeated_for_those_who_ask_and_three_times_at_most():
    outcome, begun = run_attempts(OutcomeUnknownError("m"), retry_unknown=True)
    assert type(outcome) is OutcomeUnknownError
    assert len(begun) == MAX_TRIES


def test_unsent_and_unknown_tries_are_counted_together():
    unsent, unknown = ConnectionFailedError("m"), OutcomeUnknownError("m")
    assert len(run_attempts(unsent, unknown, unsent, retry_unknown=True)[1]) == MAX_TRIES


def test_a_refusal_does_not_count_as_a_try():
    refused, unsent = RateLimitError("m", retry_after=0.01), ConnectionFailedError("m")
    outcome, begun = run_attempts(refused, refused, refused, unsent, unsent, DONE, seconds=60)
    assert outcome is DONE
    assert len(begun) == 6


@pytest.mark.parametrize("wait", [0.05, 0.3])
def test_an_advised_wait_is_never_undercut(wait):
    _, (first, second) = run_attempts(RateLimitError("m", retry_after=wait), DONE)
    assert second - first >= wait


@pytest.mark.parametrize("wait", [None, 0.0])
def test_without_advice_there_is_a_pause_all_the_same(wait):
    _, (first, second) = run_attempts(RateLimitError("m", retry_after=wait), DONE)
    assert second - first >= UNADVISED_PAUSE_SECONDS


def test_an_advised_wait_that_just_fits_is_waited_for():
    outcome, begun = run_attempts(RateLimitError("m", retry_after=0.3), DONE, seconds=0.35)
    assert outcome is DONE
    assert begun[1] - begun[0] >= 0.3


def test_an_advised_wait_past_the_deadline_fails_at_once_and_names_the_seconds():
    outcome, begun = run_attempts(RateLimitError("m", retry_after=47.2), DONE)
    assert type(outcome) is RateLimitError
    assert len(begun) == 1
    assert "48 s" in outcome.hint


def test_refusals_without_end_stop_at_the_deadline():
    outcome, begun = run_attempts(RateLimitError("m", retry_after=0.05), seconds=0.5)
    assert type(outcome) is RateLimitError
    assert len(begun) > 1
    assert begun[-1] - begun[0] < 0.5


def test_waits_without_advice_are_random_and_their_bound_doubles_up_to_30_seconds():
    _, begun = run_attempts(RateLimitError("m"), seconds=600)
    waits = [later - earlier for earlier, later in pairwise(begun)]
    bounds = [min(MAX_BACKOFF_SECONDS, 2.0**number) for number in range(len(waits))]
    assert all(UNADVISED_PAUSE_SECONDS <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
    assert max(waits) > 8
    assert len(set(waits)) == len(waits) > 10


def test_those_who_were_given_the_same_advice_come_back_apart():
    seconds = [run_attempts(RateLimitError("m", retry_after=1), DONE, seconds=60)[1][1] for _ in range(5)]
    assert all(1 <= one <= 1.2 for one in seconds)
    assert len(set(seconds)) == 5
