"""The httpx transport that answers from the offline provider, inside the process and without a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
import httpx

from gemini_nb.offline.provider import OfflineGateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gemini_nb.offline.responses import Response

_PIECE_BYTES = 256 * 1024


class OfflineTransport(httpx.AsyncBaseTransport):
    """Answers httpx requests from an `OfflineGateway`, painting in a worker thread.

    A cancelled request leaves its painting behind at once; the thread finishes it and drops it.
    """

    def __init__(self, gateway: OfflineGateway | None = None) -> None:
        self._gateway = gateway or OfflineGateway()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; links to hosted pictures lead to the request's own origin."""
        body = await request.aread()

        def answer() -> Response:
            """Call the gateway; painting takes up to seconds, so a worker thread does it."""
            return self._gateway.answer(
                request.method,
                request.url.path,
                dict(request.url.params),
                body,
                origin=f"{request.url.scheme}://{request.url.netloc.decode('ascii')}",
            )

        response = await anyio.to_thread.run_sync(answer, abandon_on_cancel=True)
        return httpx.Response(response.status, headers=response.headers, stream=_Pieces(response.body))


class _Pieces(httpx.AsyncByteStream):
    """A body in the pieces a network would bring it in, so that readers meet both the same way."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), _PIECE_BYTES):
            yield self._body[start : start + _PIECE_BYTES]
