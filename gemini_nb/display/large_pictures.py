"""Large pictures, scaled while they are decoded: a preview takes a fraction of the memory of all pixels.

JPEG is decoded at down to an eighth of its size, PNG in bands, WebP by libwebp itself. What is left is
decoded whole by Pillow, then converted and scaled in strips: one more copy would take 4 bytes for each pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from gemini_nb.display import libwebp, png_bands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import PIL.Image
    import PIL.ImageFile

    Tile: TypeAlias = tuple[int, int, PIL.Image.Image]  # left, top, pixels
    ToRGB: TypeAlias = Callable[[PIL.Image.Image], PIL.Image.Image]

_STRIP_PIXELS = 1_000_000


def reduce(
    picture: PIL.ImageFile.ImageFile, data: bytes, size: tuple[int, int], to_rgb: ToRGB
) -> PIL.Image.Image:
    """Return an open picture as RGB or RGBA, at least of `size` and at most about twice as large.

    `data` is its file, `to_rgb` converts each part of it. Raises what Pillow and zlib raise.
    """
    if picture.format == "PNG" and (bands := png_bands.read(picture, data, size)):
        across, down = _find_factors(bands.size, size)
        factors = across, 1 if bands.is_wide else down
        return _join(bands.tiles(factors), bands.size, factors, to_rgb)
    if picture.format == "WEBP":
        small = libwebp.decode(data, _divide(picture.size, _find_factors(picture.size, size)))
        if small is not None:
            return small
    picture.draft(None, size)
    picture.load()
    factors = _find_factors(picture.size, size)
    return _join(_cut_strips(picture, factors[1]), picture.size, factors, to_rgb)


def _find_factors(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """Return the whole numbers by which to divide, so that about twice the target is left."""
    across, down = (
        max(large // (2 * small), min(2, large // small)) for large, small in zip(size, target, strict=True)
    )
    return across, down


def _divide(size: tuple[int, int], factors: tuple[int, int]) -> tuple[int, int]:
    return -(-size[0] // factors[0]), -(-size[1] // factors[1])


def _cut_strips(picture: PIL.Image.Image, multiple: int) -> Iterator[Tile]:
    width, height = picture.size
    rows = max(1, _STRIP_PIXELS // width // multiple) * multiple
    for top in range(0, height, rows):
        yield 0, top, picture.crop((0, top, width, min(height, top + rows)))


def _join(
    tiles: Iterable[Tile], size: tuple[int, int], factors: tuple[int, int], to_rgb: ToRGB
) -> PIL.Image.Image:
    """Reduce tiles, each but the last a multiple of the factors, and put them together."""
    from PIL import Image  # noqa: PLC0415 - Pillow is not loaded with the package

    whole = Image.new("1", (1, 1))
    for number, (left, top, tile) in enumerate(tiles):
        pixels = to_rgb(tile)
        if number == 0:
            whole = Image.new(pixels.mode, _divide(size, factors))
        whole.paste(pixels.reduce(factors), (left // factors[0], top // factors[1]))
    return whole
