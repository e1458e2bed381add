"""What stands in a picture: colours and their shares, separate areas, middles, brightness."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops, ImageStat

from gemini_nb.offline.painter import paint
from gemini_nb.offline.painter.recipes import Step

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


def picture_of(prompt: str, *, images=(), aspect_ratio=None, image_size=None) -> Image.Image:
    """The offline painter's picture of a prompt, or its edit of pictures."""
    return paint.paint_step(Step(prompt, aspect_ratio, image_size), images=images).image


def share(image: Image.Image, colour: tuple[int, int, int]) -> float:
    """The part of the picture that has exactly this colour."""
    counts = image.getcolors(image.width * image.height) or []
    return sum(count for count, found in counts if found == colour) / (image.width * image.height)


def blobs(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """How many separate areas have this colour, seen on a coarse grid."""
    small = image.resize((256, 256), Image.Resampling.NEAREST)
    left = {(x, y) for x in range(256) for y in range(256) if small.getpixel((x, y)) == colour}
    found = 0
    while left:
        found, edge = found + 1, [left.pop()]
        while edge:
            x, y = edge.pop()
            near = {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            edge += near
    return found


def middle_of(image: Image.Image, colour: tuple[int, int, int]) -> tuple[float, float]:
    """The centre of a colour, as shares of the width and height."""
    bands = ImageChops.difference(image, Image.new("RGB", image.size, colour)).split()
    mask = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2]).point(
        lambda v: 255 * (v == 0)
    )
    left, top, right, bottom = mask.getbbox() or pytest.fail(f"{colour} is nowhere")
    return (left + right) / 2 / image.width, (top + bottom) / 2 / image.height


def mean(image):
    return ImageStat.Stat(image).mean


def brightness(image):
    return sum(mean(image))


def png(image: Image.Image) -> bytes:
    return paint.encode(image, "image/png")
