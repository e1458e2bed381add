from __future__ import annotations

import time
from itertools import repeat

import anyio
import pytest

from gemini_nb.errors import (
    APIError,
    ArgumentError,
    AuthenticationError,
    BadResponseError,
    ConnectionFailedError,
    OutcomeUnknownError,
    RateLimitError,
    TooLargeError,
)
from gemini_nb.http import transport
from gemini_nb.providers.secret import Secret
from gemini_nb.providers.selection import choose_provider
from support import faults
from support.clients import KEY, OK, PICTURE, assert_error_is_ours, client_of, error_from
from support.faults import FaultServer
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.processes import ran
from support.replies import body, inline, reply
from support.timing import given_time, in_time
from support.tls_hosts import Authority

STALL_SECONDS = (0.6, 2, 6)
CUT = OK[:-20]

BROKEN_OFF = {
    "closed after the request": faults.close_after_request,
    "reset after the head": faults.reset_after_head,
    "reset after the request": faults.reset_after_request,
    "reset in the body": faults.reset_mid_body,
    "a short body": faults.short_body(CUT),
    "a length without a body": faults.raw(faults.sized(10)),
    "unfinished chunks": faults.raw(faults.CHUNKED + faults.chunk(CUT)),
    "a chunk that does not end": faults.raw(faults.CHUNKED + b"%x\r\n%s0\r\n\r\n" % (len(CUT), CUT)),
    "a chunk size of letters": faults.bad_chunk_size,
    "a negative chunk size": faults.negative_chunk_size,
    "a huge chunk size": faults.huge_chunk_size,
    "no HTTP": faults.junk(),
    "half a status line": faults.raw(b"HTTP/1."),
    "an empty status": faults.raw(b"HTTP/1.1 \r\n\r\n"),
    "a bare carriage return": faults.header_injection,
    "a NUL in a header": faults.header_with_nul,
    "a header of a megabyte": faults.oversize_header,
    "headers without end": faults.endless_headers,
    "a header line without end": faults.endless_header_line,
    "two lengths": faults.two_lengths,
    "another protocol": faults.raw(faults.head(b"Upgrade: websocket", status=101)),
    "a negative length": faults.negative_length,
    "a length of 5000 digits": faults.raw(faults.head(b"Content-Length: " + b"9" * 5000) + OK),
    "TLS for plain": faults.tls_for_plain,
}
STALLED = {
    "before the head": faults.stall_before_head,
    "in the head": faults.stall_in_head,
    "after the head": faults.stall_after_head,
    "in the body": faults.stall_mid_body,
    "a dripping body": faults.endless(faults.sized(10**6) + b"{", repeat(b" "), seconds=faults.DRIP_SECONDS),
    "a dripping head": faults.drip_head,
    "dripping chunks": faults.drip_chunks,
    "interim answers without end": faults.endless_interim,
}
UNSENT = {
    "plain for TLS": faults.plain_for_tls,
    "closed instead of TLS": faults.accept_and_close,
    "reset instead of TLS": faults.reset_on_accept,
    "junk instead of TLS": lambda visit: visit.send(b"SSH-2.0-OpenSSH\r\n"),
}
READ = {
    "HTTP/1.0": faults.http_1_0(OK),
    "100 Continue": faults.interim(100, OK),
    "103 Early Hints": faults.interim(103, OK),
    "more than promised": faults.long_body(OK),
    "chunks and a length": faults.raw(
        faults.head(b"Content-Length: 9", b"Transfer-Encoding: chunked")
        + faults.chunk(OK)
        + faults.chunk(b"")
    ),
    "no length": faults.raw(faults.head() + OK),
    "byte by byte": faults.byte_by_byte(faults.sized(len(OK)) + OK),
    "chunks": faults.raw(faults.CHUNKED + faults.chunk(OK[:50]) + faults.chunk(OK[50:]) + faults.chunk(b"")),
}


def cases(table):
    return pytest.mark.parametrize("fault", table.values(), ids=table.keys())


@cases(BROKEN_OFF)
def test_an_answer_that_breaks_off_leaves_the_outcome_unknown_and_is_not_asked_for_again(fault):
    with FaultServer(fault) as server:
        error = error_from(server.url)
        assert server.connections == 1
    assert type(error) is OutcomeUnknownError
    assert "may have been billed" in str(error)
    assert_error_is_ours(error)


@cases({"closed": faults.accept_and_close, "reset": faults.reset_on_accept})
def test_a_connection_lost_at_once_is_unsent_or_unknown_as_it_was_met(fault):
    with FaultServer(fault) as server:
        error = error_from(server.url)
        assert server.posts == 0
        connections = server.connections
    # Each try may be met while connecting (unsent: tried again) or later (unknown: the end of it).
    assert connections == 3 if type(error) is ConnectionFailedError else 1 <= connections <= 3
    assert type(error) in (OutcomeUnknownError, ConnectionFailedError)
    assert_error_is_ours(error)


@cases(STALLED)
def test_promise_6_a_server_that_stalls_or_drips_holds_no_call_past_its_deadline(fault):
    def call(seconds):
        with FaultServer(fault) as server:
            started = time.monotonic()
            error = error_from(server.url, timeout=seconds)
            took = time.monotonic() - started
            in_time(server.posts)
            assert server.posts == server.connections == 1
            assert server.wait_for_disconnects(1)
        assert type(error) is OutcomeUnknownError
        assert "deadline" in str(error)
        assert_error_is_ours(error)
        in_time(took < seconds + 1)

    given_time(call, *STALL_SECONDS)


@cases(UNSENT)
def test_what_was_never_sent_is_tried_three_times(fault):
    with FaultServer(fault) as server:
        error = error_from(server.https_url)
        assert server.connections == 3
    assert type(error) is ConnectionFailedError
    assert_error_is_ours(error)


def test_a_refused_connection_is_unsent():
    with faults.refusing() as url:
        error = error_from(url)
    assert type(error) is ConnectionFailedError
    assert_error_is_ours(error)


def test_a_connection_that_hangs_is_unsent_and_ends_in_time():
    def call(seconds):
        with faults.unanswered() as url:
            started = time.monotonic()
            error = error_from(url, timeout=seconds)
            took = time.monotonic() - started
        assert type(error) is ConnectionFailedError
        assert "took too long" in str(error) or "deadline" in str(error)
        assert_error_is_ours(error)
        in_time(took < seconds + 1)

    given_time(call, *STALL_SECONDS)


def test_a_tls_handshake_that_stalls_is_unsent_and_tried_again_within_the_deadline():
    def call(seconds):
        with FaultServer(lambda visit: visit.pause()) as server:
            error = error_from(server.https_url, timeout=seconds)
            in_time(server.connections >= 3)
            assert server.connections == 3
        assert type(error) is ConnectionFailedError
        assert "took too long" in str(error)
        assert_error_is_ours(error)

    given_time(call, 3, 12)


OVER_TLS = """
import os
from gemini_nb import GeminiError
os.environ["SSL_CERT_FILE"] = {file!r}
try:
    print(client_of(url).generate("a red square").image.size)
except GeminiError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("name", ["localhost", "another.example"])
def test_tls_is_verified_for_the_servers_name_and_read_like_any_other(name, tmp_path):
    authority, picture = Authority(tmp_path), noise_png(700_000)
    answer = faults.answer(body(reply(inline(picture))))
    with authority.server(answer, name=name) as server:
        said = ran(OVER_TLS.format(file=str(authority.file)), f"https://localhost:{server.port}")
        assert server.names[0] == "localhost"
    assert said == (str(len(picture)) if name == "localhost" else "ConnectionFailedError")


@pytest.mark.parametrize("host", ["nowhere.invalid", "xn--.example"])
def test_a_name_that_cannot_be_looked_up_is_unsent(host):
    error = error_from(f"https://{host}")
    assert type(error) is ConnectionFailedError
    assert_error_is_ours(error)


@cases(READ)
def test_unusual_but_whole_answers_are_read(fault):
    with FaultServer(fault) as server, client_of(server.url) as client:
        assert client.generate("a red square").image.data == PICTURE
        assert server.posts == 1


@pytest.mark.parametrize("status", [201, 202, 203])
def test_another_success_than_200_is_read_too(status):
    with Gateway(Answer(OK, status=status)) as gateway, client_of(gateway.url) as client:
        assert client.generate("a red square").image.data == PICTURE


def test_a_success_without_a_body_is_no_reply():
    with FaultServer(faults.bodyless(204)) as server:
        assert type(error_from(server.url)) is BadResponseError
        assert server.posts == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_promise_10_an_api_redirect_is_not_followed_and_takes_no_key_along(status):
    with Gateway(Answer(OK)) as elsewhere, FaultServer(faults.redirect(elsewhere.url, status)) as server:
        error = error_from(server.url)
        assert elsewhere.connections == 0
        assert server.posts == 1
    assert type(error) is APIError
    assert error.status == status
    assert "check the base URL" in str(error)
    assert_error_is_ours(error)


def test_promise_10_the_key_goes_to_no_other_origin_than_the_providers():
    async def post_elsewhere(url):
        provider = choose_provider("crazyrouter", base_url="http://127.0.0.1:9")
        return await transport.send(provider, Secret(KEY), url, b"{}", deadline=anyio.current_time() + 5)

    with Gateway(Answer(OK)) as elsewhere:
        outcome = anyio.run(post_elsewhere, f"{elsewhere.url}/v1beta/models/m:generateContent")
        assert elsewhere.connections == 0
    assert isinstance(outcome, ConnectionFailedError)


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://192.168.0.1", "http://0.0.0.0", "http://127.0.0.1.example"]
)
def test_promise_10_plain_http_is_for_this_machine_only(url):
    with pytest.raises(ArgumentError, match="this machine only"):
        client_of(url)


@pytest.mark.parametrize(("name", "place"), [("crazyrouter", "query"), ("google", "header")])
def test_the_key_travels_where_the_provider_takes_it_and_nowhere_else(name, place):
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url, provider=name) as client:
        client.generate("a red square")
    request = gateway.requests[0]
    found = {"query": request.query.get("key"), "header": request.headers["x-goog-api-key"]}
    assert found == {"query": None, "header": None, place: KEY}
    assert request.headers["Authorization"] is None


def test_promise_8_each_post_has_a_connection_of_its_own():
    with Gateway(Answer(status=429, headers={"retry-after-ms": "1"}), Answer(OK)) as gateway:
        with client_of(gateway.url) as client:
            client.generate("a red square")
            client.generate("a red square")
        assert [request.connection for request in gateway.requests] == [1, 2, 3]
        assert {request.headers["Connection"] for request in gateway.requests} == {"close"}


def test_promise_8_a_connection_that_the_server_keeps_is_not_used_again():
    ready = faults.answer(OK)

    def keep_alive_then_reset(visit):
        ready(visit)
        visit.read_head()
        visit.reset()

    with FaultServer(keep_alive_then_reset) as server, client_of(server.url) as client:
        for _ in range(3):
            assert client.generate("a red square").image.data == PICTURE
        assert server.connections == 3


def test_promise_13_only_plain_bodies_are_asked_for():
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url) as client:
        client.generate("a red square")
    assert gateway.requests[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_promise_13_a_packed_reply_is_unpacked_up_to_the_cap_and_kept_as_it_came(coding):
    with FaultServer(faults.bomb(coding)) as server:
        error = error_from(server.url)
        assert server.posts == 1
    assert type(error) is TooLargeError
    assert "compressed" in str(error)
    kept = error.raw_path.read_bytes()
    assert kept
    assert faults.bomb_body(coding).startswith(kept)
    assert_error_is_ours(error)


def test_promise_13_a_reply_announced_larger_than_64_mib_is_not_read():
    with FaultServer(faults.then_stall(faults.sized(transport.MAX_REPLY_BYTES + 1))) as server:
        error = error_from(server.url, timeout=30)
        assert server.posts == 1
        assert server.wait_for_disconnects(1)
    assert type(error) is TooLargeError
    assert_error_is_ours(error)


def test_promise_13_a_reply_without_end_is_left_at_64_mib():
    with FaultServer(faults.endless_stream()) as server:
        error = error_from(server.url)
        assert server.wait_for_disconnects(1)
        assert server.posts == 1
        assert server.sent < transport.MAX_REPLY_BYTES + 32 * 2**20  # what fits into socket buffers
    assert type(error) is TooLargeError


REFUSALS = {
    "packed": faults.head(b"Content-Encoding: gzip", b"Content-Length: 4", status=429) + b"\x1f\x8b\x08\x00",
    "cut short": faults.head(b"Content-Length: 400", status=429) + b'{"error": {"me',
    "of bad chunks": faults.head(b"Transfer-Encoding: chunked", status=429) + b"zz\r\n",
}


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_one_by_its_status_whatever_became_of_its_body(answer):
    with FaultServer(faults.raw(answer), faults.answer(OK)) as server, client_of(server.url) as client:
        assert client.generate("a red square").image.data == PICTURE
        assert server.posts == 2


def test_a_refusal_without_end_is_read_for_its_beginning_only():
    start = faults.head(b"Transfer-Encoding: chunked", status=401)
    with FaultServer(faults.endless(start, repeat(faults.chunk(b" " * 65536)))) as server:
        error = error_from(server.url)
        assert server.sent < 32 * 2**20  # what fits into socket buffers
    assert type(error) is AuthenticationError


def test_a_refusal_that_stalls_in_its_body_is_a_refusal():
    start = faults.head(b"Content-Length: 400", b"Retry-After: 60", status=429)

    def call(seconds):
        with FaultServer(faults.then_stall(start + b"{")) as server:
            error = error_from(server.url, timeout=seconds)
            in_time(type(error) is RateLimitError)
            assert server.posts == 1
        assert_error_is_ours(error)

    given_time(call, *STALL_SECONDS)


def test_an_unknown_outcome_names_the_status_that_came():
    with FaultServer(faults.reset_mid_body) as server:
        assert error_from(server.url).status == 200


def test_what_a_server_says_instead_of_http_is_not_quoted():
    with FaultServer(faults.junk(b"HTTP/9 <script>\r\n\r\n")) as server:
        assert "script" not in str(error_from(server.url))
