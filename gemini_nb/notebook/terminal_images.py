"""Pictures in a terminal that draws them: IPython 9.13 and on shows PNG under kitty's protocol, else text."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_RESULTS = (("gemini_nb.generation", "Generation"), ("gemini_nb.batch.result", "Batch"))
_WIDTH = 512


def install(shell: InteractiveShell) -> None:
    """Give a drawing terminal a PNG of each result; everywhere else the results' own bundle is all."""
    formatter: Any = shell.display_formatter
    if not formatter.trait_has_value("active_types"):
        return  # a notebook's kernel leaves them alone, and asking for them makes all of its formatters
    if "image/png" in formatter.active_types and "text/html" not in formatter.active_types:
        for module, name in _RESULTS:
            formatter.formatters["image/png"].for_type_by_name(module, name, _png)


def remove(shell: InteractiveShell) -> None:
    """Take back what `install` gave to the shell."""
    formatter: Any = shell.display_formatter
    for module, name in _RESULTS:
        formatter.formatters["image/png"].pop(f"{module}.{name}", None)


def _png(result: Any) -> bytes | None:
    """A picture, or the contact sheet of a batch; None leaves the text alone."""
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
