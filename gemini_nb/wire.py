"""Connections for httpx on asyncio's own transports, which cost a large body least.

httpx's default asks for 64 KiB at a time, gets 16 KiB where TLS is, and has the socket watched anew for each:
a picture of 20 MB takes it a thousand turns of the loop. Here what has arrived is handed on as it is.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

MAX_WAITING_BYTES = 2**20  # of what arrived and was not asked for; then the server has to wait

FAILURES = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)

_EYEBALLS_SECONDS = 0.25  # RFC 8305: when IPv6 does not answer, IPv4 is tried beside it


class WireTransport(httpx.AsyncBaseTransport):
    """Connects straight to a server; fails with httpcore's `FAILURES` where httpx would with its own."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._pool = httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=_Backend())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        await self._answer.aclose()


class _Backend(httpcore.AnyIOBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's, as those below
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = _own_loop()
        if loop is None:
            return await super().connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            async with asyncio.timeout(timeout):
                _, inbox = await loop.create_connection(
                    _Inbox, host, port, happy_eyeballs_delay=_EYEBALLS_SECONDS
                )
        except TimeoutError as failure:
            raise httpcore.ConnectTimeout(str(failure)) from failure
        except OSError as failure:
            raise httpcore.ConnectError(str(failure)) from failure
        return _Stream(inbox)


def _own_loop() -> asyncio.BaseEventLoop | None:
    """Return the running loop if it is asyncio's own: uvloop's takes no delay, and trio has another."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop if isinstance(loop, asyncio.BaseEventLoop) else None


class _Inbox(asyncio.Protocol):
    """What has arrived on a connection and was not read yet."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._has_ended = False
        self._failure: Exception | None = None
        self._arrived: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a connection's is a Transport

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.transport.pause_reading()
        _wake(self._arrived)

    def eof_received(self) -> bool:
        self._has_ended = True
        _wake(self._arrived)
        return self.transport.get_extra_info("ssl_object") is None  # TLS knows no half of a connection

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended, self._failure = True, exc
        _wake(self._arrived)
        _wake(self._writable)

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        _wake(self._writable)
        self._writable = None

    async def take(self) -> bytes:
        """Return the next piece, as soon as there is one; nothing at the end."""
        while not self._pieces:
            if self._failure is not None:
                raise httpcore.ReadError(str(self._failure))
            if self._has_ended:
                return b""
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived
        piece = self._pieces.popleft()
        was_paused = self._waiting_bytes > MAX_WAITING_BYTES
        self._waiting_bytes -= len(piece)
        if was_paused and self._waiting_bytes <= MAX_WAITING_BYTES:
            self.transport.resume_reading()
        return piece

    async def send(self, data: bytes) -> None:
        """Send, and wait until most of it is on its way."""
        if not self.transport.is_closing():
            self.transport.write(data)
            if self._writable is not None:
                await self._writable
        if self.transport.is_closing():
            raise httpcore.WriteError(str(self._failure or "the connection is closed"))


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, inbox: _Inbox) -> None:
        self._inbox = inbox

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109
        """Return what has arrived, which may be more than `max_bytes`."""
        try:
            async with asyncio.timeout(timeout):
                return await self._inbox.take()
        except TimeoutError as failure:
            raise httpcore.ReadTimeout(str(failure)) from failure

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        try:
            async with asyncio.timeout(timeout):
                await self._inbox.send(buffer)
        except TimeoutError as failure:
            raise httpcore.WriteTimeout(str(failure)) from failure

    async def aclose(self) -> None:
        self._inbox.transport.abort()  # not close: TLS would wait for the server's farewell
        await asyncio.sleep(0)  # the loop closes the socket in its next turn

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        inbox = self._inbox
        try:
            async with asyncio.timeout(timeout):
                transport = await asyncio.get_running_loop().start_tls(
                    inbox.transport,
                    inbox,
                    ssl_context,
                    server_hostname=server_hostname,
                )
        except TimeoutError as failure:
            raise httpcore.ConnectTimeout(str(failure)) from failure
        except (OSError, ssl.CertificateError) as failure:
            raise httpcore.ConnectError(str(failure)) from failure
        if transport is None:
            raise httpcore.ConnectError("the connection was closed")
        inbox.transport = transport
        return _Stream(inbox)

    def get_extra_info(self, info: str) -> Any:
        return self._inbox.transport.get_extra_info(info)
