"""PIL images of any mode and orientation as what a person sees of them: upright, in 8 bits.

A profile of CMYK is applied, transparency and other profiles are kept, 16 bits and floats are scaled.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError

if TYPE_CHECKING:
    import PIL.Image

GREY_MODES = ("1", "L", "LA")
_PNG_MODES = (*GREY_MODES, "P", "RGB", "RGBA")
_WITH_ALPHA = {"PA": "RGBA", "RGBa": "RGBA", "La": "LA"}
_ORIENTATION = 0x0112


def as_shown(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return a loaded image, turned upright, in one of the modes that PNG has with up to 8 bits.

    Integers of 16 bits (modes I and I;16) are scaled from 0…65535, floats (mode F) from 0…1. Raises
    `ArgumentError` for values outside of that.
    """
    return _in_8_bits(turn_upright(picture))


def turn_upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return the image as its EXIF orientation wants it shown: a PNG is shown as its pixels lie."""
    from PIL.Image import Transpose  # noqa: PLC0415 - loaded, since there is a PIL image

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    try:
        turn = turns.get(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - broken EXIF, which nothing that shows pictures heeds
        return picture
    return picture if turn is None else picture.transpose(turn)


def fitting_profile(picture: PIL.Image.Image, profile: bytes) -> bytes:
    """Return a colour profile if it says something of an image's pixels, else b""."""
    return profile if profile[16:20] == (b"GRAY" if picture.mode in GREY_MODES else b"RGB ") else b""


def _in_8_bits(picture: PIL.Image.Image) -> PIL.Image.Image:
    mode = picture.mode
    if mode in _PNG_MODES:
        return _with_transparency_in_8_bits(picture)
    if mode.startswith("I"):
        return _scale_integers(picture)
    if mode == "F":
        return _scale_floats(picture)
    if mode == "CMYK" and picture.info.get("icc_profile"):
        return _convert_by_profile(picture)
    picture = picture.convert(_WITH_ALPHA.get(mode, "RGB"))
    if mode == "LAB":  # Pillow adds a profile of sRGB that holds the time: no two would be the same request
        picture.info.pop("icc_profile", None)
    return picture


def _scale_integers(picture: PIL.Image.Image) -> PIL.Image.Image:
    transparent = picture.info.get("transparency")
    picture = picture.convert("I")  # Pillow clips what it makes 8 bits of I;16
    low, high = _find_range(picture)
    if low < 0 or high > 65535:
        raise ArgumentError(
            f"A PIL image of mode I with values from {low:g} to {high:g} cannot be sent as it is.",
            hint="Use 0…65535, or scale it to 8 bits yourself.",
        )
    grey = picture.point([(value + 128) // 257 for value in range(65536)], "L")
    if isinstance(transparent, int):  # one of the 65536 greys
        grey.putalpha(picture.point([255 * (value != transparent) for value in range(65536)], "L"))
    grey.info.pop("transparency", None)
    return grey


def _scale_floats(picture: PIL.Image.Image) -> PIL.Image.Image:
    from PIL.Image import Resampling  # noqa: PLC0415

    mean: Any = picture.resize((1, 1), Resampling.BOX).getpixel((0, 0))  # NaN and infinity spoil it
    low, high = _find_range(picture)
    if not (math.isfinite(mean) and low >= 0 and high <= 1):
        raise ArgumentError(
            "A PIL image of mode F with values outside of 0…1 cannot be sent as it is.",
            hint='Scale it to 0…1, or convert("L") one that goes from 0 to 255.',
        )
    return picture.point(lambda value: value * 255 + 0.5).convert("L")


def _find_range(picture: PIL.Image.Image) -> tuple[float, float]:
    """Return the smallest and largest value of an image of one band."""
    extrema: Any = picture.getextrema()
    return extrema[0], extrema[1]


def _convert_by_profile(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return a CMYK image in sRGB, by its own profile unless that is broken."""
    from PIL import ImageCms  # noqa: PLC0415

    try:
        inks = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        screen = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(picture, inks, screen, outputMode="RGB")
    except Exception:  # noqa: BLE001 - a profile is somebody's file
        converted = None
    converted = converted or picture.convert("RGB")
    converted.info.pop("icc_profile", None)
    return converted


def _with_transparency_in_8_bits(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return an image whose transparent colour is of its own depth: Pillow keeps that of a 16-bit file."""
    colour = picture.info.get("transparency")
    if picture.mode != "RGB" or not isinstance(colour, tuple) or max(colour) < 256:
        return picture
    picture = picture.copy()
    picture.info["transparency"] = tuple(value >> 8 for value in colour)
    return picture
