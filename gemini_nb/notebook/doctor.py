"""Diagnosis of this machine in lines that may be published: no key, and nothing that holds one."""

from __future__ import annotations

import os
import platform
import socket
import sys
from importlib import metadata
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gemini_nb import event_loop, files, models
from gemini_nb._version import __version__
from gemini_nb.client.client import Client
from gemini_nb.errors import GeminiError
from gemini_nb.providers import provider as providers
from gemini_nb.providers.keys import check_no_keys, find_key, mask_keys
from gemini_nb.store import inventory
from gemini_nb.store.replay import Replay
from gemini_nb.text import format_count, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.notebook.session import Session

CONNECT_SECONDS = 3.0
LIST_SECONDS = 5.0
_PACKAGES = ("IPython", "ipykernel", "ipywidgets", "httpx", "Pillow")
_VARIABLES = tuple(f"GEMINI_NB_{name}" for name in ("PROVIDER", "BASE_URL", "REPLAY", "STORE", "PROGRESS"))
# Variables that a place sets for the notebooks that run in it.
_PLACES = {
    "COLAB_RELEASE_TAG": "Colab",
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "BINDER_LAUNCH_HOST": "Binder",
    "VSCODE_PID": "VS Code",
    "JPY_SESSION_NAME": "a Jupyter server",
}


def diagnose(session: Session) -> list[str]:
    """Return everything, a line each; what cannot be found out says why instead of failing."""
    proxies = [name for name in os.environ if name.lower().endswith("_proxy") and os.environ[name]]
    lines = [
        f"versions     {_list_versions()}",
        f"front end    {_describe_front_end(session)}",
        *describe_settings(session),
        f"writable     {_value_or_error(_check_writable, session)}",
        f"reachable    {_value_or_error(_check_reachable, session)}",
        *_describe_catalogue(session),
        f"proxies      {', '.join(sorted(proxies)) or 'none set'}",
        f"variables    {', '.join(_list_variables()) or 'no GEMINI_NB_* set'}",
    ]
    return list(map(mask_keys, lines))


def describe_settings(session: Session) -> list[str]:
    """Return who is asked, for which model, and what is replayed from where, each with its reason."""
    facts = {
        "provider": _describe_provider,
        "base URL": _describe_base_url,
        "model": _describe_model,
        "store": _describe_store,
        "replay": _describe_replay,
    }
    return [mask_keys(f"{name:13}{_value_or_error(describe, session)}") for name, describe in facts.items()]


def _value_or_error(describe: Callable[[Session], str], session: Session) -> str:
    try:
        return describe(session)
    except GeminiError as error:
        return str(error).replace("\n", " ")
    except OSError as error:
        return f"unknown: {error.strerror or type(error).__name__}"


def _describe_provider(session: Session) -> str:
    provider = session.find_provider()
    reason = "GeminiMagics.provider" if session.defaults.provider else "GEMINI_NB_PROVIDER"
    if session.provider_name().strip().lower() == "auto":
        key = find_key(provider)
        reason = f"automatic: its key is set, from {key.where}" if key else "automatic: no key is set"
    return f"{provider.name} ({reason})"


def _describe_base_url(session: Session) -> str:
    provider = session.find_provider()
    if provider is providers.OFFLINE:
        return "none: pictures are painted in this process"
    given = "GeminiMagics.base_url" if session.defaults.base_url else "GEMINI_NB_BASE_URL"
    own = provider.base_url == providers.PROVIDERS[provider.name].base_url
    return f"{provider.base_url} ({'its own' if own else given})"


def _describe_model(session: Session) -> str:
    name, provider = session.defaults.model, session.find_provider().name
    row = models.find(name, provider)
    if row is None:
        return f"{one_line(name, 80)} (not in the catalogue; passed on as it is)"
    shutdown = models.describe_shutdown(row.id, provider)
    return shutdown or (row.id if row.id == name else f"{row.id} ({name})")


def _describe_store(session: Session) -> str:
    store = session.open_store()
    if store is None:
        return "off"
    return f"{store.folder} ({format_count(inventory.count_records(store), 'record')})"


def _describe_replay(session: Session) -> str:
    trait = session.defaults.replay
    mode, variable = Replay(None, trait).mode, os.environ.get("GEMINI_NB_REPLAY") or ""
    if mode == variable == "only":
        return "locked to what is stored by GEMINI_NB_REPLAY"
    if trait != "auto":
        passed = f"; GEMINI_NB_REPLAY is set to {variable[:20]} and ignored" if variable else ""
        return f"{mode} (GeminiMagics.replay{passed})"
    if not variable:
        return "auto: what is stored is replayed, the rest is requested"
    return f"{mode} (GEMINI_NB_REPLAY)"


def _list_versions() -> str:
    versions = [f"gemini_nb {__version__}", f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    return ", ".join(versions)


def _describe_front_end(session: Session) -> str:
    """Name what the environment hints at: the kernel does not know which front end draws its outputs."""
    kind = "a kernel" if getattr(session.shell, "kernel", None) is not None else "a terminal"
    places = [place for variable, place in _PLACES.items() if variable in os.environ]
    if "google.colab" in sys.modules and "Colab" not in places:
        places.insert(0, "Colab")
    return f"{kind}{' in ' + ', '.join(places) if places else ''}, on {platform.system()}"


def _check_writable(session: Session) -> str:
    """Say whether the store could be written, or made in the nearest folder that exists; nothing is made."""
    folder = session.store_path()
    if folder is None:
        return "nothing to write: the store is off"
    folder = folder.absolute()
    existing = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    if files.is_folder(existing) and os.access(existing, os.W_OK | os.X_OK):
        when = "" if existing == folder else f": it will be created with the first picture, in {existing}"
        return f"yes{when}"
    return f"NO: {existing} cannot be written to, so pictures are not kept"


def _check_reachable(session: Session) -> str:
    """Open a connection to the provider's origin and close it: nothing is sent, and above all no key."""
    provider = session.find_provider()
    if provider is providers.OFFLINE:
        return "nothing to reach"
    from gemini_nb.http import fetch_transport  # noqa: PLC0415 - loads httpx
    from gemini_nb.http.environment import proxy_for  # noqa: PLC0415

    if fetch_transport.is_supported():
        return "not tried: a browser connects only to send"
    parts = urlsplit(provider.origin)
    if not provider.is_loopback and proxy_for(parts.scheme, parts.netloc):
        return "not tried: a proxy is set"
    secure = parts.scheme == "https"
    address = (parts.hostname or "", parts.port or (443 if secure else 80))
    # A name server that stalls cannot be interrupted, so a thread is left behind with it.
    attempt = event_loop.call_in_daemon_thread(_try_connection, *address, secure=secure)
    try:
        return attempt.result(CONNECT_SECONDS)
    except TimeoutError:
        return f"NO: no connection within {CONNECT_SECONDS:.0f} s"


def _describe_catalogue(session: Session) -> list[str]:
    """Say which models of the catalogue the provider offers today; the list is free, and takes the key."""
    try:
        with Client(
            session.provider_name(), base_url=session.defaults.base_url or None, timeout=LIST_SECONDS
        ) as client:
            lines = client.list_models().lines()
    except GeminiError as error:
        lines = [f"not asked: {error.args[0]}"]
    return [f"{'' if number else 'catalogue':13}{line}" for number, line in enumerate(lines)]


def _try_connection(host: str, port: int, *, secure: bool) -> str:
    try:
        with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as connection:
            if secure:
                from gemini_nb.http.environment import tls_context  # noqa: PLC0415 - loads httpx

                tls_context().wrap_socket(connection, server_hostname=host).close()
    except (OSError, UnicodeError) as problem:  # UnicodeError: a host name that cannot be written
        reason = getattr(problem, "strerror", None) or type(problem).__name__
        return f"NO: {host}, port {port}: {reason}"
    return f"yes: {host} accepts connections on port {port}{' with a valid certificate' if secure else ''}"


def _list_variables() -> list[str]:
    """List our variables with their values, except those that are not known or could hold a key."""
    return [
        f"{name}={os.environ[name][:80]}"
        if name in _VARIABLES and _is_plain(os.environ[name])
        else f"{name} (set)"
        for name in sorted(os.environ)
        if name.startswith("GEMINI_NB_")
    ]


def _is_plain(value: str) -> bool:
    """Whether a value can be shown: no key of ours, nothing like one, no address with more than a path."""
    try:
        check_no_keys([value])
    except GeminiError:
        return False
    return value.isprintable() and not any(mark in value for mark in "?@#")
