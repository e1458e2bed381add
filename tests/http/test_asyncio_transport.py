"""AsyncioTransport beyond handing on a whole body: test_transport.py tries everything else through it."""

from __future__ import annotations

import gc
import threading
from asyncio import sslproto
from hashlib import sha256
from random import Random

import anyio
import httpx
import pytest
from anyio import to_thread

from gemini_nb.http import asyncio_transport
from gemini_nb.http.environment import tls_context
from support import faults
from support.faults import FaultServer

SIZES = (
    0,
    1,
    asyncio_transport.BUFFER_BYTES - 1,
    asyncio_transport.BUFFER_BYTES,
    3_000_000,
    asyncio_transport.LARGE_BODY_BYTES,
    9_000_000,
)


def over_tls(authority, fault):
    """A server that speaks TLS as "localhost"."""
    server = authority.server(fault, name="localhost")
    server.url = f"https://localhost:{server.port}"
    return server


def read_response(server, read, *, content=b"{}"):
    """What `read` makes of the response to a POST, the connection closed behind it."""
    tls = tls_context() if server.url.startswith("https:") else None

    async def ask():
        request = httpx.Request("POST", server.url, content=content)
        with anyio.fail_after(60):
            response = await asyncio_transport.AsyncioTransport(tls=tls).handle_async_request(request)
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
        lengths, digest = read_response(server, lengths_and_digest)
    assert (sum(lengths), digest) == (size, sha256(content).hexdigest())
    assert max(lengths, default=0) <= asyncio_transport.LARGE_BUFFER_BYTES


def test_the_end_of_a_body_over_tls_comes_whole_to_a_slow_reader_too(authority):
    held = sslproto.SSLProtocol.max_size + 2 * 16 * 1024  # by asyncio, encrypted; a record has 16 KiB at most
    assert held <= asyncio_transport.BUFFER_BYTES

    async def lengths_once_more_came(response):
        seen = []
        async for piece in response.stream:
            seen.append(len(piece))
            await anyio.sleep(0.05)  # asyncio's TLS fills up, and meets the connection's end
        return sum(seen)

    for size in range(300_000, 1_200_000, 75_000):
        with over_tls(authority, faults.raw(faults.sized(size) + bytes(size))) as server:
            assert read_response(server, lengths_once_more_came) == size


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("size", [10, 6_000_000])
def test_a_connection_that_is_over_is_freed_without_the_garbage_collector(scheme, size, authority):
    fault = faults.raw(faults.sized(size) + bytes(size))
    gc.collect()
    gc.disable()
    try:
        with over_tls(authority, fault) if scheme == "https" else FaultServer(fault) as server:
            read_response(server, lengths_and_digest)
        assert not [one for one in gc.get_objects() if type(one) is asyncio_transport._Connection]
    finally:
        gc.enable()


def test_tls_is_offered_for_http_1_1_as_by_any_client(authority):
    async def protocol(response):
        return [piece async for piece in response.stream] and response.status_code

    server = over_tls(authority, faults.answer())
    server.context.set_alpn_protocols(["h2", "http/1.1"])
    with server:
        assert read_response(server, protocol) == 200
        assert server.protocols == ["http/1.1"]


def test_who_does_not_read_makes_the_server_wait():
    pieces = [b" " * 65536] * 4096  # 256 MiB

    async def read_one(response):
        async for _ in response.stream:
            break
        sent = -1
        while sent != server.sent:  # until it waits, or has sent all
            sent = server.sent
            await anyio.sleep(0.3)
        return sent

    with FaultServer(faults.endless(faults.sized(2**28), pieces)) as server:
        assert read_response(server, read_one) < 2**26  # what fits into the socket's buffers and ours


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
        assert read_response(server, read, content=b"x" * 64_000_000) == (413, b"no!!")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_is_not_waited_for_whatever_length_it_names(status):
    with FaultServer(faults.then_stall(faults.head(b"Content-Length: 10", status=status))) as server:
        assert read_response(server, lengths_and_digest) == ([], sha256().hexdigest())


def test_what_cannot_be_sent_is_said_before_anything_is():
    with FaultServer(faults.answer()) as server:
        request = httpx.Request("POST", server.url, headers={"X-Odd": "a\nb"}, content=b"{}")
        with pytest.raises(httpx.LocalProtocolError):
            anyio.run(asyncio_transport.AsyncioTransport().handle_async_request, request)
        assert server.posts == 0


def test_a_connection_is_closed_when_its_request_is_given_up():
    async def give_up():
        async with anyio.create_task_group() as tasks:
            request = httpx.Request("POST", server.url, content=b"{}")
            tasks.start_soon(asyncio_transport.AsyncioTransport().handle_async_request, request)
            assert await to_thread.run_sync(server.wait_for_posts, 1)
            tasks.cancel_scope.cancel()

    with FaultServer(faults.stall_before_head) as server:
        anyio.run(give_up)
        assert server.wait_for_disconnects(1)
