"""Pauses that a server asks for: whom they hold back, whom they let through, and what is told meanwhile."""

from __future__ import annotations

import signal
import sys
import threading

import pytest

from gemini_nb import Client
from gemini_nb.errors import ConnectionFailedError, RateLimitError
from support.clients import KEY, OK, PICTURE, client_of
from support.command_line import command, environment
from support.gateway import Answer, Gateway
from support.processes import PREAMBLE, WAIT_SECONDS, finished, running, wait_until_asleep
from support.shells import a_shell, prompt_of
from support.studios import visiting
from support.terminals import on_a_terminal

OTHER_MODEL = "gemini-3-pro-image-preview"
LONG = Answer(status=429, headers={"Retry-After": "300"})
A_YEAR = Answer(status=503, headers={"Retry-After": "31536000"})
SHORT = Answer(status=429, headers={"Retry-After": "2"})
TOLD = "rate limited; asking again in"


def second_row_after_a_refusal(*, key=KEY, model=OTHER_MODEL, seconds="300"):
    """A batch is under way when a call of `KEY` for `OTHER_MODEL` is refused: what came of its second row."""
    release = threading.Event()

    def answers(request):
        if prompt_of(request) == "refused":
            return Answer(status=429, headers={"Retry-After": seconds})
        return Answer(OK, hold=release if prompt_of(request) == "first" else None)

    batches = []
    with (
        Gateway(answers) as gateway,
        Client(base_url=gateway.url, api_key=key, timeout=30) as other,
        client_of(gateway.url, timeout=float(seconds) / 2) as client,
    ):
        rows = ["first", "second"]
        batch = threading.Thread(
            target=lambda: batches.append(other.generate_many(rows, concurrency=1, model=model))
        )
        batch.start()
        assert gateway.wait_for_posts(1)
        with pytest.raises(RateLimitError):
            client.generate("refused", model=OTHER_MODEL)
        release.set()
        batch.join()
        return batches[0].outcomes[1], [request.at for request in gateway.requests]


def test_promise_1_a_pause_holds_back_the_next_row_of_a_batch_of_another_client():
    _, (_, refused, second) = second_row_after_a_refusal(seconds="4")
    assert second - refused >= 4


def test_promise_1_a_pause_that_is_too_long_for_a_row_is_its_error():
    outcome, times = second_row_after_a_refusal()
    assert "Not sent: the server asked for a pause" in str(outcome)
    assert len(times) == 2


@pytest.mark.parametrize(
    "other", [{"key": "another-key-of-tests"}, {"model": "gemini-3.1-flash-image-preview"}]
)
def test_promise_1_another_key_or_model_is_not_held_back(other):
    outcome, _ = second_row_after_a_refusal(**other)
    assert outcome.image.data == PICTURE


CALLS = {
    "generate": lambda client: client.generate("a").image,
    "a stream": lambda client: client.generate("a", stream=True).result().image,
    "a chat": lambda client: client.chat().send("a").image,
    "a batch": lambda client: client.generate_many(["a", "b", "c"]).generations[2].image,
}


@pytest.mark.parametrize("refusal", [LONG, A_YEAR], ids=["five minutes", "a year"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_promise_1_a_call_that_is_started_during_a_pause_is_sent_at_once(call, refusal):
    with Gateway(refusal, Answer(OK)) as gateway, client_of(gateway.url, timeout=5) as client:
        with pytest.raises(RateLimitError):
            client.generate("refused")
        assert call(client).data == PICTURE


def test_promise_1_a_cell_that_is_run_during_a_pause_is_sent_at_once():
    with Gateway(A_YEAR, Answer(OK)) as gateway, a_shell(gateway.url) as shell:
        assert "RateLimitError" in shell.run("%%gemini_image\na cat").stdout
        assert shell.run("%%gemini_image\na cat").result.image.data == PICTURE


def test_promise_1_a_click_during_a_pause_is_sent_at_once():
    with visiting(A_YEAR, Answer(OK)) as (visitor, gateway):
        visitor.generate("a cat")
        assert "may be a mistake of the server" in visitor.problem
        visitor.generate("a cat")
        assert visitor.status == "1 picture made."
        assert gateway.posts == 2


def test_promise_1_of_a_batch_that_is_started_during_a_pause_one_request_is_sent():
    with Gateway(LONG) as gateway, client_of(gateway.url, timeout=5) as client:
        with pytest.raises(RateLimitError):
            client.generate("refused")
        batch = client.generate_many(["a", "b", "c"])
        assert gateway.posts == 2
    assert [type(error) for error in batch.errors] == [RateLimitError] * 3


WAITS = {
    "generate": "client.generate('a')",
    "a stream": "client.generate('a', stream=True).result()",
    "a chat": "client.chat().send('a')",
    "a batch": "client.generate_many(['a'])",
}


@pytest.mark.parametrize("call", WAITS.values(), ids=WAITS.keys())
def test_promise_7_an_interrupt_of_a_wait_does_not_say_that_it_may_be_billed(call):
    code = f"""
from gemini_nb import Cancelled
client = client_of(url)
try:
    {call}
except Cancelled as cancelled:
    print(cancelled)
"""
    with Gateway(Answer(status=429, headers={"Retry-After": "20"})) as gateway:
        with running(code, gateway.url) as child:
            assert gateway.wait_for_posts(1)
            assert gateway.wait_until_idle()
            wait_until_asleep(child)  # it has read the refusal
            child.send_signal(signal.SIGINT)
            said = finished(child)
        assert gateway.posts == 1
    assert "nothing was billed" in said


def test_a_client_that_is_closed_during_a_wait_says_that_nothing_was_sent():
    found = []

    def ask():
        try:
            client.generate("a")
        except ConnectionFailedError as error:
            found.append(str(error))

    with Gateway(Answer(status=429, headers={"Retry-After": "20"})) as gateway:
        client = client_of(gateway.url)
        thread = threading.Thread(target=ask)
        thread.start()
        assert gateway.wait_for_posts(1)
        assert gateway.wait_until_idle()
        client.close()
        thread.join(WAIT_SECONDS)
    assert "Not sent" in found[0]


def test_a_wait_is_told_on_the_command_line():
    with Gateway(SHORT, Answer(OK)) as gateway:
        asked = command("generate", "a red square", "-o", "a.png")
        written, code = on_a_terminal(asked, env=environment(gateway.url))
    assert code == 0
    assert f"crazyrouter for gemini-3.1-flash-image-preview · {TOLD} 2 s" in written


@pytest.mark.parametrize("kind", ["blocking", "coroutine"])
def test_a_wait_of_a_batch_is_told_in_its_bar(kind):
    blocking = "client_of(url).generate_many(['a', 'b'], concurrency=2)"
    coroutine = "import asyncio; asyncio.run(client_of(url).asynchronous.generate_many(['a', 'b']))"
    code = PREAMBLE + (blocking if kind == "blocking" else coroutine)
    with Gateway(SHORT, SHORT, Answer(OK)) as gateway:
        shown, _ = on_a_terminal([sys.executable, "-c", code, gateway.url])
    assert TOLD in shown


def test_a_wait_is_told_in_the_studio():
    with visiting(SHORT, Answer(OK)) as (visitor, _):
        told = []
        visitor.widget.observe(lambda change: told.extend(change["new"]["takes"]), "work")
        visitor.generate("a cat")
    assert any(TOLD in take["words"] for take in told)
    assert not any(TOLD in take["words"] and "usually" in take["words"] for take in told)
