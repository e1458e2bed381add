"""The httpx transports that answer from the offline provider, inside the process and without a connection."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio
import httpx

from gemini_nb.event_loop import run_in_thread
from gemini_nb.offline.in_page import find_listener
from gemini_nb.offline.provider import OfflineGateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gemini_nb.offline.in_page import PageListener
    from gemini_nb.offline.responses import Response


class OfflineTransport(httpx.AsyncBaseTransport):
    """Answers httpx requests from an `OfflineGateway`, painting in a worker thread.

    A cancelled request leaves its painting behind at once; the thread finishes it and drops it.
    """

    def __init__(self, gateway: OfflineGateway | None = None) -> None:
        self._gateway = gateway or OfflineGateway()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; links to hosted pictures lead to the request's own origin."""
        answer = partial(
            self._gateway.answer,
            request.method,
            request.url.path,
            dict(request.url.params),
            await request.aread(),
            origin=f"{request.url.scheme}://{request.url.netloc.decode('ascii')}",
            headers=request.headers,
        )
        response = await run_in_thread(answer, abandon_on_cancel=True)
        return httpx.Response(response.status, headers=response.headers, stream=_Delivery(response))


class PageTransport(httpx.AsyncBaseTransport):
    """Carries httpx requests to a `PageListener`, as a connection to a server would.

    Of httpx's extensions `trace` is honoured: a request that has come here has left.
    """

    def __init__(self, listener: PageListener) -> None:
        self._listener = listener

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request after the listener's delay; its body may break off."""
        from gemini_nb.offline.http_server import respond  # noqa: PLC0415 - loads http.server

        body, listener = await request.aread(), self._listener
        if trace := request.extensions.get("trace"):
            await trace("http11.send_request_headers.started", {"request": request})
        listener.posts += request.method == "POST"

        answer = partial(
            respond,
            request.method,
            request.url.raw_path.decode("ascii"),
            request.headers,
            body,
            gateway=listener.gateway,
            origin=listener.origin,
            dialect=listener.dialect,
        )
        response = await run_in_thread(answer)
        await anyio.sleep(listener.delay)
        if response.delivery == "unanswered":
            raise httpx.ReadError("the connection was reset before an answer")
        return httpx.Response(response.status, headers=response.headers, stream=_Delivery(response))


def find_page_transport(origin: str) -> PageTransport | None:
    """Return what carries requests to the open `PageListener` of an origin; None where there is none."""
    listener = find_listener(origin)
    return PageTransport(listener) if listener else None


class _Delivery(httpx.AsyncByteStream):
    """A body in the pieces of a network, so that readers meet both the same way; it may break off."""

    def __init__(self, response: Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        response = self._response
        is_whole = response.delivery == "whole"
        left = response.length if is_whole else response.length // 2
        for piece in response.pieces():
            if left > 0:
                yield piece[:left]
            left -= len(piece)
        if response.delivery in ("stall", "drip"):  # a drip comes to no end that anybody waits for
            await anyio.sleep_forever()
        if not is_whole:
            raise httpx.ReadError("the body ended early")
