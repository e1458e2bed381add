"""The session of one kernel: clients, the last result and error, the conversation and the costs.

Everything in `notebook/` reads the `Session`; the magics hand in their traits as its defaults.
"""

# ruff: noqa: PLC0415 - a session is made while the extension loads, which must not load a client
from __future__ import annotations

import builtins
import os
import sys
import warnings
from collections import ChainMap
from contextlib import contextmanager, suppress
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from gemini_nb.batch.result import Batch
    from gemini_nb.client.chat import Chat
    from gemini_nb.client.client import Client
    from gemini_nb.costs import Spending
    from gemini_nb.errors import GeminiError
    from gemini_nb.generation import Generation
    from gemini_nb.providers.provider import Provider
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.store import Store


class Defaults(Protocol):
    """The settings of a session; `GeminiMagics` has them as traits, each explained there."""

    provider: str
    base_url: str
    model: str
    aspect_ratio: str
    image_size: str
    store: str
    replay: str
    timeout: float
    progress: bool | None
    requests_per_minute: float | None
    preview_width: int
    max_cost: float | None
    max_images: int


class Session:
    """The state of one shell.

    `last_sources` are the words of `-i` that led to the last result, `last_streamed` says whether it came
    piece by piece, `chat` is the conversation that `%%gemini_edit` goes on with.
    """

    def __init__(self, shell: InteractiveShell, defaults: Defaults) -> None:
        self.shell = shell
        self.defaults = defaults
        self.last: Generation | None = None
        self.last_error: GeminiError | None = None
        self.last_sources: tuple[str, ...] = ()
        self.last_streamed = False
        self.chat: Chat | None = None
        self._clients: dict[tuple[Any, ...], Client] = {}
        self._said_offline = False
        self._said_stores: set[Path] = set()

    @cached_property
    def spending(self) -> Spending:
        """What was asked for in this kernel, and what it cost by estimate."""
        from gemini_nb.costs import Spending

        return Spending()

    def names(self, local_ns: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Return the variables that a line and its prompt may name: those of the calling function first."""
        return ChainMap(dict(local_ns or {}), self.shell.user_ns)

    def keep(self, result: Generation, *, sources: Sequence[str] = (), streamed: bool = False) -> None:
        """Count a result and remember it as the last; say once if it was painted since no key is set."""
        self.spending.add(result)
        self.last, self.last_sources, self.last_streamed = result, tuple(sources), streamed
        if result.provider == "offline" and self.provider_name() == "auto" and not self._said_offline:
            self._said_offline = True
            print_line(_OFFLINE_LINES)

    @contextmanager
    def counting_failures(self, request: ImageRequest, client: Client) -> Iterator[None]:
        """Count the request of the block in the running total where it fails or is interrupted."""
        from gemini_nb.errors import GeminiError

        try:
            yield
        except GeminiError as error:
            self.spending.add_failure(error, request.model)
            raise
        except KeyboardInterrupt:
            self.spending.interrupted += not client.is_offline
            raise

    def count_failures(self, batch: Batch, client: Client) -> None:
        """Count the failures of a batch, and what was under way when it was interrupted."""
        from gemini_nb.errors import GeminiError

        self.spending.interrupted += 0 if client.is_offline else len(batch.interrupted)
        for request, outcome in zip(batch.requests, batch.outcomes, strict=True):
            if isinstance(outcome, GeminiError):
                self.spending.add_failure(outcome, request.model)

    def assign(self, name: str | None, result: Generation | Batch) -> None:
        """Give a result the name that the line asks for, if any; warn of one that hides what others use."""
        if not name:
            return
        old = self.shell.user_ns.get(name)
        if isinstance(old, ModuleType):
            _warn(f"{name} was the module {old.__name__} and is this result now: import it to get it back.")
        elif hasattr(builtins, name):
            _warn(f"{name} hides Python's own {name} now: del {name} brings that back.")
        self.shell.user_ns[name] = result

    def client(self, *, replay: str | None = None, dry_run: bool = False) -> Client:
        """Return the client that the defaults and the environment ask for; one is kept for each choice."""
        from gemini_nb import interrupts

        with interrupts.held():
            from gemini_nb.client.client import Client
            from gemini_nb.providers.keys import find_key
            from gemini_nb.store.location import default_folder

        defaults = self.defaults
        provider = self.find_provider()
        key = find_key(provider)
        store, mode = self.store_path(), replay or defaults.replay
        if dry_run and store is None:
            # A client with a store needs no key until it asks.
            store, mode = default_folder(names=self.shell.user_ns), "off"
        settings: dict[str, Any] = {
            "base_url": provider.base_url if defaults.base_url else None,
            "store": store,
            "replay": mode,
            "timeout": defaults.timeout,
            "requests_per_minute": defaults.requests_per_minute,
        }
        choice = (provider, key, *settings.values())
        if choice not in self._clients:
            self._clients[choice] = Client(provider.name, **settings)
        return self._clients[choice]

    def find_provider(self) -> Provider:
        """Return the provider that the defaults and the environment ask for, with its address."""
        from gemini_nb.providers.selection import choose_provider

        return choose_provider(self.provider_name(), base_url=self.defaults.base_url or None)

    def provider_name(self) -> str:
        """Return the provider asked for: the default, else `GEMINI_NB_PROVIDER`, else "auto"."""
        return self.defaults.provider or os.environ.get("GEMINI_NB_PROVIDER") or "auto"

    def shows_progress(self) -> bool:
        """Whether a cell that waits says so: the default, else `GEMINI_NB_PROGRESS`, else it does.

        Raises `ArgumentError` where the variable is neither "on" nor "off".
        """
        from gemini_nb.errors import ArgumentError

        if self.defaults.progress is not None:
            return self.defaults.progress
        word = os.environ.get("GEMINI_NB_PROGRESS") or "on"
        if word not in ("on", "off"):
            raise ArgumentError(f"GEMINI_NB_PROGRESS is on or off, not {ascii(word)[:40]}.")
        return word == "on"

    def store_path(self) -> Path | None:
        """Return the store's folder: the default, else `GEMINI_NB_STORE`, else beside the notebook.

        None where the store is off.
        """
        from gemini_nb.files import expand_path
        from gemini_nb.store.location import default_folder

        chosen = self._chosen_store()
        if chosen == "off":
            return None
        return expand_path(chosen, what="The store") if chosen else default_folder(names=self.shell.user_ns)

    def _chosen_store(self) -> str:
        return self.defaults.store or os.environ.get("GEMINI_NB_STORE") or ""

    def say_where_store_is(self, client: Client) -> None:
        """Say once which store is used, where that is beside the notebook and not in the current folder.

        A warning, since the magics print those once their waiting line is gone.
        """
        from gemini_nb.errors import GeminiWarning
        from gemini_nb.files import is_folder
        from gemini_nb.store import location

        folder = None if client.store is None or self._chosen_store() else client.store.folder
        if folder is None or folder.name != location.NAME or not location.is_elsewhere(folder):
            return
        if folder not in self._said_stores and (not client.is_offline or is_folder(folder)):
            self._said_stores.add(folder)
            warnings.warn(f"The store is {folder}, beside the notebook.", GeminiWarning, stacklevel=2)

    def open_store(self) -> Store | None:
        """Return the store of `store_path`, or None where it is off; nothing is made on disk."""
        from gemini_nb.store.store import Store

        folder = self.store_path()
        return None if folder is None else Store(folder)


def _warn(words: str) -> None:
    from gemini_nb.errors import GeminiWarning

    warnings.warn(words, GeminiWarning, stacklevel=3)


def print_line(line: str) -> None:
    """Print a line; what stdout cannot take must not cost the picture of the cell."""
    from gemini_nb.text import TEXT_COLUMNS, wrap

    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    with suppress(OSError, ValueError):  # ValueError: it is closed
        print(wrap(line, TEXT_COLUMNS).encode(encoding, "backslashreplace").decode(encoding))


_OFFLINE_LINES = (
    "Painted offline, since no key is set. For a model's picture type %gemini key,\n"
    "or set CRAZYROUTER_API_KEY or GEMINI_API_KEY before the kernel starts."
)
