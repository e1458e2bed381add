"""Where a request goes: the base URL, how the key travels there, and which variables hold it.

A key lives in a `Secret` from the moment it is read; only `transport` asks for it back.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

from gemini_nb.errors import ArgumentError, MissingKeyError
from gemini_nb.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


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
        return _is_loopback(urlsplit(self.base_url).hostname or "")

    def url(self, model: str, method: str = "generateContent") -> str:
        """Return the address of a model's method, without a key."""
        return f"{self.base_url}/v1beta/models/{quote(model, safe='/')}:{method}"


# Crazyrouter documents `?key=` for its Gemini route, Google the header (checked 2026-04-14).
CRAZYROUTER = Provider("crazyrouter", "https://crazyrouter.com", "query", ("CRAZYROUTER_API_KEY",))
GOOGLE = Provider(
    "google", "https://generativelanguage.googleapis.com", "header", ("GEMINI_API_KEY", "GOOGLE_API_KEY")
)
OFFLINE = Provider("offline", "http://offline.localhost", "nowhere")

PROVIDERS = {provider.name: provider for provider in (CRAZYROUTER, GOOGLE, OFFLINE)}

_entered: dict[str, Secret] = {}  # keys typed in this process, by provider name; never written anywhere


def choose(
    name: str | None = None, *, base_url: str | None = None, environ: Mapping[str, str] | None = None
) -> Provider:
    """Return the provider to ask: by name, else by `GEMINI_NB_PROVIDER`, else Crazyrouter.

    "auto" is the first provider that has a key, and the offline one where none has.
    """
    environ = os.environ if environ is None else environ
    name = name or environ.get("GEMINI_NB_PROVIDER") or "crazyrouter"
    provider = _automatic(environ) if name == "auto" else PROVIDERS.get(name)
    if provider is None:
        raise ArgumentError(
            f"There is no provider {name!r}.", hint=f"Choose one of: {', '.join([*PROVIDERS, 'auto'])}."
        )
    base_url = base_url or environ.get("GEMINI_NB_BASE_URL") or None
    if base_url is None or provider is OFFLINE:
        return provider
    return replace(provider, base_url=clean_base_url(base_url))


def _automatic(environ: Mapping[str, str]) -> Provider:
    with_key = (p for p in (CRAZYROUTER, GOOGLE) if find_key(p, environ=environ) is not None)
    return next(with_key, OFFLINE)


def clean_base_url(base_url: str) -> str:
    """Return the URL up to, and without, `/v1beta`; raise `ArgumentError` for one that cannot serve.

    >>> clean_base_url("https://crazyrouter.com/v1beta/")
    'https://crazyrouter.com'
    """
    text = base_url.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or parts.scheme not in ("http", "https"):
        raise ArgumentError(
            "The base URL is not an http(s) address.", hint="Write it like https://crazyrouter.com"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ArgumentError(
            "The base URL holds user info, a query or a fragment.",
            hint="Give the bare address; the key goes into api_key or the environment.",
        )
    if "/images/" in parts.path + "/":
        raise ArgumentError(
            "/v1/images/generations does not serve the Nano Banana models.",
            hint="Give the gateway's bare address; gemini_nb posts to /v1beta/models/MODEL:generateContent.",
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise ArgumentError("Plain http is for this machine only.", hint="Use https, or a loopback address.")
    path = re.sub(r"/v1(beta)?(/models.*)?$", "", parts.path).rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def find_key(provider: Provider, *, environ: Mapping[str, str] | None = None) -> Secret | None:
    """Return the provider's key: entered in this process, from the environment, or from Colab's secrets."""
    if provider.name in _entered:
        return _entered[provider.name]
    environ = os.environ if environ is None else environ
    for variable in provider.key_variables:
        if environ.get(variable, "").strip():
            return Secret(environ[variable], where=variable)
    return _colab_key(provider)


def _colab_key(provider: Provider) -> Secret | None:
    try:
        from google.colab import userdata  # noqa: PLC0415 - exists on Colab only
    except ImportError:
        return None
    for variable in provider.key_variables:
        try:
            value = userdata.get(variable)
        except Exception:  # noqa: BLE001, S112 - Colab raises its own classes for "absent" and "not granted"
            continue
        if value:
            return Secret(value, where=f"Colab's secret {variable}")
    return None


def enter_key(provider: Provider, key: str) -> None:
    """Keep a key for the rest of this process, in memory only."""
    _entered[provider.name] = Secret(key, where="entered in this session")


def forget_key(provider: Provider) -> None:
    _entered.pop(provider.name, None)


def read_dotenv(path: str = ".env") -> None:
    """Take the providers' keys from a `.env` file, for this process only and never unasked.

    Lines are `NAME=value`, optionally quoted or after `export`; other names are left alone.
    """
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a plain name from the user
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "not UTF-8 text"
        raise ArgumentError(f"Cannot read {path}: {reason}.") from None
    values = dict(_assignment(line) for line in lines if "=" in line)
    for provider in (CRAZYROUTER, GOOGLE):
        value = next((values[v] for v in provider.key_variables if values.get(v)), None)
        if value:
            _entered[provider.name] = Secret(value, where=path)


def _assignment(line: str) -> tuple[str, str]:
    name, _, value = line.strip().removeprefix("export ").partition("=")
    return name.strip(), value.strip().strip("'\"")


def require_key(provider: Provider, key: Secret | None) -> Secret | None:
    """Return `key`; raise `MissingKeyError` where the provider needs one and there is none."""
    if key is None and provider.key_in != "nowhere":
        others = [
            p.name for p in (CRAZYROUTER, GOOGLE) if p.name != provider.name and find_key(p) is not None
        ]
        other = f', provider="{others[0]}" whose key is set,' if others else ""
        raise MissingKeyError(
            f"No API key is set for {provider.name}.",
            hint=f'Set {provider.key_variables[0]} (or pass api_key=…); or use{other} provider="offline", '
            "which paints without a key.",
        )
    return key
