from __future__ import annotations

import asyncio
import threading

import pytest

from gemini_nb import event_loop
from gemini_nb.errors import APIError, Cancelled, GeminiError
from support.processes import WAIT_SECONDS, ran, ran_bare, running
from support.timing import given_time, in_time


async def thread_and_loop():
    return threading.current_thread(), asyncio.get_running_loop()


def test_run_returns_what_the_coroutine_returns():
    async def add(a, b):
        return a + b

    assert event_loop.run(add, 1, 2) == 3


def test_there_is_one_loop_in_a_daemon_thread_of_its_own():
    (thread, loop), (same_thread, same_loop) = (event_loop.run(thread_and_loop) for _ in range(2))
    assert thread is same_thread is not threading.current_thread()
    assert loop is same_loop
    assert thread.daemon


def test_threads_that_begin_together_share_the_loop():
    event_loop.stop()
    begin, found = threading.Barrier(4), []

    def ask():
        begin.wait()
        found.append(event_loop.run(thread_and_loop))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1


def test_a_loop_that_cannot_start_is_an_error_and_the_next_call_tries_again():
    code = """
import resource
from gemini_nb import event_loop
from gemini_nb.errors import GeminiError

async def add(a, b):
    return a + b

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, most))
try:
    event_loop.run(add, 1, 2)
except GeminiError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
print(event_loop.run(add, 1, 2))
"""
    with running(code) as child:
        out, complaints = child.communicate(timeout=WAIT_SECONDS)
    lines = out.splitlines()
    assert lines[0].startswith("No event loop could be started: Too many open files.")
    assert lines[-1] == "3"
    assert "never awaited" not in complaints  # what asyncio says of its own half-made loop is let pass


def test_after_a_stop_the_next_call_starts_another_loop():
    before = event_loop.run(thread_and_loop)
    event_loop.stop()
    assert not before[0].is_alive()
    assert event_loop.run(thread_and_loop) != before


def test_a_loop_that_was_killed_is_replaced():
    code = """
import threading
from gemini_nb import event_loop
async def thread():
    return threading.current_thread()
async def leave():
    raise SystemExit
first = event_loop.run(thread)
try:
    event_loop.run(leave)
except SystemExit:
    first.join()
    print(event_loop.run(thread) is not first)
"""
    assert ran(code) == "True"


def test_stopping_twice_is_stopping_once():
    event_loop.stop()
    event_loop.stop()


def test_our_errors_come_without_the_frames_of_the_loop():
    secret = "in a local of the loop's thread"

    async def fail():
        kept = secret
        raise APIError(f"m{len(kept) * 0}", status=400)

    with pytest.raises(APIError) as caught:
        event_loop.run(fail)
    frames = [entry.name for entry in caught.traceback]
    assert "fail" not in frames
    assert caught.value.__context__ is None


def test_other_errors_keep_theirs():
    async def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        event_loop.run(fail)
    assert "fail" in [entry.name for entry in caught.traceback]


def test_who_waits_when_the_loop_is_stopped_is_cancelled():
    begun, found = threading.Event(), []

    async def wait():
        begun.set()
        await asyncio.Event().wait()

    def ask():
        try:
            event_loop.run(wait)
        except Cancelled as cancelled:
            found.append(cancelled)

    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(WAIT_SECONDS)
    event_loop.stop()
    thread.join()
    assert len(found) == 1


def test_cancelled_is_an_interrupt_and_no_error_to_be_caught_by_the_way():
    assert issubclass(Cancelled, KeyboardInterrupt)
    assert not issubclass(Cancelled, GeminiError | Exception)


def test_an_interrupt_ends_the_task_before_the_caller_goes_on():
    code = """
import asyncio, signal, threading, _thread
from gemini_nb import Cancelled, event_loop
ended = []
async def wait():
    try:
        _thread.interrupt_main()
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.1)  # closing a connection takes its time
        ended.append(True)
async def answer():
    return 42
try:
    event_loop.run(wait)
except Cancelled as cancelled:
    print(ended, cancelled.__context__, event_loop.run(answer))
"""
    assert ran(code) == "[True] None 42"


@pytest.mark.parametrize("raised", [SystemExit(3), TimeoutError("an alarm"), GeneratorExit()], ids=repr)
def test_whatever_is_raised_while_it_waits_ends_the_task_too(raised):
    begun, ended = threading.Event(), threading.Event()

    async def work():
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    def raise_it(*_):
        assert begun.wait(WAIT_SECONDS)
        raise raised

    with pytest.raises(type(raised)) as caught:
        event_loop.run(work, while_waiting=raise_it)
    assert caught.value is raised
    assert ended.wait(WAIT_SECONDS)


def test_what_the_handler_of_a_signal_raises_ends_the_task_too():
    code = """
import asyncio, os, signal
from gemini_nb import event_loop
ended = []
def alarm(*_):
    raise TimeoutError("too long")
signal.signal(signal.SIGALRM, alarm)
async def work():
    try:
        await asyncio.sleep(0.5)  # by then the thread that asked waits
        os.kill(os.getpid(), signal.SIGALRM)
        await asyncio.Event().wait()
    finally:
        ended.append(True)
try:
    event_loop.run(work)
except TimeoutError as error:
    print(ended, error)
"""
    assert ran(code) == "[True] too long"


STALLED_LOOKUP = """
import socket, threading, time
from gemini_nb import GeminiError
def stall(*_):
    threading.Event().wait()
socket.getaddrinfo = stall  # what a name server that never answers looks like from here
started = time.monotonic()
seconds = float(url)
"""


def bounded_by_the_deadline(code):
    def attempt(seconds):
        kind, took = ran(STALLED_LOOKUP + code, str(seconds)).split()
        assert kind == "ConnectionFailedError"
        in_time(float(took) < seconds + 1)

    return attempt


def test_promise_6_a_name_that_dns_stalls_on_holds_neither_the_call_nor_the_exit():
    code = """
try:
    client_of("https://stalled.example", timeout=seconds).generate("a red square")
except GeminiError as error:
    print(type(error).__name__, time.monotonic() - started)
"""
    given_time(bounded_by_the_deadline(code), 0.6, 2, 6)


def test_promise_6_a_stalled_lookup_holds_no_call_in_a_loop_of_the_users_own():
    code = """
import asyncio, os
from gemini_nb import AsyncClient
async def main():
    async with AsyncClient(base_url="https://stalled.example", api_key="sk-test", timeout=seconds) as client:
        try:
            await client.generate("a red square")
        except GeminiError as error:
            print(type(error).__name__, time.monotonic() - started, flush=True)
            os._exit(0)  # that loop's own thread pool would wait for the lookup
asyncio.run(main())
"""
    given_time(bounded_by_the_deadline(code), 0.6, 2, 6)


def test_an_exit_with_a_call_under_way_is_silent():
    code = """
import asyncio, threading
from contextlib import suppress
from gemini_nb import Cancelled, event_loop
begun = threading.Event()
async def wait():
    begun.set()
    await asyncio.Event().wait()
def ask():
    with suppress(Cancelled):
        event_loop.run(wait)
threading.Thread(target=ask, daemon=True).start()
begun.wait()
print("end")
"""
    assert ran(code) == "end"


def test_a_forked_child_has_a_loop_of_its_own_and_the_parent_keeps_its():
    code = """
import os, threading
from gemini_nb import event_loop
async def home():
    return threading.get_ident(), os.getpid()
before = event_loop.run(home)
child = os.fork()
if child == 0:
    print(event_loop.run(home)[1] == os.getpid(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(event_loop.run(home) == before)
"""
    assert ran(code) == "True\nTrue"


def test_a_fork_while_the_loop_is_being_started_leaves_the_child_no_lock():
    code = """
import os
from gemini_nb import event_loop
async def pid():
    return os.getpid()
with event_loop._lock:
    child = os.fork()
    if child == 0:
        print(event_loop.run(pid) == os.getpid(), flush=True)
        os._exit(0)
print(os.waitpid(child, 0)[1])
"""
    assert ran(code) == "True\n0"


def test_a_browser_that_cannot_wait_says_so_before_anything_is_sent():
    """What Pyodide answers without JSPI; with it, tests/browser/test_lite.py waits in a real browser."""
    code = """
import sys, types
sys.platform = "emscripten"
ffi = sys.modules["pyodide.ffi"] = types.ModuleType("pyodide.ffi")
sys.modules["pyodide"] = types.ModuleType("pyodide")
ffi.can_run_sync = lambda: False
from gemini_nb import Client, GeminiError
try:
    Client("offline").generate("a red square")
except GeminiError as error:
    print(error)
"""
    said = ran_bare(code).splitlines()
    assert said[0].startswith("This browser cannot wait inside a cell")
    assert said[1].startswith("Nothing was sent.")
    assert "await gemini_nb.AsyncClient()" in said[1]
