from __future__ import annotations

import pytest

from gemini_nb.errors import (
    ConnectionFailedError,
)
from gemini_nb.http import transport
from support import faults
from support.clients import KEY, OK, PICTURE, assert_error_is_ours, client_of, error_from
from support.faults import FaultServer
from support.gateway import Answer, Gateway
from support.processes import ran


def test_certificates_that_cannot_be_read_leave_the_request_unsent():
    code = """
import os
from gemini_nb import GeminiError
os.environ["SSL_CERT_FILE"] = "/nowhere/at/all.pem"
try:
    client_of("https://127.0.0.1:9").generate("a red square")
except GeminiError as error:
    print(type(error).__name__, error.__context__)
"""
    assert ran(code) == "ConnectionFailedError None"


@pytest.mark.parametrize(
    "proxy", ["socks5://127.0.0.1:9", "gopher://127.0.0.1:9", "http://[::1", "127.0.0.1:9"]
)
def test_a_proxy_that_cannot_be_used_leaves_the_request_unsent(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = error_from("https://gateway.example")
    assert type(error) is ConnectionFailedError
    assert_error_is_ours(error)


def test_a_proxy_of_the_environment_is_used_and_never_sees_the_key(monkeypatch):
    with FaultServer(
        faults.raw(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    ) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        error = error_from("https://gateway.example")
        heads = [request.head for request in server.requests]
    assert type(error) is ConnectionFailedError
    assert len(heads) == 3
    assert all(head.startswith(b"CONNECT gateway.example:443") for head in heads)
    assert not any(KEY.encode() in head for head in heads)
    assert_error_is_ours(error)


def test_a_loopback_gateway_is_reached_past_any_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url) as client:
        assert client.generate("a red square").image.data == PICTURE


def test_the_key_is_masked_before_words_are_cut(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"ftp://proxy.example/{'x' * (transport.MAX_PROBLEM_CHARS - 60)}{KEY}")
    error = error_from("https://gateway.example")
    assert "xxxxx" in str(error)
    assert KEY[:4] not in str(error)
