"""Registering the magics with a shell, and taking them back from everywhere IPython keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traitlets import TraitError

from gemini_nb.notebook import completion
from gemini_nb.notebook.magics import GeminiMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load(shell: InteractiveShell) -> None:
    """Register the magics and their completion in place of earlier ones."""
    unload(shell)
    magics = _configured(shell)
    shell.register_magics(magics)
    completion.install(shell, magics)


def _configured(shell: InteractiveShell) -> GeminiMagics:
    """Make the magics; a bad value in the configuration is dropped and said, not fatal."""
    settings = shell.config.GeminiMagics
    while True:
        try:
            return GeminiMagics(shell)
        except TraitError as problem:
            bad = next((name for name in list(settings) if repr(settings[name]) in str(problem)), None)
            settings.pop(bad, None) if bad else settings.clear()
            print(f"gemini_nb: GeminiMagics.{bad or '*'} is left at its default: {problem}")


def unload(shell: InteractiveShell) -> None:
    """Take the magics back."""
    manager = shell.magics_manager
    magics = manager.registry.pop("GeminiMagics", None)
    if magics is None:
        return
    completion.remove(shell)
    for table in manager.magics.values():
        for name in [name for name, magic in table.items() if getattr(magic, "__self__", None) is magics]:
            del table[name]
    shell.configurables[:] = [one for one in shell.configurables if one is not magics]
