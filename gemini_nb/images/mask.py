"""Masks: where an edit may change a picture, read from a picture, an array, a file or a box.

A mask is kept as a grey PNG in the size in which its source is shown: white may change, black stays. How the
edit and its source become one picture is in `composition`; how a model is told is in `models.masks`.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.images import inputs, pixels
from gemini_nb.images.image import COMPOSED, GeneratedImage
from gemini_nb.images.inputs import InputImage
from gemini_nb.images.pil_modes import as_shown

if TYPE_CHECKING:
    import PIL.Image

    Box = tuple[int, int, int, int]

MAX_FEATHER = 1000

_WHITE = 128  # from this grey on, a pixel of a mask counts as white
UNSENT = "Nothing was sent or billed."
_BOX_HINT = f"A box is (x, y, width, height) in pixels of the picture, from its upper left corner. {UNSENT}"


@dataclass(frozen=True)
class Mask:
    """A mask as it is sent: a grey PNG, white where the picture may change and black elsewhere.

    `feather` is the width in pixels of the soft edge, which lies inside of it. `read` makes one.
    """

    image: InputImage
    feather: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.feather, bool) or not isinstance(self.feather, int):
            raise ArgumentError(f"feather must be a whole number of pixels, not {self.feather!r}.")
        if not 0 <= self.feather <= MAX_FEATHER:
            raise ArgumentError(f"feather must be from 0 to {MAX_FEATHER} pixels, not {self.feather}.")

    @property
    def region(self) -> Box | None:
        """The box (x, y, width, height) in pixels that the mask is; None for any other shape."""
        inside = self.decode()
        left, top, right, bottom = inside.getbbox() or (0, 0, 0, 0)
        box = left, top, right - left, bottom - top
        return box if inside.histogram()[255] == box[2] * box[3] else None

    def is_given_by(self, given: Any) -> bool:
        """Whether `read` makes this mask of something, apart from its feather."""
        try:
            return read(given, self.decode().size).image == self.image
        except GeminiError:
            return False

    def decode(self) -> PIL.Image.Image:
        """Return it as a PIL image of mode L, of 0 and 255 only."""
        from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

        with Image.open(io.BytesIO(self.image.data), formats=["PNG"]) as picture:
            return picture.convert("L")

    def soften(self, inside: PIL.Image.Image) -> PIL.Image.Image:
        """Return the opacity of the change: 0 outside of the mask, rising over `feather` pixels inside of it.

        Where the mask is thinner than that everywhere, the edge is as soft as the mask has room for. There is
        no edge where the picture ends.
        """
        from PIL import ImageChops, ImageFilter  # noqa: PLC0415 - Pillow is loaded when a picture is

        for feather in (self.feather >> halvings for halvings in range(self.feather.bit_length())):
            radius = math.ceil(feather / 2)
            core = _erode(inside, radius)
            if _erode(core, radius).getbbox():  # there the change is whole
                return ImageChops.darker(core.filter(ImageFilter.BoxBlur(feather / 2)), inside)
        return inside


def _erode(inside: PIL.Image.Image, radius: int) -> PIL.Image.Image:
    """Return what is at least that many pixels away from black, along rows and columns."""
    from PIL import ImageChops, ImageOps  # noqa: PLC0415 - Pillow is loaded when a picture is

    image = ImageOps.expand(inside, radius, fill=255)
    for across, down in ((1, 0), (0, 1)):
        size, length = 1, 2 * radius + 1  # of the window whose darkest pixel each pixel is
        while size < length:
            step = min(size, length - size)
            right, below = image.width - step * across, image.height - step * down
            image = ImageChops.darker(
                image.crop((0, 0, right, below)),
                image.crop((step * across, step * down, image.width, image.height)),
            )
            size += step
    return image


def find_source(images: Sequence[InputImage]) -> InputImage:
    """Return the one picture that a mask is for; raise `ArgumentError` for none or several."""
    if len(images) == 1:
        return images[0]
    raise ArgumentError(
        f"A mask is for one picture, and there {f'are {len(images)}' if images else 'is none'}.",
        hint=f"{UNSENT} Give the one picture that is to change inside the mask.",
    )


def is_pixels_or_box(given: object) -> bool:
    """Whether a mask is an array or a box, which `read` takes as they are; anything else is a picture."""
    return _is_box(given) or pixels.is_array(given)


def _is_box(given: object) -> bool:
    values: Any = given
    if getattr(given, "shape", None) == (4,) and hasattr(given, "tolist"):
        values = given.tolist()
    is_list = isinstance(values, Sequence) and not isinstance(values, str | bytes | bytearray | memoryview)
    return is_list and len(values) == 4 and all(isinstance(value, Real) for value in values)


def read(given: Any, size: tuple[int, int], *, feather: int = 0) -> Mask:
    """Return the mask for a picture of `size`, width and height as it is shown; some of it must be white.

    `given` is whatever `inputs.read` takes, a `Mask`, a box (x, y, width, height) in pixels of the picture,
    or an array of height × width, optionally × 1, 3 or 4, of bool, of whole numbers in 0…255 (or 0 and 1), or
    of floats in 0…1. White, True and the inside of a box may change; transparent is black, and grey counts as
    white from 128 on. Raises `ArgumentError`, which names both sizes where they differ.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - Pillow is loaded when a picture is

    if _is_box(given):
        x, y, width, height = _read_box(given, size)
        inside = Image.new("L", size)
        ImageDraw.Draw(inside).rectangle((x, y, x + width - 1, y + height - 1), fill=255)
    else:
        inside = _read_picture(given, size)
    if not inside.getbbox():
        raise ArgumentError(
            "The mask is empty: nothing of it is white, so nothing may change.",
            hint=f"Paint what should change white, on black. {UNSENT}",
        )
    data = pixels.write_png(*inside.size, inside.tobytes(), colours="L")
    return Mask(inputs.read(InputImage(data, "image/png")), feather)


def _read_box(given: Any, size: tuple[int, int]) -> Box:
    values = list(given)
    if not all(math.isfinite(value) and value == int(value) for value in values):
        raise ArgumentError(f"The box {tuple(given)} is not of whole pixels.", hint=_BOX_HINT)
    x, y, width, height = map(int, values)
    if width < 1 or height < 1:
        raise ArgumentError(f"The box {(x, y, width, height)} is empty.", hint=_BOX_HINT)
    if x < 0 or y < 0 or x + width > size[0] or y + height > size[1]:
        raise ArgumentError(
            f"The box {(x, y, width, height)} reaches beyond the picture of {size[0]} by {size[1]} pixels.",
            hint=_BOX_HINT,
        )
    return x, y, width, height


def _read_picture(given: Any, size: tuple[int, int]) -> PIL.Image.Image:
    if isinstance(given, Mask):
        given = given.image
    if pixels.is_array(given):
        shape: tuple[int, ...] = getattr(given, "shape", ())
        _check_size(((*shape, 0, 0)[1], (*shape, 0)[0]), size)  # before all of its values are looked at
        given = InputImage(pixels.encode_array(_to_8_bits(given)), "image/png")
    image = inputs.read(given)
    try:
        mask = GeneratedImage.from_bytes(image.data, source=COMPOSED)
        if (mask.height, mask.width) != size:  # before it is decoded; it may lie on its side
            _check_size((mask.width, mask.height), size)
        shown = as_shown(mask.pil)
    except ArgumentError:
        raise
    except GeminiError as error:
        reason = str(error.args[0]).rstrip(".")
    else:
        _check_size(shown.size, size)
        return _to_black_and_white(shown)
    raise ArgumentError(f"The mask cannot be opened: {reason}.", hint=UNSENT)


def _check_size(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    if size != wanted:
        raise ArgumentError(
            f"The mask is {size[0]} by {size[1]} pixels, and the picture {wanted[0]} by {wanted[1]}.",
            hint=f"Make the mask of the picture's size. {UNSENT}",
        )


def _to_8_bits(given: Any) -> Any:
    """Return an array whose whole numbers are uint8; raise `ArgumentError` for others than 0…255."""
    import numpy as np  # noqa: PLC0415 - whoever hands over an array has it

    array = np.asarray(given)
    if array.dtype.kind not in "iu" or array.dtype == np.uint8 or not array.size:
        return array
    if array.min() < 0 or array.max() > 255:
        raise ArgumentError(
            "A mask of whole numbers must have 0…255, or 0 and 1.", hint="Use bool: True may change."
        )
    return array.astype(np.uint8)


def _to_black_and_white(shown: PIL.Image.Image) -> PIL.Image.Image:
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

    if shown.has_transparency_data:
        layer = shown.convert("RGBA")
        shown = Image.new("RGB", layer.size)
        shown.paste(layer, mask=layer.getchannel("A"))
    grey = shown.convert("L")
    white = 1 if grey.getextrema()[1] == 1 else _WHITE  # an array of 0 and 1
    return grey.point([255 * (value >= white) for value in range(256)])
