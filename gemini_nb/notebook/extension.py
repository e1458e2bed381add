"""Loading and unloading of the extension: the magics, their completion, pictures in a terminal."""

from __future__ import annotations

from base64 import b64decode
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from traitlets.config import Config

from gemini_nb.notebook.completion import matcher
from gemini_nb.notebook.magics import GeminiMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# By name, since loading the extension must not load the classes.
_RESULTS = (("gemini_nb.generation", "Generation"), ("gemini_nb.batch.result", "Batch"))
_TERMINAL_WIDTH = 512  # pixels


def load(shell: InteractiveShell) -> None:
    """Register the magics and their completion in place of earlier ones."""
    unload(shell)
    magics = GeminiMagics(shell, config=Config())
    if given := shell.config.GeminiMagics:  # later, so that a bad value is printed and left out
        magics.update_config(Config(GeminiMagics=deepcopy(given)))
    shell.register_magics(magics)
    matcher.install(shell, magics.session)
    _draw_in_terminal(shell)


def unload(shell: InteractiveShell) -> None:
    """Take the magics back from everywhere IPython keeps them."""
    manager = shell.magics_manager
    magics = manager.registry.pop("GeminiMagics", None)
    if magics is None:
        return
    matcher.remove(shell)
    formatter: Any = shell.display_formatter
    for module, name in _RESULTS:
        formatter.formatters["image/png"].pop(f"{module}.{name}", None)
    for table in manager.magics.values():
        for name in [name for name, magic in table.items() if getattr(magic, "__self__", None) is magics]:
            del table[name]
    shell.configurables[:] = [other for other in shell.configurables if other is not magics]


def _draw_in_terminal(shell: InteractiveShell) -> None:
    """Draw results in a terminal that shows PNG, as IPython 9.13 does by kitty's graphics protocol.

    Elsewhere the result's own bundle is enough.
    """
    formatter: Any = shell.display_formatter
    if not formatter.trait_has_value("active_types"):
        return  # a notebook's kernel leaves them alone, and asking for them makes all of its formatters
    if "image/png" in formatter.active_types and "text/html" not in formatter.active_types:
        for module, name in _RESULTS:
            formatter.formatters["image/png"].for_type_by_name(module, name, _render_png)


def _render_png(result: Any) -> bytes | None:
    """Return a picture, or the contact sheet of a batch, as PNG; None where only its text can be shown."""
    import io  # noqa: PLC0415 - what follows is needed in such a terminal only

    from PIL import Image  # noqa: PLC0415

    from gemini_nb.display.preview import encode, scale  # noqa: PLC0415
    from gemini_nb.errors import GeminiError  # noqa: PLC0415

    if hasattr(result, "image"):
        try:
            return encode(scale(result.image, _TERMINAL_WIDTH), "PNG")
        except GeminiError:
            return None
    sheet = result._repr_mimebundle_().get("image/jpeg")
    return encode(Image.open(io.BytesIO(b64decode(sheet))), "PNG") if sheet else None
