from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time

import anyio
import pytest

from gemini_nb import AsyncClient, Client
from gemini_nb.errors import ArgumentError, GeminiError, LinkFailedError, OutcomeUnknownError
from support.clients import KEY, OK, PICTURE, client_of, error_from
from support.faults import FaultServer, answer, stall_after_head, stall_before_head, stall_mid_body
from support.gateway import Answer, Gateway
from support.processes import INTERRUPTED, WAIT_SECONDS, finished, interrupted, ran, running
from support.replies import openai
from support.timing import given_time, in_time

NEVER = threading.Event()  # hold an answer on it, and it never comes


def caller(call, found):
    """A thread that makes a call and puts what came of it into `found`."""

    def make_it():
        try:
            found.append(call())
        except GeminiError as error:
            found.append(error)

    thread = threading.Thread(target=make_it)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "stall",
    [stall_before_head, stall_after_head, stall_mid_body],
    ids=["unanswered", "in the head", "in the body"],
)
def test_promise_7_an_interrupt_returns_closes_sends_nothing_more_and_the_next_call_works(stall):
    code = INTERRUPTED.format(first="", call='client.generate("a red square")')

    def attempt(seconds):
        with FaultServer(stall, answer(OK)) as server, running(code, server.url, stdin=True) as child:
            assert server.wait_for_posts(1)
            interrupted(child, server, seconds=seconds)

    given_time(attempt, 1, 1, 1)


def test_promise_7_an_interrupt_during_an_advised_wait_sends_nothing_more():
    code = """
from gemini_nb import Cancelled
try:
    client_of(url).generate("a red square")
except Cancelled:
    print("cancelled")
"""
    refusal = Answer(status=429, headers={"Retry-After": "20"})
    with Gateway(refusal, Answer(OK)) as gateway, running(code, gateway.url) as child:
        assert gateway.wait_for_posts(1)
        child.send_signal(signal.SIGINT)
        assert finished(child) == "cancelled"
        assert gateway.posts == 1


def test_promise_7_an_interrupt_that_nobody_catches_ends_the_program_with_no_frame_of_ours():
    code = "client_of(url).generate('a red square')"
    with Gateway(Answer(OK, hold=NEVER)) as gateway, running(code, gateway.url) as child:
        assert gateway.wait_for_posts(1)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=WAIT_SECONDS)
        assert gateway.wait_for_disconnects(1)
    assert err.rstrip().splitlines()[-1].startswith("gemini_nb.errors.Cancelled")
    assert err.count("Traceback") == 1
    assert KEY not in err


def test_promise_7_a_cancelled_task_closes_its_connection_and_the_next_one_works():
    async def main(gateway):
        async with AsyncClient(base_url=gateway.url, api_key=KEY) as client:
            task = asyncio.create_task(client.generate("a red square"))
            assert await asyncio.to_thread(gateway.wait_for_posts, 1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(gateway.wait_for_disconnects, 1)
            return await client.generate("a red square")

    with Gateway(Answer(OK, hold=NEVER), Answer(OK)) as gateway:
        assert asyncio.run(main(gateway)).image.data == PICTURE
        assert gateway.posts == 2


def test_promise_2_a_reply_whose_hosted_picture_is_interrupted_is_kept(tmp_path):
    asked = threading.Event()

    def held(_):
        asked.set()
        return Answer(PICTURE, hold=NEVER)

    async def main(url):
        async with AsyncClient(base_url=url, api_key=KEY) as client, anyio.create_task_group() as group:
            group.start_soon(client.generate, "a red square")
            assert await asyncio.to_thread(asked.wait, WAIT_SECONDS)
            group.cancel_scope.cancel()

    with Gateway(lambda _: Answer(openai({"url": f"{gateway.url}/a.png"}))) as gateway:
        gateway.files["/a.png"] = held
        anyio.run(main, gateway.url)
        assert gateway.wait_for_disconnects(1)
    (kept,) = (tmp_path / "cache" / "gemini_nb" / "unread").iterdir()
    assert b"/a.png" in kept.read_bytes()


def test_promise_6_a_hosted_picture_that_stalls_holds_no_call_past_its_deadline():
    def call(seconds):
        with Gateway(lambda _: Answer(openai({"url": f"{gateway.url}/a.png"}))) as gateway:
            gateway.files["/a.png"] = Answer(PICTURE, hold=NEVER)
            started = time.monotonic()
            error = error_from(gateway.url, timeout=seconds)
            in_time(gateway.posts and type(error) is LinkFailedError)
            in_time(time.monotonic() - started < seconds + 1)
            assert gateway.posts == 1

    given_time(call, 0.6, 2, 6)


def test_promise_6_tries_and_waits_count_towards_one_deadline():
    refusal = Answer(status=429, headers={"retry-after-ms": "300"}, delay=0.1)

    def call(seconds):
        with Gateway(refusal) as gateway:
            started = time.monotonic()
            error_from(gateway.url, timeout=seconds)
            in_time(time.monotonic() - started < seconds + 1)
            in_time(gateway.posts > 1)

    given_time(call, 1, 3, 9)


def test_the_tests_may_run_in_the_background_of_a_script_where_interrupts_are_ignored():
    test = f"{__file__}::test_promise_7_an_interrupt_during_an_advised_wait_sends_nothing_more"
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    done = subprocess.run(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *pytest_], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "60", None])
def test_a_timeout_is_a_number_of_seconds(timeout):
    with pytest.raises(ArgumentError, match="timeout"):
        Client("offline", timeout=timeout)


def test_closing_from_another_thread_cuts_off_what_is_under_way():
    found = []
    with Gateway(Answer(OK, hold=NEVER)) as gateway:
        client = client_of(gateway.url)
        thread = caller(lambda: client.generate("a red square"), found)
        assert gateway.wait_for_posts(1)
        client.close()
        thread.join()
        assert gateway.wait_for_disconnects(1)
        assert gateway.posts == 1
    assert type(found[0]) is OutcomeUnknownError
    assert "closed" in str(found[0])


def test_a_closed_client_sends_nothing():
    with Gateway(Answer(OK)) as gateway:
        client = client_of(gateway.url)
        client.close()
        client.close()
        with pytest.raises(ArgumentError, match="closed"):
            client.generate("a red square")
        assert gateway.connections == 0


def test_threads_share_one_client():
    together = threading.Barrier(4, timeout=WAIT_SECONDS)

    def all_at_once(_):
        together.wait()
        return Answer(OK)

    found = []
    with Gateway(all_at_once) as gateway, client_of(gateway.url) as client:
        threads = [caller(lambda: client.generate("a red square"), found) for _ in range(4)]
        for thread in threads:
            thread.join()
        assert gateway.posts == gateway.connections == gateway.most_at_once == 4
    assert [made.image.data for made in found] == [PICTURE] * 4


def test_a_client_works_inside_a_running_loop_as_in_a_notebook_cell():
    async def cell(url):
        with client_of(url) as client:
            return client.generate("a red square")

    with Gateway(Answer(OK)) as gateway:
        assert asyncio.run(cell(gateway.url)).image.data == PICTURE


def test_an_async_client_serves_one_loop_after_another():
    with Gateway(Answer(OK)) as gateway:
        client = AsyncClient(base_url=gateway.url, api_key=KEY)
        for _ in range(2):
            assert asyncio.run(client.generate("a red square")).image.data == PICTURE
        assert gateway.connections == 2


def test_promise_8_a_forked_child_uses_its_own_connections_and_the_parents_call_goes_on():
    code = """
import os, threading
client, found = client_of(url), []
thread = threading.Thread(target=lambda: found.append(client.generate("held")))
thread.start()
input()
child = os.fork()
if child == 0:
    print(client.generate("child").image.data == PICTURE, flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(client.generate("parent").image.data == PICTURE, flush=True)
thread.join()
print(found[0].image.data == PICTURE)
"""
    release = threading.Event()

    def held_until_the_parent_asks(request):
        if b'"parent"' in request.body:
            release.set()
        return Answer(OK, hold=release if b'"held"' in request.body else None)

    with Gateway(held_until_the_parent_asks) as gateway, running(code, gateway.url, stdin=True) as child:
        assert gateway.wait_for_posts(1)
        out, err = child.communicate("\n", timeout=WAIT_SECONDS)
        assert [request.connection for request in gateway.requests] == [1, 2, 3]
        assert gateway.disconnects == []
    assert (out.split(), err) == (["True"] * 3, "")


EXIT_WHILE_ASKING = """
import threading
from contextlib import suppress
from gemini_nb import Cancelled
def ask():
    with suppress(Cancelled):
        client_of(url).generate("a red square")
threading.Thread(target=ask, daemon=True).start()
input()
"""


def test_promise_2_an_exit_keeps_a_reply_whose_hosted_picture_is_under_way(tmp_path):
    asked = threading.Event()

    def held(_):
        asked.set()
        return Answer(PICTURE, hold=NEVER)

    with Gateway(lambda _: Answer(openai({"url": f"{gateway.url}/a.png"}))) as gateway:
        gateway.files["/a.png"] = held
        with running(EXIT_WHILE_ASKING, gateway.url, stdin=True) as child:
            assert asked.wait(WAIT_SECONDS)
            finished(child, "\n")
    assert len(list((tmp_path / "cache" / "gemini_nb" / "unread").iterdir())) == 1


def test_an_exit_with_a_request_under_way_is_silent_and_closes_it():
    with (
        Gateway(Answer(OK, hold=NEVER)) as gateway,
        running(EXIT_WHILE_ASKING, gateway.url, stdin=True) as child,
    ):
        assert gateway.wait_for_posts(1)
        out, err = child.communicate("\n", timeout=WAIT_SECONDS)
        assert gateway.wait_for_disconnects(1)
    assert (out, err, child.returncode) == ("", "", 0)


def test_an_exit_after_a_picture_is_silent():
    with Gateway(Answer(OK)) as gateway:
        assert (
            ran("print(client_of(url).generate('a red square').image.data == PICTURE)", gateway.url) == "True"
        )
