from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

import anyio
import pytest

from gemini_nb.errors import LinkFailedError, LinkRefusedError
from gemini_nb.http.link_connect import resolve
from gemini_nb.http.link_policy import LinkPolicy
from support import faults
from support.faults import FaultServer
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


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    forget_proxies(monkeypatch)


# Over TLS, to the address that was checked.


def test_a_picture_comes_from_the_address_that_was_looked_up(authority):
    with authority.server(picture()) as server:
        assert fetch_tls(server) == (PICTURE, "image/png")
    assert server.names == [NAME]


def test_the_certificate_must_be_for_the_name_of_the_link(authority):
    with (
        authority.server(picture(), name="other.example") as server,
        pytest.raises(LinkFailedError, match="certificate is not valid"),
    ):
        fetch_tls(server)
    assert server.requests == []


def test_an_address_in_a_link_is_not_looked_up_and_its_certificate_is_for_the_address(authority):
    names = Names()
    with authority.server(picture(), name="127.0.0.1") as server:
        assert fetch_tls(server, names, url=f"https://127.0.0.1:{server.port}/")[0] == PICTURE
    assert names.lookups == []


def test_the_certificate_must_be_of_a_known_authority(authority, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with (
        authority.server(picture()) as server,
        pytest.raises(LinkFailedError, match="certificate is not valid"),
    ):
        fetch_tls(server)


def test_certificates_that_cannot_be_read_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(LinkFailedError, match="SSL_CERT_FILE"):
        fetch(f"https://{NAME}/a.png", resolver=always("8.8.8.8"))


def test_nothing_of_ours_travels_with_the_request(authority):
    with authority.server(picture()) as server:
        fetch_tls(server, url=f"{server.url}/a%2Fb.png?sig=%2B&x=1#fragment")
    lines = server.requests[0].head.decode().split("\r\n")
    assert lines[0] == "GET /a%2Fb.png?sig=%2B&x=1 HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Accept-Encoding: identity",
        "Accept: image/*",
        "Connection: close",
        f"Host: {NAME}:{server.port}",
        "User-Agent: gemini-nb",
    ]


def test_no_log_holds_the_query_of_a_link(authority, caplog):
    caplog.set_level("DEBUG")
    with authority.server(picture()) as server:
        fetch_tls(server, url=f"{server.url}/a.png?signature=secret")
    assert "send_request_headers" in caplog.text
    assert "secret" not in caplog.text


def test_cookies_are_not_kept_from_one_hop_to_the_next(authority):
    move = faults.raw(head("Location: /b.png", "Set-Cookie: a=b", "Content-Length: 0", status=302))
    with authority.server(move, picture()) as server:
        fetch_tls(server)
    assert b"ookie" not in server.requests[1].head


@pytest.mark.parametrize("refusing", [1, 3, 4])
def test_an_address_that_refuses_gives_way_to_the_next_of_four(authority, refusing):
    answers = always(*(f"127.0.0.{9 - number}" for number in range(refusing)), "127.0.0.1")
    with authority.server(picture()) as server:
        policy = LinkPolicy(is_public=lambda address: address.is_loopback, ports=frozenset({server.port}))
        with suppress(LinkFailedError):
            fetch(server.url, resolver=answers, policy=policy)
    assert server.connections == (1 if refusing < 4 else 0)


def test_an_address_that_is_given_twice_is_tried_once(authority):
    answers = always(*["127.0.0.9"] * 4, "127.0.0.1")
    with authority.server(picture()) as server:
        policy = LinkPolicy(is_public=lambda address: address.is_loopback, ports=frozenset({server.port}))
        assert fetch(server.url, resolver=answers, policy=policy)[0] == PICTURE


# Names.


def test_a_name_is_looked_up_once_so_that_rebinding_finds_no_second_time(authority):
    names = Names(**{NAME: [["127.0.0.1"], ["10.0.0.1"]]})
    with authority.server(picture()) as server:
        assert fetch_tls(server, names)[0] == PICTURE
    assert names.lookups == [NAME]


def test_each_redirect_is_looked_up_and_checked_again(authority):
    names = Names(**{NAME: [["127.0.0.1"], ["10.0.0.1"]]})
    with (
        authority.server(faults.redirect("/b.png"), picture()) as server,
        pytest.raises(LinkRefusedError, match=r"10\.0\.0\.1"),
    ):
        fetch_tls(server, names)
    assert server.connections == 1
    assert names.lookups == [NAME, NAME]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1", "10.0.0.1"],
        ["10.0.0.1", "127.0.0.1"],
        ["127.0.0.1", *["127.0.0.1"] * 9, "::1"],
        ["127.0.0.1", "fe80::1%eth0"],
    ],
    ids=["last", "first", "far down", "with a zone"],
)
def test_one_bad_address_among_good_ones_refuses_the_link(authority, addresses):
    with authority.server(picture()) as server, pytest.raises(LinkRefusedError):
        fetch_tls(server, always(*addresses))
    assert server.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "64:ff9b::7f00:1",
    ],
)
def test_a_name_with_a_private_address_is_refused_unasked(address):
    with FaultServer(picture()) as server:
        policy = LinkPolicy(ports=frozenset({server.port}))
        with pytest.raises(LinkRefusedError) as caught:
            fetch(f"https://{NAME}:{server.port}/?secret", resolver=always(address), policy=policy)
    assert server.connections == 0
    assert caught.value.url == f"https://{NAME}:{server.port}/?secret"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "start",
    ["https://127.0.0.1", "https://2130706433", "https://127.1", "https://localhost", "http://127.0.0.1",
     "https://[::ffff:127.0.0.1]", "https://user@127.0.0.1", f"http://{NAME}", "https://0x7f.1"],
)  # fmt: skip
def test_no_packet_is_sent_and_no_name_asked_for_a_link_refused_as_written(start):
    names = always("127.0.0.1")
    with FaultServer(picture()) as server, pytest.raises(LinkRefusedError):
        fetch(f"{start}:{server.port}/", resolver=names, policy=LinkPolicy(ports=frozenset({server.port})))
    assert server.connections == 0
    assert names.lookups == []


@pytest.mark.parametrize(
    "answers", [[], ["not an address"], ["8.8.8.8", "x"]], ids=["none", "junk", "junk among good"]
)
def test_a_name_without_an_address_fails(answers):
    with pytest.raises(LinkFailedError, match="no address"):
        fetch(f"https://{NAME}/", resolver=always(*answers))


def test_a_name_that_is_not_known_fails():
    with pytest.raises(LinkFailedError, match="looked up"):
        fetch(f"https://{NAME}/", resolver=Names())


def test_the_systems_resolver_gives_addresses():
    assert "127.0.0.1" in anyio.run(resolve, "127.0.0.1", 443)


def test_the_systems_resolver_raises_what_the_system_says():
    with pytest.raises(UnicodeError, match="label"):
        anyio.run(resolve, "a..b", 443)


STALLED_NAME = """
import socket, threading, anyio
from gemini_nb.http import link_fetch
from gemini_nb.errors import LinkFailedError
released = threading.Event()
socket.getaddrinfo = lambda *_, **__: released.wait() and []  # a name server that does not answer
async def main():
    await link_fetch.fetch("https://pictures.example/", deadline=anyio.current_time() + 0.1)
try:
    anyio.run(main)
except LinkFailedError as error:
    print(error)
"""
LATE_ANSWER = """
released.set()
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
"""


@pytest.mark.parametrize("later", ["", LATE_ANSWER], ids=["for good", "and answers after all"])
def test_a_stalled_name_server_holds_up_neither_the_call_nor_the_end_of_the_process(later):
    command = [sys.executable, "-c", STALLED_NAME + later]
    done = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)
    assert "did not arrive in time" in done.stdout
    assert done.stderr == ""


# Proxies.


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_in_the_environment_refuses_the_link(monkeypatch, variable):
    names = always("8.8.8.8")
    with FaultServer(picture()) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        with pytest.raises(LinkRefusedError, match="NO_PROXY"):
            fetch(f"https://{NAME}/", resolver=names)
    assert proxy.connections == 0
    assert names.lookups == []


@pytest.mark.parametrize("exempt", [NAME, ".example", "*"])
def test_a_name_exempt_from_the_proxy_is_fetched_directly(authority, monkeypatch, exempt):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", exempt)
    with authority.server(picture()) as server:
        assert fetch_tls(server)[0] == PICTURE


def test_the_trusted_origin_is_never_asked_through_a_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with FaultServer(picture()) as server:
        assert fetch_trusted(server)[0] == PICTURE


def test_a_proxy_is_not_asked_for_a_private_address(monkeypatch):
    with FaultServer(picture()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(LinkRefusedError, match="not a public address"):
            fetch("https://169.254.169.254/")
    assert proxy.connections == 0
