"""TLS certificates and proxies, as the environment variables that httpx reads set them."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING
from urllib.request import getproxies_environment, proxy_bypass

import httpx

from gemini_nb.errors import ArgumentError

if TYPE_CHECKING:
    import ssl


def missing_package_error(package: str, problem: str) -> ArgumentError:
    """Return the error for a package that is needed to send and cannot be imported."""
    return ArgumentError(f"{problem}.", hint=f"Nothing was sent or billed. Run: pip install {package}")


def tls_context() -> ssl.SSLContext:
    """Return the process's TLS context; raise OSError where the certificates cannot be read.

    Raises `ArgumentError` where certifi, which holds them, cannot be imported. Making one takes 27 ms, so
    there is one for each setting of SSL_CERT_FILE and SSL_CERT_DIR.
    """
    return _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _tls_context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    missing = None
    try:
        context = httpx.create_ssl_context()
    except ImportError as error:
        missing = missing_package_error(error.name or "certifi", f"A package for TLS is missing: {error}")
    if missing:
        raise missing
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
