"""Edits of pictures that exist: a plan of `edit_plan`, carried out with the filters."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from gemini_nb.offline.painter import composition, filters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.offline.painter.edit_plan import Plan
    from gemini_nb.offline.painter.layout import Figure
    from gemini_nb.offline.painter.recipes import Swap

MAX_PIXELS = 50_000_000
"""A picture of more pixels is not decoded."""

_COLLAGE_WIDTH = 2048
_MIN_SIDE, _MAX_SIDE = 256, 4096
_RESIZES = re.compile(r"\b(?:crop|resize|scale|widen|extend|enlarge|shrink|upscale|size|aspect)")
_ZOOM_SHARE = 0.55


class UnreadableImageError(ValueError):
    """An input picture could not be opened."""


def join(images: Sequence[bytes]) -> Image.Image:
    """Open the pictures to edit, several side by side. Raises `UnreadableImageError`."""
    opened = [_enlarge(open_source(data)) for data in images]
    return opened[0] if len(opened) == 1 else _collage(opened)


def edit(
    image: Image.Image,
    prompt: str,
    plan: Plan,
    *,
    size: tuple[int, int] | None,
    keep_shape: bool,
    look_at: tuple[float, float, float] | None,
    swaps: Sequence[Swap],
    is_changed: bool,
) -> tuple[Image.Image, list[Figure]]:
    """Do to a picture what the plan of the prompt asks; return it and the figures that were added.

    `size` is what was asked for, in pixels: the picture is cropped to it, or with `keep_shape` only scaled.
    `look_at` is the point and the share that are enlarged; `swaps` are what later edits make of the figures.
    Where nothing was understood, and the picture not `is_changed` already, it gets darker corners.
    """
    added: list[Figure] = []
    if size:
        fit = ImageOps.contain if keep_shape else ImageOps.fit
        image = fit(image, size, Image.Resampling.LANCZOS)
    before = image
    for change in plan.changes:
        image = change(image)
    if look_at:
        image = filters.zoom(image, *look_at)
    elif plan.zoom is not None:
        image = filters.zoom(image, image.width / 2, image.height / 2, _ZOOM_SHARE)
    if plan.crop:
        image = filters.crop(image, plan.crop)
    if plan.frame:
        colour, share = plan.frame
        image = filters.frame(image, colour, share=share)
    if plan.items.items:
        image = image.copy()
        added = composition.add_items(image, plan.items, swaps)
    elif image is before and plan.tint:
        image = filters.tint(image, plan.tint)
    understood = (
        image is not before or is_changed or plan.is_settled or (size and _RESIZES.search(prompt.lower()))
    )
    return image.copy() if understood else filters.vignette(image), added


def open_source(data: bytes) -> Image.Image:
    """Open a picture as it is shown, in RGB. Raises `UnreadableImageError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UnreadableImageError("more than 50 megapixels")
                image.load()
                return _flatten(ImageOps.exif_transpose(image))
    except UnreadableImageError:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise nearly anything on broken bytes
        raise UnreadableImageError(type(error).__name__) from None


def _flatten(image: Image.Image) -> Image.Image:
    """Convert to RGB; a picture with transparency is laid on white."""
    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _enlarge(image: Image.Image) -> Image.Image:
    """Enlarge a thumbnail, as the models do, so that the mark does not cover it."""
    factor = _MIN_SIDE / min(image.size)
    if factor <= 1 or factor * max(image.size) > _MAX_SIDE:
        return image
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


def _collage(opened: Sequence[Image.Image]) -> Image.Image:
    columns = len(opened) if len(opened) <= 4 else round(len(opened) ** 0.5 + 0.5)
    rows = -(-len(opened) // columns)
    side = max(256, _COLLAGE_WIDTH // columns)
    gap = max(8, side // 48)
    sheet = Image.new("RGB", (columns * side + (columns + 1) * gap, rows * side + (rows + 1) * gap), "white")
    for index, image in enumerate(opened):
        row, column = divmod(index, columns)
        cell = ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)
        sheet.paste(cell, (gap + column * (side + gap), gap + row * (side + gap)))
    return sheet
