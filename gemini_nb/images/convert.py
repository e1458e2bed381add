"""Conversion of a picture to the type that a file's name asks for.

PNG keeps every pixel, JPEG and WebP what an eye sees of them. The orientation is applied, the colour profile
kept. Of what the bytes held besides (EXIF, C2PA) nothing is: that is in the original.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from gemini_nb.display.preview import TYPE_NAMES, decode, encode, flatten, run_interruptibly
from gemini_nb.errors import ArgumentError
from gemini_nb.images.pil_modes import GREY_MODES, as_shown, fitting_profile

if TYPE_CHECKING:
    from gemini_nb.display.preview import Picture

_OPTIONS: dict[str, dict[str, Any]] = {
    "image/png": {"compress_level": 4},
    "image/jpeg": {"quality": 95, "subsampling": 0},  # 4:4:4: red on blue stays sharp
    "image/webp": {"quality": 95, "method": 4},
    "image/gif": {},
}
_MAX_SIDES = {"image/jpeg": 65_500, "image/webp": 16_383, "image/gif": 65_535}  # of their encoders, in pixels


@dataclass(frozen=True)
class Converted:
    """The bytes of a converted picture, and whether transparency was laid on white for it."""

    data: bytes
    is_on_white: bool = False


def convert(image: Picture, mime_type: str) -> Converted:
    """Return a picture's first frame as another type: PNG, JPEG, WebP or GIF, which has 256 colours.

    Raises `ImageRefusedError` and `ImageLostError` as `decode` does, `ArgumentError` for more pixels in a row
    than the type takes.
    """
    longest, most = max(image.width, image.height), _MAX_SIDES.get(mime_type)
    if most and longest > most:
        raise ArgumentError(
            f"{TYPE_NAMES[mime_type]} takes {most:,} pixels in a row, and it has {longest:,}."
        )
    picture = decode(image)
    return run_interruptibly(partial(_encode, picture, mime_type), what="converting")


def _encode(picture: Any, mime_type: str) -> Converted:
    picture = as_shown(picture)
    profile = picture.info.get("icc_profile") or b""
    is_on_white = False
    if mime_type == "image/jpeg":
        picture, is_on_white = _drop_transparency(picture)
    elif mime_type != "image/png":
        picture = _to_mode(picture, "RGBA" if picture.has_transparency_data else "RGB")
    profile = fitting_profile(picture, profile)  # without one, Pillow would take that of `info` for a PNG
    data = encode(picture, TYPE_NAMES[mime_type].upper(), **_OPTIONS[mime_type], icc_profile=profile)
    return Converted(data, is_on_white)


def _drop_transparency(picture: Any) -> tuple[Any, bool]:
    """Return an image of grey or RGB, and whether something of it was transparent and is laid on white."""
    if picture.has_transparency_data:
        picture = _to_mode(picture, "RGBA")
        if picture.getchannel("A").getextrema()[0] < 255:
            return flatten(picture), True
    return _to_mode(picture, "L" if picture.mode in GREY_MODES else "RGB"), False


def _to_mode(picture: Any, mode: str) -> Any:
    return picture if picture.mode == mode else picture.convert(mode)  # which would copy all pixels
