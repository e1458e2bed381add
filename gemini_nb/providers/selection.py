"""Choice of the provider: by name, by environment variable, with another base URL."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from urllib.parse import urlsplit

from gemini_nb.errors import ArgumentError
from gemini_nb.providers.keys import find_key
from gemini_nb.providers.provider import CRAZYROUTER, KEYED, OFFLINE, PROVIDERS, Provider, is_loopback_host

# What a version's prefix is followed by where a call's whole address was copied, Gemini's or OpenAI's.
_CALL = re.compile(
    r"(/v1(alpha|beta)?\d*)?(/openai)?(/(chat/)?completions|/responses|/models(/.*)?)$|/v1(alpha|beta)?\d*(/openai)?$"
)
_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]*:[0-9a-f:.]*")


def choose_provider(name: str | None = None, *, base_url: str | None = None) -> Provider:
    """Return the provider to send to: by name, else by `GEMINI_NB_PROVIDER`, else Crazyrouter.

    "auto" is the first provider that has a key, and the offline one where none has. Raises `ArgumentError`.
    """
    provider = _find_provider(name or os.environ.get("GEMINI_NB_PROVIDER") or CRAZYROUTER.name)
    base_url = base_url or os.environ.get("GEMINI_NB_BASE_URL") or None
    if base_url is None or provider is OFFLINE:
        return provider
    return replace(provider, base_url=clean_base_url(base_url))


def _find_provider(name: str) -> Provider:
    known = name.strip().lower() if isinstance(name, str) else ""
    if known == "auto":
        return next((p for p in KEYED if find_key(p) is not None), OFFLINE)
    if known not in PROVIDERS:
        quoted = f" {name!r}" if known.isalpha() and len(known) <= 20 else " of this name"  # it may be a key
        raise ArgumentError(
            f"There is no provider{quoted}.", hint=f"Choose one of: {', '.join([*PROVIDERS, 'auto'])}."
        )
    return PROVIDERS[known]


def clean_base_url(base_url: str) -> str:
    """Return the URL up to, and without, `/v1beta`; raise `ArgumentError` for one that cannot serve.

    What follows a version's prefix is left out: a call's whole address, also of a gateway's OpenAI routes.

    >>> clean_base_url("https://Crazyrouter.com/v1beta/")
    'https://crazyrouter.com'
    >>> clean_base_url("https://gateway.example/api/v1/chat/completions")
    'https://gateway.example/api'
    """
    try:
        text = base_url.strip().rstrip("/") if isinstance(base_url, str) else ""
        text.encode()  # no request can be made of lone surrogates
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # which has no empty or over-long labels
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.username is not None or parts.query or parts.fragment:
        raise ArgumentError(
            "The base URL contains user info, a query or a fragment.",
            hint="Give the bare address; the key goes into api_key or the environment.",
        )
    if not _HOST.fullmatch(host) or parts.scheme not in ("http", "https"):
        raise ArgumentError(
            "The base URL is not an http(s) address.", hint="Write it like https://crazyrouter.com"
        )
    if "/images/" in parts.path + "/":
        raise ArgumentError(
            "/v1/images/generations does not serve the Nano Banana models.",
            hint="Give the gateway's bare address; gemini_nb posts to /v1beta/models/MODEL:generateContent.",
        )
    if "/publishers/" in parts.path + "/" or host.endswith("aiplatform.googleapis.com"):
        raise ArgumentError(
            "This is an address of Vertex AI, which takes Google Cloud credentials, not an API key.",
            hint="Leave base_url out for provider google, with a key of the Gemini API.",
        )
    if parts.scheme == "http" and not is_loopback_host(host):
        raise ArgumentError(
            "Plain http is allowed for this machine only.", hint="Use https, or a loopback address."
        )
    path = _CALL.sub("", parts.path).rstrip("/")
    authority = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    return f"{parts.scheme}://{authority}{path}"
