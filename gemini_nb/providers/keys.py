"""API keys: read from the environment, a `.env` file, Colab's secrets, or entered and kept in memory."""

from __future__ import annotations

import os
import re
import sys

from gemini_nb.errors import ArgumentError, MissingKeyError
from gemini_nb.providers.provider import KEYED, Provider
from gemini_nb.providers.secret import Secret

_MAX_DOTENV_CHARS = 2**20

_entered: dict[str, Secret] = {}  # keys typed in this process, by provider name; never written anywhere


def find_key(provider: Provider) -> Secret | None:
    """Return the provider's key: entered in this process, from the environment, or from Colab's secrets."""
    if provider.name in _entered:
        return _entered[provider.name]
    return environment_key(provider) or _colab_key(provider)


def environment_key(provider: Provider) -> Secret | None:
    """Return the provider's key from the environment, which processes started from here inherit."""
    # No local variable holds os.environ: a traceback that shows locals would show the keys in it.
    for variable in provider.key_variables:
        if (key := _make_secret(os.environ.get(variable, ""), where=variable)) is not None:
            return key
    return None


def _colab_key(provider: Provider) -> Secret | None:
    if "google.colab" not in sys.modules:  # a notebook there has it loaded; elsewhere asking it would hang
        return None
    keys = (
        _make_secret(_read_colab(name), where=f"Colab's secret {name}") for name in provider.key_variables
    )
    return next(filter(None, keys), None)


def _read_colab(name: str) -> str:
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
        del key  # a traceback's frames keep their locals


def forget_key(provider: Provider) -> None:
    """Drop a key that was entered in this process; the environment's stays."""
    _entered.pop(provider.name, None)


def read_dotenv(path: str = ".env") -> None:
    """Read the providers' keys from a `.env` file and keep them for this process. It is never read unasked.

    Lines are `NAME=value`, optionally quoted or after `export`; other names are left alone. Raises
    `ArgumentError` for a file that cannot be read or holds no key.
    """
    entries = [
        (provider, key)
        for provider in KEYED
        for variable in reversed(provider.key_variables)  # the first of them takes precedence
        if (key := _make_secret(_dotenv_value(path, variable), where=path)) is not None
    ]
    if not entries:
        names = ", ".join(name for provider in KEYED for name in provider.key_variables)
        raise ArgumentError("The file holds no key.", hint=f"It is looked for under the names {names}.")
    _entered.update((provider.name, key) for provider, key in entries)


def _dotenv_value(path: str, variable: str) -> str:
    assignment = re.compile(rf"\s*(?:export\s+)?{variable}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|(\S*))")
    matches = filter(None, map(assignment.match, _read_lines(path)))
    return next((match[1] or match[2] or match[3] or "" for match in reversed(list(matches))), "")


def _make_secret(key: str, *, where: str) -> Secret | None:
    """Return the key as a `Secret`, None where it is empty; keep it out of a traceback's frames."""
    try:
        return Secret(key, where=where) if key.strip() else None
    finally:
        del key


def _read_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123 - a plain name from the user
            return file.read(_MAX_DOTENV_CHARS).splitlines()
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "not UTF-8 text"
    # The path is not quoted: it may be a key, given by mistake.
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
