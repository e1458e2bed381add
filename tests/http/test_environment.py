from __future__ import annotations

import anyio
import httpx
import pytest

from gemini_nb.errors import (
    ConnectionFailedError,
)
from gemini_nb.http import transport
from gemini_nb.providers.secret import Secret
from gemini_nb.providers.selection import choose_provider
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


@pytest.mark.parametrize("proxy", ["gopher://127.0.0.1:9", "http://[::1", "127.0.0.1:9"])
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


MISSING = {
    "socksio, for a SOCKS proxy": ("socksio", {"HTTPS_PROXY": "socks5://127.0.0.1:9"}, "pip install socksio"),
    "socksio, for all proxies": ("socksio", {"ALL_PROXY": "socks5h://127.0.0.1:9"}, "pip install socksio"),
    "certifi": ("certifi", {}, "pip install certifi"),
}


@pytest.mark.parametrize(("package", "variables", "advice"), MISSING.values(), ids=MISSING)
def test_a_missing_package_is_not_told_as_a_connection_that_failed(package, variables, advice):
    code = f"""
import os, sys
from gemini_nb import GeminiError
sys.modules[{package!r}] = None  # as if it were not installed
os.environ.update({variables!r})
os.environ.pop("SSL_CERT_FILE", None)
try:
    client_of("https://gateway.example").generate("a red square")
except GeminiError as error:
    print(type(error).__name__, error.__context__, error.may_be_billed, str(error).replace("\\n", " "))
"""
    said = ran(code)
    assert said.startswith("ArgumentError None False ")
    assert advice in said
    assert "network" not in said


@pytest.mark.parametrize("fault", [TypeError, AttributeError, KeyError, ValueError, AssertionError])
def test_a_fault_of_ours_is_not_told_as_the_network_s(fault):
    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            raise fault(f"of ours, at {request.url}")

    async def post():
        provider = choose_provider("crazyrouter")
        return await transport.send(
            provider,
            Secret(KEY),
            f"{provider.base_url}/a",
            b"{}",
            deadline=anyio.current_time() + 9,
            embedded=Broken(),
        )

    with pytest.raises(fault, match="of ours") as caught:
        anyio.run(post)
    assert KEY not in str(caught.value)
