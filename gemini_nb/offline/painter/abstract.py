"""Abstract compositions, for a prompt that names nothing that can be drawn; chosen by its hash."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gemini_nb.offline.painter.canvas import Gradient
from gemini_nb.offline.painter.colours import PALETTES, backdrop_for, darker, lighter, mix, turn_hue
from gemini_nb.offline.painter.outlines import arc, box, loop, oval

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from gemini_nb.offline.painter.canvas import Canvas
    from gemini_nb.offline.painter.colours import Colour
    from gemini_nb.offline.painter.outlines import Loop

_Palette = tuple["Colour", ...]


def compose(canvas: Canvas, mentioned: Sequence[Colour], rng: Random) -> None:
    """Paint one of four compositions, in the colours that the prompt mentions if it does."""
    palette = _palette(mentioned, rng)
    rng.choice((_tiles, _waves, _discs, _paper_scales))(canvas, palette, rng)


def _palette(mentioned: Sequence[Colour], rng: Random) -> _Palette:
    if not mentioned:
        return rng.choice(PALETTES)
    first = mentioned[0]
    own = [*mentioned, darker(first, 0.35), lighter(first, 0.45), turn_hue(first, 0.08), turn_hue(first, 0.5)]
    return (backdrop_for(first), *own[: max(4, len(mentioned))])


def _tiles(canvas: Canvas, palette: _Palette, rng: Random) -> None:
    """Quarter discs, half discs and dots on a grid, after the Bauhaus."""
    side = canvas.unit / 5
    columns, rows = math.ceil(canvas.width / side), math.ceil(canvas.height / side)
    left, top = (canvas.width - columns * side) / 2, (canvas.height - rows * side) / 2
    for row in range(rows):
        for column in range(columns):
            back, front, third = rng.sample(palette, 3)
            x, y = left + column * side, top + row * side
            canvas.fill((box(math.floor(x), math.floor(y), math.ceil(x + side), math.ceil(y + side)),), back)
            _tile(canvas, (x, y, side), (front, third), rng)


def _tile(canvas: Canvas, at: tuple[float, float, float], paints: tuple[Colour, Colour], rng: Random) -> None:
    x, y, side = at
    turn = rng.randrange(4)
    cx, cy = x + side * (turn in (1, 2)), y + side * (turn in (2, 3))
    kind = rng.randrange(5)
    if kind <= 1:
        canvas.fill((_quarter(cx, cy, side, turn),), paints[0])
        if kind:
            canvas.fill((_quarter(cx, cy, side * 0.5, turn),), paints[1])
    elif kind == 2:
        canvas.fill((oval(x + side / 2, y + side / 2, side * 0.36),), paints[0])
        canvas.fill((oval(x + side / 2, y + side / 2, side * 0.16),), paints[1])
    elif kind == 3:
        canvas.fill((loop([(x, y), (x + side, y), (x, y + side)]),), paints[0])
    else:
        canvas.fill((loop(arc(x + side / 2, y + side / 2, side / 2, side / 2, 180, 360)),), paints[0])
        canvas.fill((loop(arc(x + side / 2, y + side, side / 2, side / 2, 180, 360)),), paints[1])


def _quarter(cx: float, cy: float, radius: float, turn: int) -> Loop:
    return loop([(cx, cy), *arc(cx, cy, radius, radius, 90 * turn, 90 * turn + 90)])


def _waves(canvas: Canvas, palette: _Palette, rng: Random) -> None:
    """Bands that flow across, each over the last."""
    canvas.ground(Gradient((palette[0], mix(palette[0], palette[1], 0.25))))
    canvas.fill(
        (oval(canvas.width * rng.uniform(0.3, 0.7), canvas.height * 0.3, canvas.unit * 0.15),), palette[2]
    )
    bands = 8
    for band in range(bands):
        base = canvas.height * (0.36 + 0.6 * band / bands)
        first, second, slow = rng.uniform(0, 6.3), rng.uniform(0, 6.3), rng.uniform(0.7, 1.2)
        line = []
        for i in range(121):
            wave = 0.07 * math.sin(slow * i / 19 + first) + 0.03 * math.sin(i / 10 + second)
            line.append((canvas.width * i / 120, base + canvas.unit * wave))
        colour = mix(palette[1 + band % (len(palette) - 1)], palette[1], 0.12 * (band % 3))
        canvas.fill_below(line, Gradient((lighter(colour, 0.12), colour)))


def _discs(canvas: Canvas, palette: _Palette, rng: Random) -> None:
    """Large clear discs that overlap, and thin rings."""
    canvas.ground(Gradient((palette[0], mix(palette[0], palette[-1], 0.18)), 45))
    for index in range(11):
        angle = index * 2.4 + rng.uniform(0, 0.5)
        reach = canvas.unit * 0.095 * math.sqrt(index)
        x = canvas.width / 2 + reach * math.cos(angle) * 1.1 * canvas.width / canvas.unit
        y = canvas.height / 2 + reach * math.sin(angle) * 1.1 * canvas.height / canvas.unit
        radius = canvas.unit * rng.uniform(0.07, 0.21)
        colour = palette[1 + index % (len(palette) - 1)]
        if index % 4 == 3:
            canvas.fill((oval(x, y, radius), oval(x, y, radius * 0.88, hole=True)), colour)
        else:
            canvas.fill((oval(x, y, radius),), Gradient((lighter(colour, 0.2), colour)), opacity=0.84)
            canvas.fill((oval(x, y, radius * 0.2),), palette[0], opacity=0.9)


def _paper_scales(canvas: Canvas, palette: _Palette, rng: Random) -> None:
    """Rows of concentric arches, like scales or cut paper."""
    canvas.ground(palette[0])
    radius = canvas.unit / 3.6
    columns = math.ceil(canvas.width / radius) + 2
    rows = math.ceil(canvas.height / (radius * 0.52)) + 3
    for row in range(rows):
        for column in range(columns):
            x = (column - 0.5 + 0.5 * (row % 2)) * radius
            y = (row - 1) * radius * 0.52
            colours = rng.sample(palette[1:], 3)
            for colour, share in zip((*colours, palette[0]), (0.56, 0.42, 0.28, 0.13), strict=True):
                canvas.fill((oval(x, y, radius * share),), colour)
