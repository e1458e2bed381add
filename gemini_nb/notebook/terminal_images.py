"""Pictures in a terminal: from version 9.13 on, IPython draws PNG by kitty's graphics protocol."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# By name, since loading the extension must not load the classes.
_RESULTS = (("gemini_nb.generation", "Generation"), ("gemini_nb.batch.result", "Batch"))
_WIDTH = 512


def install(shell: InteractiveShell) -> None:
    """Give a terminal that draws a PNG of each result; elsewhere the result's own bundle is enough."""
    formatter: Any = shell.display_formatter
    if not formatter.trait_has_value("active_types"):
        return  # a notebook's kernel leaves them alone, and asking for them makes all of its formatters
    if "image/png" in formatter.active_types and "text/html" not in formatter.active_types:
        for module, name in _RESULTS:
            formatter.formatters["image/png"].for_type_by_name(module, name, _render_png)


def remove(shell: InteractiveShell) -> None:
    """Take back what `install` gave to the shell."""
    formatter: Any = shell.display_formatter
    for module, name in _RESULTS:
        formatter.formatters["image/png"].pop(f"{module}.{name}", None)


def _render_png(result: Any) -> bytes | None:
    """Return a picture, or the contact sheet of a batch, as PNG; None where only its text can be shown."""
    import io  # noqa: PLC0415 - what follows is needed in such a terminal only

    from PIL import Image  # noqa: PLC0415

    from gemini_nb.display.preview import encode_png, scale  # noqa: PLC0415
    from gemini_nb.errors import GeminiError  # noqa: PLC0415

    if hasattr(result, "image"):
        try:
            return encode_png(scale(result.image, _WIDTH))
        except GeminiError:
            return None
    sheet = result._repr_mimebundle_().get("image/jpeg")
    return encode_png(Image.open(io.BytesIO(b64decode(sheet)))) if sheet else None
