from __future__ import annotations

import signal
import threading
from collections import Counter
from functools import partial

import anyio
import pytest

from gemini_nb import AsyncClient, ImageRequest, event_loop
from gemini_nb.batch.run import MAX_REFUSALS, Progress, run
from gemini_nb.errors import (
    APIError,
    ArgumentError,
    AuthenticationError,
    BadResponseError,
    BlockedError,
    OutcomeUnknownError,
    QuotaExhaustedError,
    RateLimitError,
)
from support.clients import KEY, OK, client_of
from support.gateway import Answer, Gateway
from support.numbered_pictures import BLOCKED, PROMPTS, by_prompt, painted, prompt_of
from support.processes import WAIT_SECONDS, finished, running
from support.timing import given_time, in_time


@pytest.mark.parametrize("concurrency", [1, 3, 100])
def test_promise_4_every_success_is_kept_in_the_order_asked(concurrency):
    def slowly(request):
        return Answer(painted(request).body, delay=0.02)

    with Gateway(slowly) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many(PROMPTS, concurrency=concurrency)
        assert gateway.posts == len(PROMPTS)
        assert gateway.most_at_once <= concurrency
    assert [made.image.width for made in batch.generations] == list(range(1, 9))
    assert batch.errors == []


def test_promise_4_as_many_are_under_way_as_was_allowed():
    both = threading.Barrier(2, timeout=WAIT_SECONDS)

    def together(request):
        both.wait()
        return painted(request)

    with Gateway(together) as gateway, client_of(gateway.url) as client:
        assert len(client.generate_many(PROMPTS[:4], concurrency=2).generations) == 4
        assert gateway.most_at_once == 2


FAILURES = {
    "n1": (Answer({"error": {"message": "no"}}, status=400), APIError),
    "n2": (Answer({"error": {"message": "no"}}, status=500), OutcomeUnknownError),
    "n3": (BLOCKED, BlockedError),
    "n4": (Answer(b"no JSON"), BadResponseError),
    "n6": (Answer({"error": {"message": "no"}}, status=401), AuthenticationError),
}


def test_promise_4_each_failure_is_one_typed_error_in_its_place():
    script = by_prompt(**{prompt: answer for prompt, (answer, _) in FAILURES.items()})
    with Gateway(script) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many(PROMPTS)
        assert gateway.posts == len(PROMPTS)
    kinds = [type(outcome).__name__ for outcome in batch.outcomes]
    expected = {prompt: kind.__name__ for prompt, (_, kind) in FAILURES.items()}
    assert kinds == [expected.get(f"n{prompt}", "Generation") for prompt in PROMPTS]
    assert len(batch.errors) == len(FAILURES)
    assert [row["prompt"] for row in batch.rows()] == PROMPTS


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, None, AuthenticationError),
        (403, None, AuthenticationError),
        (403, "insufficient_quota", QuotaExhaustedError),
    ],
)
def test_promise_4_three_refusals_in_a_row_stop_a_batch(status, code, kind):
    refusal = Answer({"error": {"message": "no", "code": code}}, status=status)
    with Gateway(refusal) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many(PROMPTS, concurrency=1)
        assert gateway.posts == MAX_REFUSALS == 3
    assert Counter(map(type, batch.errors)) == {kind: len(PROMPTS)}
    assert ["Not sent" in str(error) for error in batch.errors] == [False] * 3 + [True] * 5


def test_promise_4_googles_400_for_a_bad_key_counts_as_one():
    refusal = Answer({"error": {"message": "no", "details": [{"reason": "API_KEY_INVALID"}]}}, status=400)
    with Gateway(refusal) as gateway, client_of(gateway.url) as client:
        client.generate_many(PROMPTS, concurrency=1)
        assert gateway.posts == MAX_REFUSALS


def test_promise_4_what_was_never_sent_says_nothing_of_the_key():
    unsendable = ImageRequest("a", config={"odd": object()})
    prompts = ["0", unsendable, "1", unsendable, "2", "3", "4"]
    with Gateway(Answer(status=403)) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many(prompts, concurrency=1)
        assert gateway.posts == MAX_REFUSALS
    assert Counter(map(type, batch.errors)) == {AuthenticationError: 5, ArgumentError: 2}


def test_promise_4_a_mistake_while_an_outcome_is_told_loses_nothing_and_is_raised_in_the_end():
    told, mistaken = [], threading.Event()

    def listener(place, _request, _outcome):
        told.append((place, made.done))
        if place == 0:
            mistaken.set()
            raise ZeroDivisionError("a mistake")

    def later_than_the_mistake(request):
        return Answer(painted(request).body, hold=None if prompt_of(request) == "0" else mistaken)

    with Gateway(later_than_the_mistake) as gateway, client_of(gateway.url) as client:
        made = Progress([ImageRequest(prompt) for prompt in PROMPTS])
        made.listeners.append(listener)
        with pytest.raises(ZeroDivisionError) as caught:
            event_loop.run(partial(run, client.asynchronous.generate_function(), made, concurrency=2))
        assert gateway.posts == 2  # no more are sent
    assert [place for place, _ in told] == [0, 1]
    assert [done for _, done in told] == [1, 2]  # each is counted before it is told
    assert [one.image.width for one in caught.value.batch.generations] == [1, 2]


def test_promise_4_refusals_that_are_not_in_a_row_stop_nothing():
    refusal, picture = Answer(status=403), Answer(OK)
    answers = [refusal, refusal, picture, refusal, refusal, picture, refusal, picture]
    with Gateway(*answers) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many(PROMPTS, concurrency=1)
        assert gateway.posts == len(PROMPTS)
    assert len(batch.errors) == 5


def test_promise_4_other_failures_stop_nothing():
    with Gateway(Answer(status=400)) as gateway, client_of(gateway.url) as client:
        client.generate_many(PROMPTS, concurrency=1)
        assert gateway.posts == len(PROMPTS)


def test_promise_4_a_429_pauses_every_worker():
    def run(pause):
        refusal = Answer(status=429, headers={"retry-after-ms": str(round(pause * 1000))})
        refused = threading.Event()

        def refuse_the_third_once(request):
            if prompt_of(request) == "3" and not refused.is_set():
                refused.set()
                return refusal
            assert refused.wait(WAIT_SECONDS)
            return Answer(painted(request).body, delay=pause / 2)  # so that the others end after the refusal

        with Gateway(refuse_the_third_once) as gateway, client_of(gateway.url) as client:
            batch = client.generate_many(PROMPTS, concurrency=4)
            requests = gateway.requests
        refused_at = next(request.at for request in requests if prompt_of(request) == "3")
        assert len(batch.generations) == len(PROMPTS)
        assert len(requests) == len(PROMPTS) + 1
        in_time(all(request.at >= refused_at + pause for request in requests[4:]))

    given_time(run, 0.6, 2, 6)


def test_promise_4_a_pause_past_the_deadline_sends_nothing_more():
    refusal = Answer(status=429, headers={"Retry-After": "300"})
    with Gateway(refusal) as gateway, client_of(gateway.url, timeout=5) as client:
        batch = client.generate_many(PROMPTS, concurrency=1)
        assert gateway.posts == 1
    assert Counter(map(type, batch.errors)) == {RateLimitError: len(PROMPTS)}
    assert "Not sent" in str(batch.errors[-1])


def test_promise_4_an_interrupt_keeps_what_has_finished():
    code = """
from gemini_nb import Cancelled
with client_of(url) as client:
    try:
        client.generate_many([str(number) for number in range(8)], concurrency=2)
    except Cancelled as cancelled:
        print([getattr(outcome, "prompt", None) for outcome in cancelled.batch.outcomes])
    print(len(client.generate_many(["1"]).generations))
"""
    never = threading.Event()
    held = {f"n{number}": Answer(OK, hold=never) for number in (3, 4)}
    with Gateway(by_prompt(**held)) as gateway, running(code, gateway.url) as child:
        assert gateway.wait_for_posts(5)
        child.send_signal(signal.SIGINT)
        out = finished(child)
        assert gateway.posts == 6
        assert gateway.wait_for_disconnects(2)
    assert out.splitlines() == ["['0', '1', '2', None, None, None, None, None]", "1"]


def test_requests_keep_their_own_settings():
    requests = [ImageRequest("1", model="nano-banana-2", take=take) for take in range(2)]
    with Gateway(painted) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many([*requests, "2"], aspect_ratio="16:9")
    assert batch.requests[:2] == tuple(requests)
    assert [made.request.aspect_ratio for made in batch.generations] == [None, None, "16:9"]


def test_a_batch_of_nothing_is_empty():
    with Gateway() as gateway, client_of(gateway.url) as client:
        assert len(client.generate_many([])) == 0
        assert gateway.connections == 0


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, "4", None])
def test_concurrency_is_a_whole_number(concurrency):
    with Gateway() as gateway, client_of(gateway.url) as client:
        with pytest.raises(ArgumentError, match="whole number"):
            client.generate_many(PROMPTS, concurrency=concurrency)
        assert gateway.posts == 0


def test_a_single_prompt_is_no_batch():
    with Gateway() as gateway, client_of(gateway.url) as client:
        with pytest.raises(ArgumentError, match="list of prompts"):
            client.generate_many("a red square")
        assert gateway.posts == 0


def test_a_batch_can_be_awaited():
    async def main(url):
        async with AsyncClient(base_url=url, api_key=KEY) as client:
            return await client.generate_many(PROMPTS)

    with Gateway(painted) as gateway:
        assert len(anyio.run(main, gateway.url).generations) == len(PROMPTS)
