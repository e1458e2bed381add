"""Gemini image models in Jupyter: a prompt in a cell becomes a picture under it.

`%load_ext gemini_nb` in a notebook; `Client`, `AsyncClient` and `generate` in Python. Names are loaded
on first use, so that importing costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gemini_nb._version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


_HOME = {
    "AsyncClient": "client.async_client",
    "AsyncStream": "client.stream",
    "Batch": "batch.result",
    "Client": "client.client",
    "GeneratedImage": "images.image",
    "Generation": "generation",
    "ImageRequest": "request",
    "Stream": "client.stream",
    "Studio": "notebook.studio.studio",
    "generate": "client.client",
}
_ERRORS = (
    "APIError",
    "ArgumentError",
    "AuthenticationError",
    "BadResponseError",
    "BlockedError",
    "Cancelled",
    "ConnectionFailedError",
    "CostLimitError",
    "GeminiError",
    "GeminiWarning",
    "ImageLostError",
    "ImageRefusedError",
    "LinkFailedError",
    "LinkRefusedError",
    "MissingKeyError",
    "NoImageError",
    "OutcomeUnknownError",
    "QuotaExhaustedError",
    "RateLimitError",
    "ReplayMissError",
    "SaveError",
    "TooLargeError",
)
_HOME |= dict.fromkeys(_ERRORS, "errors")

__all__ = ["__version__", *sorted(_HOME)]  # noqa: PLE0604 - names from the table above


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"gemini_nb.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics: what `%load_ext gemini_nb` calls."""
    from gemini_nb.notebook import extension  # noqa: PLC0415 - IPython is needed only here

    extension.load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take everything back: what `%unload_ext gemini_nb` calls."""
    from gemini_nb.notebook import extension  # noqa: PLC0415

    extension.unload(shell)
