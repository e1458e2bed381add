"""TLS certificates and proxies, as the environment variables that httpx reads set them."""

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

    Making one takes 27 ms, so there is one for each setting of SSL_CERT_FILE and SSL_CERT_DIR.
    """
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _tls_context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def proxy_for(scheme: str, netloc: str) -> str | None:
    """Return the URL of the proxy that the environment sets for a server, None for a direct connection.

    `netloc` is the server's host and port. NO_PROXY is honoured, as by httpx's own client.
    """
    proxies = getproxies_environment()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
