"""What a press of Generate, Stop or Again does, and the price that is shown before."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from gemini_nb import event_loop
from support.gateway import Answer
from support.studios import OK, offline, visiting
from support.timing import given_time, in_time

pytestmark = pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")


def test_the_price_is_said_before_it_is_spent():
    with visiting() as (visitor, gateway):
        visitor.controls.number.value = 3
        visitor.controls.size.value = "4K"
        assert "3 pictures, estimated at $0.453" in visitor.price
        assert "crazyrouter" in visitor.price
        assert gateway.posts == 0


def test_offline_is_plainly_said():
    with offline() as visitor:
        assert "Offline" in visitor.price
        visitor.generate("a red square")
        assert "painted offline" in visitor.status
        assert "offline, no cost" in visitor.page


def test_again_skips_what_is_stored():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.shell.run("%%gemini_image -n 2\na red square")
        visitor.press("Again")
        visitor.wait()
        assert [one.request.take for one in visitor.studio.pictures] == [0, 2]
        assert gateway.posts == 3


def test_again_works_offline_where_nothing_is_stored():
    with offline() as visitor:
        visitor.generate("a red square")
        visitor.press("Again")
        visitor.wait()
        assert [one.request.take for one in visitor.studio.pictures] == [0, 1]


REFUSALS = {
    "blocked": (Answer({"promptFeedback": {"blockReason": "SAFETY"}}), "SAFETY"),
    "key": (
        Answer({"error": {"code": "invalid_api_key", "message": "no"}}, status=401),
        "CRAZYROUTER_API_KEY",
    ),
    "unknown": (Answer("bad gateway", status=502), "may have been billed"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_failure_is_said_in_its_own_words_and_nothing_is_lost(kind):
    answer, words = REFUSALS[kind]
    with visiting(OK, answer) as (visitor, _):
        visitor.generate("a red square")
        visitor.generate("something else")
        assert words in visitor.status
        assert visitor.controls.prompt.value == "something else"
        assert 'alt="a red square"' in visitor.page
        assert visitor.shell.magics.session.last_error is not None


@contextmanager
def busy_loop():
    """Let the work of studios begin only after the block: a click inside comes before it, however late."""
    free = threading.Event()

    async def hold():
        free.wait()

    event_loop.submit(hold)
    try:
        yield
    finally:
        free.set()


def test_stop_sends_nothing_where_nothing_was_sent_yet():
    with visiting() as (visitor, gateway):
        visitor.controls.prompt.value = "a red square"
        with busy_loop():
            visitor.press("Generate")
            visitor.studio._controller._started = 0.0
            visitor.press("Stop")
            assert visitor.controls.go.description == "Generate"
            assert "Stopped" in visitor.status
        visitor.generate("a blue square")
        assert gateway.posts == 1


def test_stop_closes_the_connection_and_keeps_what_is_finished():
    def stopped(seconds):
        with visiting(OK, Answer(hold=threading.Event())) as (visitor, gateway):
            visitor.controls.prompt.value = f"a red square, given {seconds} s"
            visitor.controls.number.value = 2
            visitor.press("Generate")
            assert gateway.wait_for_posts(2)
            visitor.wait_for_a_picture()
            stopped_at = time.monotonic()
            visitor.press("Stop")
            assert gateway.wait_for_disconnects(1)
            assert len(visitor.studio.pictures) == 1
        in_time(gateway.disconnects[0] - stopped_at < 1)

    given_time(stopped, 1, 1, 1)


def test_two_clicks_at_once_are_one():
    at_once = {"header": {"msg_type": "comm_msg", "date": datetime.now(UTC)}}
    with visiting() as (visitor, gateway):
        visitor.shell.shell.get_parent = lambda: at_once  # as a kernel tells when a click was sent
        visitor.controls.prompt.value = "a red square"
        visitor.press("Generate")
        visitor.press("Generate")
        visitor.wait()
        assert gateway.posts == 1
        assert len(visitor.studio.pictures) == 1
