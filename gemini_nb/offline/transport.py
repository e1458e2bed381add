"""The offline provider inside the process: an httpx transport that opens no connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread
import httpx

from gemini_nb.offline.provider import Answer, OfflineGateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PIECE_BYTES = 256 * 1024


class OfflineTransport(httpx.AsyncBaseTransport):
    """Answers httpx requests from an `OfflineGateway`, painting in a worker thread.

    A cancelled request leaves its painting behind at once; the thread finishes it and drops it.
    """

    def __init__(self, gateway: OfflineGateway | None = None) -> None:
        self._gateway = gateway or OfflineGateway()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()

        def answer() -> Answer:
            return self._gateway.answer(
                request.method,
                request.url.path,
                dict(request.headers),
                dict(request.url.params),
                body,
                origin=f"{request.url.scheme}://{request.url.netloc.decode('ascii')}",
            )

        answered = await anyio.to_thread.run_sync(answer, abandon_on_cancel=True)
        return httpx.Response(answered.status, headers=answered.headers, stream=_Pieces(answered.body))


class _Pieces(httpx.AsyncByteStream):
    """A body in the pieces a network would bring it in, so that readers meet both the same way."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), _PIECE_BYTES):
            yield self._body[start : start + _PIECE_BYTES]
