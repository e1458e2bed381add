"""How a judged link is reached: its name looked up once, and the connection made to that answer.

TLS still asks for the name, through httpcore's `sni_hostname`. A proxy would look the name up
again, so one is used only where that is allowed.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from gemini_nb.http.addresses import read_address
from gemini_nb.http.environment import proxy_for, tls_context
from gemini_nb.http.link_policy import host, port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from gemini_nb.http.addresses import IPAddress
    from gemini_nb.http.link_policy import LinkStep

    Resolver = Callable[[str, int], Awaitable[list[str]]]

MAX_ADDRESSES = 4
# Below any deadline, so that one dead address or one silent server does not use all of it up.
TIMEOUT_SECONDS = {"connect": 10.0, "read": 30.0, "write": 10.0, "pool": 10.0}

_HEADERS = {
    "User-Agent": "gemini-nb",
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


async def resolve(name: str, number: int) -> list[str]:
    """Look a name up in a thread that is left behind when the deadline comes first.

    It is a daemon: a name that DNS stalls on would hold up the end of the process in a pool's thread.
    """
    found: Future[list[str]] = Future()
    found.set_running_or_notify_cancel()
    threading.Thread(target=_look_up, args=(found, name, number), daemon=True).start()
    return await asyncio.wrap_future(found)


def _look_up(found: Future[list[str]], name: str, number: int) -> None:
    try:
        answers = socket.getaddrinfo(name, number, type=socket.SOCK_STREAM)
        found.set_result([str(answer[4][0]) for answer in answers])
    except Exception as error:  # noqa: BLE001 - it is raised again where the answer is awaited
        found.set_exception(error)


@dataclass(frozen=True)
class LinkConnection:
    """Requests to try in turn, and the transport for them. Each closes its connection, so it needs no end."""

    transport: httpx.AsyncBaseTransport
    requests: tuple[httpx.Request, ...]

    @asynccontextmanager
    async def answer(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """Send one of the requests, and close the answer whatever happens."""
        response = await self.transport.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()


async def find_route(
    hop: LinkStep, *, transport: httpx.AsyncBaseTransport | None, allow_proxy: bool, resolver: Resolver
) -> LinkConnection:
    """Judge a hop, look its host up, judge the answers, and prepare the requests to them."""
    url = hop.judged()
    if hop.is_trusted and transport is not None:
        return LinkConnection(transport, (_request(url),))
    proxy = None if hop.is_trusted else proxy_for(url.scheme, url.netloc.decode("ascii"))
    if proxy and not allow_proxy:
        raise hop.refused(
            "a proxy is set in the environment, and would look its name up again, unchecked",
            hint="The reply was billed and is kept. Add the link's host to NO_PROXY to fetch it directly.",
        )
    if proxy:
        return LinkConnection(_transport(hop, proxy), (_request(url),))
    addresses = await _addresses(hop, url, resolver)
    return LinkConnection(
        _transport(hop), tuple(_request(url, address) for address in addresses[:MAX_ADDRESSES])
    )


async def _addresses(hop: LinkStep, url: httpx.URL, resolver: Resolver) -> list[IPAddress]:
    name = host(url)
    answers = [name] if read_address(name) else await _answers(hop, url, resolver)
    addresses = [read_address(answer) for answer in dict.fromkeys(answers)]
    known = [address for address in addresses if address is not None]
    if not known or len(known) < len(addresses):
        raise hop.failed("its host name has no address")
    hop.judge_addresses(known)
    return known


async def _answers(hop: LinkStep, url: httpx.URL, resolver: Resolver) -> list[str]:
    try:
        return await resolver(host(url), port(url))
    except OSError:
        pass
    raise hop.failed("its host name could not be looked up")


def _transport(hop: LinkStep, proxy: str | None = None) -> httpx.AsyncBaseTransport:
    try:
        return httpx.AsyncHTTPTransport(verify=tls_context(), proxy=proxy)
    except OSError:  # ssl.SSLError is one
        reason = "SSL_CERT_FILE or SSL_CERT_DIR holds no certificates"
    except (httpx.InvalidURL, ValueError, ImportError):  # ImportError: SOCKS without socksio
        reason = "the proxy that is set in the environment cannot be used"
    raise hop.failed(reason)


def _request(url: httpx.URL, address: IPAddress | None = None) -> httpx.Request:
    """Build the GET for `url`, to be sent to `address`."""
    return httpx.Request(
        "GET",
        url.copy_with(host=str(address) if address else host(url), fragment=None),
        headers={"Host": url.netloc.decode("ascii"), **_HEADERS},
        extensions={"timeout": TIMEOUT_SECONDS, "sni_hostname": host(url)},
    )
