"""Loading and unloading of the extension: the magics, their completion, pictures in a terminal."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from traitlets.config import Config

from gemini_nb.notebook import terminal_images
from gemini_nb.notebook.completion import matcher
from gemini_nb.notebook.magics import GeminiMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load(shell: InteractiveShell) -> None:
    """Register the magics and their completion in place of earlier ones."""
    unload(shell)
    magics = GeminiMagics(shell, config=Config())
    if given := shell.config.GeminiMagics:  # later, so that a bad value is printed and left out
        magics.update_config(Config(GeminiMagics=deepcopy(given)))
    shell.register_magics(magics)
    matcher.install(shell, magics.session)
    terminal_images.install(shell)


def unload(shell: InteractiveShell) -> None:
    """Take the magics back from everywhere IPython keeps them."""
    manager = shell.magics_manager
    magics = manager.registry.pop("GeminiMagics", None)
    if magics is None:
        return
    matcher.remove(shell)
    terminal_images.remove(shell)
    for table in manager.magics.values():
        for name in [name for name, magic in table.items() if getattr(magic, "__self__", None) is magics]:
            del table[name]
    shell.configurables[:] = [other for other in shell.configurables if other is not magics]
