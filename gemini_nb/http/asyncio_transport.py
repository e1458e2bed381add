"""HTTP/1.1 for httpx on asyncio's own transports, which cost a large body least, one connection a request.

h11 reads and writes the messages. A body of announced length passes it by: it is handed on from the buffer
that the kernel wrote it into, and copied for the first time where it is decoded. httpx's own transport asks
for 64 KiB at a time, gets 16 KiB where TLS is, and copies each three times.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import h11
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

# Of what arrived and was not asked for; then the server has to wait. There is room for what asyncio's TLS
# holds, 256 KiB and two records: at a connection's end it hands over once, and drops the rest.
BUFFER_BYTES = 288 * 1024
LARGE_BODY_BYTES = 4 * 2**20
LARGE_BUFFER_BYTES = 2**20  # pays for a large body only: it takes longer to fill

_MAX_HEAD_BYTES = 100 * 1024
_CLOSE_TIMEOUT_SECONDS = 1.0  # for TLS's own, where a handshake is given up
_HAPPY_EYEBALLS_DELAY_SECONDS = 0.25  # RFC 8305: when IPv6 does not answer, IPv4 is tried beside it


class AsyncioTransport(httpx.AsyncBaseTransport):
    """Connects straight to a server; heeds the extensions `trace` and, of the timeouts, `connect`.

    A piece of a response's stream is valid until the next one is asked for.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        connection = await _connected(request, self._tls)
        try:
            if trace := request.extensions.get("trace"):
                await trace("http11.send_request_headers.started", {"request": request})
            answer = await connection.ask(request, content)
        except BaseException:
            await connection.aclose()
            raise
        headers = answer.headers.raw_items()
        return httpx.Response(answer.status_code, headers=headers, stream=_Body(connection))


def is_supported() -> bool:
    """Whether the running loop is asyncio's selector loop: Windows' other one goes on reading when paused."""
    try:
        return isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop)
    except RuntimeError:
        return False


class _Body(httpx.AsyncByteStream):
    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def __aiter__(self) -> AsyncIterator[bytes]:
        return cast("AsyncIterator[bytes]", self._connection.body())

    async def aclose(self) -> None:
        await self._connection.aclose()


async def _connected(request: httpx.Request, tls: ssl.SSLContext | None) -> _Connection:
    host, port = request.url.raw_host.decode("ascii"), request.url.port
    if port is None:
        port = 443 if tls else 80
    is_address = ":" in host or not host.strip("0123456789.")
    delay = None if is_address else _HAPPY_EYEBALLS_DELAY_SECONDS  # an address leaves nothing to choose from
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


class _Connection(asyncio.BufferedProtocol):
    """One connection, for one request and its answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._end = 0  # of what arrived
        self._taken = 0  # of that
        self._announced: int | None = None
        self._has_ended = False
        self._failure: Exception | None = None
        self._arrived: asyncio.Future[None] | None = None

    async def ask(self, request: httpx.Request, content: bytes) -> h11.Response:
        """Send a request and return the head of its answer.

        Nothing waits until all is sent: who refuses a request may answer before its end.
        """
        with _in_httpx_words():
            method, target, headers = request.method, request.url.raw_path, request.headers.raw
            head = self._http.send(h11.Request(method=method, target=target, headers=headers))
            body, end = self._http.send(h11.Data(content)), self._http.send(h11.EndOfMessage())
            if self._transport is not None:
                self._transport.writelines(piece for piece in (head, body, end) if piece)
            while isinstance(answer := await self._event(), h11.InformationalResponse):
                pass
        response = cast("h11.Response", answer)  # h11 raises where anything else comes first
        self._announced = _announced(response)
        return response

    async def body(self) -> AsyncIterator[bytes | memoryview]:
        """Yield the body in pieces, each a view of the buffer until the next one is asked for."""
        if self._announced is None:
            with _in_httpx_words():
                while isinstance(event := await self._event(), h11.Data):
                    yield event.data
            return
        left = self._announced
        piece: bytes | memoryview = self._http.trailing_data[0]
        while left > 0:
            if piece:
                yield piece[:left]
            left -= len(piece)
            if left > 0:
                piece = await self._take()
                if not piece:
                    raise httpx.RemoteProtocolError("the body ended early")

    async def aclose(self) -> None:
        if self._transport is not None:
            self._transport.abort()  # not close: TLS would wait for the server's farewell
        await asyncio.sleep(0)  # the loop closes the socket in its next turn

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(bytes(await self._take()))
        return event

    async def _take(self) -> memoryview:
        """Return what has arrived, once something has; nothing at the end. The next call overwrites it."""
        if self._taken == self._end:
            self._begin_anew()
        while self._taken == self._end:
            if self._failure is not None:
                raise httpx.ReadError(str(self._failure))
            if self._has_ended:
                break
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        piece = self._buffer[self._taken : self._end]
        self._taken = self._end
        return piece

    def _begin_anew(self) -> None:
        was_full = self._end == len(self._buffer)
        self._taken = self._end = 0
        if (self._announced or 0) >= LARGE_BODY_BYTES and len(self._buffer) < LARGE_BUFFER_BYTES:
            self._buffer = memoryview(bytearray(LARGE_BUFFER_BYTES))
        if was_full and self._transport is not None:
            self._transport.resume_reading()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a connection's is a Transport

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._buffer[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        self._end += nbytes
        if self._end == len(self._buffer) and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._has_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended, self._failure = True, exc
        self._transport = None  # TLS's knows us too: the buffers would wait for the garbage collector
        self._wake()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)


def _announced(answer: h11.Response) -> int | None:
    """Return the length of a body that is sent as it is, or None where h11 has to say where it ends."""
    headers = dict(answer.headers)
    if b"transfer-encoding" in headers or answer.status_code in (204, 304):
        return None
    return int(headers[b"content-length"]) if b"content-length" in headers else None


@contextmanager
def _in_httpx_words() -> Iterator[None]:
    try:
        yield
    except h11.LocalProtocolError as failure:
        raise httpx.LocalProtocolError(str(failure)) from failure
    except h11.RemoteProtocolError as failure:
        raise httpx.RemoteProtocolError(str(failure)) from failure
