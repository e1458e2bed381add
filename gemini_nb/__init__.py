"""Gemini image models in Jupyter: a prompt in a cell becomes a picture under it.

`%load_ext gemini_nb` in a notebook; `Client`, `AsyncClient` and `generate` in Python. Names are loaded
on first use, so that importing costs nothing; type checkers and editors read the imports below.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gemini_nb._version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from gemini_nb.batch.result import Batch
    from gemini_nb.client.async_client import AsyncClient
    from gemini_nb.client.client import Client, generate
    from gemini_nb.client.stream import AsyncStream, Stream
    from gemini_nb.errors import (
        APIError,
        ArgumentError,
        AuthenticationError,
        BadResponseError,
        BlockedError,
        Cancelled,
        ConnectionFailedError,
        CostLimitError,
        GeminiError,
        GeminiWarning,
        ImageLostError,
        ImageRefusedError,
        LinkFailedError,
        LinkRefusedError,
        MissingKeyError,
        NoImageError,
        OutcomeUnknownError,
        QuotaExhaustedError,
        RateLimitError,
        ReplayMissError,
        SaveError,
        TooLargeError,
    )
    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.notebook.studio.studio import Studio
    from gemini_nb.request import ImageRequest

__all__ = [
    "APIError",
    "ArgumentError",
    "AsyncClient",
    "AsyncStream",
    "AuthenticationError",
    "BadResponseError",
    "Batch",
    "BlockedError",
    "Cancelled",
    "Client",
    "ConnectionFailedError",
    "CostLimitError",
    "GeminiError",
    "GeminiWarning",
    "GeneratedImage",
    "Generation",
    "ImageLostError",
    "ImageRefusedError",
    "ImageRequest",
    "LinkFailedError",
    "LinkRefusedError",
    "MissingKeyError",
    "NoImageError",
    "OutcomeUnknownError",
    "QuotaExhaustedError",
    "RateLimitError",
    "ReplayMissError",
    "SaveError",
    "Stream",
    "Studio",
    "TooLargeError",
    "__version__",
    "generate",
]

# Where a public name is defined; those that are not listed are errors.
_MODULES = {
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

if not TYPE_CHECKING:  # a type checker that saw it would accept any name

    def __getattr__(name: str) -> object:
        """Load a public name on first use."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"gemini_nb.{_MODULES.get(name, 'errors')}"), name)
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
