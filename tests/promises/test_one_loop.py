"""Promise 7: whatever comes for one call, no other call of the process is held up by it.

That no turn of the event loop is long is looked at after every test, by `support.loop_watchdog`.
"""

from __future__ import annotations

import threading
import time

import pytest

from gemini_nb.errors import GeminiError
from support import loop_watchdog
from support.clients import client_of, error_from
from support.faults import FaultServer, stall_after_head
from support.heavy_replies import HEAVY
from support.timing import given_time, in_time


def outcome(url: str, *, stream: bool = False) -> str:
    with client_of(url, timeout=600) as client:
        try:
            client.generate("x", stream=True).result() if stream else client.generate("x")
        except GeminiError as error:
            return type(error).__name__
    return "picture"


def in_a_thread(call, found: list) -> threading.Thread:
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    return thread


STREAMED = (
    "words",
    "tiny events",
    "comments",
    "one event of many lines",
    "one byte a chunk",
    "many pictures",
)


@pytest.mark.parametrize(
    ("name", "stream"), [*((name, False) for name in HEAVY), *((name, True) for name in STREAMED)]
)
def test_promise_7_a_heavy_reply_holds_up_no_other_call(name, stream):
    wanted, fault = HEAVY[name][0], HEAVY[name][1]()

    def attempt(seconds: float) -> None:
        """Another call ends at its own deadline while the heavy reply is read."""
        found: list[str] = []
        with FaultServer(fault) as heavy, FaultServer(stall_after_head) as other:
            thread = in_a_thread(lambda: outcome(heavy.url, stream=stream), found)
            try:
                assert heavy.wait_for_posts(1)
                started = time.monotonic()
                error_from(other.url, timeout=seconds)
                took = time.monotonic() - started
            finally:
                thread.join()
        assert found == [wanted]
        in_time(took < seconds + 1)

    given_time(attempt, 0.3, 1, 5)


def test_the_watchdog_sees_a_turn_of_the_background_loop():
    from gemini_nb import event_loop

    async def be_busy():
        started = time.thread_time()
        while time.thread_time() - started < loop_watchdog.LIMIT_SECONDS:
            pass

    event_loop.run(be_busy)
    turn = loop_watchdog.take()[loop_watchdog.BACKGROUND]
    assert turn.seconds >= loop_watchdog.LIMIT_SECONDS
    assert "Task" in turn.what
