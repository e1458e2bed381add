from __future__ import annotations

import anyio
import pytest

from gemini_nb.errors import (
    BadResponseError,
    OutcomeUnknownError,
)
from gemini_nb.http import transport
from gemini_nb.providers.secret import Secret
from gemini_nb.providers.selection import choose_provider
from support import faults, key_leaks
from support.clients import KEY, OK
from support.faults import FaultServer


class Counting:
    """A receiver that says of each piece how much has come."""

    def __init__(self, refuse_at: float = float("inf")) -> None:
        self.total, self.refuse_at, self.expected = 0, refuse_at, 0

    def expect(self, length: int) -> None:
        self.expected = length

    def take(self, piece: bytes):
        self.total += len(piece)
        if self.total > self.refuse_at:
            raise BadResponseError("enough")
        yield


def post_to(server, receiver):
    provider = choose_provider("crazyrouter", base_url=server.url)

    async def post():
        deadline = anyio.current_time() + 60
        url = f"{server.url}/v1beta/models/m:generateContent"
        return await transport.send(provider, Secret(KEY), url, b"{}", deadline=deadline, receiver=receiver)

    return anyio.run(post)


def test_a_receiver_takes_the_body_of_a_success():
    with FaultServer(faults.answer(OK)) as server:
        answer = post_to(server, receiver := Counting())
    assert (answer.status, answer.body) == (200, b"")
    assert receiver.total == receiver.expected == len(OK)


def test_a_receiver_hears_nothing_of_an_error_reply():
    with FaultServer(faults.answer(b'{"error": {}}', status=400)) as server:
        answer = post_to(server, receiver := Counting())
    assert (answer.status, answer.body) == (400, b'{"error": {}}')
    assert receiver.total == 0


def test_what_a_receiver_refuses_is_in_the_answer_and_read_no_further():
    with FaultServer(faults.endless_stream()) as server:
        answer = post_to(server, Counting(refuse_at=2**20))
        assert type(answer.broken) is BadResponseError
        assert answer.broken.__traceback__ is None
    assert server.sent < 32 * 2**20


def test_the_answer_to_a_receiver_of_a_body_that_breaks_off_has_the_reason():
    with FaultServer(faults.short_body(OK)) as server:
        answer = post_to(server, receiver := Counting())
    assert (answer.status, receiver.total) == (200, len(OK))
    assert type(answer.broken) is OutcomeUnknownError
    assert "broke off" in str(answer.broken)


def test_without_a_receiver_what_came_is_in_the_answer():
    with FaultServer(faults.short_body(OK)) as server:
        answer = post_to(server, None)
    assert answer.body == OK
    assert answer.broken is not None


def test_before_the_body_a_break_is_an_error_and_no_answer():
    with FaultServer(faults.raw(faults.sized(10))) as server:
        assert type(post_to(server, Counting())) is OutcomeUnknownError


class Failing(Counting):
    """A receiver that fails with what nobody expects."""

    def __init__(self, failure: BaseException) -> None:
        super().__init__()
        self.failure = failure

    def take(self, piece: bytes):
        yield
        raise self.failure from ZeroDivisionError(piece, KEY)


UNEXPECTED = {
    "an error": RuntimeError(f"no room for {KEY}", ["and", KEY]),
    "an exit": SystemExit(KEY),
    "a group": ExceptionGroup("several", [RuntimeError(KEY), LookupError(KEY)]),
}


@pytest.mark.parametrize("fault", UNEXPECTED.values(), ids=UNEXPECTED.keys())
def test_promise_9_what_a_receiver_fails_with_passes_through_without_the_key(fault):
    with FaultServer(faults.answer(OK)) as server, pytest.raises(type(fault)) as caught:
        post_to(server, Failing(fault))
    assert caught.value is fault
    assert KEY not in key_leaks.shown(fault)
    assert fault.__cause__ is fault.__context__ is None
