from __future__ import annotations

import gc
import math
import os
from functools import partial

import anyio
import anyio.lowlevel
import pytest

from gemini_nb.errors import (
    APIError,
    ArgumentError,
    BlockedError,
    ConnectionFailedError,
    OutcomeUnknownError,
    RateLimitError,
)
from gemini_nb.http import rate_limit
from gemini_nb.http.rate_limit import limiters_for, seconds_between
from gemini_nb.http.retry import retry
from gemini_nb.http.transport import HTTPAnswer
from gemini_nb.providers import provider
from gemini_nb.providers.secret import Secret
from gemini_nb.providers.selection import choose_provider
from support import key_leaks, virtual_clock
from support.processes import ran

DONE = HTTPAnswer(200, {}, b"")


async def seconds_of(waiting) -> float:
    started = anyio.current_time()
    assert await waiting is None
    return anyio.current_time() - started


def test_a_limiter_lets_everybody_through_at_first():
    async def main():
        return await seconds_of(virtual_clock.a_limiter().acquire())

    assert virtual_clock.run(main) == 0


@pytest.mark.parametrize(
    "outcome", [DONE, APIError("m", status=400), OutcomeUnknownError("m"), BlockedError("m")]
)
def test_only_a_refusal_pauses_a_limiter(outcome):
    async def main():
        limiter = virtual_clock.a_limiter()
        limiter.learn(outcome)
        return await seconds_of(limiter.acquire())

    assert virtual_clock.run(main) == 0


LATE = {
    "past the deadline": {"within": 5},
    "longer than the longest pause that is accepted": {"max_pause": 5},
}


@pytest.mark.parametrize("limit", LATE.values(), ids=LATE.keys())
def test_a_pause_that_is_too_long_is_an_error_at_once(limit):
    async def main():
        limiter = virtual_clock.a_limiter()
        limiter.learn(RateLimitError("m", retry_after=60))
        return await limiter.acquire(**limit)

    error = virtual_clock.run(main)
    assert type(error) is RateLimitError
    assert error.retry_after == 60
    assert "Not sent: the server asked for a pause" in str(error)
    assert "in 60 s" in str(error)


def test_who_comes_too_late_for_a_turn_is_no_refusal_that_holds_back_others():
    async def main():
        limiter = virtual_clock.a_limiter()
        await limiter.acquire(interval=60)
        late = await retry(None, deadline=anyio.current_time() + 5, limiter=limiter, interval=60)
        return late, await seconds_of(limiter.acquire())

    error, waited = virtual_clock.run(main)
    assert "Not sent" in str(error)
    assert waited == 0


def test_a_pause_that_is_prolonged_meanwhile_is_waited_out():
    async def main():
        limiter = virtual_clock.a_limiter()
        limiter.learn(RateLimitError("m", retry_after=0.1))

        async def prolong():
            await anyio.sleep(0.05)
            limiter.learn(RateLimitError("m", retry_after=0.3))

        async with anyio.create_task_group() as group:
            group.start_soon(prolong)
            return await seconds_of(limiter.acquire())

    assert virtual_clock.run(main) == pytest.approx(0.35)


def test_a_shorter_advice_does_not_shorten_a_pause():
    async def main():
        limiter = virtual_clock.a_limiter()
        limiter.learn(RateLimitError("m", retry_after=0.3))
        limiter.learn(RateLimitError("m", retry_after=0.01))
        return await seconds_of(limiter.acquire())

    assert virtual_clock.run(main) == pytest.approx(0.3)


def test_a_pause_lasts_ten_minutes_at_most():
    async def main():
        limiter = virtual_clock.a_limiter()
        limiter.learn(RateLimitError("m", retry_after=31_536_000))
        return await seconds_of(limiter.acquire())

    assert virtual_clock.run(main) == 600


async def in_a_queue(count, limiter=None, interval=1.0):
    """When each of so many who come together is let through, in the order they came."""
    limiter, let_through = limiter or virtual_clock.a_limiter(), [0.0] * count

    async def wait(place):
        assert await limiter.acquire(interval=interval) is None
        let_through[place] = anyio.current_time()

    async with anyio.create_task_group() as group:
        for place in range(count):
            group.start_soon(wait, place)
            await anyio.lowlevel.checkpoint()
    return let_through


def test_turns_lie_apart_and_who_came_first_is_first():
    assert virtual_clock.run(in_a_queue, 4) == [0, 1, 2, 3]


def test_who_comes_while_others_queue_is_served_after_them():
    served = []

    async def main():
        limiter = virtual_clock.a_limiter()

        async def come(number):
            await anyio.sleep(number * 0.37)
            await limiter.acquire(interval=1)
            served.append(number)

        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(come, number)

    virtual_clock.run(main)
    assert served == sorted(served)


def test_after_a_pause_turns_lie_apart_as_before():
    async def main():
        limiter = virtual_clock.a_limiter()
        limiter.learn(RateLimitError("m", retry_after=20))
        return await in_a_queue(3, limiter)

    assert virtual_clock.run(main) == [20, 21, 22]


def test_a_pause_that_comes_while_they_queue_holds_back_the_rest():
    async def main():
        limiter = virtual_clock.a_limiter()

        async def refused():
            await anyio.sleep(1.5)
            limiter.learn(RateLimitError("m", retry_after=20))

        async with anyio.create_task_group() as group:
            group.start_soon(refused)
            return await in_a_queue(5, limiter)

    assert virtual_clock.run(main) == [0, 1, 21.5, 22.5, 23.5]


def test_who_gives_up_waiting_leaves_the_turn_to_the_next():
    async def main():
        limiter = virtual_clock.a_limiter()
        await limiter.acquire(interval=20)
        for _ in range(5):
            with anyio.move_on_after(1):
                await limiter.acquire(interval=20)
        return await seconds_of(limiter.acquire(interval=20))

    assert virtual_clock.run(main) == 15


def test_idle_minutes_are_no_credit():
    async def main():
        limiter = virtual_clock.a_limiter()
        await limiter.acquire(interval=1)
        await anyio.sleep(60)
        return await in_a_queue(3, limiter)

    assert virtual_clock.run(main) == [60, 61, 62]


def test_a_turn_that_comes_too_late_is_an_error_at_once():
    async def main():
        limiter = virtual_clock.a_limiter()
        await limiter.acquire(interval=60)
        return await limiter.acquire(interval=60, within=5, max_pause=5)

    error = virtual_clock.run(main)
    assert type(error) is RateLimitError
    assert error.retry_after == 60
    assert "requests per minute" in str(error)


def test_the_longest_pause_that_is_accepted_says_nothing_of_a_turn_that_comes_late():
    async def main():
        limiter = virtual_clock.a_limiter()
        await limiter.acquire(interval=0.2)
        return await seconds_of(limiter.acquire(interval=0.2, max_pause=0.01))

    assert virtual_clock.run(main) == pytest.approx(0.2)


def test_each_try_takes_a_turn():
    async def main():
        limiter, begun = virtual_clock.a_limiter(), []

        async def attempt():
            begun.append(anyio.current_time())
            return ConnectionFailedError("m") if len(begun) < 3 else DONE

        await retry(attempt, deadline=anyio.current_time() + 60, limiter=limiter, interval=1.0)
        return begun

    assert virtual_clock.run(main) == [0, 1, 2]


def test_who_was_let_through_takes_no_second_turn_for_the_first_try():
    async def main():
        limiter = virtual_clock.a_limiter()
        await limiter.acquire(interval=60)

        async def attempt():
            return DONE

        deadline = anyio.current_time() + 5
        return await retry(attempt, deadline=deadline, limiter=limiter, interval=60, is_acquired=True)

    assert virtual_clock.run(main) is DONE


CRAZY, GOOGLE = provider.CRAZYROUTER, provider.GOOGLE


def limiter_of(client_provider, key, model="m"):
    return limiters_for(client_provider, Secret(key)).of(model)


def test_all_who_share_an_origin_a_key_and_a_model_share_a_limiter():
    limiters = limiters_for(CRAZY, Secret("one-key", where="here"))
    assert limiters_for(CRAZY, Secret("one-key", where="there")).of("m") is limiters.of("m")


@pytest.mark.parametrize(
    ("other", "key", "model"),
    [(GOOGLE, "one-key", "m"), (CRAZY, "another", "m"), (CRAZY, "one-key", "n")],
    ids=["another origin", "another key", "another model"],
)
def test_others_have_a_limiter_of_their_own(other, key, model):
    assert limiter_of(other, key, model) is not limiter_of(CRAZY, "one-key")


def test_what_is_kept_of_a_key_does_not_tell_it():
    limiters_for(CRAZY, Secret(key_leaks.KEY))
    assert key_leaks.leaks(repr(list(rate_limit._limiters))) == []


def test_a_pause_is_remembered_when_its_client_is_gone():
    limiter_of(CRAZY, "a-key-paused").learn(RateLimitError("m", retry_after=60))
    late = virtual_clock.run(partial(limiter_of(CRAZY, "a-key-paused").acquire, within=1))
    assert type(late) is RateLimitError


def test_a_port_of_this_machine_may_be_another_servers_soon():
    here = choose_provider("crazyrouter", base_url="http://127.0.0.1:9")
    limiters_for(here, None).of("m").learn(RateLimitError("m", retry_after=60))
    gc.collect()
    assert virtual_clock.run(partial(limiters_for(here, None).of("m").acquire, within=1)) is None


@pytest.mark.parametrize("rate", [0, -1, math.inf, math.nan, "60", True])
def test_a_rate_is_a_number_above_zero(rate):
    with pytest.raises(ArgumentError, match="number above 0"):
        seconds_between(rate)


def test_no_rate_is_no_limit():
    assert seconds_between(None) == 0
    assert seconds_between(30) == 2


FORKED = """
import asyncio, os
from functools import partial
import anyio
from gemini_nb.providers.selection import choose_provider
from gemini_nb.http.rate_limit import limiters_for
limiters = limiters_for(choose_provider("crazyrouter", base_url={base_url!r}), None)
limiter = limiters.of("m")
loop = asyncio.new_event_loop()
loop.run_until_complete(limiter.acquire(interval=3600))
waiting = [loop.create_task(limiter.acquire(interval=3600)) for _ in range(3)]
loop.run_until_complete(asyncio.sleep(0))
child = os.fork()
if child:
    os.wait()
late = anyio.run(partial(limiter.acquire, interval=3600, within=1))
print(round(late.retry_after / 3600), flush=True)
if not child:
    os._exit(0)
for task in waiting:
    task.cancel()
loop.run_until_complete(asyncio.wait(waiting))
loop.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:9"], ids=["elsewhere", "this machine"])
def test_in_a_forked_child_nobody_waits_behind_its_parents_requests(base_url):
    assert ran(FORKED.format(base_url=base_url)).split() == ["1", "4"]
