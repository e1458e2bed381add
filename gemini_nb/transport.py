"""One POST to a provider: key injection, origin lock, byte cap, total deadline, a fresh connection.

Works on httpx's transports, below its client: no redirects, no cookies, no request log, and a
key that nothing above this module sees. Failures come back as values, to be raised by the caller.
"""

from __future__ import annotations

import contextvars
import logging
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment

import anyio
import httpx

from gemini_nb.errors import ConnectionFailedError, GeminiError, OutcomeUnknownError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from gemini_nb.providers import Provider
    from gemini_nb.secret import Secret

MAX_REPLY_BYTES = 64 * 2**20
_FAREWELL_SECONDS = 0.3

_HEADERS_KEPT = ("content-type", "content-encoding", "retry-after", "retry-after-ms", "date")


@dataclass(frozen=True)
class Answer:
    """What a server answered: the status, the few headers that matter, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


async def post(
    provider: Provider,
    key: Secret | None,
    url: str,
    body: bytes,
    *,
    deadline: float,
    embedded: httpx.AsyncBaseTransport | None = None,
) -> Answer | GeminiError:
    """Send one request and read its whole answer, all before `deadline` (in `anyio.current_time()`).

    Returns `ConnectionFailedError` when it never left, `OutcomeUnknownError` when it did and no whole
    answer came, `TooLargeError` past 64 MiB. Never sends the key to another origin than the provider's.
    """
    if not url.startswith(provider.origin + "/"):
        return ConnectionFailedError(f"{url} is not at {provider.origin}.")
    progress = _Progress()
    quiet = _under_way.set(True)
    try:
        with anyio.CancelScope(deadline=deadline) as scope:
            async with _transport(provider, embedded) as transport:
                return await _exchange(transport, _request(provider, key, url, body, progress))
        problem = "no answer came within the deadline" if scope.cancelled_caught else "the connection closed"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError) as failure:
        problem = _words(failure)
    finally:
        _under_way.reset(quiet)
    problem = key.redact(problem) if key else problem
    host = urlsplit(provider.base_url).netloc
    if progress.sent:
        return OutcomeUnknownError(f"The request was sent to {host}, but no whole answer came: {problem}.")
    return ConnectionFailedError(f"No connection to {host}: {problem}.")


class _Progress:
    """Whether the request has begun to leave this machine, as httpcore's trace tells."""

    sent = False

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        if event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            self.sent = True


def _request(
    provider: Provider, key: Secret | None, url: str, body: bytes, progress: _Progress
) -> httpx.Request:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Type": "application/json",
        "User-Agent": "gemini_nb",
    }
    params = {}
    if key is not None and provider.key_in == "query":
        params["key"] = key.reveal()
    elif key is not None and provider.key_in == "header":
        headers["x-goog-api-key"] = key.reveal()
    extensions = {"trace": progress.trace}
    return httpx.Request("POST", url, params=params, headers=headers, content=body, extensions=extensions)


async def _exchange(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> Answer | GeminiError:
    response = await transport.handle_async_request(request)
    try:
        headers = {name: response.headers[name] for name in _HEADERS_KEPT if name in response.headers}
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding != "identity":
            return TooLargeError(
                f"The reply is packed as {encoding[:20]}, although plain was asked for; its size cannot be bounded.",
                hint="It was not unpacked and may have been billed. Have the gateway answer uncompressed.",
            )
        length = _announced_length(response.headers)
        body = bytearray() if length <= MAX_REPLY_BYTES else None
        if body is not None:
            async for piece in response.stream:  # type: ignore[union-attr] - an async transport's stream
                body += piece
                if len(body) > MAX_REPLY_BYTES:
                    body = None
                    break
        if body is None:
            return TooLargeError("The reply is larger than 64 MiB and was not read to its end.")
        return Answer(response.status_code, headers, bytes(body))
    finally:
        with anyio.move_on_after(_FAREWELL_SECONDS, shield=True):
            await response.aclose()


def _announced_length(headers: httpx.Headers) -> int:
    """Return the announced body length in bytes, 0 where none is."""
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else 0


@asynccontextmanager
async def _transport(
    provider: Provider, embedded: httpx.AsyncBaseTransport | None
) -> AsyncIterator[httpx.AsyncBaseTransport]:
    """A transport with no connection yet: a stale keep-alive would leave a paid POST's outcome unknown."""
    if embedded is not None:
        yield embedded
        return
    secure = provider.base_url.startswith("https:")
    transport = httpx.AsyncHTTPTransport(
        verify=tls_context() if secure else False,
        proxy=_proxy(provider),
        limits=httpx.Limits(max_connections=1),
    )
    try:
        yield transport
    finally:
        with anyio.move_on_after(_FAREWELL_SECONDS, shield=True):
            await transport.aclose()


@cache
def tls_context() -> ssl.SSLContext:
    """Return the process's TLS context: making one costs 27 ms, so it is made once."""
    return httpx.create_ssl_context()


def _proxy(provider: Provider) -> str | None:
    """The proxy that the environment names for this host, as httpx's own client would take it."""
    parts = urlsplit(provider.base_url)
    proxies = getproxies_environment()
    if provider.is_loopback or proxy_bypass_environment(parts.netloc, proxies):  # type: ignore[no-untyped-call]
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _words(failure: Exception) -> str:
    """Say what failed without the classes of the library below."""
    if isinstance(failure, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "connecting took too long"
    if isinstance(failure, httpx.RemoteProtocolError):
        return f"the server broke off or did not speak HTTP ({failure})"
    text = " ".join(str(failure).split())
    return text[:200] or type(failure).__name__


_under_way: contextvars.ContextVar[bool] = contextvars.ContextVar("gemini_nb_under_way", default=False)


class _Hush(logging.Filter):
    """Drops httpcore's records of our own calls: headers it logs at DEBUG can echo the key."""

    def filter(self, _record: logging.LogRecord) -> bool:
        return not _under_way.get()


for _name in ("connection", "http11", "http2", "http_proxy", "socks"):
    logging.getLogger(f"httpcore.{_name}").addFilter(_Hush())
logging.getLogger("httpcore.proxy").addFilter(_Hush())
