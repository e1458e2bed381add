"""One request to a provider: key injection, origin lock, byte cap, total deadline, a fresh connection.

Works on httpx's transports, below its client: no redirects, no cookies, no request log, and a
key that nothing above this module sees. Failures come back as values, to be raised by the caller, and with
them what came of a reply that broke off.
"""

from __future__ import annotations

import contextvars
import io
import logging
from collections import deque
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

import anyio
import httpx

from gemini_nb.errors import (
    ArgumentError,
    ConnectionFailedError,
    GeminiError,
    OutcomeUnknownError,
    TooLargeError,
)
from gemini_nb.http import asyncio_transport, fetch_transport
from gemini_nb.http.content_coding import Body, OversizeError, UnpackError, content_length
from gemini_nb.http.environment import missing_package_error, proxy_for, tls_context
from gemini_nb.http.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret

MAX_REPLY_BYTES = 64 * 2**20
MAX_ERROR_BYTES = 2**20
ERROR_BODY_SECONDS = 5.0
CONNECT_SECONDS = 15.0
MAX_PROBLEM_CHARS = 200

_CLOSE_TIMEOUT_SECONDS = 0.3
_FETCH_FAILED = "the browser's fetch failed, and a page is not told why"
_HEADERS_KEPT = (
    *("content-type", "retry-after", "retry-after-ms", "date"),
    *("x-goog-upload-url", "x-goog-upload-status", "x-goog-upload-size-received"),
)

# UnicodeError: a host name that cannot be written. Any other error is a fault of ours, not the network's.
_FAILURES = (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, UnpackError)


class Receiver(Protocol):
    """Takes the body of one 2xx reply while it arrives, piece by piece; each try needs a new one.

    `take` runs on the event loop and must not block; its piece is overwritten afterwards. A `GeminiError`
    that it raises ends the reading, closes the connection and is in the answer of `send`. `expect` is called
    only where the server announces a length.
    """

    def expect(self, length: int, /) -> None:
        """Prepare for a body of `length` bytes, by the server's word, before the first piece."""

    def take(self, piece: bytes | memoryview, /) -> Generator[None, None, None]:
        """Take the next piece in short steps, between which other tasks run; closed early, keep the rest."""


@dataclass(frozen=True)
class HTTPAnswer:
    """A server's answer: the status, the few headers that matter, and the body.

    The body of an error reply may be cut short. That of a 2xx reply is empty where a receiver took it.
    `broken` is the error that says why a 2xx reply did not come whole, or could not be unpacked, after its
    body had begun; what came may be whole JSON all the same. `body` is then what came of it, as it came,
    where it was compressed. `surplus` is what the server sent behind the length that it announced: some count
    characters, not bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    broken: GeminiError | None = None
    surplus: bytes = field(default=b"", repr=False)

    @property
    def is_reply(self) -> bool:
        """Whether the status is 2xx, so that the body is a reply and may have been billed."""
        return self.status // 100 == 2


async def send(
    provider: Provider,
    key: Secret | None,
    url: str,
    body: bytes | None,
    *,
    deadline: float,
    embedded: httpx.AsyncBaseTransport | None = None,
    receiver: Receiver | None = None,
    headers: Mapping[str, str] | None = None,
    max_bytes: int = MAX_REPLY_BYTES,
) -> HTTPAnswer | GeminiError:
    """Send one request and read its whole answer, all before `deadline` (in `anyio.current_time()`).

    It is a POST of `body`; without one a GET, which asks for what costs nothing, such as the list of models.
    `headers` go along. Of a 2xx reply `max_bytes` are read at most.
    The body of a 2xx reply goes to `receiver` as it comes, unpacked; without one it is in the answer.
    Returns `ConnectionFailedError` when it never left, `OutcomeUnknownError` when it did and no whole
    answer came, `TooLargeError` past `max_bytes`; as `broken` of an answer, once something of a 2xx reply's
    body has come. `ArgumentError` where a package is missing. Never sends the key to another origin than the
    provider's.
    """
    if not url.startswith(provider.origin + "/"):
        return ConnectionFailedError(f"{url} is not at {provider.origin}.")
    progress = _Progress(deadline, receiver, max_bytes)
    token = _is_sending.set(True)
    try:
        with anyio.CancelScope(deadline=deadline):
            # The request is in frames below this one only: it holds the key.
            return await _exchange(
                embedded or _open_transport(provider),
                _request(provider, key, url, body, headers or {}),
                progress,
            )
        problem = "the deadline passed"
    except ArgumentError as error:
        return error.with_traceback(None)
    except BaseException as error:
        if not isinstance(error, _FAILURES) or isinstance(error, UnicodeDecodeError):
            _scrub(error, key)  # a cancellation, a fault of ours, or what the receiver failed with
            raise
        problem = _describe_failure(error)
    finally:
        _is_sending.reset(token)
    problem = key.redact(problem) if key else problem
    return progress.outcome(progress.failure(urlsplit(provider.base_url).netloc, problem[:MAX_PROBLEM_CHARS]))


def _scrub(error: BaseException, key: Secret | None) -> None:
    """Remove from an exception that passes through what could hold the key: its frames, and its words."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    if key is not None:
        error.args = tuple(_redact_value(value, key) for value in error.args)
    for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        _scrub(inner, key)


def _redact_value(value: Any, key: Secret) -> Any:
    text = value if isinstance(value, str) else repr(value)
    redacted = key.redact(text)
    return value if redacted == text else redacted


class _Progress:
    """How far a request came, by httpx's `trace` extension, and how far its answer."""

    def __init__(self, deadline: float, receiver: Receiver | None, max_bytes: int) -> None:
        self.deadline = deadline
        self._max_bytes = max_bytes
        self.has_left = False
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.received_bytes = 0  # of a 2xx reply's body
        self._receiver = receiver
        self._memory = io.BytesIO()  # its getvalue() is no second copy
        self._body: Body | None = None
        self._surplus = b""

    @property
    def left(self) -> float:
        """Seconds until the deadline, 0.0 past it."""
        return max(0.0, self.deadline - anyio.current_time())

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        if event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            self.has_left = True

    async def read_body(self, response: httpx.Response) -> GeminiError | None:
        """Hand the body of a 2xx reply to the receiver; return the error that stood in the way."""
        body = self._body = Body(response.headers.get("content-encoding", ""), max_bytes=self._max_bytes)
        length = content_length(response.headers)
        if length > self._max_bytes:
            return _too_large_error(body, self._max_bytes)
        if length and self._receiver is not None:
            self._receiver.expect(length)
        try:
            turn = Turn()
            async for piece in body.unpack(_pieces(response)):
                with closing(self._receive(piece)) as steps:
                    for _ in steps:
                        await turn.give_way()
        except OversizeError:
            return _too_large_error(body, self._max_bytes)
        except GeminiError as refusal:
            return refusal.with_traceback(None)
        if read_surplus := response.extensions.get("read_surplus"):
            self._surplus = await read_surplus()
        if not body.unknown:
            return None
        return TooLargeError(
            f"The reply is compressed with {body.unknown}, which was not requested: "
            "its size cannot be limited.",
            hint="It was not unpacked and may have been billed. Have the gateway answer uncompressed.",
        )

    def _receive(self, piece: bytes | memoryview) -> Generator[None, None, None]:
        self.received_bytes += len(piece)
        if self._receiver is None:
            self._memory.write(piece)
        else:
            yield from self._receiver.take(piece)

    def outcome(self, failure: GeminiError | None) -> HTTPAnswer | GeminiError:
        """Return the answer, `failure` in it where something of a reply came, and else the failure itself."""
        if self._body and (head := self._body.take_head()):
            deque(self._receive(head), maxlen=0)  # a few bytes
        packed = self._body.packed if self._body else b""
        if failure is not None and not self.received_bytes and not packed:
            return failure
        body = packed if failure is not None and packed else self._memory.getvalue()
        return HTTPAnswer(self.status or 0, self.headers, body, failure, self._surplus)

    def failure(self, host: str, problem: str) -> GeminiError:
        """Return the error for a request without an answer: unsent, or of unknown outcome."""
        if not self.has_left:
            return ConnectionFailedError(f"No connection to {host}: {problem}.")
        return OutcomeUnknownError(
            f"The request was sent to {host}, but no complete reply came back: {problem}.", status=self.status
        )


def _request(
    provider: Provider,
    key: Secret | None,
    url: str,
    body: bytes | None,
    more: Mapping[str, str],
) -> httpx.Request:
    """Return the request with its key: a POST of `body`, without one a GET."""
    headers = {
        "Accept": "application/json, text/event-stream",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Type": "application/json",
        "User-Agent": "gemini_nb",
    }
    address = _parse_url(url)
    if key is not None and provider.key_in == "query":
        address = address.copy_merge_params({"key": key.reveal()})
    elif key is not None and provider.key_in == "header":
        headers["x-goog-api-key"] = key.reveal()
    if body is None:
        del headers["Content-Type"]
    method = "GET" if body is None else "POST"
    return httpx.Request(method, address, headers={**headers, **more}, content=body)


_parse_url = lru_cache(maxsize=64)(httpx.URL)  # a provider and a model have one each, without a key


async def _exchange(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, progress: _Progress
) -> HTTPAnswer | GeminiError:
    connect_seconds = min(CONNECT_SECONDS, progress.left / 4)  # so that three tries fit
    request.extensions = {"trace": progress.trace, "timeout": {"connect": connect_seconds}}
    response = await transport.handle_async_request(request)
    progress.status = response.status_code
    progress.headers = {name: response.headers[name] for name in _HEADERS_KEPT if name in response.headers}
    try:
        if not response.is_success:
            body = await _read_error_body(response, progress.left / 2)
            return HTTPAnswer(response.status_code, progress.headers, body)
        return progress.outcome(await progress.read_body(response))
    finally:
        with anyio.move_on_after(_CLOSE_TIMEOUT_SECONDS, shield=True):
            await response.aclose()


def _too_large_error(body: Body, max_bytes: int) -> TooLargeError:
    size = f"{max_bytes // 2**20} MiB"
    if body.is_packed:
        return TooLargeError(f"The reply is compressed, and unpacks to more than {size}.")
    return TooLargeError(f"The reply is larger than {size} and was not read.")


async def _read_error_body(response: httpx.Response, seconds: float) -> bytes:
    """Read the body of an error reply as far as it comes: without it the status tells what is meant."""
    content = bytearray()
    body = Body(response.headers.get("content-encoding", ""), max_bytes=MAX_ERROR_BYTES)
    with anyio.move_on_after(min(ERROR_BODY_SECONDS, seconds)), suppress(*_FAILURES, OversizeError):
        async for piece in body.unpack(_pieces(response)):
            content.extend(piece)
    return f"its message is compressed with {body.unknown}".encode() if body.unknown else bytes(content)


def _pieces(response: httpx.Response) -> httpx.AsyncByteStream:
    return cast("httpx.AsyncByteStream", response.stream)


def _open_transport(provider: Provider) -> httpx.AsyncBaseTransport:
    """Return a transport without connections: a stale keep-alive would leave a paid POST's outcome unknown.

    It needs no closing: each request closes its connection.
    """
    if fetch_transport.is_supported():
        return fetch_transport.FetchTransport()
    parts = urlsplit(provider.base_url)
    proxy = None if provider.is_loopback else proxy_for(parts.scheme, parts.netloc)
    tls = tls_context() if parts.scheme == "https" else None
    if proxy is None and asyncio_transport.is_supported():
        return asyncio_transport.AsyncioTransport(tls=tls)
    try:
        return httpx.AsyncHTTPTransport(verify=tls or False, proxy=proxy)
    except ImportError:
        missing = missing_package_error("socksio", "A SOCKS proxy is set, but the package for it is missing")
    except ValueError as error:  # a proxy of an unknown kind
        raise httpx.InvalidURL(str(error)) from None
    raise missing


def _describe_failure(failure: BaseException) -> str:
    """Return what failed, in our words where the library's would quote what the server sent."""
    if isinstance(failure, httpx.ConnectTimeout):
        return "connecting took too long"
    if isinstance(failure, httpx.RemoteProtocolError):
        return "the server broke off its reply, or does not speak HTTP"
    if isinstance(failure, httpx.ReadError | httpx.WriteError):  # each system has other words for it
        return _FETCH_FAILED if fetch_transport.is_supported() else "the connection broke"
    return " ".join(str(failure).split()) or "the connection broke"


_is_sending: contextvars.ContextVar[bool] = contextvars.ContextVar("gemini_nb_is_sending", default=False)
# httpcore's log records of our own calls are dropped: headers that it logs at DEBUG can echo the key.
for _name in ("connection", "http11", "proxy", "socks"):
    logging.getLogger(f"httpcore.{_name}").addFilter(lambda _record: not _is_sending.get())
