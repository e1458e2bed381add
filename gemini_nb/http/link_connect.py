"""Connections for hosted links: a host name is looked up once, and its checked address is connected to.

TLS still verifies the name, through httpcore's `sni_hostname`. A proxy would look the name up again,
unchecked, so a link is refused where one is set.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx

from gemini_nb.event_loop import call_in_daemon_thread
from gemini_nb.http import fetch_transport
from gemini_nb.http.addresses import read_address
from gemini_nb.http.environment import proxy_for, tls_context
from gemini_nb.http.link_policy import host, port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
    """Look up a host name for a port, in a thread that is left behind when the deadline comes first.

    It is a daemon thread: in a pool's, a name that DNS stalls on would hold up the end of the process.
    """
    lookup = call_in_daemon_thread(socket.getaddrinfo, name, number, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in await asyncio.wrap_future(lookup)]


async def prepare_requests(
    step: LinkStep, *, transport: httpx.AsyncBaseTransport | None, resolver: Resolver
) -> tuple[httpx.AsyncBaseTransport, list[httpx.Request]]:
    """Check a step and the addresses of its host; return requests to try in turn, and the transport for them.

    Each request closes its connection, so the transport needs no closing. Raises `LinkRefusedError` before
    anything is sent, or `LinkFailedError`.
    """
    url = step.checked_url()
    if step.is_trusted and transport is not None:
        return transport, [_request(url)]
    if fetch_transport.is_supported():
        raise step.refused_error(
            "in a browser its address cannot be checked",
            hint="The reply was billed and is kept. Open the link yourself, or run this on a computer.",
        )
    if not step.is_trusted and proxy_for(url.scheme, url.netloc.decode("ascii")):
        raise step.refused_error(
            "a proxy is set in the environment, which would look its name up again, unchecked",
            hint="The reply was billed and is kept. Add the link's host to NO_PROXY to fetch it directly.",
        )
    addresses = await _checked_addresses(step, url, resolver)
    return _open_transport(step), [_request(url, address) for address in addresses[:MAX_ADDRESSES]]


async def _checked_addresses(step: LinkStep, url: httpx.URL, resolver: Resolver) -> list[IPAddress]:
    """Return the addresses of a URL's host, each once; raise unless every one of them is allowed."""
    name, texts = host(url), None
    with suppress(OSError):
        texts = [name] if read_address(name) else await resolver(name, port(url))
    if texts is None:  # raised here, so that no context leads to the resolver's error
        raise step.failed_error("its host name could not be looked up")
    addresses = [address for text in dict.fromkeys(texts) if (address := read_address(text)) is not None]
    if not addresses or len(addresses) < len(set(texts)):
        raise step.failed_error("its host name has no address")
    step.check_addresses(addresses)
    return addresses


def _open_transport(step: LinkStep) -> httpx.AsyncBaseTransport:
    with suppress(OSError):  # ssl.SSLError is one
        return httpx.AsyncHTTPTransport(verify=tls_context())
    raise step.failed_error("SSL_CERT_FILE or SSL_CERT_DIR contains no certificates")


def _request(url: httpx.URL, address: IPAddress | None = None) -> httpx.Request:
    """Build the GET for `url`, to be sent to `address` where one is given."""
    return httpx.Request(
        "GET",
        url.copy_with(host=str(address) if address else host(url), fragment=None),
        headers={"Host": url.netloc.decode("ascii"), **_HEADERS},
        extensions={"timeout": TIMEOUT_SECONDS, "sni_hostname": host(url)},
    )
