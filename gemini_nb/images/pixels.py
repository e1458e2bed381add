"""PIL images, arrays and Matplotlib figures as the PNG that shows what a person sees in them.

An EXIF orientation is applied, 16 bits and floats are scaled to 8 bits, transparency is kept, and a CMYK
picture's profile is used. What would have to be guessed or clipped is refused.
"""

from __future__ import annotations

import io
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from gemini_nb.display.preview import encode
from gemini_nb.errors import ArgumentError
from gemini_nb.images import deep_png, header
from gemini_nb.images.image import MAX_PIXELS
from gemini_nb.images.input_bytes import call_or_refuse
from gemini_nb.images.pil_modes import as_shown
from gemini_nb.text import with_article

if TYPE_CHECKING:
    import PIL.Image

_STRIP_VALUES = 4_000_000  # of an array are scaled at once, so that floats of 50 megapixels need no copy
_save_png = partial(encode, kind="PNG", compress_level=1)


def is_pil(source: object) -> bool:
    """Whether `source` is a PIL image; Pillow is not loaded to tell."""
    pil = sys.modules.get("PIL.Image")
    return pil is not None and isinstance(source, pil.Image)


def is_array(source: object) -> bool:
    """Whether `source` is a NumPy array, or says how it becomes one, and is no PIL image."""
    is_given = hasattr(source, "__array_interface__") or hasattr(source, "__array__")
    return is_given and not is_pil(source)


def is_figure(source: object) -> bool:
    """Whether `source` can be drawn, as Matplotlib's figures can."""
    return callable(getattr(source, "savefig", None))


def check_pixels(width: float, height: float, what: str) -> None:
    """Raise `ArgumentError` for a picture of more pixels than are decoded or encoded."""
    if width * height > MAX_PIXELS:
        most = f"at most {MAX_PIXELS // 10**6} million are allowed"
        raise ArgumentError(
            f"{what} is {width:,.0f} by {height:,.0f} pixels; {most}.", hint="Make it smaller."
        )


def encode_gif(data: bytes, what: str) -> bytes:
    """Return the PNG of a GIF's first frame."""
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

    try:
        check_pixels(*header.read_size(data, "image/gif"), what)
        with Image.open(io.BytesIO(data), formats=["GIF"]) as frame:
            return _save_png(frame.convert("RGBA"))
    except ArgumentError:
        raise
    except Exception:  # noqa: BLE001, S110 - a broken file makes Pillow raise a dozen kinds
        pass
    raise ArgumentError(f"{what} looks like a GIF and cannot be read.")


def encode_pil(picture: PIL.Image.Image) -> bytes:
    """Return the PNG of a PIL image: turned upright, and in 8 bits.

    Integers of 16 bits (modes I and I;16) are scaled from 0…65535, floats (mode F) from 0…1. Raises
    `ArgumentError` for values outside of that, and for an image that cannot be decoded.
    """

    def draw() -> bytes:
        picture.load()
        return _save_png(as_shown(picture))

    check_pixels(*picture.size, "The PIL image")
    return call_or_refuse(draw, "The PIL image cannot be read")


def encode_array(source: Any) -> bytes:
    """Return the PNG of an array of height × width, optionally × 1, 3 or 4: uint8, bool, or float in 0…1."""
    import numpy as np  # noqa: PLC0415 - whoever hands over an array has it
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

    what = f"{with_article(type(source).__name__)} cannot be read as an array"
    array = call_or_refuse(lambda: np.asarray(source), what)  # a tensor may be on another device
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    _check_shape(array.shape)
    return _save_png(Image.fromarray(np.ascontiguousarray(_to_uint8(array, np))))


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (3, 4)) or 0 in shape:
        raise ArgumentError(
            f"An array of shape {shape} is no picture.",
            hint="It must be height × width, optionally × 3 (RGB) or × 4 (RGBA).",
        )
    check_pixels(shape[1], shape[0], "The array")


def _to_uint8(array: Any, np: Any) -> Any:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:  # neither holds of NaN
        scaled = np.empty(array.shape, np.uint8)
        rows = max(1, _STRIP_VALUES * len(array) // array.size)
        for at in range(0, len(array), rows):
            scaled[at : at + rows] = np.rint(array[at : at + rows] * 255)
        return scaled
    raise ArgumentError(
        f"An array of {array.dtype} cannot be sent as it is.",
        hint="Use uint8 in 0…255, or floats in 0…1 without NaN.",
    )


def encode_figure(figure: Any) -> bytes:
    """Return the PNG of what a figure shows, which is the same whichever version of Matplotlib drew it.

    What `savefig` writes names that version. So its pixels are written anew, with settings that stay: a chart
    that has not changed is the same request.
    """
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

    drawn = io.BytesIO()

    def draw() -> bytes:
        check_pixels(*_estimate_size(figure), "The figure")
        figure.savefig(drawn, format="png")
        with Image.open(drawn, formats=["PNG"]) as picture:
            check_pixels(*picture.size, "The figure")
            return write_png(*picture.size, picture.convert("RGBA").tobytes())

    return call_or_refuse(draw, f"The {type(figure).__name__} could not be drawn")


def _estimate_size(figure: Any) -> tuple[float, float]:
    """Return how many pixels wide and high `savefig` will make it, 0 where that cannot be told."""
    if not hasattr(figure, "get_size_inches"):
        return 0, 0
    dpi = sys.modules["matplotlib"].rcParams["savefig.dpi"]
    width, height = figure.get_size_inches() * (figure.dpi if dpi == "figure" else dpi)
    return width, height


def write_png(width: int, height: int, pixels: bytes, *, colours: Literal["L", "RGBA"] = "RGBA") -> bytes:
    """Write pixels of 8 bits as a PNG, the same whichever version of Pillow is installed."""
    stride = width * len(colours)
    rows = b"".join(b"\0" + pixels[at : at + stride] for at in range(0, len(pixels), stride))  # 0: no filter
    return deep_png.write(rows, (width, height), colours, depth=8)
