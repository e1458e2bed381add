"""Terrain of a landscape: ridges, hills, woods, towns, dunes, water, each a layer over those behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from gemini_nb.offline.painter.canvas import Canvas, Gradient
from gemini_nb.offline.painter.colours import WHITE, darker, lighter, mix
from gemini_nb.offline.painter.outlines import box, loop, oval
from gemini_nb.offline.painter.things import THINGS

if TYPE_CHECKING:
    from random import Random

    from gemini_nb.offline.painter.colours import Colour, Light
    from gemini_nb.offline.painter.outlines import Point


@dataclass(frozen=True)
class Stage:
    """Where a landscape is painted; `horizon` is the height of the line, in pixels from the top.

    `season` colours its green, `without` are the shapes that do not decorate it.
    """

    canvas: Canvas
    light: Light
    rng: Random
    horizon: float
    sun: Point
    season: str | None = None
    without: frozenset[str] = frozenset()

    def showing(self, *shapes: str) -> Stage:
        """Return this stage, or one that nobody sees where one of the shapes is not wanted.

        What is painted there draws its random numbers all the same, so that the rest stays as it is.
        """
        if not self.without.intersection(shapes):
            return self
        return replace(self, canvas=Canvas(self.canvas.image.copy()))

    def down(self, share: float) -> float:
        """Return a height below the horizon: 0 at the line, 1 at the picture's foot."""
        return self.horizon + (self.canvas.height - self.horizon) * share


SEASONS: dict[str, Colour] = {"spring": (146, 196, 104), "autumn": (206, 158, 84)}
"""The green of hills and woods in a season that has its own."""

FOLIAGE: dict[str, Colour] = {
    "spring": (244, 176, 196),
    "summer": (70, 146, 74),
    "autumn": (226, 124, 50),
    "winter": (228, 236, 244),
}
"""The colour of a tree in each season: in blossom, green, orange, under snow."""


def ridge(stage: Stage, base: float, rise: float, *, peaks: int) -> list[Point]:
    """Return a line of peaks across the picture, each slope broken by halving and shifting."""
    rng, width = stage.rng, stage.canvas.width
    step = width / (2 * peaks)
    line = []
    for i in range(-1, 2 * peaks + 2):
        x = (i + rng.uniform(-0.3, 0.3)) * step
        line.append((x, base - rise * (rng.uniform(0.55, 1) if i % 2 else rng.uniform(0.05, 0.3))))
    for _ in range(5):
        middle = [
            ((x0 + x1) / 2, (y0 + y1) / 2 + rng.uniform(-0.11, 0.11) * (x1 - x0))
            for (x0, y0), (x1, y1) in pairwise(line)
        ]
        line = [point for pair in zip(line, middle, strict=False) for point in pair] + [line[-1]]
    return line


def swell(stage: Stage, base: float, rise: float, *, waves: float = 1.4) -> list[Point]:
    """Return a smooth rolling line across the picture."""
    first, second = stage.rng.uniform(0, 6.3), stage.rng.uniform(0, 6.3)
    steps = 160
    line = []
    for share in (i / steps for i in range(steps + 1)):
        wave = 0.6 * math.sin(waves * 6.28 * share + first) + 0.4 * math.sin(waves * 11 * share + second)
        line.append((share * stage.canvas.width, base - rise * wave))
    return line


def mountains(stage: Stage, *, snowy: bool = False) -> None:
    """Paint three ridges, the farther the paler, with snow on the two at the back."""
    height, wide = stage.horizon, stage.canvas.width / stage.canvas.unit
    for index, (rise, distance) in enumerate(((0.6, 0.68), (0.42, 0.42), (0.2, 0.2))):
        peaks = max(2, round((2.2 + 0.9 * index) * wide))
        line = ridge(stage, stage.down(0.05 * (index + 1)), height * rise, peaks=peaks)
        colour = stage.light.on((62, 82, 116), distance)
        stage.canvas.fill_below(line, Gradient((colour, mix(colour, stage.light.haze, 0.45))))
        if index < 2 and "snow" not in stage.without:
            _snow(stage, line, height * rise, distance, depth=0.85 if snowy else 0.55)


def foothills(stage: Stage, *, snowy: bool = False) -> None:
    """Close a mountain view with wooded slopes, where nothing else stands before it."""
    for index, distance in enumerate((0.3, 0.08)):
        green = (206, 220, 232) if snowy else SEASONS.get(stage.season or "", (64, 118, 88))
        shade = stage.light.on(darker(green, 0.12 * index), distance)
        line = swell(stage, stage.down(0.3 + 0.36 * index), stage.canvas.unit * 0.03, waves=0.8)
        trees = stage.showing("tree", "pine").canvas
        for x, y in line[:: 5 - index]:
            size = stage.canvas.unit * (0.024 + 0.016 * index) * stage.rng.uniform(0.8, 1.4)
            THINGS["pine"].draw(trees.pen(x, y - size * 0.5, size), darker(shade, 0.12))
        stage.canvas.fill_below(line, Gradient((shade, darker(shade, 0.12))))


def _snow(stage: Stage, line: list[Point], rise: float, distance: float, *, depth: float) -> None:
    """Cap what rises above the snow line; its lower edge comes down in tongues."""
    snow_line = min(y for _, y in line) + rise * depth
    edges = [(x, snow_line + rise * 0.1 * stage.rng.uniform(-1, 1)) for x, _ in line[::6]]
    tongues = [
        edges[min(i // 6, len(edges) - 1)][1] * (1 - i % 6 / 6)
        + edges[min(i // 6 + 1, len(edges) - 1)][1] * (i % 6 / 6)
        for i in range(len(line))
    ]
    lower = [(x, max(y, y + (edge - y) * 0.62)) for (x, y), edge in zip(line, tongues, strict=True)]
    white = stage.light.on((250, 252, 255), distance * 0.4)
    stage.canvas.fill((loop(line + lower[::-1]),), white, opacity=0.94)


def hills(stage: Stage, *, snowy: bool = False) -> None:
    """Paint four rolling hills, green or under snow."""
    green = (236, 242, 250) if snowy else SEASONS.get(stage.season or "", (118, 172, 92))
    unit = stage.canvas.height - stage.horizon
    for index, distance in enumerate((0.5, 0.28, 0.1, 0)):
        line = swell(stage, stage.down(0.02 + 0.23 * index), unit * 0.09, waves=1.3 - 0.2 * index)
        colour = stage.light.on(darker(green, 0.07 * index), distance)
        stage.canvas.fill_below(line, Gradient((lighter(colour, 0.08), darker(colour, 0.16))))


def meadow_flowers(stage: Stage) -> None:
    """Scatter small flowers below the horizon, larger towards the foot."""
    petals = ((250, 244, 232), (246, 196, 84), (232, 110, 120), (170, 130, 210))
    for _ in range(90):
        share = stage.rng.uniform(0.5, 1) ** 0.7
        x, y = stage.rng.uniform(0, stage.canvas.width), stage.down(share)
        colour = stage.light.on(stage.rng.choice(petals))
        stage.canvas.fill((oval(x, y, stage.canvas.unit * 0.0055 * share**3 + 1),), colour)


def forest(stage: Stage, *, snowy: bool = False) -> None:
    """Paint four rows of pines, the nearest largest."""
    colour = (196, 112, 56) if stage.season == "autumn" else (52, 112, 84)
    for row, distance in enumerate((0.62, 0.38, 0.16, 0)):
        y = stage.down(0.08 + 0.26 * row)
        radius = stage.canvas.unit * (0.1 + 0.038 * row)
        count = max(5, round(stage.canvas.width / radius / (0.8 if row < 3 else 1.1)))
        shade = stage.light.on(darker(colour, 0.06 * row), distance)
        ground = swell(stage, y + radius * 0.55, radius * 0.1)
        stage.canvas.fill_below(ground, stage.light.on((84, 118, 84), distance))
        for index in range(count + 1):
            x = (index + stage.rng.uniform(-0.3, 0.3)) / count * stage.canvas.width
            size = radius * stage.rng.uniform(0.75, 1.15)
            tint = (
                mix(shade, WHITE, 0.5) if snowy else mix(shade, stage.light.haze, stage.rng.uniform(0, 0.12))
            )
            THINGS["pine"].draw(stage.canvas.pen(x, y - size * 0.35, size), tint)


def city(stage: Stage) -> None:
    """Paint three rows of towers; their windows are lit after sunset."""
    base, height = stage.down(0.3), stage.horizon
    lit = stage.light.strength > 0.2
    for distance, tallest, narrow in ((0.66, 0.62, 0.06), (0.38, 0.5, 0.075), (0.08, 0.36, 0.09)):
        x = -stage.rng.uniform(0, 0.04) * stage.canvas.unit
        wall = stage.light.on((70, 84, 112), distance)
        while x < stage.canvas.width:
            wide = stage.canvas.unit * narrow * stage.rng.uniform(0.75, 1.4)
            tall = height * tallest * stage.rng.uniform(0.45, 1)
            _tower(stage, (x, base - tall, x + wide, stage.canvas.height), wall, lit=lit and distance < 0.5)
            x += wide * 0.99


def _tower(stage: Stage, sides: tuple[float, float, float, float], wall: Colour, *, lit: bool) -> None:
    x0, y0, x1, y1 = sides
    wide, canvas = x1 - x0, stage.canvas
    canvas.fill((box(x0, y0, x1, y1),), Gradient((wall, darker(wall, 0.12))))
    kind = stage.rng.randrange(5)
    if kind == 0:
        canvas.fill((box(x0 + wide * 0.46, y0 - wide * 0.8, x0 + wide * 0.54, y0),), wall)
    elif kind == 1:
        canvas.fill((box(x0 + wide * 0.2, y0 - wide * 0.25, x0 + wide * 0.8, y0),), wall)
    pane = wide / 7
    glass = (255, 216, 130) if lit else lighter(wall, 0.22)
    panes = [
        box(x0 + pane * (1 + 2 * column), y0 + pane * (1.2 + 2.4 * row), x0 + pane * (2 + 2 * column),
            y0 + pane * (2.5 + 2.4 * row))
        for row in range(int((stage.canvas.height - y0) / (pane * 2.4)))
        for column in range(3)
        if stage.rng.random() < (0.42 if lit else 0.75)
    ]  # fmt: skip
    if panes:
        canvas.fill(panes, glass, opacity=0.85 if lit else 0.55)


def desert(stage: Stage) -> None:
    """Paint four dunes and three cacti."""
    sand = (230, 180, 116)
    unit = stage.canvas.height - stage.horizon
    for index, distance in enumerate((0.5, 0.25, 0.08, 0)):
        line = swell(stage, stage.down(0.04 + 0.24 * index), unit * 0.12, waves=0.75 + 0.1 * index)
        colour = stage.light.on(darker(sand, 0.08 * index), distance)
        stage.canvas.fill_below(line, Gradient((lighter(colour, 0.2), colour, darker(colour, 0.22))))
    for share, x, size in ((0.42, 0.2, 0.08), (0.3, 0.83, 0.05), (0.72, 0.74, 0.13)):
        _cactus(stage, x * stage.canvas.width, stage.down(share), size * stage.canvas.unit)


def _cactus(stage: Stage, x: float, y: float, size: float) -> None:
    pen, colour = stage.canvas.pen(x, y - size, size), stage.light.on((72, 132, 92))
    pen.oval(0.1, 1, 0.7, 0.09, stage.light.on((150, 110, 76)), opacity=0.5)
    pen.line([(0, 1), (0, -0.8)], 0.36, colour)
    pen.line([(0, 0.3), (-0.52, 0.3), (-0.52, -0.2)], 0.24, colour)
    pen.line([(0, 0.05), (0.52, 0.05), (0.52, -0.5)], 0.24, colour)
    pen.line([(-0.07, 0.9), (-0.07, -0.75)], 0.04, lighter(colour, 0.2))


def sea(stage: Stage) -> None:
    """Paint water from the horizon to the foot, with the light's path under the sun."""
    light, canvas = stage.light, stage.canvas
    deep = mix(light.sky[0], light.on((20, 88, 132)), 0.6)
    near_line = mix(light.sky[-1], light.on((96, 176, 204)), 0.5)
    water = Gradient((near_line, mix(near_line, deep, 0.6), deep))
    canvas.fill((box(0, stage.horizon, canvas.width, canvas.height),), water)
    rows = 26
    for row in range(rows):
        share = ((row + 0.5) / rows) ** 1.5
        y = stage.down(share)
        thick = canvas.unit * (0.0011 + 0.0036 * share)
        for _ in range(3):
            half = canvas.unit * (0.03 + 0.1 * share)
            ripple = oval(stage.rng.uniform(0, canvas.width), y, half, thick)
            canvas.fill((ripple,), lighter(near_line, 0.25), opacity=0.3)
        spread = canvas.unit * (0.05 + 0.12 * share)
        for _ in range(2):
            x = stage.sun[0] + stage.rng.uniform(-0.8, 0.8) * spread
            glint = oval(x, y, spread * stage.rng.uniform(0.3, 0.8), thick * 1.3)
            canvas.fill((glint,), light.sun, opacity=0.75 - 0.35 * share)


def beach(stage: Stage) -> None:
    """Paint the sea, a shore with foam, an umbrella and a palm."""
    sea(stage)
    canvas = stage.canvas
    sand = stage.light.on((240, 214, 164))
    shore = swell(stage, stage.down(0.62), canvas.unit * 0.03, waves=0.7)
    for shift, colour, opacity in ((-0.03, WHITE, 0.35), (-0.012, WHITE, 0.85)):
        canvas.fill_below([(x, y + shift * canvas.unit) for x, y in shore], colour, opacity=opacity)
    canvas.fill_below(shore, Gradient((darker(sand, 0.12), sand, lighter(sand, 0.15))))
    unit, umbrella, palm = canvas.unit, THINGS["umbrella"], THINGS["palm"]
    if "umbrella" not in stage.without:
        pen = canvas.pen(canvas.width * 0.3, stage.down(0.68), unit * 0.11, turn=12)
        umbrella.draw(pen, stage.light.on(umbrella.colour))
    if not stage.without & {"palm", "tree"}:
        pen = canvas.pen(canvas.width - unit * 0.2, stage.down(0.8) - unit * 0.3, unit * 0.34, flip=True)
        palm.draw(pen, stage.light.on(palm.colour))
