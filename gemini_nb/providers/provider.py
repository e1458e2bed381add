"""Where a request goes: the base URL, how the key travels there, and which variables hold it.

A key lives in a `Secret` from the moment it is read; only `transport` asks for it back.
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote, urlsplit

from gemini_nb.errors import ArgumentError, MissingKeyError
from gemini_nb.providers.secret import Secret


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
        return self.key_in == "nowhere" or _is_loopback(urlsplit(self.base_url).hostname or "")

    def url(self, model: str, *, stream: bool = False) -> str:
        """Return the address to ask a model at, without a key."""
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"{self.base_url}/v1beta/models/{quote(model, safe='/')}:{method}"


# Crazyrouter documents `?key=` for its Gemini route, Google the header (checked 2026-04-14).
CRAZYROUTER = Provider("crazyrouter", "https://crazyrouter.com", "query", ("CRAZYROUTER_API_KEY",))
GOOGLE = Provider(
    "google", "https://generativelanguage.googleapis.com", "header", ("GEMINI_API_KEY", "GOOGLE_API_KEY")
)
OFFLINE = Provider("offline", "http://offline.localhost", "nowhere")

KEYED = (CRAZYROUTER, GOOGLE)
PROVIDERS = {provider.name: provider for provider in (*KEYED, OFFLINE)}

_MAX_DOTENV_CHARS = 2**20

_entered: dict[str, Secret] = {}  # keys typed in this process, by provider name; never written anywhere


def choose(name: str | None = None, *, base_url: str | None = None) -> Provider:
    """Return the provider to ask: by name, else by `GEMINI_NB_PROVIDER`, else Crazyrouter.

    "auto" is the first provider that has a key, and the offline one where none has. Raises `ArgumentError`.
    """
    provider = _named(name or os.environ.get("GEMINI_NB_PROVIDER") or CRAZYROUTER.name)
    base_url = base_url or os.environ.get("GEMINI_NB_BASE_URL") or None
    if base_url is None or provider is OFFLINE:
        return provider
    return replace(provider, base_url=clean_base_url(base_url))


def _named(name: str) -> Provider:
    known = name.strip().lower() if isinstance(name, str) else ""
    if known == "auto":
        return next((p for p in KEYED if find_key(p) is not None), OFFLINE)
    if known not in PROVIDERS:
        shown = f" {name!r}" if known.isalpha() and len(known) <= 20 else " of this name"  # a key is no word
        raise ArgumentError(
            f"There is no provider{shown}.", hint=f"Choose one of: {', '.join([*PROVIDERS, 'auto'])}."
        )
    return PROVIDERS[known]


def clean_base_url(base_url: str) -> str:
    """Return the URL up to, and without, `/v1beta`; raise `ArgumentError` for one that cannot serve.

    >>> clean_base_url("https://Crazyrouter.com/v1beta/")
    'https://crazyrouter.com'
    """
    try:
        parts = urlsplit(base_url.strip().rstrip("/"))
        host, port = parts.hostname or "", parts.port
    except (ValueError, AttributeError):
        parts, host, port = urlsplit(""), "", None
    if parts.username is not None or parts.query or parts.fragment:
        raise ArgumentError(
            "The base URL holds user info, a query or a fragment.",
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
    if parts.scheme == "http" and not _is_loopback(host):
        raise ArgumentError("Plain http is for this machine only.", hint="Use https, or a loopback address.")
    path = re.sub(r"/v1(beta)?(/models.*)?$", "", parts.path).rstrip("/")
    authority = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
    return f"{parts.scheme}://{authority}{path}"


_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]*:[0-9a-f:.]*")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # a name below it may be looked up in the network


def find_key(provider: Provider) -> Secret | None:
    """Return the provider's key: entered in this process, from the environment, or from Colab's secrets."""
    if provider.name in _entered:
        return _entered[provider.name]
    return environment_key(provider) or _colab_key(provider)


def environment_key(provider: Provider) -> Secret | None:
    """Return the provider's key from the environment, where processes that are started from here find it."""
    # os.environ stays out of the variables here: a frame that is shown would show the keys in it.
    for variable in provider.key_variables:
        if (key := _secret(os.environ.get(variable, ""), where=variable)) is not None:
            return key
    return None


def _colab_key(provider: Provider) -> Secret | None:
    if "google.colab" not in sys.modules:  # a notebook there has it loaded; elsewhere asking it would hang
        return None
    keys = (_secret(_colab_value(name), where=f"Colab's secret {name}") for name in provider.key_variables)
    return next(filter(None, keys), None)


def _colab_value(name: str) -> str:
    from google.colab import userdata  # noqa: PLC0415 - exists on Colab only

    try:
        return userdata.get(name) or ""
    except Exception:  # noqa: BLE001 - Colab raises its own classes for "absent" and "not granted"
        return ""


def enter_key(provider: Provider, key: str) -> None:
    """Keep a key for the rest of this process, in memory only."""
    try:
        _entered[provider.name] = Secret(key, where="entered in this session")
    finally:
        del key  # the frames of an error keep their locals


def forget_key(provider: Provider) -> None:
    """Drop a key that was entered in this process; the environment's stays."""
    _entered.pop(provider.name, None)


def read_dotenv(path: str = ".env") -> None:
    """Take the providers' keys from a `.env` file, for this process only and never unasked.

    Lines are `NAME=value`, optionally quoted or after `export`; other names are left alone. Raises
    `ArgumentError` for a file that cannot be read or holds no key.
    """
    found = [
        (provider, key)
        for provider in KEYED
        for variable in reversed(provider.key_variables)  # the first of them has the last word
        if (key := _secret(_dotenv_value(path, variable), where=path)) is not None
    ]
    if not found:
        names = ", ".join(name for provider in KEYED for name in provider.key_variables)
        raise ArgumentError("The file holds no key.", hint=f"It is looked for under the names {names}.")
    _entered.update((provider.name, key) for provider, key in found)


def _dotenv_value(path: str, variable: str) -> str:
    assignment = re.compile(rf"\s*(?:export\s+)?{variable}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|(\S*))")
    matches = filter(None, map(assignment.match, _lines(path)))
    return next((match[1] or match[2] or match[3] or "" for match in reversed(list(matches))), "")


def _secret(key: str, *, where: str) -> Secret | None:
    """Return the key as a `Secret`, None where it is empty; no frame of an error keeps it."""
    try:
        return Secret(key, where=where) if key.strip() else None
    finally:
        del key


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123 - a plain name from the user
            return file.read(_MAX_DOTENV_CHARS).splitlines()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "not UTF-8 text"
    # Its name is not repeated: it may be a key, given where none is taken.
    raise ArgumentError(
        f"The file with the key cannot be read: {reason}.", hint="Give the path of a .env file."
    )


def require_key(provider: Provider, key: Secret | None) -> Secret | None:
    """Return `key`; raise `MissingKeyError` where the provider needs one and there is none."""
    if key is not None or provider.key_in == "nowhere":
        return key
    others = [other.name for other in KEYED if other.name != provider.name and find_key(other) is not None]
    other = f', provider="{others[0]}" whose key is set,' if others else ""
    raise MissingKeyError(
        f"No API key is set for {provider.name}.",
        hint=f'Set {provider.key_variables[0]} (or pass api_key=…); or use{other} provider="offline", '
        "which paints without a key.",
    )
