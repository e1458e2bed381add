"""Drawings of plants, fruit and things of the sky, each with a pen in the square from -1 to 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gemini_nb.offline.painter.canvas import Gradient
from gemini_nb.offline.painter.colours import WHITE, darker, lighter, mix
from gemini_nb.offline.painter.outlines import arc, loop, outline, oval

if TYPE_CHECKING:
    from gemini_nb.offline.painter.canvas import Pen
    from gemini_nb.offline.painter.colours import Colour


def tree(pen: Pen, colour: Colour) -> None:
    """A leafy tree on its trunk."""
    pen.poly([(-0.13, 1), (-0.09, 0.1), (0.09, 0.1), (0.13, 1)], (121, 85, 61))
    for x, y, r in ((-0.44, 0, 0.4), (0.44, 0, 0.4), (0, -0.46, 0.54), (0, 0.06, 0.46)):
        pen.disc(x, y, r, darker(colour, 0.14))
    for x, y, r in ((-0.46, -0.08, 0.32), (0.36, -0.06, 0.32), (-0.06, -0.52, 0.44)):
        pen.disc(x, y, r, lighter(colour, 0.08))
    pen.disc(-0.18, -0.62, 0.2, lighter(colour, 0.25))


def pine(pen: Pen, colour: Colour) -> None:
    """A pine in three tiers."""
    pen.box(-0.1, 0.6, 0.1, 1, mix(darker(colour, 0.3), (110, 78, 58), 0.5))
    for top, bottom, half in ((-0.02, 0.74, 0.7), (-0.5, 0.3, 0.56), (-1, -0.14, 0.42)):
        pen.poly([(0, top - 0.1), (half, bottom), (-half, bottom)], darker(colour, 0.12))
        pen.poly([(0, top - 0.1), (0.06, bottom), (-half, bottom)], lighter(colour, 0.08))


def palm(pen: Pen, colour: Colour) -> None:
    """A palm with a bent trunk."""
    trunk = [(0.18 * math.sin(t * 1.7), 1 - 1.5 * t) for t in (i / 20 for i in range(21))]
    pen.line(trunk, 0.13, (150, 105, 70))
    x, y = trunk[-1]
    for turn, reach in ((-160, 0.85), (-125, 0.75), (-60, 0.75), (-22, 0.85), (8, 0.7), (172, 0.7)):
        frond = pen.pen(x, y, turn=turn)
        side = [
            (t * reach, -0.13 * math.sin(math.pi * t) + 0.2 * t * t * (1 if turn > -90 else -1))
            for t in (i / 16 for i in range(17))
        ]
        frond.poly(
            [*side, *[(px, py + 0.14 * math.sin(math.pi * px / reach)) for px, py in reversed(side)]],
            darker(colour, 0.1) if turn in (-125, 8) else colour,
        )
    pen.disc(x, y + 0.06, 0.09, (120, 80, 50))


def flower(pen: Pen, colour: Colour) -> None:
    """A daisy with stem and leaves."""
    stem = (86, 150, 84)
    pen.line([(0, 0), (0.03, 0.5), (0, 1.02)], 0.08, stem)
    for side in (-1, 1):
        leaf = pen.pen(side * 0.24, 0.72, 0.3, turn=side * 60)
        leaf.fill((outline("leaf")[0],), stem if side < 0 else lighter(stem, 0.15))
    for i in range(8):
        petal = pen.pen(0, -0.3, turn=i * 45)
        petal.oval(0, -0.42, 0.2, 0.3, colour if i % 2 else mix(colour, WHITE, 0.18))
    pen.disc(0, -0.3, 0.24, (250, 200, 60) if colour != (250, 200, 60) else (150, 90, 40))
    pen.disc(-0.05, -0.35, 0.1, (255, 225, 120), opacity=0.8)


def mushroom(pen: Pen, colour: Colour) -> None:
    """A toadstool with spots."""
    pen.poly([(-0.26, 0.1), (0.26, 0.1), *arc(0, 0.75, 0.4, 0.25, 0, 180)], (247, 236, 214))
    pen.poly([*arc(0, 0.15, 0.98, 1.05, 180, 360), *arc(0, 0.15, 0.98, 0.16, 0, 180)], colour)
    for x, y, r in ((-0.5, -0.2, 0.16), (0.05, -0.5, 0.19), (0.55, -0.12, 0.14), (0.02, -0.02, 0.1)):
        pen.oval(x, y, r, r * 0.9, (255, 248, 238))


def apple(pen: Pen, colour: Colour) -> None:
    """An apple with stalk and leaf."""
    for side in (-1, 1):
        pen.oval(side * 0.34, 0.13, 0.58, 0.7, colour)
    pen.oval(0, 0.3, 0.62, 0.6, colour)
    pen.oval(-0.5, -0.06, 0.14, 0.24, lighter(colour, 0.6), opacity=0.7)
    pen.line([(0, -0.45), (0.03, -0.72), (0.14, -0.92)], 0.09, (110, 78, 58))
    pen.pen(0.38, -0.76, 0.3, turn=68).fill((outline("leaf")[0],), (98, 168, 84))


def banana(pen: Pen, colour: Colour) -> None:
    """A banana."""
    outer = arc(0.1, -0.62, 1.02, 1.3, 12, 152)
    inner = arc(0.14, -0.98, 0.86, 1.22, 150, 24)
    pen.poly(outer + inner, colour)
    ridge = arc(0.12, -0.82, 0.95, 1.26, 24, 148)
    pen.poly(outer[4:-4] + ridge[::-1], darker(colour, 0.1))
    (x0, y0), (x1, y1) = outer[0], outer[-1]
    pen.line([(x0 - 0.06, y0 + 0.02), (x0 - 0.02, y0 - 0.24)], 0.15, mix(colour, (110, 90, 30), 0.55))
    pen.line([(x1 + 0.03, y1 + 0.02), (x1 - 0.03, y1 - 0.05)], 0.12, (92, 72, 40))


def lemon(pen: Pen, colour: Colour) -> None:
    """A lemon on its side."""
    tilted = pen.pen(0, 0, turn=-18)
    tilted.poly([(0.62, -0.24), (1.02, 0), (0.62, 0.24), (-0.62, 0.24), (-0.98, 0), (-0.62, -0.24)], colour)
    tilted.oval(0, 0, 0.82, 0.6, Gradient((lighter(colour, 0.3), colour, darker(colour, 0.1))))
    tilted.oval(-0.3, -0.26, 0.2, 0.1, WHITE, opacity=0.55)


def pear(pen: Pen, colour: Colour) -> None:
    """A pear with stalk and leaf."""
    pen.line([(0, -0.6), (0.03, -0.82), (0.12, -1)], 0.09, (110, 78, 58))
    pen.oval(0, -0.3, 0.36, 0.46, colour)
    pen.poly([(-0.34, -0.2), (0.34, -0.2), (0.56, 0.3), (-0.56, 0.3)], colour)
    pen.oval(0, 0.42, 0.62, 0.54, colour)
    pen.oval(-0.3, 0.3, 0.12, 0.24, lighter(colour, 0.6), opacity=0.7)
    pen.pen(0.36, -0.82, 0.28, turn=68).fill((outline("leaf")[0],), (98, 168, 84))


def cherry(pen: Pen, colour: Colour) -> None:
    """Two cherries on one stalk."""
    for x, y in ((-0.44, 0.5), (0.42, 0.38)):
        pen.line([(0.1, -0.9), (x * 0.55, -0.2), (x, y - 0.36)], 0.06, (92, 132, 70))
        pen.disc(x, y, 0.42, Gradient((lighter(colour, 0.15), colour)))
        pen.oval(x - 0.14, y - 0.14, 0.08, 0.12, WHITE, opacity=0.6)
    pen.pen(0.4, -0.82, 0.32, turn=76).fill((outline("leaf")[0],), (98, 168, 84))


def sun(pen: Pen, colour: Colour) -> None:
    """A sun with rays and a glow."""
    pen.glow(0, 0, 1.5, lighter(colour, 0.5), opacity=0.45)
    for i in range(12):
        ray = pen.pen(0, 0, turn=i * 30)
        ray.poly([(-0.11, -0.68), (0, -1.02), (0.11, -0.68)], colour)
    pen.disc(0, 0, 0.6, Gradient((lighter(colour, 0.25), colour)))


def moon(pen: Pen, colour: Colour) -> None:
    """A full moon with craters."""
    pen.glow(0, 0, 1.9, lighter(colour, 0.4), opacity=0.35)
    pen.disc(0, 0, 1, Gradient((lighter(colour, 0.3), colour)))
    for x, y, r in ((-0.35, -0.3, 0.22), (0.38, 0.18, 0.28), (-0.15, 0.5, 0.15), (0.3, -0.5, 0.12)):
        pen.disc(x, y, r, darker(colour, 0.09))


def planet(pen: Pen, colour: Colour) -> None:
    """A planet with a ring."""
    tilted = pen.pen(0, 0, turn=-20)
    ring = mix(colour, (255, 240, 210), 0.7)
    hoop = (oval(0, 0, 1.3, 0.38), oval(0, 0, 1.02, 0.25, hole=True))
    tilted.fill(hoop, darker(ring, 0.2))
    tilted.disc(0, 0, 0.76, Gradient((lighter(colour, 0.35), colour, darker(colour, 0.25))))
    front = (*hoop, loop([(-2, -2), (2, -2), (2, 0), (-2, 0)], hole=True))
    tilted.fill(front, ring)


def snowflake(pen: Pen, colour: Colour) -> None:
    """A snowflake of six arms."""
    for i in range(6):
        arm = pen.pen(0, 0, turn=i * 60)
        arm.line([(0, 0), (0, -1)], 0.08, colour)
        for y in (-0.45, -0.7):
            arm.line([(-0.2, y - 0.2), (0, y), (0.2, y - 0.2)], 0.07, colour)
