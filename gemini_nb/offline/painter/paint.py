"""The painter: from a prompt to a picture, without a model; the same words and size give the same pixels.

words → scene → layout         what is sketch, and where it goes
outlines, things → canvas      what can be drawn, and how it gets onto an image
terrain → landscape, abstract  what is painted behind, or instead
edits                          what is done to a picture that exists
"""

from __future__ import annotations

import hashlib
import io
import math
import random
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from gemini_nb.offline.painter import abstract, edits, landscape, layout, outlines, scene
from gemini_nb.offline.painter.canvas import Canvas, Gradient
from gemini_nb.offline.painter.colours import PALETTES, PAPER, WHITE, backdrop_for, darker, lighter, luminance
from gemini_nb.offline.painter.edits import UnreadableImageError
from gemini_nb.offline.painter.outlines import box, oval
from gemini_nb.offline.painter.things import THINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.offline.painter.colours import Colour
    from gemini_nb.offline.painter.layout import Figure
    from gemini_nb.offline.painter.scene import Ground, Sketch

__all__ = ["UnreadableImageError", "encode", "paint", "pixel_size"]

# Gemini 3's own sizes at 1K; the other image sizes are these times `_SCALE`
_PIXELS = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
    "1:4": (512, 2048),
    "4:1": (2048, 512),
    "1:8": (384, 3072),
    "8:1": (3072, 384),
}
_SCALE = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}
_ENCODING: dict[str, dict[str, int]] = {
    "image/png": {"compress_level": 4},
    # subsampling 0 is 4:4:4: the edges of plain shapes show any loss of colour
    "image/jpeg": {"quality": 93, "subsampling": 0},
    "image/webp": {"quality": 92, "method": 2},
}
# the ground where white and dark shapes stand side by side
_MIDDLE = (168, 196, 214)
_NEUTRAL = (243, 243, 240)
_OWN_COLOURS = {
    "star": (255, 200, 50),
    "heart": (228, 60, 84),
    "cloud": (255, 255, 255),
    "drop": (72, 150, 220),
    "bolt": (255, 200, 40),
    "leaf": (92, 160, 84),
    "crescent": (250, 222, 130),
    "egg": (250, 236, 214),
}
_BRIGHT = ((230, 80, 72), (60, 130, 220), (248, 188, 60), (72, 170, 130), (150, 100, 200), (244, 132, 84))


def paint(
    prompt: str,
    *,
    aspect_ratio: str | None = None,
    image_size: str | None = None,
    images: Sequence[bytes] = (),
) -> Image.Image:
    """Paint what `prompt` asks for, or edit `images` as it asks; RGB, marked "offline".

    Without `aspect_ratio` a new picture is square and an edit keeps its shape.
    Raises `UnreadableImageError` for an input picture that cannot be opened.

    >>> paint("a red square on white").getpixel((512, 512))
    (255, 0, 0)
    """
    if images:
        size = pixel_size(aspect_ratio, image_size) if aspect_ratio or image_size else None
        image = edits.edit(images, prompt, size=size, keep_shape=not aspect_ratio, draw=_draw_items)
    else:
        image = Image.new("RGB", pixel_size(aspect_ratio, image_size), PAPER)
        _paint_sketch(Canvas(image), scene.read(prompt), _rng_for(prompt))
    _mark(Canvas(image))
    return image


def encode(image: Image.Image, mime_type: str) -> bytes:
    """Encode as image/png, image/jpeg or image/webp."""
    out = io.BytesIO()
    image.save(out, mime_type.removeprefix("image/").upper(), **_ENCODING[mime_type])
    return out.getvalue()


def pixel_size(aspect_ratio: str | None, image_size: str | None) -> tuple[int, int]:
    """Return width and height in pixels; a ratio without a size of Gemini's own gets one megapixel.

    >>> pixel_size("16:9", "2K")
    (2752, 1536)
    """
    scale = _SCALE[image_size or "1K"]
    width, height = _PIXELS.get(aspect_ratio or "1:1") or _megapixel(aspect_ratio or "1:1")
    return round(width * scale), round(height * scale)


def _megapixel(ratio: str) -> tuple[int, int]:
    across, down = (int(part) for part in ratio.split(":"))
    share = math.sqrt(across / down)
    return round(1024 * share / 16) * 16, round(1024 / share / 16) * 16


def _rng_for(prompt: str) -> random.Random:
    seed = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()
    return random.Random(seed)  # noqa: S311 - the same prompt must give the same numbers


def _paint_sketch(canvas: Canvas, sketch: Sketch, rng: random.Random) -> None:
    if landscape.is_landscape(sketch):
        stage = landscape.paint(canvas, sketch, rng)
        for figure in layout.place_in_landscape(sketch.items, stage.horizon, canvas.width, canvas.height):
            _draw(canvas, figure, figure.colour or _own_colour(figure.shape, rng))
        return
    if not sketch.items and sketch.ground is None:
        abstract.compose(canvas, sketch.mentioned, rng)
        return
    figures = layout.arrange(sketch.items, canvas.width, canvas.height)
    colours = [figure.colour or _own_colour(figure.shape, rng) for figure in figures]
    _lay_ground(canvas, sketch.ground or _choose_ground(figures, colours))
    for figure, colour in zip(figures, colours, strict=True):
        _draw(canvas, figure, colour)


def _draw_items(image: Image.Image, sketch: Sketch) -> None:
    """Add a sketch's items to a picture that exists, small unless told otherwise."""
    canvas = Canvas(image)
    rng = _rng_for(repr(sketch.items))
    for figure in layout.place_on_picture(sketch.items, canvas.width, canvas.height):
        _draw(canvas, figure, figure.colour or _own_colour(figure.shape, rng))


def _own_colour(shape: str, rng: random.Random) -> Colour:
    """Return the colour of a shape that the prompt gives none; one number is drawn whatever it is."""
    bright = rng.choice(_BRIGHT)
    return THINGS[shape].colour if shape in THINGS else _OWN_COLOURS.get(shape, bright)


def _draw(canvas: Canvas, figure: Figure, colour: Colour) -> None:
    pen = canvas.pen(figure.x, figure.y, figure.radius)
    if figure.shape in THINGS:
        THINGS[figure.shape].draw(pen, colour)
    else:
        pen.fill(outlines.outline(figure.shape), colour)


def _choose_ground(figures: Sequence[Figure], colours: Sequence[Colour]) -> scene.Ground:
    """Choose a ground that was not asked for: a tint of the largest figure's own colour."""
    largest = max(range(len(figures)), key=lambda index: figures[index].radius)
    light = [luminance(colour) for colour in colours]
    if max(light) > 0.9:
        return scene.Ground((_MIDDLE if min(light) < 0.4 else backdrop_for(WHITE),))
    return scene.Ground((backdrop_for(colours[largest]) if len(set(colours)) == 1 else _NEUTRAL,))


def _lay_ground(canvas: Canvas, ground: Ground) -> None:
    paints = ground.colours or PALETTES[0][1:3]
    if ground.pattern == "plain":
        canvas.ground(paints[0])
        return
    if len(paints) == 1:
        other = lighter(paints[0], 0.7) if luminance(paints[0]) < 0.6 else darker(paints[0], 0.25)
        paints = (paints[0], other if ground.pattern == "gradient" else WHITE)
    if ground.pattern == "gradient":
        canvas.ground(Gradient(tuple(paints), ground.angle))
    else:
        canvas.ground(paints[-1])
        _PATTERNS[ground.pattern](canvas, paints)


def _checkerboard(canvas: Canvas, paints: Sequence[Colour]) -> None:
    side = canvas.unit / 8
    rows, columns = math.ceil(canvas.height / side), math.ceil(canvas.width / side)
    places = [(column, row) for row in range(rows) for column in range(columns) if (row + column) % 2 == 0]
    cells = [box(x * side, y * side, (x + 1) * side, (y + 1) * side) for x, y in places]
    canvas.fill(cells, paints[0])


def _stripes(canvas: Canvas, paints: Sequence[Colour]) -> None:
    bands = max(10, 2 * len(paints))
    tall = canvas.height / bands
    for band in range(bands):
        canvas.fill((box(0, band * tall, canvas.width, (band + 1) * tall),), paints[band % len(paints)])


def _dots(canvas: Canvas, paints: Sequence[Colour]) -> None:
    step = canvas.unit / 8
    dots = [
        oval((column + 0.5 * (row % 2)) * step, row * step, step * 0.24)
        for row in range(math.ceil(canvas.height / step) + 1)
        for column in range(math.ceil(canvas.width / step) + 1)
    ]
    canvas.fill(dots, paints[0])


_PATTERNS = {"checkerboard": _checkerboard, "stripes": _stripes, "dots": _dots}


def _mark(canvas: Canvas) -> None:
    """Set the word "offline" on a small pill in the lower right corner."""
    height = max(14.0, canvas.unit * 0.03)
    if canvas.unit < 4 * height:
        return  # a sliver of a picture, which the mark would cover
    font = ImageFont.load_default(height * 0.6)
    left, top, right, bottom = font.getbbox("offline")
    width = right - left + height * 0.9
    x1, y1 = canvas.width - height * 0.5, canvas.height - height * 0.5
    canvas.fill((box(x1 - width, y1 - height, x1, y1, radius=height / 2),), (44, 48, 58), opacity=0.62)
    at = (x1 - width / 2 - (left + right) / 2, y1 - height / 2 - (top + bottom) / 2)
    ImageDraw.Draw(canvas.image).text(at, "offline", font=font, fill=(255, 255, 255))
