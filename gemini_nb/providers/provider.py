"""Providers: the base URL, how the key travels there, and which environment variables hold it.

A key lives in a `Secret` from the moment it is read; `http/transport.py` reveals it to its provider,
`system_keyring.py` to the user's keyring, nobody else.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit


@dataclass(frozen=True)
class Provider:
    """A server that speaks `generateContent`; `base_url` ends before `/v1beta`."""

    name: str
    base_url: str
    key_in: Literal["query", "header", "nowhere"]
    key_variables: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Scheme, host and port: the only place the key is sent to."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine: the embedded provider, or a server on loopback."""
        return self.key_in == "nowhere" or is_loopback_host(urlsplit(self.base_url).hostname or "")

    def url(self, model: str, *, stream: bool = False) -> str:
        """Return the URL of a model's `generateContent`, or `streamGenerateContent`, without a key."""
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"{self.base_url}/v1beta/models/{quote(model, safe='/')}:{method}"

    def list_url(self, page_token: str = "") -> str:
        """Return the URL of the list of models, or of a further page of it, without a key."""
        page = f"&pageToken={quote(page_token, safe='')}" if page_token else ""
        return f"{self.base_url}/v1beta/models?pageSize=1000{page}"


# Crazyrouter documents `?key=` for its Gemini route, Google the header (checked 2026-04-14).
CRAZYROUTER = Provider("crazyrouter", "https://crazyrouter.com", "query", ("CRAZYROUTER_API_KEY",))
GOOGLE = Provider(
    "google", "https://generativelanguage.googleapis.com", "header", ("GEMINI_API_KEY", "GOOGLE_API_KEY")
)
OFFLINE = Provider("offline", "http://offline.localhost", "nowhere")

KEYED = (CRAZYROUTER, GOOGLE)
PROVIDERS = {provider.name: provider for provider in (*KEYED, OFFLINE)}


def is_loopback_host(host: str) -> bool:
    """Return whether a host is a loopback address or exactly "localhost"."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # a name like a.localhost may be looked up in the network
