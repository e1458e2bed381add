"""The servers that the other tests stand on do what their names say."""

from __future__ import annotations

import socket
import threading
import zlib

import httpx
import pytest

from support import faults
from support.faults import FaultServer
from support.gateway import Answer, Gateway

POST = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"


def exchange(server: FaultServer, request: bytes = POST) -> bytes:
    """Send a request and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_answers_come_in_order_and_the_last_one_repeats():
    with Gateway(Answer({"n": 1}), Answer({}, status=429, headers={"Retry-After": "3"})) as gateway:
        replies = [httpx.post(gateway.url) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 429, 429]
    assert gateway.most_at_once == 1
    assert replies[0].json() == {"n": 1}
    assert replies[2].headers["Retry-After"] == "3"


def test_an_answer_may_be_a_function_of_the_request():
    with Gateway(lambda request: Answer({"got": request.json})) as gateway:
        assert httpx.post(gateway.url, json=[1, 2]).json() == {"got": [1, 2]}


def test_a_request_is_recorded_as_it_came():
    with Gateway(Answer({})) as gateway:
        httpx.post(gateway.url + "/v1/m:go?key=a%2Fb", json={"x": 1}, headers={"X-Mine": "yes"})
    (request,) = gateway.requests
    assert (request.method, request.path, request.query) == ("POST", "/v1/m:go", {"key": "a/b"})
    assert (request.target, request.json) == ("/v1/m:go?key=a%2Fb", {"x": 1})
    assert (request.headers["x-mine"], request.headers["x-other"]) == ("yes", None)


def test_a_chunked_request_body_is_read_whole():
    with Gateway(Answer({})) as gateway, httpx.Client() as client:
        client.post(gateway.url, content=iter([b"one", b"two"]))
        client.post(gateway.url, content=b"next")
    assert [request.body for request in gateway.requests] == [b"onetwo", b"next"]


def test_connections_are_kept_and_numbered():
    with Gateway(Answer({})) as gateway:
        with httpx.Client() as client:
            client.post(gateway.url)
            client.post(gateway.url)
        httpx.post(gateway.url)
    assert [request.connection for request in gateway.requests] == [1, 1, 2]
    assert gateway.connections == 2


def test_files_and_redirects_are_served_and_not_counted_as_posts():
    with Gateway() as gateway:
        gateway.files["/x.png"] = (b"bytes", "image/png")
        gateway.redirects["/old"] = "/x.png"
        reply = httpx.get(gateway.url + "/old", follow_redirects=True)
        assert httpx.get(gateway.url + "/none").status_code == 404
    assert (reply.content, reply.headers["Content-Type"]) == (b"bytes", "image/png")
    assert (gateway.gets, gateway.posts) == (3, 0)


def test_a_held_answer_waits_for_its_event():
    hold = threading.Event()
    with Gateway(Answer({"late": True}, hold=hold)) as gateway:
        replies = []
        asking = threading.Thread(target=lambda: replies.append(httpx.post(gateway.url)))
        asking.start()
        assert gateway.wait_for_posts(1)
        assert not replies
        hold.set()
        asking.join()
    assert replies[0].json() == {"late": True}
    assert gateway.disconnects == []


def test_a_client_that_leaves_a_held_answer_is_noticed():
    with Gateway(Answer({}, hold=threading.Event())) as gateway:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(gateway.url, timeout=httpx.Timeout(60, read=0.05))
        assert gateway.disconnected.wait(60)
    assert len(gateway.disconnects) == 1


def test_leaving_the_block_frees_a_held_client_and_is_no_disconnect():
    with Gateway(Answer({}, hold=threading.Event())) as gateway:
        client = socket.create_connection(("127.0.0.1", gateway.port))
        client.sendall(b"POST / HTTP/1.1\r\n\r\n")
        assert gateway.arrived.wait(60)
    with client:
        assert client.recv(1) == b""
    assert gateway.disconnects == []


def test_an_error_in_a_script_fails_the_test_that_wrote_it():
    def script(request):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"), Gateway(script) as gateway:
        assert httpx.post(gateway.url).status_code == 500


def test_requests_under_way_together_are_counted():
    both = threading.Event()
    with Gateway(Answer({}, hold=both)) as gateway:
        asking = [threading.Thread(target=httpx.post, args=(gateway.url,)) for _ in range(2)]
        for thread in asking:
            thread.start()
        assert gateway.wait_for_posts(2)
        both.set()
        for thread in asking:
            thread.join()
    assert gateway.most_at_once == 2


@pytest.mark.parametrize("fault", [faults.accept_and_close, faults.reset_on_accept])
def test_a_connection_closed_at_once_is_no_post(fault):
    with FaultServer(fault) as server, pytest.raises(httpx.TransportError):
        httpx.post(server.url)
    assert (server.connections, server.posts) == (1, 0)


BROKEN = {
    "close_after_request": (faults.close_after_request, "disconnected without sending"),
    "reset_after_head": (faults.reset_after_head, "reset|disconnected"),
    "reset_after_request": (faults.reset_after_request, "reset"),
    "reset_mid_body": (faults.reset_mid_body, "reset"),
    "short_body": (faults.short_body(), "closed connection without sending complete"),
    "endless_headers": (faults.endless_headers, "too long"),
    "endless_header_line": (faults.endless_header_line, "too long"),
    "junk": (faults.junk(), "illegal status line"),
    "bad_chunk_end": (faults.bad_chunk_end, "malformed chunk footer"),
    "bad_chunk_size": (faults.bad_chunk_size, "illegal chunk header"),
    "negative_chunk_size": (faults.negative_chunk_size, "illegal chunk header"),
    "huge_chunk_size": (faults.huge_chunk_size, "illegal chunk header"),
    "unfinished_chunks": (faults.unfinished_chunks, "closed connection without sending complete"),
    "header_injection": (faults.header_injection, "illegal header line"),
    "header_with_nul": (faults.header_with_nul, "illegal header line"),
    "oversize_header": (faults.oversize_header, "too long"),
    "two_lengths": (faults.two_lengths, "conflicting Content-Length"),
    "negative_length": (faults.negative_length, "bad Content-Length"),
    "tls_for_plain": (faults.tls_for_plain, "illegal"),
}


@pytest.mark.parametrize(("fault", "complaint"), BROKEN.values(), ids=BROKEN)
def test_a_broken_exchange_fails_in_httpx_and_is_one_post(fault, complaint):
    with FaultServer(fault) as server, pytest.raises(httpx.TransportError, match=complaint):
        httpx.post(server.url, json={}, timeout=60)
    assert (server.connections, server.posts) == (1, 1)


@pytest.mark.parametrize("part", ["before_head", "in_head", "after_head", "mid_body"])
def test_a_stalled_answer_times_out_and_its_reader_is_seen_to_leave(part):
    with FaultServer(getattr(faults, f"stall_{part}")) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(server.url, timeout=httpx.Timeout(60, read=0.05))
        assert server.wait_for_disconnects(1)
    assert server.posts == 1


def test_a_body_is_recorded_with_its_request():
    with FaultServer(faults.answer()) as server:
        httpx.post(server.url + "/path", content=b"x" * 300_000)
    (seen,) = server.requests
    assert seen.head.startswith(b"POST /path HTTP/1.1\r\n")
    assert seen.body == b"x" * 300_000


def test_extra_bytes_follow_a_long_body():
    with FaultServer(faults.long_body(b"{}", extra=b"extra")) as server:
        assert exchange(server).endswith(b"Content-Length: 2\r\n\r\n{}extra")


def test_an_interim_answer_comes_before_the_answer():
    with FaultServer(faults.interim(103)) as server:
        reply = exchange(server)
    assert reply.startswith(b"HTTP/1.1 103 ")
    assert b"\r\n\r\nHTTP/1.1 200 " in reply


def test_an_error_in_a_fault_fails_the_test_that_wrote_it():
    def fault(visit):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"), FaultServer(fault) as server:
        exchange(server, b"")


SOUND = {
    "answer": faults.answer(),
    "long_body": faults.long_body(),
    "http_1_0": faults.http_1_0(),
    "interim_100": faults.interim(100),
    "interim_103": faults.interim(103),
    "stale_keep_alive": faults.stale_keep_alive,
}


@pytest.mark.parametrize("name", SOUND)
def test_an_unusual_answer_is_read_by_httpx(name):
    with FaultServer(SOUND[name]) as server:
        assert httpx.post(server.url, content=b"{}").content == faults.REPLY
    assert [request.body for request in server.requests] == [b"{}"]


def test_a_stale_connection_is_reset_on_its_second_request():
    with FaultServer(faults.stale_keep_alive) as server, httpx.Client() as client:
        client.post(server.url)
        with pytest.raises(httpx.TransportError):
            client.post(server.url)
    assert (server.posts, server.connections) == (2, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_names_its_target(status):
    with FaultServer(faults.redirect("https://elsewhere.example/", status)) as server:
        reply = httpx.post(server.url)
    assert (reply.status_code, reply.headers["Location"]) == (status, "https://elsewhere.example/")


@pytest.mark.parametrize("status", [204, 304])
def test_a_bodyless_answer_has_no_body(status):
    with FaultServer(faults.bodyless(status)) as server:
        assert exchange(server) == b"HTTP/1.1 %d Bodyless\r\n\r\n" % status


ENDLESS = {
    "drip": faults.drip,
    "drip_head": faults.drip_head,
    "drip_chunks": faults.drip_chunks,
    "endless_interim": faults.endless_interim,
    "endless_stream": faults.endless_stream(),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_answer_goes_on_until_its_reader_leaves(name):
    with FaultServer(ENDLESS[name]) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"POST / HTTP/1.1\r\n\r\n")
            parts = [client.recv(4096) for _ in range(4)]
        assert all(parts)
        assert server.disconnected.wait(60)
    assert server.sent >= len(b"".join(parts))


def test_leaving_the_block_frees_a_stalled_client_and_is_no_disconnect():
    with FaultServer(faults.stall_before_head) as server:
        client = socket.create_connection(("127.0.0.1", server.port))
        client.sendall(b"POST / HTTP/1.1\r\n\r\n")
        assert server.wait_for_posts(1)
    with client:
        assert client.recv(1) == b""
    assert server.disconnects == []


def test_each_connection_meets_the_next_fault_and_the_last_one_repeats():
    with FaultServer(faults.answer(b"1"), faults.answer(b"2")) as server:
        assert [httpx.post(server.url).content for _ in range(3)] == [b"1", b"2", b"2"]


@pytest.mark.parametrize(("coding", "bits"), [("gzip", 31), ("deflate", 15)])
def test_a_zlib_bomb_unpacks_to_its_size(coding, bits):
    unpacker = zlib.decompressobj(bits)
    size, packed = 0, faults.bomb_body(coding)
    while packed:
        size += len(unpacker.decompress(packed, 1024 * 1024))
        packed = unpacker.unconsumed_tail
    assert size + len(unpacker.flush()) == faults.BOMB_BYTES
    assert unpacker.eof


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_small_on_the_wire_and_labelled(coding):
    with FaultServer(faults.bomb(coding)) as server:
        head, _, body = exchange(server).partition(b"\r\n\r\n")
    assert b"Content-Encoding: " + coding.encode() in head
    assert body == faults.bomb_body(coding)
    assert len(body) < 1024 * 1024


def test_tls_that_meets_plain_text_fails_to_connect():
    with FaultServer(faults.plain_for_tls) as server, pytest.raises(httpx.ConnectError):
        httpx.post(server.https_url)
    assert server.posts == 0


def test_a_refusing_port_refuses():
    with faults.refusing() as url, pytest.raises(httpx.ConnectError):
        httpx.post(url)


def test_an_unanswered_connect_times_out():
    with faults.unanswered() as url, pytest.raises(httpx.ConnectTimeout):
        httpx.post(url, timeout=0.1)
