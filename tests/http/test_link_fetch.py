from __future__ import annotations

import zlib
from itertools import repeat

import httpx
import pytest

from gemini_nb.errors import LinkFailedError, LinkRefusedError, TooLargeError
from gemini_nb.http.link_policy import LinkPolicy
from support import faults
from support.faults import FaultServer
from support.timing import given_time, in_time
from support.tls_hosts import (
    NAME,
    PICTURE,
    Names,
    always,
    fetch,
    fetch_tls,
    fetch_trusted,
    forget_proxies,
    head,
    picture,
)

LIMIT = 32 * 1024 * 1024
GZIPPED = zlib.compress(PICTURE, wbits=31)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    forget_proxies(monkeypatch)


# Redirects.


def test_three_redirects_are_followed(authority):
    moves = [faults.redirect(f"/{number}.png", status) for number, status in enumerate([301, 307, 308])]
    with authority.server(*moves, picture()) as server:
        assert fetch_tls(server)[0] == PICTURE
    assert server.connections == 4


def test_a_fourth_redirect_is_refused(authority):
    with (
        authority.server(faults.redirect("/again.png")) as server,
        pytest.raises(LinkRefusedError, match="more than 3 times"),
    ):
        fetch_tls(server)
    assert server.connections == 4


@pytest.mark.parametrize(
    ("location", "complaint"),
    [
        ("http://pictures.example/a.png", "not https"),
        ("https://pictures.example:22/", "its port is 22"),
        ("https://127.0.0.2:{port}/", "not a public address"),
        ("https://[::1]:{port}/", "not a public address"),
        ("https://2130706433:{port}/", "unusual notation"),
        ("https://localhost:{port}/", "not a full domain name"),
        ("https://user:pw@pictures.example:{port}/", "user name"),
        ("//private.example:{port}/", r"10\.0\.0\.1"),
        ("file:///etc/passwd", "not a web address"),
        ("javascript:alert(1)", "not a web address"),
        ("https://[::1", "not a web address"),
    ],
)
def test_a_redirect_is_checked_as_strictly_as_a_link(authority, location, complaint):
    names = Names(**{NAME: [["127.0.0.1"]], "private.example": [["10.0.0.1"]]})

    def move(visit):
        faults.redirect(location.format(port=visit.server.port))(visit)

    with authority.server(move) as server, pytest.raises(LinkRefusedError, match=complaint) as caught:
        fetch_tls(server, names)
    assert server.connections == 1
    assert caught.value.url == f"{server.url}/a.png"


def test_a_redirect_without_a_target_fails():
    with (
        FaultServer(faults.raw(head("Content-Length: 0", status=302))) as server,
        pytest.raises(LinkFailedError, match="answered 302"),
    ):
        fetch_trusted(server)


# The origin of a loopback base URL.


def test_the_very_origin_of_a_loopback_base_url_may_be_plain_http():
    with FaultServer(picture()) as server:
        assert fetch_trusted(server) == (PICTURE, "image/png")


def test_the_trusted_origin_may_be_written_in_another_way():
    with FaultServer(picture()) as server:
        assert fetch(f"{server.url}/a.png", trusted_origin=f"HTTP://127.0.0.1:{server.port}/v1")[0] == PICTURE


@pytest.mark.parametrize("other", ["http://127.0.0.1:1", "http://127.0.0.2", "https://127.0.0.1", "junk"])
def test_another_origin_on_loopback_is_refused(other):
    with FaultServer(picture()) as server:
        trusted_origin = other if other in ("http://127.0.0.1:1", "junk") else f"{other}:{server.port}"
        with pytest.raises(LinkRefusedError):
            fetch(f"{server.url}/a.png", trusted_origin=trusted_origin)
    assert server.connections == 0


def test_a_trusted_origin_that_is_not_on_loopback_has_no_privilege():
    names = always("10.0.0.1")
    with pytest.raises(LinkRefusedError, match="not this machine's"):
        fetch(f"http://{NAME}/a.png", trusted_origin=f"http://{NAME}", resolver=names)


def test_a_user_name_is_refused_on_the_trusted_origin_too():
    with FaultServer(picture()) as server, pytest.raises(LinkRefusedError, match="user name"):
        fetch(f"http://user@127.0.0.1:{server.port}/", trusted_origin=server.url)
    assert server.connections == 0


def test_a_redirect_may_stay_on_the_trusted_origin():
    with FaultServer(faults.redirect("/b.png"), picture()) as server:
        assert fetch_trusted(server)[0] == PICTURE


def test_a_redirect_may_not_lead_to_another_port_of_loopback():
    with (
        FaultServer(picture()) as other,
        FaultServer(faults.redirect(f"{other.url}/b.png")) as server,
        pytest.raises(LinkRefusedError),
    ):
        fetch_trusted(server)
    assert other.connections == 0


def test_off_the_trusted_origin_there_is_no_way_back_to_it(authority):
    with (
        FaultServer(picture()) as local,
        authority.server(faults.redirect(f"{local.url}/b.png")) as server,
        pytest.raises(LinkRefusedError, match="not https"),
    ):
        fetch_tls(server, trusted_origin=local.url)
    assert local.connections == 0


# Answered in process.


class InProcess(httpx.AsyncBaseTransport):
    def __init__(self, **headers):
        self.urls = []
        self._headers = headers

    async def handle_async_request(self, request):
        self.urls.append(str(request.url))
        status = 302 if "location" in self._headers else 200
        return httpx.Response(status, headers=self._headers, content=PICTURE)

    async def aclose(self):
        raise AssertionError("it is not ours to close")


def test_links_of_the_embedded_provider_are_answered_in_process():
    embedded, names = InProcess(**{"content-type": "image/png"}), Names()
    origin = "http://offline.localhost"
    answer = fetch(f"{origin}/a.png#b", trusted_origin=origin, transport=embedded, resolver=names)
    assert answer == (PICTURE, "image/png")
    assert embedded.urls == [f"{origin}/a.png"]
    assert names.lookups == []


def test_an_answer_in_process_is_closed_even_when_it_is_too_large():
    class Endless(httpx.AsyncByteStream):
        closed = False

        async def __aiter__(self):
            for piece in repeat(bytes(1024 * 1024)):
                yield piece

        async def aclose(self):
            self.closed = True

    stream, origin = Endless(), "http://offline.localhost"
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))
    with pytest.raises(TooLargeError):
        fetch(f"{origin}/a.png", trusted_origin=origin, transport=transport)
    assert stream.closed


def test_other_links_do_not_reach_the_embedded_provider():
    embedded = InProcess()
    with pytest.raises(LinkRefusedError):
        fetch("http://other.localhost/", trusted_origin="http://offline.localhost", transport=embedded)
    assert embedded.urls == []


def test_without_a_trusted_origin_the_embedded_provider_is_not_asked():
    embedded = InProcess()
    with pytest.raises(LinkFailedError):
        fetch(f"https://{NAME}/", transport=embedded, resolver=Names())
    assert embedded.urls == []


# What comes back.


BROKEN = {
    "closed at once": faults.accept_and_close,
    "closed after the request": faults.close_after_request,
    "reset at once": faults.reset_on_accept,
    "reset after the request": faults.reset_after_request,
    "reset in the body": faults.reset_mid_body,
    "short body": faults.short_body(PICTURE),
    "unfinished chunks": faults.unfinished_chunks,
    "bad chunk size": faults.bad_chunk_size,
    "negative length": faults.negative_length,
    "two lengths": faults.two_lengths,
    "junk": faults.junk(),
    "TLS": faults.tls_for_plain,
    "oversize header": faults.oversize_header,
    "endless headers": faults.endless_headers,
    "brotli bomb": faults.bomb("br"),
    "zstd bomb": faults.bomb("zstd"),
    "gzip cut short": faults.raw(head("Content-Encoding: gzip", "Content-Length: 20") + GZIPPED[:20]),
    "gzip with a fault in it": faults.raw(head("Content-Encoding: gzip") + GZIPPED[:12] + b"\xff" * 20),
    "404": faults.answer(status=404),
    "206": faults.answer(status=206),
    "500": faults.answer(status=500),
    "204": faults.bodyless(204),
    "304": faults.bodyless(304),
}


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_an_answer_that_is_no_picture_fails_in_our_words(fault):
    with FaultServer(fault) as server, pytest.raises(LinkFailedError) as caught:
        fetch_trusted(server, "/a.png?sig=secret")
    error = caught.value
    assert error.url == f"{server.url}/a.png?sig=secret"
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "secret" not in str(error)
    assert len(str(error).splitlines()) == 3
    assert server.connections == 1


def test_a_request_that_was_sent_is_not_sent_to_the_next_address():
    names = Names(localhost=[["127.0.0.1", "::ffff:127.0.0.1"]])
    with FaultServer(faults.close_after_request) as server:
        origin = f"http://localhost:{server.port}"
        with pytest.raises(LinkFailedError):
            fetch(f"{origin}/a.png", trusted_origin=origin, resolver=names)
    assert server.connections == 1


def test_a_server_that_is_silent_for_long_is_told_from_one_that_breaks_off():
    def silent(request):
        raise httpx.ReadTimeout("", request=request)

    origin = "http://offline.localhost"
    with pytest.raises(LinkFailedError, match="did not answer in time"):
        fetch(f"{origin}/a.png", trusted_origin=origin, transport=httpx.MockTransport(silent))


def test_a_body_without_a_length_ends_with_the_connection():
    with FaultServer(faults.http_1_0(PICTURE)) as server:
        assert fetch_trusted(server)[0] == PICTURE


def test_what_follows_the_promised_length_is_not_read():
    with FaultServer(faults.long_body(PICTURE)) as server:
        assert fetch_trusted(server)[0] == PICTURE


def test_the_declared_type_is_handed_on_and_not_checked():
    page = b"<html>expired</html>"
    answer = head("Content-Type: text/html; charset=utf-8", f"Content-Length: {len(page)}") + page
    with FaultServer(faults.raw(answer)) as server:
        assert fetch_trusted(server) == (page, "text/html; charset=utf-8")


def test_a_type_that_is_not_declared_is_none():
    with FaultServer(faults.raw(head("Content-Length: 1") + b"x")) as server:
        assert fetch_trusted(server) == (b"x", None)


@pytest.mark.parametrize("length", [LIMIT + 1, 10**18], ids=["one byte too many", "an exabyte"])
def test_a_length_past_the_limit_is_enough_to_refuse(length):
    with (
        FaultServer(faults.then_stall(head(f"Content-Length: {length}"))) as server,
        pytest.raises(TooLargeError, match="32 MiB"),
    ):
        fetch_trusted(server)


def test_a_body_that_grows_past_the_limit_is_left():
    with FaultServer(faults.endless_stream(bytes(1024 * 1024))) as server:
        with pytest.raises(TooLargeError, match="32 MiB"):
            fetch_trusted(server)
        assert server.wait_for_disconnects(1)


@pytest.mark.parametrize(("extra", "fits"), [(0, True), (1, False)], ids=["32 MiB", "and one byte"])
def test_the_limit_is_32_mib_to_the_byte(extra, fits):
    body = bytes(LIMIT + extra)
    with FaultServer(faults.raw(b"HTTP/1.0 200 OK\r\n\r\n" + body)) as server:
        try:
            read = len(fetch_trusted(server)[0])
        except TooLargeError:
            read = None
    assert read == (LIMIT if fits else None)


# In time.


SLOW = {
    "before the head": faults.stall_before_head,
    "in the head": faults.stall_in_head,
    "after the head": faults.stall_after_head,
    "in the body": faults.stall_mid_body,
    "dripping head": faults.drip_head,
    "dripping body": faults.endless(head("Content-Length: 999999"), repeat(b" "), seconds=0.05),
    "dripping chunks": faults.drip_chunks,
    "dripping interim answers": faults.endless_interim,
    "for ever the same redirect, slowly": lambda visit: (visit.pause(0.2), faults.redirect("/")(visit)),
}


@pytest.mark.parametrize("fault", SLOW.values(), ids=SLOW)
def test_a_slow_server_is_left_at_the_deadline(fault):
    def left(seconds):
        with FaultServer(fault) as server:
            with pytest.raises(LinkFailedError, match="in time") as caught:
                fetch_trusted(server, seconds=seconds)
            in_time(server.connections)
            assert server.wait_for_disconnects(1)
        assert caught.value.__context__ is None

    given_time(left, 0.3, 1, 3)


def test_a_server_that_does_not_finish_tls_is_left_at_the_deadline():
    with FaultServer(lambda visit: visit.pause()) as server:
        policy = LinkPolicy(is_public=lambda _: True, ports=frozenset({server.port}))
        with pytest.raises(LinkFailedError, match="in time"):
            fetch(f"https://{NAME}:{server.port}/", seconds=0.3, resolver=always("127.0.0.1"), policy=policy)


def test_an_address_that_does_not_answer_is_left_at_the_deadline():
    with faults.unanswered() as url, pytest.raises(LinkFailedError, match="in time"):
        fetch(url, seconds=0.3, trusted_origin=url)


def test_an_address_that_refuses_is_told_from_one_that_is_slow():
    with faults.refusing() as url, pytest.raises(LinkFailedError, match="could not be reached"):
        fetch(url, trusted_origin=url)


def test_past_the_deadline_nothing_is_sent():
    with FaultServer(picture()) as server, pytest.raises(LinkFailedError, match="in time"):
        fetch_trusted(server, seconds=-1)
    assert server.connections == 0
