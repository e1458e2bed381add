"""Edits: what a prompt asks to be done to pictures that exist; what its words change is in `changes`."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from gemini_nb.offline import changes
from gemini_nb.offline.painter import colours, scene, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.offline.painter.scene import Sketch

MAX_PIXELS = 50_000_000
_COLLAGE_WIDTH = 2048
_LEAST_SIDE = 256
_WHOLE = 4096


class UnreadableImageError(ValueError):
    """An input picture could not be opened."""


def edit(
    images: Sequence[bytes],
    prompt: str,
    *,
    size: tuple[int, int] | None,
    keep_shape: bool,
    draw: Callable[[Image.Image, Sketch], None],
) -> Image.Image:
    """Do to the pictures what the prompt asks; several are set side by side first.

    `size` is what was asked for: the picture is cropped to it, or with `keep_shape` only scaled to it.
    """
    opened = [_grown(_open(data)) for data in images]
    image = opened[0] if len(opened) == 1 else _collage(opened)
    if size:
        image = _fit(image, size, keep_shape=keep_shape)
    text = " ".join(prompt.lower()[:20_000].split())
    before = image
    image = changes.changed(image, text)
    asked = scene.read(prompt)
    image = _frame(image, text, asked)
    if asked.items and (_ADDS.search(text) or image is before):
        image = image.copy()
        draw(image, asked)
    elif image is before and asked.mentioned:
        image = changes.tint(image, asked.mentioned[0])
    understood = image is not before or len(opened) > 1 or (size and _RESIZES.search(text))
    return image.copy() if understood else _vignette(image)


def _open(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UnreadableImageError("more than 50 megapixels")
                image.load()
                return _flat(ImageOps.exif_transpose(image))
    except UnreadableImageError:
        raise
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise nearly anything on broken bytes
        raise UnreadableImageError(type(error).__name__) from None


def _grown(image: Image.Image) -> Image.Image:
    """Enlarge a thumbnail, as the models do, so that the mark does not cover it."""
    factor = _LEAST_SIDE / min(image.size)
    if factor <= 1 or factor * max(image.size) > _WHOLE:
        return image
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


def _flat(image: Image.Image) -> Image.Image:
    """Lay a picture with transparency on white."""
    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


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


def _fit(image: Image.Image, size: tuple[int, int], *, keep_shape: bool) -> Image.Image:
    if keep_shape:
        return ImageOps.contain(image, size, Image.Resampling.LANCZOS)
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def _vignette(image: Image.Image) -> Image.Image:
    """Change a picture visibly where the request was not understood: darker, softer corners."""
    shade = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    dim = ImageEnhance.Brightness(image.filter(ImageFilter.GaussianBlur(min(image.size) / 150))).enhance(0.35)
    return Image.composite(dim, changes.scaled(image, 1.04, 1.0, 0.94), shade)


def _frame(image: Image.Image, text: str, asked: Sketch) -> Image.Image:
    if not re.search(r"\b(?:frame|border)\b", text):
        return image
    read = words.read(text)
    at = next((i for i, word in enumerate(read) if word.value in ("frame", "border")), 0)
    near = [word.value for word in read[max(0, at - 3) : at] if word.kind == "colour"]
    named = colours.from_hex(near[-1]) if near and near[-1].startswith("#") else None
    colour = named or (colours.names()[near[-1]] if near else (asked.mentioned or ((40, 36, 34),))[0])
    width = max(4, min(image.size) // (14 if "thick" in text else 40 if "thin" in text else 24))
    inner = image.resize(
        (max(1, image.width - 2 * width), max(1, image.height - 2 * width)), Image.Resampling.LANCZOS
    )
    return ImageOps.expand(inner, (image.width - inner.width) // 2, fill=colour).resize(image.size)


_RESIZES = re.compile(r"\b(?:crop|resize|scale|widen|extend|enlarge|shrink|upscale|size|aspect)")
_ADDS = re.compile(r"\b(?:add|put|place|draw|insert|include|paint|with|give)\b")
