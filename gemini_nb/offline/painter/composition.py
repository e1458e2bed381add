"""Composition: a sketch painted on a canvas, as a landscape, as figures on a ground, or as a pattern."""

from __future__ import annotations

import hashlib
import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

from gemini_nb.offline.painter import abstract, landscape, layout, outlines
from gemini_nb.offline.painter.canvas import Canvas, Gradient
from gemini_nb.offline.painter.colours import PALETTES, WHITE, backdrop_for, darker, lighter, luminance
from gemini_nb.offline.painter.outlines import box, oval
from gemini_nb.offline.painter.reading import scene
from gemini_nb.offline.painter.terrain import FOLIAGE
from gemini_nb.offline.painter.things import THINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from gemini_nb.offline.painter.colours import Colour
    from gemini_nb.offline.painter.layout import Figure
    from gemini_nb.offline.painter.reading.scene import Ground, Sketch
    from gemini_nb.offline.painter.recipes import Swap

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


def rng_for(prompt: str) -> random.Random:
    """Return the numbers that a prompt leaves to chance, the same for the same prompt."""
    seed = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()
    return random.Random(seed)  # noqa: S311 - the same prompt must give the same numbers


def compose(canvas: Canvas, sketch: Sketch, rng: random.Random, swaps: Sequence[Swap] = ()) -> list[Figure]:
    """Paint a sketch; return its figures, as they stand on the canvas after the swaps."""
    for swap in swaps:
        if swap.new is None:
            sketch = replace(sketch, scenery=sketch.scenery - {swap.old}, without=sketch.without | {swap.old})
    if layout.has_shelter(sketch.items) and not sketch.is_landscape and sketch.ground is None:
        sketch = replace(sketch, scenery=frozenset({"hills"}))
    if sketch.is_landscape:
        stage = landscape.paint(canvas, sketch, rng)
        figures = layout.place_in_landscape(sketch.items, stage.horizon, canvas.width, canvas.height)
        return [
            _draw(canvas, figure, figure.colour or _own_colour(figure.shape, rng, sketch.season), swaps)
            for figure in figures
        ]
    if sketch.is_empty:
        abstract.compose(canvas, sketch.mentioned, rng)
        return []
    figures = layout.arrange(sketch.items, canvas.width, canvas.height)
    colours = [figure.colour or _own_colour(figure.shape, rng) for figure in figures]
    _lay_ground(canvas, sketch.ground or _choose_ground(figures, colours))
    return [_draw(canvas, figure, colour, swaps) for figure, colour in zip(figures, colours, strict=True)]


def add_items(image: Image.Image, sketch: Sketch, swaps: Sequence[Swap] = ()) -> list[Figure]:
    """Add a sketch's items to a picture that exists, small unless told otherwise; return the figures."""
    canvas = Canvas(image)
    rng = rng_for(repr(sketch.items))
    return [
        _draw(canvas, figure, figure.colour or _own_colour(figure.shape, rng), swaps)
        for figure in layout.place_on_picture(sketch.items, canvas.width, canvas.height)
    ]


def _own_colour(shape: str, rng: random.Random, season: str | None = None) -> Colour:
    """Return the colour of a shape that the prompt gives none; one number is drawn whatever it is."""
    bright = rng.choice(_BRIGHT)
    if season and shape == "tree":
        return FOLIAGE[season]
    return THINGS[shape].colour if shape in THINGS else _OWN_COLOURS.get(shape, bright)


def _draw(canvas: Canvas, figure: Figure, colour: Colour, swaps: Sequence[Swap]) -> Figure:
    """Draw a figure, or what stands in its place, and return it; one that is taken out has no shape."""
    for swap in swaps:
        if swap.old != figure.shape:
            continue
        if swap.new is None:
            return replace(figure, shape="")
        new = swap.new
        if new.colours:
            colour = new.colours[0]
        elif new.shape != figure.shape and new.shape in THINGS:
            colour = THINGS[new.shape].colour
        figure = replace(figure, shape=new.shape, radius=figure.radius * new.size)
    pen = canvas.pen(figure.x, figure.y, figure.radius)
    if figure.shape in THINGS:
        THINGS[figure.shape].draw(pen, colour)
    else:
        pen.fill(outlines.outline(figure.shape), colour)
    return figure


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
