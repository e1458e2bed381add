"""API keys, and where they are looked for.

1. entered in this process: typed, or read from a `.env` file that was named
2. the provider's environment variables, in their order
3. Colab's secrets, of the same names
4. the system's keyring, for those who have kept a key there
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from gemini_nb.errors import KEY_LIKE, ArgumentError, GeminiError, MissingKeyError
from gemini_nb.providers import system_keyring
from gemini_nb.providers.provider import KEYED, Provider
from gemini_nb.providers.redaction import MASK
from gemini_nb.providers.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

# --key=…, GEMINI_API_KEY=…, and an option of one letter with what looks like a key behind it
_KEY_OPTION = re.compile(r"-*(?:[a-z]+[-_])*(?:api)?[-_]?key\s*=|-[a-z](?=sk-|AQ\.)", re.IGNORECASE)
_IN_A_CELL = "in a cell: it would be saved with the notebook"
_MAX_DOTENV_CHARS = 2**20

_entered: dict[str, Secret] = {}  # keys typed in this process, by provider name; never written anywhere


def find_key(provider: Provider) -> Secret | None:
    """Return the provider's key from the first place that has one.

    Raises `ArgumentError` for what is set and is no key, and where the keyring cannot be read.
    """
    return _find_outside_keyring(provider) or system_keyring.find_kept_key(provider)


def _find_outside_keyring(provider: Provider) -> Secret | None:
    return _entered.get(provider.name) or environment_key(provider) or _colab_key(provider)


def environment_key(provider: Provider) -> Secret | None:
    """Return the provider's key from the environment, which processes started from here inherit."""
    # No local variable holds os.environ: a traceback that shows locals would show the keys in it.
    keys = (_make_secret(os.environ.get(name, ""), where=name) for name in provider.key_variables)
    return next(filter(None, keys), None)


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
        _entered[provider.name] = Secret(key, where="what was typed in this session")
    finally:
        del key  # a traceback's frames keep their locals


def forget_key(provider: Provider) -> None:
    """Drop a key that was entered in this process; the environment's stays."""
    _entered.pop(provider.name, None)


def keep_key(provider: Provider) -> None:
    """Move a key that was entered in this process to the keyring; it stays in memory where that fails.

    Raises `ArgumentError`.
    """
    system_keyring.keep_key(provider, _entered[provider.name])
    forget_key(provider)


def read_dotenv(path: str = ".env") -> list[Provider]:
    """Read keys from a `.env` file, keep them for this process, and return their providers.

    It is never read unasked. Lines are `NAME=value`, optionally quoted or after `export`; other names are
    left alone. Raises `ArgumentError` for a file that cannot be read or holds no key.
    """
    entries = [
        (provider, key)
        for provider in KEYED
        for variable in reversed(provider.key_variables)  # the first of them takes precedence
        if (key := _make_secret(_dotenv_value(path, variable), where=path)) is not None
    ]
    if not entries:
        names = ", ".join(name for provider in KEYED for name in provider.key_variables)
        raise ArgumentError("The file contains no key.", hint=f"A key stands there as {names}.")
    _entered.update((provider.name, key) for provider, key in entries)
    return list(dict.fromkeys(provider for provider, _ in entries))


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


def require_key(provider: Provider, key: Secret | None, *, why: str = "") -> Secret | None:
    """Return `key`; raise `MissingKeyError`, with `why` in it, where one is needed and there is none."""
    if key is not None or provider.key_in == "nowhere":
        return key
    others = [other.name for other in KEYED if other.name != provider.name and find_key(other) is not None]
    other = f'provider="{others[0]}", whose key is set, or ' if others else ""
    raise MissingKeyError(
        f"No API key is set for {provider.name}{why}.",
        hint=f'Set {provider.key_variables[0]} (or pass api_key=…), or use {other}provider="offline", '
        "which paints without a key.",
    )


def known_keys() -> list[Secret]:
    """Return the keys that this process knows; what is set and is no key counts as none.

    A key in the keyring is known once it has been used: masking a line must not unlock a keyring.
    """
    keys: list[Secret | None] = [*system_keyring.known_keys()]
    for provider in KEYED:
        with suppress(GeminiError):
            keys.append(_find_outside_keyring(provider))
    return list(filter(None, keys))


def check_no_keys(words: Iterable[str], *, place: str = _IN_A_CELL) -> None:
    """Raise `ArgumentError` for a word that is a key of ours, or that looks like one; prompts may be long."""
    known = known_keys()
    for word in words:
        is_option = _KEY_OPTION.match(word) is not None
        if is_option or (
            " " not in word and (KEY_LIKE.search(word) or any(key.redact(word) != word for key in known))
        ):
            raise ArgumentError(
                f"A key does not belong {place}.",
                hint="Remove it there. Set it in the environment, or use %gemini key, which asks for it.",
            )


def mask_keys(text: str) -> str:
    """Return a text with the keys of all providers masked, and what looks like a key."""
    for key in known_keys():
        text = key.redact(text)
    return KEY_LIKE.sub(MASK, text)


def mask_in_error(error: GeminiError) -> None:
    """Mask the keys in the words of an error, which may repeat what a line, an option or a setting held."""
    error.args = tuple(mask_keys(arg) if isinstance(arg, str) else arg for arg in error.args)
    error.hint = mask_keys(error.hint)
