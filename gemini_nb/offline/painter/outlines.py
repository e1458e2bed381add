"""Outlines of plain shapes: loops of points in the square from -1 to 1, y downwards.

A shape is a tuple of loops filled in order; a loop that is a hole takes away what is under it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Point = tuple[float, float]

# enough that a circle of 2,000 pixels' radius is off by less than a quarter of one
_ROUND = 240


@dataclass(frozen=True)
class Loop:
    """A closed line of points, filled; or a hole."""

    points: tuple[Point, ...]
    hole: bool = False


Outline = tuple[Loop, ...]


def loop(points: Iterable[Point], *, hole: bool = False) -> Loop:
    """Return the polygon of some points."""
    return Loop(tuple(points), hole)


def oval(x: float = 0, y: float = 0, rx: float = 1, ry: float | None = None, *, hole: bool = False) -> Loop:
    """Return an ellipse around a point; a circle without `ry`."""
    return loop(arc(x, y, rx, rx if ry is None else ry, 0, 360), hole=hole)


def arc(  # noqa: PLR0917 - centre, radii, span: the order of geometry
    x: float, y: float, rx: float, ry: float, start: float, end: float
) -> list[Point]:
    """Return the points from `start` to `end` degrees, clockwise from three o'clock."""
    steps = max(2, round(_ROUND * abs(end - start) / 360))
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def box(x0: float, y0: float, x1: float, y1: float, *, radius: float = 0) -> Loop:
    """Return a rectangle between two corners, with corners of its own rounded to `radius`."""
    if not radius:
        return loop([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    corners = ((x1 - r, y0 + r, -90), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180))
    return loop(point for x, y, start in corners for point in arc(x, y, r, r, start, start + 90))


def stroke(points: Sequence[Point], width: float) -> Outline:
    """Return a line of some width with round joints and ends."""
    half = width / 2
    pieces = [oval(x, y, half) for x, y in points]
    for (x0, y0), (x1, y1) in pairwise(points):
        length = math.hypot(x1 - x0, y1 - y0)
        if length:
            dx, dy = (y1 - y0) / length * half, (x0 - x1) / length * half
            pieces.append(
                loop([(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)])
            )
    return tuple(pieces)


def _regular(sides: int, *, turn: float = -90) -> Outline:
    angles = [math.radians(turn + 360 * i / sides) for i in range(sides)]
    return (loop((math.cos(a), math.sin(a)) for a in angles),)


def _star() -> Outline:
    tips = [((1.08, 0.45)[i % 2], math.radians(-90 + 36 * i)) for i in range(10)]
    return (loop((radius * math.cos(a), radius * math.sin(a) + 0.06) for radius, a in tips),)


def _heart() -> Outline:
    angles = [2 * math.pi * i / _ROUND for i in range(_ROUND)]
    xs = [16 * math.sin(a) ** 3 / 16.5 for a in angles]
    ys = [
        -(13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)) / 16.5 - 0.13
        for a in angles
    ]
    return (loop(zip(xs, ys, strict=True)),)


def _crescent() -> Outline:
    # the outer arc and back along the inner one, which is the same circle moved and grown
    outer = arc(0.12, 0, 0.98, 0.98, 48, 312)
    (x0, y0), (_, y1) = outer[0], outer[-1]
    reach = (y0 - y1) / 2
    radius = 0.82
    cx = x0 + math.sqrt(radius**2 - reach**2)
    half = math.degrees(math.asin(reach / radius))
    return (loop(outer + arc(cx, 0, radius, radius, 180 + half, 180 - half)),)


def _cloud() -> Outline:
    puffs = ((-0.55, 0.15, 0.42), (-0.12, -0.15, 0.55), (0.45, 0.05, 0.47))
    return (*(oval(x, y, r) for x, y, r in puffs), box(-0.85, 0.1, 0.85, 0.55, radius=0.225))


def _spiral() -> Outline:
    turns = [i / 160 for i in range(161)]
    line = [(t * 0.9 * math.cos(18.5 * t), t * 0.9 * math.sin(18.5 * t)) for t in turns]
    return stroke(line, 0.13)


def _leaf() -> Outline:
    side = [
        (0.55 * math.sin(math.pi * t) * (1 - 0.25 * t), -1 + 1.7 * t) for t in (i / 60 for i in range(61))
    ]
    blade = loop(side + [(-x, y) for x, y in reversed(side)])
    return (blade, *stroke([(0, 0.6), (0.08, 1.0)], 0.1))


_OUTLINES: dict[str, Callable[[], Outline]] = {
    "circle": lambda: (oval(),),
    "square": lambda: (box(-1, -1, 1, 1),),
    "rectangle": lambda: (box(-1.3, -0.78, 1.3, 0.78),),
    "triangle": lambda: (loop([(0, -0.95), (1.08, 0.92), (-1.08, 0.92)]),),
    "star": _star,
    "heart": _heart,
    "diamond": lambda: (loop([(0, -1.1), (0.8, 0), (0, 1.1), (-0.8, 0)]),),
    "pentagon": lambda: _regular(5),
    "hexagon": lambda: _regular(6, turn=0),
    "octagon": lambda: _regular(8, turn=22.5),
    "oval": lambda: (oval(0, 0, 1.25, 0.8),),
    "egg": lambda: (loop(arc(0, 0.2, 0.75, 0.75, 0, 180) + arc(0, 0.2, 0.75, 1.2, 180, 360)),),
    "semicircle": lambda: (loop(arc(0, 0.5, 1.05, 1.05, 180, 360)),),
    "ring": lambda: (oval(), oval(0, 0, 0.62, hole=True)),
    "cross": lambda: (box(-0.3, -1, 0.3, 1), box(-1, -0.3, 1, 0.3)),
    "saltire": lambda: (
        *stroke([(-0.75, -0.75), (0.75, 0.75)], 0.36),
        *stroke([(0.75, -0.75), (-0.75, 0.75)], 0.36),
    ),
    "arrow": lambda: (
        loop([(-1, -0.22), (0.2, -0.22), (0.2, -0.62), (1, 0), (0.2, 0.62), (0.2, 0.22), (-1, 0.22)]),
    ),
    "line": lambda: stroke([(-1.2, 0), (1.2, 0)], 0.1),
    "crescent": _crescent,
    "cloud": _cloud,
    "drop": lambda: (loop([*arc(0, 0.32, 0.66, 0.66, -28, 208), (0, -1.05)]),),
    "bolt": lambda: (
        loop([(0.18, -1), (-0.58, 0.16), (-0.06, 0.16), (-0.22, 1), (0.58, -0.26), (0.06, -0.26), (0.4, -1)]),
    ),
    "spiral": _spiral,
    "leaf": _leaf,
}


@cache
def outline(name: str) -> Outline:
    """Return the outline of a shape by its name, as `vocabulary.NOUNS` has it."""
    return _OUTLINES[name]()
