"""Filters of a whole picture: colours, light, weather, sharpness, turning, cropping. Each makes a new one."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from gemini_nb.offline.painter import colours, landscape
from gemini_nb.offline.painter.canvas import Canvas, Gradient

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.offline.painter.colours import Colour

FRAME_COLOUR: Colour = (40, 36, 34)


def frame(image: Image.Image, colour: Colour, *, share: float) -> Image.Image:
    """Set a picture into a frame whose width is a share of the shorter side; the size stays."""
    width = max(4, int(min(image.size) * share))
    inner = image.resize(
        (max(1, image.width - 2 * width), max(1, image.height - 2 * width)), Image.Resampling.LANCZOS
    )
    return ImageOps.expand(inner, (image.width - inner.width) // 2, fill=colour).resize(image.size)


def vignette(image: Image.Image) -> Image.Image:
    """Change a picture visibly where the request was not understood: darker, softer corners."""
    shade = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    dim = ImageEnhance.Brightness(image.filter(ImageFilter.GaussianBlur(min(image.size) / 150))).enhance(0.35)
    return Image.composite(dim, scale_channels(image, 1.04, 1.0, 0.94), shade)


def scale_channels(image: Image.Image, red: float, green: float, blue: float) -> Image.Image:
    """Multiply the three channels."""
    table = [min(255, round(level * factor)) for factor in (red, green, blue) for level in range(256)]
    return image.point(table)


def tint(image: Image.Image, colour: Colour) -> Image.Image:
    """Return the picture in shades of one colour, its own showing through a little."""
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=0.5)
    dark, light = colours.darker(colour, 0.8), colours.lighter(colour, 0.82)
    return Image.blend(image, ImageOps.colorize(grey, dark, light, mid=colour), 0.8)


def grey(image: Image.Image) -> Image.Image:
    """Take the colours out."""
    return image.convert("L").convert("RGB")


def sepia(image: Image.Image) -> Image.Image:
    """Return the picture in browns, as an old photograph."""
    return ImageOps.colorize(image.convert("L"), (38, 22, 10), (255, 240, 208), mid=(158, 116, 74))


def pixelate(image: Image.Image) -> Image.Image:
    """Return the picture in squares, 40 along its shorter side."""
    cell = max(2, min(image.size) // 40)
    small = image.resize((max(1, image.width // cell), max(1, image.height // cell)), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)


def pencil_sketch(image: Image.Image) -> Image.Image:
    """Keep the edges, as a pencil would draw them."""
    level = image.convert("L")
    soft = ImageOps.invert(level).filter(ImageFilter.GaussianBlur(max(2, min(image.size) / 160)))
    dodge = ImageChops.add(level, soft)
    return ImageOps.autocontrast(dodge, cutoff=1).convert("RGB")


def rotate(image: Image.Image, text: str) -> Image.Image:
    """Turn a picture as a text says: by its degrees, upside down, else a quarter; clockwise unless told."""
    match = re.search(r"(\d{1,3}) ?(?:degrees?|°|deg)", text)
    angle = int(match[1]) if match else (180 if "upside" in text else 90)
    if "counter" in text or "anti" in text or re.search(r"\bleft\b", text):
        angle = -angle
    if angle % 90 == 0:
        return image.rotate(-angle, expand=True)
    corner = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return image.rotate(-angle, Image.Resampling.BICUBIC, expand=True, fillcolor=corner)


def flip(image: Image.Image, text: str) -> Image.Image:
    """Mirror a picture, top to bottom where the text says so."""
    upside_down = re.search(r"vertical|upside|top to bottom", text)
    return ImageOps.flip(image) if upside_down else ImageOps.mirror(image)


def crop(image: Image.Image, ratio: float) -> Image.Image:
    """Cut the middle out of a picture, `ratio` being its width by its height."""
    width, height = image.size
    size = (round(height * ratio), height) if ratio < width / height else (width, round(width / ratio))
    return ImageOps.fit(image, (max(1, size[0]), max(1, size[1])), Image.Resampling.LANCZOS)


def zoom(image: Image.Image, x: float, y: float, share: float) -> Image.Image:
    """Enlarge the `share` of a picture around a point in pixels to the picture's size."""
    width, height = image.width * share, image.height * share
    left = min(max(0.0, x - width / 2), image.width - width)
    top = min(max(0.0, y - height / 2), image.height - height)
    box = (left, top, left + width, top + height)
    return image.resize(image.size, Image.Resampling.LANCZOS, box=box)


def screen(image: Image.Image, colour: Colour) -> Image.Image:
    """Lay a colour over the picture as light."""
    return ImageChops.screen(image, Image.new("RGB", image.size, colour))


def saturate(image: Image.Image, factor: float) -> Image.Image:
    """Strengthen the colours, or with less than 1 weaken them."""
    return ImageEnhance.Color(image).enhance(factor)


def brighten(image: Image.Image, factor: float) -> Image.Image:
    """Make a picture brighter, or with less than 1 darker."""
    return ImageEnhance.Brightness(image).enhance(factor)


def contrast(image: Image.Image) -> Image.Image:
    """Strengthen the contrast."""
    return ImageEnhance.Contrast(image).enhance(1.5)


def blur(image: Image.Image) -> Image.Image:
    """Blur a picture."""
    return image.filter(ImageFilter.GaussianBlur(max(2, min(image.size) / 80)))


def sharpen(image: Image.Image) -> Image.Image:
    """Sharpen a picture."""
    return image.filter(ImageFilter.UnsharpMask(radius=max(2, min(image.size) / 300), percent=180))


def posterize(image: Image.Image) -> Image.Image:
    """Return the picture in few strong colours."""
    return ImageOps.posterize(saturate(image, 1.3), 2)


def night(image: Image.Image) -> Image.Image:
    """Let it be night."""
    return screen(scale_channels(saturate(image, 0.6), 0.3, 0.38, 0.62), (6, 10, 34))


def sunset(image: Image.Image) -> Image.Image:
    """Let the sun set."""
    glow = Canvas(Image.new("RGB", image.size))
    glow.ground(Gradient(((150, 90, 170), (255, 150, 100), (255, 196, 110))))
    return Image.blend(ImageChops.multiply(image, glow.image), glow.image, 0.22)


def winter(image: Image.Image) -> Image.Image:
    """Let everything lie under snow."""
    return screen(scale_channels(saturate(image, 0.45), 0.92, 0.98, 1.06), (52, 60, 70))


def fog(image: Image.Image) -> Image.Image:
    """Lay fog over a picture."""
    return Image.blend(saturate(image, 0.6), Image.new("RGB", image.size, (222, 226, 230)), 0.55)


def rain(image: Image.Image) -> Image.Image:
    """Let it rain."""
    canvas = Canvas(scale_channels(saturate(image, 0.55), 0.72, 0.76, 0.82))
    landscape.paint_rain(canvas, _rng(), (214, 222, 232), drops=220)
    return canvas.image


def storm(image: Image.Image) -> Image.Image:
    """Darken a picture and let a storm break over it, with lightning."""
    canvas = Canvas(scale_channels(saturate(image, 0.4), 0.42, 0.46, 0.54))
    landscape.paint_storm(canvas, _rng())
    return canvas.image


def _rng() -> random.Random:
    return random.Random(1)  # noqa: S311 - the same edit must give the same drops


STYLES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "grey": grey,
    "sepia": sepia,
    "pixels": pixelate,
    "poster": posterize,
    "pencil": pencil_sketch,
}
"""Styles of a whole picture, by their names in `vocabulary.STYLES`."""
