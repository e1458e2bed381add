"""Download of hosted pictures from links that a model wrote, without trusting what it wrote.

Each step of a link is checked (`link_policy`), connected to at the very address that was checked
(`link_connect`) and read here. No key, cookie or referrer is sent along. A picture made just now is asked for
again where it is not there yet: gateways hand out links before their storage has the picture.
"""

from __future__ import annotations

import io
import math
import random
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

import anyio
import httpx

from gemini_nb.errors import GeminiError, LinkFailedError, TooLargeError
from gemini_nb.http.content_coding import Body, OversizeError, UnpackError, content_length, is_picture
from gemini_nb.http.link_connect import prepare_requests, resolve
from gemini_nb.http.link_policy import STRICT, LinkPolicy, LinkStep, format_link, origin

if TYPE_CHECKING:
    from gemini_nb.http.link_connect import Resolver

MAX_IMAGE_BYTES = 32 * 1024 * 1024
MAX_REDIRECTS = 3
# Before the next try for a picture that is not there yet, plus up to half as long at random: 24 s at most.
PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)

HostedImage = tuple[bytes, str | None]  # its bytes, and the content type that its server declared

_NOT_THERE_YET = (404, 408, 425, 429)  # and 5xx


async def fetch(
    url: str,
    *,
    trusted_origin: str | None = None,
    deadline: float,
    transport: httpx.AsyncBaseTransport | None = None,
    is_new: bool = False,
    resolver: Resolver = resolve,
    policy: LinkPolicy = STRICT,
) -> HostedImage:
    """Fetch a hosted picture: its bytes, and the content type that its server declared.

    `deadline` is in `anyio.current_time()`. `trusted_origin` is the origin of a loopback
    base URL, the one place where plain http and a loopback address are allowed; with `transport`,
    its links are answered in process. `is_new` is for a picture that was made just now: a server that does
    not have it yet is asked again, with backoff. Only tests give another `resolver` and `policy`.

    Raises LinkRefusedError before anything is sent, LinkFailedError, or TooLargeError past 32 MiB.
    """
    step = LinkStep(url, url, origin(trusted_origin) if trusted_origin else None, policy)
    with anyio.CancelScope(deadline=deadline):
        for pause in (*(PAUSES_SECONDS if is_new else ()), math.inf):
            outcome = await _follow(step, transport=transport, resolver=resolver)
            if not isinstance(outcome, LinkFailedError):
                return outcome
            pause *= random.uniform(1.0, 1.5)  # noqa: PLW2901, S311 - jitter is no secret
            if pause >= deadline - anyio.current_time():
                raise outcome
            await anyio.sleep(pause)
    raise step.failed_error("it did not arrive in time")


async def _follow(
    step: LinkStep, *, transport: httpx.AsyncBaseTransport | None, resolver: Resolver
) -> HostedImage | LinkFailedError:
    """Return the picture behind a link and its redirects, or the error where it may be there in a moment."""
    for _ in range(MAX_REDIRECTS + 1):
        sender, requests = await prepare_requests(step, transport=transport, resolver=resolver)
        outcome = await _send_in_turn(step, sender, requests)
        if not isinstance(outcome, str):
            return outcome
        step = step.next(outcome)
    raise step.refused_error(f"it redirects more than {MAX_REDIRECTS} times")


async def _send_in_turn(
    step: LinkStep, transport: httpx.AsyncBaseTransport, requests: list[httpx.Request]
) -> HostedImage | LinkFailedError | str:
    """Return the picture, the error where it may be there in a moment, or where a redirect leads.

    An address that is not reached is followed by the next one.
    """
    reason = ""
    for request in requests:
        try:
            async with aclosing(await transport.handle_async_request(request)) as response:
                return await _read(step, response)
        except (httpx.HTTPError, OSError) as error:
            reason = _describe_failure(error)
            if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                break
    raise step.failed_error(reason)


async def _read(step: LinkStep, response: httpx.Response) -> HostedImage | LinkFailedError | str:
    headers, status = response.headers, response.status_code
    if response.has_redirect_location:
        return str(headers["location"])
    if status in _NOT_THERE_YET or status >= 500:
        return step.failed_error(f"its server answered {status}")
    if status != 200:
        raise step.failed_error(f"its server answered {status}")
    body = Body(headers.get("content-encoding", ""), max_bytes=MAX_IMAGE_BYTES)
    if content_length(headers) > MAX_IMAGE_BYTES:
        raise _too_large_error(step)
    picture = io.BytesIO()
    problem: GeminiError | None = None
    try:
        # The stream itself: a transport in process may give a response whose content is there already.
        async for piece in body.unpack(cast("httpx.AsyncByteStream", response.stream)):
            picture.write(piece)
    except OversizeError:
        problem = _too_large_error(step)
    except UnpackError as error:
        problem = step.failed_error(f"{error}", received=body.packed)
    if problem is not None:
        raise problem
    data = picture.getvalue()
    if body.unknown and not is_picture(data):
        reason = f"its server sent it compressed with {body.unknown}, which was not requested"
        raise step.failed_error(reason, received=data)
    return data, headers.get("content-type")


def _too_large_error(step: LinkStep) -> TooLargeError:
    return TooLargeError(f"The picture behind the link is larger than 32 MiB.\n{format_link(step.url)}")


def _describe_failure(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "its server did not answer in time"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its server's certificate is not valid for its name"
    if isinstance(error, httpx.ConnectError):
        return "its server could not be reached"
    return "its server's answer was cut off or could not be read"
