"""Download of hosted pictures from links that a model wrote, without trusting what it wrote.

Each step of a link is checked (`link_policy`), connected to at the very address that was checked
(`link_connect`) and read here. No key, cookie or referrer is sent along.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

import anyio
import httpx

from gemini_nb.errors import TooLargeError
from gemini_nb.http.link_connect import prepare_requests, resolve
from gemini_nb.http.link_policy import STRICT, LinkPolicy, LinkStep, format_link, origin

if TYPE_CHECKING:
    from gemini_nb.http.link_connect import Resolver

__all__ = ["fetch", "origin"]

MAX_IMAGE_BYTES = 32 * 1024 * 1024
MAX_REDIRECTS = 3

HostedImage = tuple[bytes, str | None]  # its bytes, and the content type that its server declared


async def fetch(
    url: str,
    *,
    trusted_origin: str | None = None,
    deadline: float,
    transport: httpx.AsyncBaseTransport | None = None,
    resolver: Resolver = resolve,
    policy: LinkPolicy = STRICT,
) -> HostedImage:
    """Fetch a hosted picture: its bytes, and the content type that its server declared.

    `deadline` is in `anyio.current_time()`. `trusted_origin` is the origin of a loopback
    base URL, the one place where plain http and a loopback address are allowed; with `transport`,
    its links are answered in process. Only tests give another `resolver` and `policy`.

    Raises LinkRefusedError before anything is sent, LinkFailedError, or TooLargeError past 32 MiB.
    """
    step = LinkStep(url, url, origin(trusted_origin) if trusted_origin else None, policy)
    with anyio.CancelScope(deadline=deadline):
        for _ in range(MAX_REDIRECTS + 1):
            sender, requests = await prepare_requests(step, transport=transport, resolver=resolver)
            image = await _send_in_turn(step, sender, requests)
            if not isinstance(image, str):
                return image
            step = step.next(image)
        raise step.refused_error(f"it redirects more than {MAX_REDIRECTS} times")
    raise step.failed_error("it did not come in time")


async def _send_in_turn(
    step: LinkStep, transport: httpx.AsyncBaseTransport, requests: list[httpx.Request]
) -> HostedImage | str:
    """Return the picture, or where a redirect leads; go on to the next address where one is not reached."""
    reason = ""
    for request in requests:
        try:
            response = await transport.handle_async_request(request)
            try:
                return await _read(step, response)
            finally:
                await response.aclose()
        except (httpx.HTTPError, OSError) as error:
            reason = _describe_failure(error)
            if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                break
    raise step.failed_error(reason)


async def _read(step: LinkStep, response: httpx.Response) -> HostedImage | str:
    headers = response.headers
    if response.has_redirect_location:
        return str(headers["location"])
    if response.status_code != 200:
        raise step.failed_error(f"its server answered {response.status_code}")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise step.failed_error("its server sent it compressed, which was not asked for")
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_IMAGE_BYTES:
        raise _too_large_error(step)
    picture = io.BytesIO()
    # The stream itself: a transport in process may give a response whose content is there already.
    async for piece in cast("httpx.AsyncByteStream", response.stream):
        if picture.tell() + len(piece) > MAX_IMAGE_BYTES:
            raise _too_large_error(step)
        picture.write(piece)
    return picture.getvalue(), headers.get("content-type")


def _too_large_error(step: LinkStep) -> TooLargeError:
    return TooLargeError(f"The picture behind the link is larger than 32 MiB.\n{format_link(step.url)}")


def _describe_failure(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "its server did not answer in time"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its server's certificate does not prove its name"
    if isinstance(error, httpx.ConnectError):
        return "its server could not be reached"
    return "its server's answer broke off or could not be read"
