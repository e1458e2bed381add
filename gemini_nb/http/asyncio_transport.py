"""HTTP/1.1 transport for httpx on asyncio's own transports: no copies of large bodies, no connection pool.

h11 reads and writes the messages. A body of announced length does not go through h11: it is handed on as
views of the buffer that the socket is read into, and copied for the first time where it is decoded. httpx's
own transport asks for 64 KiB at a time, gets 16 KiB over TLS, and copies each three times.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

import h11
import httpx

from gemini_nb.event_loop import is_asyncio

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

# Backpressure: once so many bytes wait to be taken, the server has to wait. There is room for what asyncio's
# TLS holds, 256 KiB and two records: at a connection's end it hands over once, and drops the rest.
BUFFER_BYTES = 288 * 1024
LARGE_BODY_BYTES = 4 * 2**20
LARGE_BUFFER_BYTES = 2**20  # worth its allocation for a large body only

SURPLUS_SECONDS = 0.5
MAX_SURPLUS_BYTES = 2**20

_MAX_HEAD_BYTES = 100 * 1024
_CLOSE_TIMEOUT_SECONDS = 1.0  # for TLS's closing handshake
_HAPPY_EYEBALLS_DELAY_SECONDS = 0.25  # RFC 8305: then IPv4 is tried beside IPv6


class AsyncioTransport(httpx.AsyncBaseTransport):
    """Sends requests straight to their servers; no proxies. One instance serves any number of requests.

    Of httpx's extensions `trace` and, of the timeouts, `connect` are honoured. A piece of a response's stream
    is a view that the next piece overwrites. A response's extension `read_surplus` returns what the server
    sent behind the length that it announced.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Connect, send the request, and return the response once its head is there; raise httpx's errors."""
        content = await request.aread()
        connection = await _connect(request, self._tls)
        try:
            if trace := request.extensions.get("trace"):
                await trace("http11.send_request_headers.started", {"request": request})
            head = await connection.send_request(request, content)
        except BaseException:
            await connection.aclose()
            raise
        return httpx.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=connection,
            extensions={"read_surplus": connection.read_surplus},
        )


def is_supported() -> bool:
    """Return whether asyncio's selector loop runs: Windows' proactor loop goes on reading when paused."""
    return is_asyncio() and isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop)


async def _connect(request: httpx.Request, tls: ssl.SSLContext | None) -> _Connection:
    host, port = request.url.raw_host.decode("ascii"), request.url.port
    if port is None:
        port = 443 if tls else 80
    is_address = ":" in host or not host.strip("0123456789.")
    delay = None if is_address else _HAPPY_EYEBALLS_DELAY_SECONDS
    try:
        async with asyncio.timeout(request.extensions.get("timeout", {}).get("connect")):
            _, connection = await asyncio.get_running_loop().create_connection(
                _Connection,
                host,
                port,
                ssl=tls,
                ssl_shutdown_timeout=_CLOSE_TIMEOUT_SECONDS if tls else None,
                happy_eyeballs_delay=delay,
            )
    except TimeoutError as failure:
        raise httpx.ConnectTimeout(str(failure)) from failure
    except OSError as failure:
        raise httpx.ConnectError(str(failure)) from failure
    return connection


class _Connection(asyncio.BufferedProtocol, httpx.AsyncByteStream):
    """One connection, for one request and its response, of which it is the stream."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._start = self._end = 0  # of what arrived and was not taken yet
        self._length: int | None = None  # of the body, where it is announced
        self._surplus = b""
        self._has_ended = False
        self._failure: Exception | None = None
        self._arrival: asyncio.Future[None] | None = None

    async def send_request(self, request: httpx.Request, content: bytes) -> h11.Response:
        """Send a request and return the head of its response.

        It does not wait until all is sent: a server that refuses a request may answer before its end.
        """
        with _as_httpx_errors():
            method, target, headers = request.method, request.url.raw_path, request.headers.raw
            head = self._http.send(h11.Request(method=method, target=target, headers=headers))
            body, end = self._http.send(h11.Data(content)), self._http.send(h11.EndOfMessage())
            if self._transport is not None:
                self._transport.writelines(piece for piece in (head, body, end) if piece)
            while isinstance(event := await self._next_event(), h11.InformationalResponse):
                pass
        response = cast("h11.Response", event)  # h11 raises where anything else comes first
        self._length = _body_length(response)
        return response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return cast("AsyncIterator[bytes]", self._body())

    async def _body(self) -> AsyncIterator[bytes | memoryview]:
        """Yield the body in pieces, each a view of the buffer that the next one overwrites."""
        if self._length is None:
            with _as_httpx_errors():
                while isinstance(event := await self._next_event(), h11.Data):
                    yield event.data
            return
        left = self._length
        piece: bytes | memoryview = self._http.trailing_data[0]
        while left > 0:
            if piece:
                yield piece[:left]
            left -= len(piece)
            if left > 0:
                piece = await self._read()
                if not piece:
                    raise httpx.RemoteProtocolError("the body ended early")
        self._surplus = bytes(piece[len(piece) + left :] if self._length else piece)

    async def read_surplus(self) -> bytes:
        """Return what follows the announced length, until the connection ends or is silent for a moment."""
        surplus = bytearray(self._surplus)
        if surplus or (self._length is not None and self._start < self._end):
            with suppress(httpx.HTTPError, TimeoutError):
                async with asyncio.timeout(SURPLUS_SECONDS):
                    while len(surplus) < MAX_SURPLUS_BYTES and (piece := await self._read()):
                        surplus += piece
        return bytes(surplus)

    async def aclose(self) -> None:
        """Close the connection at once, whatever is under way, and whether or not the body was read."""
        if self._transport is not None:
            self._transport.abort()  # not close: TLS would wait for the server's close_notify
        await asyncio.sleep(0)  # the loop closes the socket in its next turn

    async def _next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(bytes(await self._read()))
        return event

    async def _read(self) -> memoryview:
        """Wait for bytes and return a view of them, empty at the end. The next call overwrites it."""
        if self._start == self._end:
            self._reset_buffer()
        while self._start == self._end:
            if self._failure is not None:
                raise httpx.ReadError(str(self._failure))
            if self._has_ended:
                break
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        piece = self._buffer[self._start : self._end]
        self._start = self._end
        return piece

    def _reset_buffer(self) -> None:
        was_full = self._end == len(self._buffer)
        self._start = self._end = 0
        if (self._length or 0) >= LARGE_BODY_BYTES and len(self._buffer) < LARGE_BUFFER_BYTES:
            self._buffer = memoryview(bytearray(LARGE_BUFFER_BYTES))
        if was_full and self._transport is not None:
            self._transport.resume_reading()

    # asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a connection's is a Transport

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return the free rest of the buffer; reading is paused while there is none."""
        return self._buffer[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        """Count in what was read; pause reading when the buffer is full."""
        self._end += nbytes
        if self._end == len(self._buffer) and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._has_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended, self._failure = True, exc
        # A reference cycle with TLS's would keep the buffers until garbage is collected.
        self._transport = None
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)


def _body_length(response: h11.Response) -> int | None:
    """Return the length of a body that is sent as it is, or None where h11 has to find its end."""
    headers = dict(response.headers)
    if b"transfer-encoding" in headers or response.status_code in (204, 304):
        return None
    return int(headers[b"content-length"]) if b"content-length" in headers else None


@contextmanager
def _as_httpx_errors() -> Iterator[None]:
    try:
        yield
    except h11.LocalProtocolError as failure:
        raise httpx.LocalProtocolError(str(failure)) from failure
    except h11.RemoteProtocolError as failure:
        raise httpx.RemoteProtocolError(str(failure)) from failure
