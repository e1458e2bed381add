from __future__ import annotations

import asyncio

import pytest

from gemini_nb import AsyncClient, Client, GeminiWarning
from gemini_nb.errors import (
    ArgumentError,
    OutcomeUnknownError,
)
from gemini_nb.images.image import GeneratedImage
from support.clients import KEY, OK, PICTURE, client_of
from support.faults import FaultServer, answer, chunk, then_stall
from support.gateway import Answer, Gateway
from support.processes import INTERRUPTED, interrupted, running
from support.replies import b64
from support.streams import (
    HEAD,
    STALLS,
    WORDS,
    kinds,
    picture,
    stream,
    streamed,
    words,
)
from support.timing import given_time


def test_closing_early_closes_the_connection_and_says_that_it_may_be_billed():
    with FaultServer(STALLS["stalls"]) as server:
        with pytest.warns(GeminiWarning, match="may have been billed"), streamed(server.url) as stream:
            assert next(stream) == "A"
        assert server.wait_for_disconnects(1)
        with pytest.raises(OutcomeUnknownError, match="closed"):
            _ = stream.generation
        with pytest.raises(OutcomeUnknownError):
            next(stream)


def test_promise_2_what_came_before_it_was_closed_is_kept(tmp_path):
    begun = words("A ") + picture()
    with FaultServer(then_stall(HEAD + chunk(begun))) as server:
        stream = streamed(server.url, store=tmp_path / "store")
        assert kinds([next(stream), next(stream)]) == ["A", GeneratedImage]
        with pytest.warns(GeminiWarning, match="may have been billed"):
            stream.close()
    (kept,) = (tmp_path / "store" / "unread").glob("*.reply")
    assert b64(PICTURE) in kept.read_text()


def test_nothing_is_kept_of_a_call_that_was_closed_before_anything_came(tmp_path):
    with FaultServer(then_stall(HEAD)) as server:
        stream = streamed(server.url, store=tmp_path / "store")
        server.wait_for_posts(1)
        with pytest.warns(GeminiWarning, match="may have been billed"):
            stream.close()
    assert list((tmp_path / "store").rglob("*.reply")) == []


def test_closing_after_the_end_is_silent():
    with Gateway(Answer(stream())) as gateway, streamed(gateway.url) as stream_:
        generation = stream_.result()
        stream_.close()
        stream_.close()
        assert stream_.generation is generation
        assert stream_.result() is generation


def test_a_stream_that_nobody_holds_any_more_is_closed():
    with FaultServer(STALLS["stalls"]) as server:
        stream = streamed(server.url)
        assert next(stream) == "A"
        with pytest.warns(GeminiWarning, match="may have been billed"):
            del stream
        assert server.wait_for_disconnects(1)


def test_an_error_that_leaves_the_block_closes_it_and_notes_it():
    with FaultServer(STALLS["stalls"]) as server:
        with pytest.raises(ZeroDivisionError) as caught, streamed(server.url) as stream:
            1 / len(next(stream)[1:])
        assert server.wait_for_disconnects(1)
    assert "billed" in caught.value.__notes__[0]


def test_closing_the_client_ends_its_streams():
    with FaultServer(STALLS["stalls"]) as server:
        client = client_of(server.url)
        stream = client.generate("a red square", stream=True, text=True)
        assert next(stream) == "A"
        client.close()
        with pytest.raises(OutcomeUnknownError, match="client was closed"):
            next(stream)


def test_a_closed_client_streams_nothing():
    client = Client("offline")
    client.close()
    with pytest.raises(ArgumentError, match="closed"):
        client.generate("a red square", stream=True)


def test_what_cannot_be_asked_is_said_at_once():
    with pytest.raises(ArgumentError, match="aspect ratio"):
        Client("offline").generate("a red square", aspect_ratio="wide", stream=True)


WHILE_IT_WAITS = """
import threading
from support.processes import WAIT_SECONDS
def names(frame):
    return [frame.f_code.co_name, *names(frame.f_back)] if frame else []
def say_when_it_waits():
    main, until = threading.main_thread().ident, time.monotonic() + WAIT_SECONDS
    while not (waits := "_wait_for" in names(sys._current_frames()[main])) and time.monotonic() < until:
        time.sleep(0.001)
    print("waiting" if waits else "not waiting", flush=True)
stream = client.generate("a red square", text=True, stream=True)
print(next(stream), flush=True)
threading.Thread(target=say_when_it_waits).start()
"""


def test_promise_7_an_interrupt_closes_the_stream_within_a_second_and_the_next_call_works():
    code = INTERRUPTED.format(first=WHILE_IT_WAITS, call="next(stream)")

    def attempt(seconds):
        with (
            FaultServer(STALLS["stalls"], answer(OK)) as server,
            running(code, server.url, stdin=True) as child,
        ):
            assert [child.stdout.readline() for _ in range(2)] == ["A\n", "waiting\n"]
            interrupted(child, server, seconds=seconds)

    given_time(attempt, 1, 1, 1)


def test_an_async_client_streams():
    async def main(url):
        async with AsyncClient(base_url=url, api_key=KEY) as client:
            async with await client.generate("a red square", text=True, stream=True) as stream_:
                pieces = [piece async for piece in stream_]
            return pieces, stream_.generation

    with Gateway(Answer(stream())) as gateway:
        pieces, generation = asyncio.run(main(gateway.url))
    assert kinds(pieces) == ["Here is", " a red", " square.", GeneratedImage]
    assert generation.text == "".join(WORDS)


def test_a_cancelled_wait_closes_the_stream():
    async def main(server):
        client = AsyncClient(base_url=server.url, api_key=KEY)
        stream_ = await client.generate("a red square", text=True, stream=True)
        assert await anext(stream_) == "A"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream_), 0.05)
        assert await asyncio.to_thread(server.wait_for_disconnects, 1)
        with pytest.raises(OutcomeUnknownError, match="closed"):
            await anext(stream_)

    with FaultServer(STALLS["stalls"]) as server:
        asyncio.run(main(server))


def test_leaving_an_async_stream_early_warns():
    async def main(url):
        client = AsyncClient(base_url=url, api_key=KEY)
        async with await client.generate("a red square", text=True, stream=True) as stream_:
            await anext(stream_)

    with FaultServer(STALLS["stalls"]) as server:
        with pytest.warns(GeminiWarning, match="may have been billed"):
            asyncio.run(main(server.url))
        assert server.wait_for_disconnects(1)
