"""Hosted image links: fetching a picture from where a model's text says, without trusting the text.

Each hop is judged (`link_guard`), reached at the very address that was judged (`link_routes`) and
read here. Nothing of ours travels along: no key, no cookie, no referrer.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

import anyio
import httpx

from gemini_nb.errors import TooLargeError
from gemini_nb.http.link_connect import find_route, resolve
from gemini_nb.http.link_policy import STRICT, LinkPolicy, LinkStep, origin, shown

if TYPE_CHECKING:
    from gemini_nb.http.link_connect import LinkConnection, Resolver

__all__ = ["fetch", "origin"]

MAX_IMAGE_BYTES = 32 * 1024 * 1024
MAX_REDIRECTS = 3

Answer = tuple[bytes, str | None]


async def fetch(
    url: str,
    *,
    trusted_origin: str | None = None,
    deadline: float,
    transport: httpx.AsyncBaseTransport | None = None,
    allow_proxy: bool = False,
    resolver: Resolver = resolve,
    guard: LinkPolicy = STRICT,
) -> tuple[bytes, str | None]:
    """Fetch a hosted picture: its bytes, and the content type that its server declared.

    `deadline` is an instant of `anyio.current_time()`. `trusted_origin` is the origin of a loopback
    base URL, the one place where plain http and a loopback address are allowed; with `transport`,
    its links are answered in process. `allow_proxy` lets the environment's proxy look names up.
    `resolver` and `guard` are what a test changes; nothing else loosens them.

    Raises LinkRefusedError before anything is sent, LinkFailedError, or TooLargeError past 32 MiB.
    """
    hop = LinkStep(url, url, origin(trusted_origin) if trusted_origin else None, guard)
    with anyio.CancelScope(deadline=deadline):
        for _ in range(MAX_REDIRECTS + 1):
            route = await find_route(hop, transport=transport, allow_proxy=allow_proxy, resolver=resolver)
            answer = await _ask(hop, route)
            if not isinstance(answer, str):
                return answer
            hop = hop.next(answer)
        raise hop.refused(f"it redirects more than {MAX_REDIRECTS} times")
    raise hop.failed("it did not come in time")


async def _ask(hop: LinkStep, route: LinkConnection) -> Answer | str:
    """Return the picture, or where a redirect leads; an address that cannot be reached gives way."""
    reason = ""
    for request in route.requests:
        try:
            async with route.answer(request) as response:
                return await _read(hop, response)
        except (httpx.HTTPError, OSError) as error:
            reason = _reason(error)
            if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                break
    raise hop.failed(reason)


async def _read(hop: LinkStep, response: httpx.Response) -> Answer | str:
    headers = response.headers
    if response.has_redirect_location:
        return str(headers["location"])
    if response.status_code != 200:
        raise hop.failed(f"its server answered {response.status_code}")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise hop.failed("its server sent it compressed, which was not asked for")
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_IMAGE_BYTES:
        raise _too_large(hop)
    picture = io.BytesIO()
    # The stream itself: a transport in process may give a response whose content is there already.
    async for piece in cast("httpx.AsyncByteStream", response.stream):
        if picture.tell() + len(piece) > MAX_IMAGE_BYTES:
            raise _too_large(hop)
        picture.write(piece)
    return picture.getvalue(), headers.get("content-type")


def _too_large(hop: LinkStep) -> TooLargeError:
    return TooLargeError(f"The picture behind the link is larger than 32 MiB.\n{shown(hop.url)}")


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "its server did not answer in time"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its server's certificate does not prove its name"
    if isinstance(error, httpx.ConnectError):
        return "its server could not be reached"
    return "its server's answer broke off or could not be read"
