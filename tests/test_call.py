"""A call knows what its requests are doing, and what stopping it may have cost."""

from __future__ import annotations

import asyncio

import pytest

from gemini_nb.call import MAY_BE_BILLED, NOT_BILLED, Call, current


def stopped(call, *, is_sent):
    with pytest.raises(KeyboardInterrupt), call.request_state() as state:
        state.may_be_billed = is_sent
        raise KeyboardInterrupt


def test_a_call_without_a_request_has_cost_nothing():
    call = Call()
    assert call.describe_stop() == NOT_BILLED
    assert call.describe_wait() == ""
    assert not call.has_waited_only


@pytest.mark.parametrize(
    ("is_sent", "words"), [(True, MAY_BE_BILLED), (False, NOT_BILLED)], ids=["sent", "not sent"]
)
def test_a_request_that_was_stopped_is_remembered(is_sent, words):
    call = Call()
    stopped(call, is_sent=is_sent)
    assert call.describe_stop() == words
    assert call.may_be_billed is is_sent
    assert call.has_waited_only is not is_sent


def test_one_that_was_sent_decides():
    call = Call()
    stopped(call, is_sent=False)
    stopped(call, is_sent=True)
    assert call.describe_stop() == MAY_BE_BILLED
    assert not call.has_waited_only


def test_a_request_that_failed_says_itself_what_may_be_billed():
    call = Call()
    with pytest.raises(ValueError, match="failed"), call.request_state() as state:
        state.may_be_billed = True
        raise ValueError("failed")
    assert call.describe_stop() == NOT_BILLED


@pytest.mark.parametrize(
    ("is_sent", "words"), [(True, MAY_BE_BILLED), (False, NOT_BILLED)], ids=["asked", "replayed"]
)
def test_an_answer_that_came_too_late_to_be_returned_was_billed_if_it_was_asked_for(is_sent, words):
    call = Call()
    with call.request_state() as state:
        state.may_be_billed = is_sent
    assert call.describe_stop() == NOT_BILLED
    assert call.describe_stop(result_is_lost=True) == words


def test_waits_are_told_while_they_last():
    call = Call()
    with call.request_state() as state:
        state.wait_for(28, is_refused=True)
        assert call.describe_wait() == "rate limited; asking again in 28 s"
        state.wait = None
        assert call.describe_wait() == ""
    with call.request_state() as state:
        state.wait_for(5, is_refused=False)
        assert call.describe_wait() == "waiting for its turn"
    assert call.describe_wait() == ""


def test_the_refused_request_that_goes_first_is_told_and_a_turn_only_where_all_wait():
    call = Call()
    with call.request_state() as first, call.request_state() as second, call.request_state() as third:
        first.wait_for(5, is_refused=False)
        assert call.describe_wait() == ""  # the others are being answered
        second.wait_for(90, is_refused=True)
        third.wait_for(28, is_refused=True)
        assert call.describe_wait() == "rate limited; asking again in 28 s"


def test_a_wait_that_is_over_is_a_second_long():
    call = Call()
    with call.request_state() as state:
        state.wait_for(-10, is_refused=True)
        assert call.describe_wait() == "rate limited; asking again in 1 s"


def test_coroutines_belong_to_the_call_that_started_them():
    async def inner():
        return current()

    async def outer(call):
        with call.watched():
            return await asyncio.create_task(inner())

    call = Call()
    assert asyncio.run(outer(call)) is call
    assert current() is not call


def test_calls_are_numbered_in_their_order():
    first, second = Call(), Call()
    assert first.began < second.began
    assert Call(began=0).began == 0
