"""Drawings of objects that people make, each with a pen in the square from -1 to 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gemini_nb.offline.painter.canvas import Gradient
from gemini_nb.offline.painter.colours import INK, WHITE, darker, lighter, mix
from gemini_nb.offline.painter.outlines import arc, oval

if TYPE_CHECKING:
    from gemini_nb.offline.painter.canvas import Pen
    from gemini_nb.offline.painter.colours import Colour


def house(pen: Pen, colour: Colour) -> None:
    """A house with chimney, door and windows."""
    roof = mix(darker(colour, 0.35), (150, 60, 50), 0.5)
    pen.box(0.42, -0.82, 0.64, -0.2, darker(roof, 0.15))
    pen.box(-0.78, -0.1, 0.78, 0.95, colour)
    pen.poly([(-1, -0.04), (0, -0.95), (1, -0.04)], roof)
    pen.box(-0.18, 0.35, 0.2, 0.95, darker(roof, 0.3), radius=0.04)
    pen.disc(0.11, 0.66, 0.035, (250, 210, 110))
    for x in (-0.6, 0.36):
        pen.box(x, 0.12, x + 0.28, 0.4, (255, 240, 190))
        pen.line([(x + 0.14, 0.12), (x + 0.14, 0.4)], 0.03, darker(roof, 0.2))
        pen.line([(x, 0.26), (x + 0.28, 0.26)], 0.03, darker(roof, 0.2))
    pen.disc(0, -0.42, 0.13, (255, 240, 190))


def boat(pen: Pen, colour: Colour) -> None:
    """A boat with two sails."""
    pen.line([(0, -0.95), (0, 0.5)], 0.06, (110, 82, 62))
    pen.poly([(0.07, -0.9), (0.8, 0.3), (0.07, 0.3)], (255, 252, 244))
    pen.poly([(-0.08, -0.7), (-0.62, 0.3), (-0.08, 0.3)], mix(WHITE, colour, 0.25))
    pen.poly([(-0.95, 0.42), (0.98, 0.42), (0.68, 0.85), (-0.66, 0.85)], colour)
    pen.poly([(-0.95, 0.42), (0.98, 0.42), (0.92, 0.5), (-0.9, 0.5)], darker(colour, 0.25))


def balloon(pen: Pen, colour: Colour) -> None:
    """A balloon on a string."""
    pen.line([(0, 0.5), (0.06, 0.75), (-0.05, 1.02)], 0.025, (90, 90, 100))
    pen.oval(0, -0.22, 0.62, 0.74, Gradient((lighter(colour, 0.18), colour)))
    pen.poly([(0, 0.48), (0.09, 0.6), (-0.09, 0.6)], darker(colour, 0.15))
    pen.pen(-0.26, -0.5, turn=28).oval(0, 0, 0.1, 0.2, WHITE, opacity=0.55)


def hot_air_balloon(pen: Pen, colour: Colour) -> None:
    """A hot air balloon with its basket."""
    for x in (-0.14, 0.14):
        pen.line([(x * 2.6, 0.3), (x, 0.78)], 0.025, (95, 75, 60))
    pen.poly([*arc(0, -0.3, 0.72, 0.7, 150, 390), (0.2, 0.5), (-0.2, 0.5)], colour)
    for rx, shade in ((0.5, lighter(colour, 0.45)), (0.22, colour)):
        pen.poly([*arc(0, -0.3, rx, 0.7, 150, 390), (rx * 0.28, 0.5), (-rx * 0.28, 0.5)], shade)
    pen.box(-0.17, 0.76, 0.17, 1.0, (150, 105, 70), radius=0.05)


def kite(pen: Pen, colour: Colour) -> None:
    """A kite on its line, with a tail of bows."""
    flying = pen.pen(0, 0, turn=24)
    line = [(0.22 * math.sin(t * 7) * t, 0.34 + 0.86 * t) for t in (i / 24 for i in range(25))]
    flying.line(line, 0.03, darker(colour, 0.4))
    for at in (8, 14, 20):
        x, y = line[at]
        for side in (-1, 1):
            flying.poly(
                [(x, y), (x + side * 0.15, y - 0.08), (x + side * 0.15, y + 0.08)], lighter(colour, 0.35)
            )
    flying.poly([(0, -1), (0.58, -0.36), (0, 0.36), (-0.58, -0.36)], colour)
    flying.poly([(0, -1), (0.58, -0.36), (0, -0.36)], lighter(colour, 0.3))
    flying.poly([(-0.58, -0.36), (0, -0.36), (0, 0.36)], darker(colour, 0.14))


def lighthouse(pen: Pen, colour: Colour) -> None:
    """A lighthouse on its rock, the lamp lit."""
    pen.poly([(-0.8, 1), (-0.5, 0.72), (0.1, 0.66), (0.62, 0.78), (0.84, 1)], (112, 108, 112))
    pen.poly([(-0.34, 0.76), (-0.22, -0.5), (0.22, -0.5), (0.34, 0.76)], (250, 248, 242))
    for top in (-0.3, 0.16, 0.62):
        wide, foot = 0.24 + 0.095 * (top + 0.3), min(0.76, top + 0.22)
        pen.poly([(-wide, top), (wide, top), (wide + 0.02, foot), (-wide - 0.02, foot)], colour)
    pen.box(-0.3, -0.56, 0.3, -0.48, INK)
    pen.glow(0, -0.68, 0.6, (255, 236, 160), opacity=0.6)
    pen.box(-0.16, -0.8, 0.16, -0.56, (255, 232, 140))
    pen.poly([(-0.24, -0.8), (0, -1.02), (0.24, -0.8)], darker(colour, 0.2))


def car(pen: Pen, colour: Colour) -> None:
    """A car from the side."""
    pen.poly([(-0.62, 0.02), (-0.4, -0.45), (0.32, -0.45), (0.66, 0.02)], darker(colour, 0.12))
    pen.poly([(-0.48, 0), (-0.32, -0.34), (-0.06, -0.34), (-0.06, 0)], (206, 232, 245))
    pen.poly([(0.04, 0), (0.04, -0.34), (0.26, -0.34), (0.48, 0)], (206, 232, 245))
    pen.box(-1.05, -0.04, 1.05, 0.42, colour, radius=0.16)
    pen.box(0.92, 0.06, 1.06, 0.2, (255, 235, 150), radius=0.05)
    for x in (-0.58, 0.58):
        pen.disc(x, 0.42, 0.26, INK)
        pen.disc(x, 0.42, 0.12, (215, 220, 228))


def rocket(pen: Pen, colour: Colour) -> None:
    """A rocket that rises."""
    pen.poly([(-0.2, 0.55), (0, 1.15), (0.2, 0.55)], (255, 160, 50))
    pen.poly([(-0.1, 0.55), (0, 0.88), (0.1, 0.55)], (255, 230, 120))
    for side in (-1, 1):
        pen.poly([(side * 0.3, 0.05), (side * 0.68, 0.62), (side * 0.26, 0.5)], darker(colour, 0.2))
    body = [
        (0.36 * math.sin(math.pi * (0.08 + 0.62 * t)) ** 0.8 * (t**0.35), -1.02 + 1.6 * t)
        for t in (i / 40 for i in range(41))
    ]
    pen.poly([*body, *[(-x, y) for x, y in reversed(body)]], (244, 246, 250))
    nose = [point for point in body if point[1] < -0.56]
    pen.poly([*nose, *[(-x, y) for x, y in reversed(nose)]], colour)
    pen.disc(0, -0.18, 0.17, darker(colour, 0.1))
    pen.disc(0, -0.18, 0.11, (150, 210, 240))


def robot(pen: Pen, colour: Colour) -> None:
    """A robot's head with an antenna."""
    pen.line([(0, -0.62), (0, -0.9)], 0.05, INK)
    pen.disc(0, -0.94, 0.09, (250, 110, 90))
    for side in (-1, 1):
        pen.box(side * 0.83 - 0.1, -0.25, side * 0.83 + 0.1, 0.15, darker(colour, 0.3), radius=0.05)
    pen.box(-0.78, -0.62, 0.78, 0.5, colour, radius=0.2)
    pen.box(-0.6, -0.42, 0.6, 0.18, darker(mix(colour, INK, 0.7), 0.2), radius=0.14)
    for side in (-1, 1):
        pen.disc(side * 0.28, -0.14, 0.14, (120, 240, 230))
    pen.box(-0.24, 0.27, 0.24, 0.36, darker(colour, 0.35), radius=0.04)
    pen.box(-0.5, 0.58, 0.5, 1.0, darker(colour, 0.1), radius=0.14)
    pen.disc(0, 0.78, 0.1, (255, 215, 110))


def cup(pen: Pen, colour: Colour) -> None:
    """A cup that steams, on a saucer."""
    pen.fill((oval(0.66, 0.18, 0.34, 0.3), oval(0.66, 0.18, 0.2, 0.17, hole=True)), darker(colour, 0.12))
    pen.poly([(-0.72, -0.2), (0.72, -0.2), *arc(0, 0.2, 0.66, 0.6, 10, 170)], colour)
    pen.oval(0, -0.2, 0.72, 0.16, darker(colour, 0.15))
    pen.oval(0, -0.18, 0.62, 0.115, (92, 58, 40))
    for x in (-0.28, 0, 0.28):
        wave = [(x + 0.07 * math.sin(t * 6), -0.42 - 0.5 * t) for t in (i / 20 for i in range(21))]
        pen.line(wave, 0.05, (190, 190, 196), opacity=0.6)
    pen.oval(0, 0.9, 0.9, 0.1, darker(colour, 0.12))


def umbrella(pen: Pen, colour: Colour) -> None:
    """An open umbrella."""
    pen.line([(0, -0.9), (0, 0.78), *arc(0.14, 0.78, 0.14, 0.16, 180, 0)], 0.07, (110, 82, 62))
    hem = [point for x in (0.67, 0, -0.67) for point in arc(x, 0.1, 0.335, 0.16, 0, -180)]
    pen.poly([*arc(0, 0.1, 1, 0.92, 180, 360), *hem], colour)
    pen.poly([*arc(0, 0.1, 0.34, 0.92, 180, 360), *arc(0, 0.1, 0.335, 0.16, 0, -180)], lighter(colour, 0.3))


def gift(pen: Pen, colour: Colour) -> None:
    """A box with ribbon and bow."""
    ribbon = (255, 214, 92) if colour[2] < 200 or colour[0] < 200 else (214, 70, 74)
    for side in (-1, 1):
        bow = pen.pen(side * 0.28, -0.68, turn=side * 24)
        bow.fill((oval(0, 0, 0.3, 0.2), oval(0, 0, 0.14, 0.08, hole=True)), ribbon)
    pen.box(-0.8, -0.2, 0.8, 0.95, colour, radius=0.05)
    pen.box(-0.92, -0.5, 0.92, -0.1, lighter(colour, 0.15), radius=0.05)
    pen.box(-0.15, -0.5, 0.15, 0.95, ribbon)
