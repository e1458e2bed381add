from __future__ import annotations

import anyio
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
from gemini_nb.retry import MAX_TRIES, UNADVISED_PAUSE_SECONDS, Pace, retrying
from gemini_nb.transport import Answer

DONE = Answer(200, {}, b"")


def tried(*outcomes, seconds=5.0, **settings):
    """Retry an attempt that gives these outcomes, the last one again and again: what came, and when."""

    async def main():
        begun = []

        async def attempt():
            begun.append(anyio.current_time())
            return outcomes[min(len(begun), len(outcomes)) - 1]

        outcome = await retrying(attempt, deadline=anyio.current_time() + seconds, **settings)
        return outcome, begun

    return anyio.run(main)


def test_an_answer_ends_it():
    outcome, begun = tried(DONE)
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
    outcome, begun = tried(error, DONE)
    assert outcome is error
    assert len(begun) == 1


@pytest.mark.parametrize("failures", [1, 2])
def test_an_unsent_request_is_tried_again(failures):
    outcome, begun = tried(*[ConnectionFailedError("m")] * failures, DONE)
    assert outcome is DONE
    assert len(begun) == failures + 1


def test_an_unsent_request_is_given_up_after_three_tries():
    outcome, begun = tried(ConnectionFailedError("m"))
    assert type(outcome) is ConnectionFailedError
    assert len(begun) == MAX_TRIES == 3


def test_an_unknown_outcome_is_repeated_for_those_who_ask_and_three_times_at_most():
    outcome, begun = tried(OutcomeUnknownError("m"), retry_unknown=True)
    assert type(outcome) is OutcomeUnknownError
    assert len(begun) == MAX_TRIES


def test_unsent_and_unknown_tries_are_counted_together():
    unsent, unknown = ConnectionFailedError("m"), OutcomeUnknownError("m")
    assert len(tried(unsent, unknown, unsent, retry_unknown=True)[1]) == MAX_TRIES


def test_a_refusal_does_not_count_as_a_try():
    refused, unsent = RateLimitError("m", retry_after=0.01), ConnectionFailedError("m")
    outcome, begun = tried(refused, refused, refused, unsent, unsent, DONE)
    assert outcome is DONE
    assert len(begun) == 6


@pytest.mark.parametrize("wait", [0.05, 0.3])
def test_an_advised_wait_is_never_undercut(wait):
    _, (first, second) = tried(RateLimitError("m", retry_after=wait), DONE)
    assert second - first >= wait


@pytest.mark.parametrize("wait", [None, 0.0])
def test_without_advice_there_is_a_pause_all_the_same(wait):
    _, (first, second) = tried(RateLimitError("m", retry_after=wait), DONE)
    assert second - first >= UNADVISED_PAUSE_SECONDS


def test_an_advised_wait_that_just_fits_is_waited_for():
    outcome, begun = tried(RateLimitError("m", retry_after=0.3), DONE, seconds=0.35)
    assert outcome is DONE
    assert begun[1] - begun[0] >= 0.3


def test_an_advised_wait_past_the_deadline_fails_at_once_and_names_the_seconds():
    outcome, begun = tried(RateLimitError("m", retry_after=47.2), DONE)
    assert type(outcome) is RateLimitError
    assert len(begun) == 1
    assert "48 s" in outcome.hint


def test_refusals_without_end_stop_at_the_deadline():
    outcome, begun = tried(RateLimitError("m", retry_after=0.05), seconds=0.5)
    assert type(outcome) is RateLimitError
    assert len(begun) > 1
    assert begun[-1] - begun[0] < 0.5


def test_a_pace_lets_everybody_through_at_first():
    async def main():
        return await Pace().wait(anyio.current_time() + 5)

    assert anyio.run(main) is None


@pytest.mark.parametrize("error", [APIError("m", status=400), OutcomeUnknownError("m"), BlockedError("m")])
def test_a_pace_heeds_refusals_only(error):
    async def main():
        pace = Pace()
        pace.heed(error)
        before = anyio.current_time()
        await pace.wait(before + 5)
        return anyio.current_time() - before

    assert anyio.run(main) < UNADVISED_PAUSE_SECONDS


def test_a_pause_past_the_deadline_is_an_error_at_once():
    async def main():
        pace = Pace()
        pace.heed(RateLimitError("m", retry_after=60))
        return await pace.wait(anyio.current_time() + 5)

    error = anyio.run(main)
    assert type(error) is RateLimitError
    assert 59 < error.retry_after <= 60
    assert "Not sent" in str(error)


def test_a_pause_that_is_prolonged_meanwhile_is_waited_out():
    async def main():
        pace = Pace()
        started = anyio.current_time()
        pace.heed(RateLimitError("m", retry_after=0.1))

        async def prolong():
            await anyio.sleep(0.05)
            pace.heed(RateLimitError("m", retry_after=0.3))

        async with anyio.create_task_group() as group:
            group.start_soon(prolong)
            await pace.wait(started + 5)
            return anyio.current_time() - started

    assert anyio.run(main) >= 0.35


def test_a_shorter_advice_does_not_shorten_a_pause():
    async def main():
        pace = Pace()
        started = anyio.current_time()
        pace.heed(RateLimitError("m", retry_after=0.3))
        pace.heed(RateLimitError("m", retry_after=0.01))
        await pace.wait(started + 5)
        return anyio.current_time() - started

    assert anyio.run(main) >= 0.3
