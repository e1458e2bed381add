"""From a prompt to a picture, without a model: the same words and size give the same pixels."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Sequence


class UnreadableImageError(ValueError):
    """An input picture could not be opened."""


def paint(
    prompt: str,
    *,
    aspect_ratio: str | None = None,
    image_size: str | None = None,
    images: Sequence[bytes] = (),
) -> Image.Image:
    """Paint what `prompt` asks for, or edit `images` as it asks."""
    image = Image.new("RGB", (1024, 1024), "white")
    ImageDraw.Draw(image).rectangle((256, 256, 768, 768), fill="red")
    return image


def encode(image: Image.Image, mime_type: str) -> bytes:
    """Encode as image/png, image/jpeg or image/webp."""
    out = io.BytesIO()
    image.save(out, mime_type.removeprefix("image/").upper(), **_OPTIONS[mime_type])
    return out.getvalue()


_OPTIONS = {
    "image/png": {"compress_level": 4},
    # 4:4:4, for the edges of plain shapes show the loss of colour at once
    "image/jpeg": {"quality": 93, "subsampling": 0},
    "image/webp": {"quality": 92, "method": 2},
}
