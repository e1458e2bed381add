"""Loading and unloading of the extension: magics, completion, pictures in a terminal and in data frames."""

from __future__ import annotations

import sys
from base64 import b64decode
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from traitlets.config import Config

from gemini_nb.notebook.completion import matcher
from gemini_nb.notebook.magics import GeminiMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# By name, since loading the extension must not load the classes.
_RESULTS = (("gemini_nb.generation", "Generation"), ("gemini_nb.batch.result", "Batch"))
_FRAMES = ("pandas", "pandas.core.frame", "polars.dataframe.frame")  # where `DataFrame` says that it is from
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
    _draw_in_frames(shell)


def unload(shell: InteractiveShell) -> None:
    """Take the magics back from everywhere IPython keeps them."""
    manager = shell.magics_manager
    magics = manager.registry.pop("GeminiMagics", None)
    if magics is None:
        return
    matcher.remove(shell)
    formatter: Any = shell.display_formatter
    for module, name in _RESULTS:
        for own in (formatter.mimebundle_formatter, formatter.formatters["image/png"]):
            own.pop(f"{module}.{name}", None)
    for module in _FRAMES:
        if _find_formatter(shell, module) is _render_frame:
            formatter.formatters["text/html"].pop(f"{module}.DataFrame")
    for table in manager.magics.values():
        for name in [name for name, magic in table.items() if getattr(magic, "__self__", None) is magics]:
            del table[name]
    shell.configurables[:] = [other for other in shell.configurables if other is not magics]


def _draw_in_terminal(shell: InteractiveShell) -> None:
    """Show results in a terminal as text that says which file to open, and as PNG where it draws that.

    IPython 9.13 draws PNG by kitty's graphics protocol. A notebook has the result's own bundle.
    """
    formatter: Any = shell.display_formatter
    # A notebook's kernel leaves them alone, and asking for them makes all of its formatters.
    if not formatter.trait_has_value("active_types") or "text/html" in formatter.active_types:
        return
    for module, name in _RESULTS:
        formatter.mimebundle_formatter.for_type_by_name(module, name, _render_text)
        if "image/png" in formatter.active_types:
            formatter.formatters["image/png"].for_type_by_name(module, name, _render_png)


def _render_text(result: Any) -> dict[str, str]:
    """Return the MIME bundle of a picture or a batch for a terminal."""
    return {"text/plain": result.render_text()}


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


def _draw_in_frames(shell: InteractiveShell) -> None:
    """Show thumbnails in data frames that hold pictures, unless somebody shows data frames already.

    It begins with the next cell: to load the extension makes none of the kernel's formatters.
    """

    def register(*_info: object) -> None:
        shell.events.unregister("pre_run_cell", register)
        if "GeminiMagics" not in shell.magics_manager.registry:
            return  # it was unloaded meanwhile
        formatter: Any = shell.display_formatter
        for module in _FRAMES:
            if _find_formatter(shell, module) is None:
                formatter.formatters["text/html"].for_type_by_name(module, "DataFrame", _render_frame)

    shell.events.register("pre_run_cell", register)


def _find_formatter(shell: InteractiveShell, module: str) -> Any:
    formatter: Any = shell.display_formatter
    with suppress(KeyError):
        return formatter.formatters["text/html"].lookup_by_type(f"{module}.DataFrame")
    return None


def _render_frame(frame: Any) -> str | None:
    """Return the HTML of a frame with its pictures, or else as it shows itself."""
    if "gemini_nb.images.image" in sys.modules:  # else there is no picture
        from gemini_nb.display import frames  # noqa: PLC0415 - needed in such a notebook only

        with suppress(Exception):  # a formatter that fails would fail the cell
            return frames.render_html(frame, _find_picture)
    page: str | None = frame._repr_html_()
    return page


def _find_picture(value: Any) -> tuple[Any, str] | None:
    from gemini_nb.generation import Generation  # noqa: PLC0415 - loaded by whoever made a picture
    from gemini_nb.images.image import GeneratedImage  # noqa: PLC0415

    if isinstance(value, Generation):
        return value.image, value.prompt
    return (value, "") if isinstance(value, GeneratedImage) else None
