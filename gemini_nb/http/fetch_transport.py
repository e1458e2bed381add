"""HTTP transport for httpx on a browser's `fetch`, where Python has no sockets (Pyodide).

A page asks a server of another origin for leave before it sends its request (CORS), so only the headers that
Google's API admits are sent. What failed is not said to a page: name lookup, TLS, a refusal by CORS before
anything was sent, and a connection that broke afterwards all look alike. A fetch that failed is therefore of
unknown outcome.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Any other header, User-Agent among them, makes Google answer the preflight with 403 (js-genai#1723).
SENT_HEADERS = ("authorization", "content-type", "x-goog-api-client", "x-goog-api-key")

# The browser has unpacked the body, whose length was that of the packed one.
_DROPPED_HEADERS = ("content-encoding", "content-length")


def is_supported() -> bool:
    """Return whether this is a browser, where there is no other way to send anything."""
    return sys.platform == "emscripten"


class FetchTransport(httpx.AsyncBaseTransport):
    """Sends requests with `fetch`: no cookies, no cache, no referrer, and no redirect is followed.

    Of httpx's extensions `trace` is honoured. Cancelling a request aborts it, and so closes its connection.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, and return the response once its head is there; raise httpx's ReadError."""
        import js  # noqa: PLC0415 - there in a browser only
        from pyodide.ffi import JsException, to_js  # noqa: PLC0415

        content = await request.aread()
        if trace := request.extensions.get("trace"):
            await trace("http11.send_request_headers.started", {"request": request})
        control = js.AbortController.new()
        options: dict[str, Any] = {
            "method": request.method,
            "headers": {name: request.headers[name] for name in SENT_HEADERS if name in request.headers},
            "credentials": "omit",
            "redirect": "error",
            "referrerPolicy": "no-referrer",
            "cache": "no-store",
            "signal": control.signal,
        }
        if content:  # a GET may have none, not even an empty one
            options["body"] = content
        try:
            answer = await js.fetch(str(request.url), to_js(options, dict_converter=js.Object.fromEntries))
        except JsException as failure:
            raise httpx.ReadError(str(failure)) from None
        except BaseException:
            control.abort()
            raise
        headers = [(name, value) for name, value in answer.headers.entries() if name not in _DROPPED_HEADERS]
        return httpx.Response(answer.status, headers=headers, stream=_Body(answer.body, control))


class _Body(httpx.AsyncByteStream):
    """The body of a response, in the pieces that the browser hands over."""

    def __init__(self, stream: Any, control: Any) -> None:
        self._reader = stream.getReader() if stream else None  # a reply to HEAD has none
        self._control = control

    async def __aiter__(self) -> AsyncIterator[bytes]:
        from pyodide.ffi import JsException  # noqa: PLC0415 - there in a browser only

        while self._reader is not None:
            try:
                piece = await self._reader.read()
            except JsException as failure:
                raise httpx.ReadError(str(failure)) from None
            if piece.done:
                return
            yield piece.value.to_bytes()

    async def aclose(self) -> None:
        self._control.abort()
