"""Keys in the system's keyring, kept there on request with the package `keyring`.

    <the user's configuration folder>/gemini_nb/<provider>.kept   a key was kept; the file does not hold it

Where there is no such file, or no such package, no keyring is asked: that can take seconds or open a dialog.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from gemini_nb import files, interrupts
from gemini_nb.errors import ArgumentError
from gemini_nb.providers.secret import Secret, clear_locals
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keyring.backend import KeyringBackend

    from gemini_nb.providers.provider import Provider

SERVICE = "gemini_nb"
"""The name of the entries in the keyring; the user name of an entry is the name of its provider."""

WHERE = "the keyring"
INSTALL = 'pip install "gemini-nb[keyring]"'
_REASON_CHARACTERS = 120

_found: dict[str, Secret | None] = {}  # by provider name: a keyring is asked once in a process


def find_kept_key(provider: Provider) -> Secret | None:
    """Return the key that is kept for a provider, None where there is none.

    Raises `ArgumentError` where the keyring cannot be read, because it is locked, say.
    """
    if provider.key_in == "nowhere" or not is_installed() or not is_kept(provider):
        return None
    if provider.name not in _found:
        _found[provider.name] = _read_key(provider)
    return _found[provider.name]


def is_installed() -> bool:
    """Return whether the package `keyring` can be imported, without importing it."""
    return find_spec("keyring") is not None


def is_kept(provider: Provider) -> bool:
    """Return whether a key was kept for a provider, without asking the keyring."""
    return _marker(provider).exists()


def known_keys() -> list[Secret]:
    """Return the keys that this process has read from the keyring or put there; the keyring is not asked."""
    return list(filter(None, _found.values()))


def check_usable() -> str:
    """Return the name of the keyring; raise `ArgumentError` where there is none, or no package for it."""
    if not is_installed():
        raise ArgumentError(
            "Keeping a key needs the package keyring, which is not installed.", hint=f"Run {INSTALL}"
        )
    backend = _open_keyring()
    # The first stands for "none on this machine", the second for "turned off by the user".
    if type(backend).__module__ in ("keyring.backends.fail", "keyring.backends.null"):
        raise ArgumentError(
            "There is no keyring on this machine that could keep a key.",
            hint="Set the key in the environment, or name a .env file: %gemini key .env",
        )
    first = next(iter(getattr(backend, "backends", ())), backend)  # of several, keyring writes to the first
    return str(first.name)


@clear_locals
def keep_key(provider: Provider, key: Secret) -> None:
    """Put a key into the keyring; raise `ArgumentError` where the keyring, or the disk, refuses."""
    if reason := _try(lambda: _put(provider, key)):
        raise ArgumentError(
            f"The key for {provider.name} could not be put into the keyring: {key.redact(reason)}.",
            hint="It is used in this session all the same, from memory.",
        )
    _found[provider.name] = Secret(key.reveal(), where=WHERE)


def forget_key(provider: Provider) -> None:
    """Take a provider's key out of the keyring, if one was kept.

    Raises `ArgumentError` where the keyring refuses; the key is not used any more in any case.
    """
    _found.pop(provider.name, None)
    if not is_kept(provider):
        return
    _marker(provider).unlink(missing_ok=True)
    reason = _try(lambda: _delete(provider)) if is_installed() else f"run {INSTALL} first"
    if reason:
        raise ArgumentError(
            f"The key for {provider.name} could not be taken out of the keyring: {reason}.",
            hint=f"It is not used any more. Remove the entry {SERVICE} with the keyring's own program.",
        )


@clear_locals
def _read_key(provider: Provider) -> Secret | None:
    keys: list[str | None] = []
    reason = _try(lambda: keys.append(_open_keyring().get_password(SERVICE, provider.name)))
    if reason:
        raise ArgumentError(
            f"The key for {provider.name} could not be read from the keyring: {reason}.",
            hint=f"Unlock the keyring, or set {provider.key_variables[0]}, which goes first; "
            "%gemini key --forget gives the keyring up.",
        )
    return Secret(keys[0], where=WHERE) if keys[0] else None


def _open_keyring() -> KeyringBackend:
    with interrupts.held():  # see there on first imports
        import keyring  # noqa: PLC0415 - only for who keeps a key

        return keyring.get_keyring()


def _put(provider: Provider, key: Secret) -> None:
    backend = _open_keyring()
    backend.set_password(SERVICE, provider.name, key.reveal())
    if backend.get_password(SERVICE, provider.name) != key.reveal():
        raise RuntimeError("it does not give it back")
    marker = _marker(provider)
    marker.parent.mkdir(parents=True, exist_ok=True)
    files.write_private(marker, b"The key is in the keyring. %gemini key --forget takes it out.\n")


def _delete(provider: Provider) -> None:
    backend = _open_keyring()
    if backend.get_password(SERVICE, provider.name) is not None:
        backend.delete_password(SERVICE, provider.name)


def _marker(provider: Provider) -> Path:
    from platformdirs import user_config_path  # noqa: PLC0415 - only where keyring is installed

    return user_config_path("gemini_nb") / f"{provider.name}.kept"


def _try(act: Callable[[], object]) -> str:
    """Return why something failed in words, "" where it did not; the error and its frames are dropped."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - each keyring raises its own classes
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return one_line(text, _REASON_CHARACTERS).rstrip(".") or type(error).__name__
    return ""
