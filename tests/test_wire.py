"""What `wire` does beyond handing on a whole body: test_transport.py tries everything else through it."""

from __future__ import annotations

import threading
from hashlib import sha256
from random import Random

import anyio
import httpx
import pytest
from anyio import to_thread

import faults
from faults import FaultServer
from gemini_nb import wire

SIZES = (0, 1, wire.BUFFER_BYTES - 1, wire.BUFFER_BYTES, 3_000_000, wire.LARGE_BODY_BYTES, 9_000_000)


def asked(server, read, *, content=b"{}"):
    """What `read` makes of the response to a POST, the connection closed behind it."""

    async def ask():
        request = httpx.Request("POST", server.url, content=content)
        with anyio.fail_after(60):
            response = await wire.WireTransport().handle_async_request(request)
            try:
                return await read(response)
            finally:
                await response.aclose()

    return anyio.run(ask)


async def lengths_and_digest(response):
    lengths, digest = [], sha256()
    async for piece in response.stream:
        await anyio.sleep(0.001)  # more comes meanwhile
        lengths.append(len(piece))
        digest.update(piece)
    return lengths, digest.hexdigest()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", ["announced", "chunks", "until it closes"])
def test_a_body_comes_whole_to_who_reads_slower_than_it_is_sent(size, form):
    content = Random(size).randbytes(size)
    answers = {
        "announced": faults.sized(size) + content,
        "chunks": faults.CHUNKED + (faults.chunk(content) if content else b"") + faults.chunk(b""),
        "until it closes": faults.head() + content,
    }
    with FaultServer(faults.raw(answers[form])) as server:
        lengths, digest = asked(server, lengths_and_digest)
    assert (sum(lengths), digest) == (size, sha256(content).hexdigest())
    assert max(lengths, default=0) <= wire.LARGE_BUFFER_BYTES


def test_who_does_not_read_makes_the_server_wait():
    pieces = [b" " * 65536] * 4096  # 256 MiB

    async def read_one(response):
        async for _ in response.stream:
            break
        await anyio.sleep(0.3)
        return server.sent

    with FaultServer(faults.endless(faults.sized(2**28), pieces)) as server:
        assert asked(server, read_one) < 2**27  # what fits into the socket's buffers and ours


def test_a_refusal_is_read_although_the_request_is_never_taken_whole():
    is_read = threading.Event()

    def refuse(visit):
        visit.read_head()
        visit.send(faults.head(b"Content-Length: 4", status=413) + b"no!!")
        is_read.wait(60)

    async def read(response):
        body = b"".join([bytes(piece) async for piece in response.stream])
        is_read.set()
        return response.status_code, body

    with FaultServer(refuse) as server:
        assert asked(server, read, content=b"x" * 64_000_000) == (413, b"no!!")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_is_not_waited_for_whatever_length_it_names(status):
    with FaultServer(faults.then_stall(faults.head(b"Content-Length: 10", status=status))) as server:
        assert asked(server, lengths_and_digest) == ([], sha256().hexdigest())


def test_what_cannot_be_sent_is_said_before_anything_is():
    with FaultServer(faults.answer()) as server:
        request = httpx.Request("POST", server.url, headers={"X-Odd": "a\nb"}, content=b"{}")
        with pytest.raises(httpx.LocalProtocolError):
            anyio.run(wire.WireTransport().handle_async_request, request)
        assert server.posts == 0


def test_a_connection_is_closed_when_its_request_is_given_up():
    async def give_up():
        async with anyio.create_task_group() as tasks:
            request = httpx.Request("POST", server.url, content=b"{}")
            tasks.start_soon(wire.WireTransport().handle_async_request, request)
            assert await to_thread.run_sync(server.wait_for_posts, 1)
            tasks.cancel_scope.cancel()

    with FaultServer(faults.stall_before_head) as server:
        anyio.run(give_up)
        assert server.wait_for_disconnects(1)
