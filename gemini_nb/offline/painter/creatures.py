"""Drawings of faces and creatures, each with a pen in the square from -1 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_nb.offline.painter.canvas import Gradient
from gemini_nb.offline.painter.colours import INK, WHITE, darker, lighter, mix
from gemini_nb.offline.painter.outlines import arc

if TYPE_CHECKING:
    from gemini_nb.offline.painter.canvas import Pen
    from gemini_nb.offline.painter.colours import Colour


def _eyes(pen: Pen, x: float, y: float, r: float, *, glint: bool = True) -> None:
    for side in (-1, 1):
        pen.disc(side * x, y, r, INK)
        if glint:
            pen.disc(side * x + r * 0.3, y - r * 0.35, r * 0.33, WHITE)


def _smile(pen: Pen, y: float, width: float, depth: float, weight: float) -> None:
    pen.line(arc(0, y, width, depth, 20, 160), weight, INK)


def smiley(pen: Pen, colour: Colour) -> None:
    """A round face that smiles."""
    pen.disc(0, 0, 1, darker(colour, 0.12))
    pen.disc(0, -0.03, 0.97, Gradient((lighter(colour, 0.25), colour)))
    for side in (-1, 1):
        pen.oval(side * 0.34, -0.25, 0.12, 0.18, INK)
        pen.oval(side * 0.62, 0.16, 0.16, 0.1, (255, 120, 90), opacity=0.35)
    _smile(pen, 0.1, 0.52, 0.45, 0.11)


def cat(pen: Pen, colour: Colour) -> None:
    """A cat's head with whiskers."""
    inner = mix(colour, (255, 160, 160), 0.6)
    for side in (-1, 1):
        pen.poly([(side * 0.88, -1), (side * 0.9, 0), (side * 0.12, -0.62)], colour)
        pen.poly([(side * 0.76, -0.76), (side * 0.76, -0.2), (side * 0.34, -0.55)], inner)
    pen.oval(0, 0.16, 0.98, 0.8, colour)
    for x in (-0.2, 0, 0.2):
        pen.line([(x, -0.58), (x * 0.8, -0.36)], 0.07, darker(colour, 0.25))
    pen.oval(0, 0.45, 0.42, 0.3, lighter(colour, 0.55))
    _eyes(pen, 0.42, 0.08, 0.15)
    pen.poly([(-0.1, 0.3), (0.1, 0.3), (0, 0.42)], (225, 110, 120))
    for side in (-1, 1):
        pen.line(arc(side * 0.13, 0.42, 0.13, 0.13, 0, 180), 0.04, INK)
        for dy in (-0.04, 0.12):
            pen.line([(side * 0.52, 0.42 + dy / 2), (side * 1.08, 0.32 + dy * 2)], 0.025, INK)


def dog(pen: Pen, colour: Colour) -> None:
    """A dog's head with its tongue out."""
    pen.oval(0, 0.05, 0.82, 0.86, colour)
    pen.oval(0, 0.42, 0.5, 0.46, lighter(colour, 0.6))
    pen.oval(0, -0.3, 0.16, 0.5, lighter(colour, 0.6))
    for side in (-1, 1):
        pen.pen(side * 0.84, -0.08, turn=-side * 14).oval(0, 0, 0.28, 0.62, darker(colour, 0.4))
    _eyes(pen, 0.34, -0.06, 0.13)
    pen.oval(0, 0.26, 0.2, 0.14, INK)
    pen.line([(0, 0.36), (0, 0.52)], 0.05, INK)
    pen.poly(arc(0, 0.6, 0.15, 0.26, 0, 180), (235, 110, 120))
    _smile(pen, 0.38, 0.3, 0.22, 0.05)


def bird(pen: Pen, colour: Colour) -> None:
    """A bird that looks to the right."""
    pen.poly([(-0.55, 0.1), (-1.1, -0.2), (-1.02, 0.3)], darker(colour, 0.3))
    pen.poly([(0.68, -0.32), (1.08, -0.14), (0.68, 0.02)], (250, 170, 50))
    pen.oval(-0.05, 0.12, 0.66, 0.54, colour)
    pen.disc(0.42, -0.2, 0.38, colour)
    pen.oval(0.08, 0.34, 0.4, 0.26, lighter(colour, 0.55))
    pen.poly(arc(-0.12, 0, 0.46, 0.5, 0, 180), darker(colour, 0.25))
    pen.disc(0.52, -0.26, 0.09, INK)
    pen.disc(0.55, -0.3, 0.03, WHITE)
    for x in (-0.1, 0.12):
        pen.line([(x, 0.64), (x, 0.92), (x + 0.12, 0.92)], 0.05, (220, 140, 50))


def duck(pen: Pen, colour: Colour) -> None:
    """A duck that swims to the right."""
    pen.poly([(-0.62, 0.2), (-1.02, -0.16), (-0.5, -0.02)], colour)
    pen.poly([(0.62, -0.42), (1.02, -0.3), (0.62, -0.16)], (246, 146, 50))
    pen.poly(arc(-0.08, 0.08, 0.78, 0.6, 0, 180), colour)
    pen.oval(-0.08, 0.1, 0.78, 0.26, colour)
    pen.poly([(0.02, 0.3), (0.12, -0.4), (0.62, -0.3), (0.66, 0.2)], colour)
    pen.disc(0.38, -0.42, 0.34, colour)
    pen.poly(arc(-0.2, 0.08, 0.42, 0.38, 0, 180), darker(colour, 0.16))
    pen.disc(0.48, -0.5, 0.075, INK)
    pen.disc(0.5, -0.53, 0.025, WHITE)


def fish(pen: Pen, colour: Colour) -> None:
    """A fish that swims to the right."""
    fin = darker(colour, 0.22)
    pen.poly([(-0.5, 0), (-1.15, -0.52), (-0.95, 0), (-1.15, 0.52)], fin)
    pen.poly([(-0.2, -0.4), *arc(0.05, -0.35, 0.35, 0.4, 200, 340)], fin)
    pen.oval(0.1, 0, 0.86, 0.52, Gradient((lighter(colour, 0.2), colour, lighter(colour, 0.5))))
    pen.line(arc(0.32, 0, 0.22, 0.36, 120, 240), 0.05, darker(colour, 0.3))
    pen.poly([(-0.25, 0.08), (0.08, 0.02), (0.02, 0.3)], fin)
    pen.disc(0.62, -0.12, 0.13, WHITE)
    pen.disc(0.65, -0.12, 0.07, INK)


def butterfly(pen: Pen, colour: Colour) -> None:
    """A butterfly from above."""
    for side in (-1, 1):
        for y, rx, ry, turn in ((-0.35, 0.5, 0.62, 40), (0.42, 0.36, 0.48, -40)):
            wing = pen.pen(side * 0.52, y, turn=side * turn)
            wing.oval(0, 0, rx, ry, darker(colour, 0.55))
            wing.oval(0, 0, rx * 0.84, ry * 0.84, Gradient((lighter(colour, 0.25), colour)))
            wing.oval(0, -0.05, rx * 0.35, ry * 0.35, lighter(colour, 0.7))
        pen.line([(0, -0.5), (side * 0.16, -0.85), (side * 0.3, -0.98)], 0.035, INK)
    pen.oval(0, 0, 0.09, 0.62, INK)


def snowman(pen: Pen, colour: Colour) -> None:
    """A snowman with hat and scarf."""
    shade = mix(colour, (150, 180, 215), 0.35)
    for y, r in ((0.55, 0.48), (-0.12, 0.36), (-0.62, 0.26)):
        pen.disc(0, y, r, Gradient((colour, shade)))
    pen.box(-0.24, -1.12, 0.24, -0.82, INK)
    pen.box(-0.36, -0.86, 0.36, -0.78, INK, radius=0.03)
    _eyes(pen, 0.09, -0.66, 0.035, glint=False)
    pen.poly([(0, -0.6), (0.3, -0.54), (0, -0.52)], (245, 140, 50))
    pen.line(arc(0, -0.42, 0.27, 0.1, 10, 170), 0.1, (214, 70, 74))
    for y in (-0.12, 0.04):
        pen.disc(0, y, 0.04, INK)


def person(pen: Pen, colour: Colour) -> None:
    """Head and shoulders; the colour is the coat's."""
    skin, hair = (238, 190, 158), (74, 50, 44)
    pen.oval(0, -0.28, 0.52, 0.6, hair)
    pen.box(-0.5, -0.3, 0.5, 0.25, hair, radius=0.12)
    pen.poly(arc(0, 1.02, 0.95, 0.72, 180, 360), colour)
    pen.box(-0.15, 0.05, 0.15, 0.46, darker(skin, 0.12), radius=0.12)
    pen.poly(arc(0, 0.36, 0.24, 0.18, 0, 180), skin)
    pen.oval(0, -0.16, 0.38, 0.46, skin)
    pen.poly([*arc(0, -0.28, 0.42, 0.42, 180, 360), (0.3, -0.34), (-0.12, -0.44), (-0.34, -0.2)], hair)
    for side in (-1, 1):
        pen.oval(side * 0.15, -0.14, 0.045, 0.055, INK)
        pen.line(arc(side * 0.15, -0.22, 0.09, 0.05, 200, 340), 0.025, hair)
        pen.oval(side * 0.23, 0.0, 0.07, 0.045, (240, 130, 120), opacity=0.45)
    pen.line([(0, -0.1), (0.03, 0.0), (-0.01, 0.02)], 0.022, darker(skin, 0.2))
    pen.line(arc(0, 0.08, 0.12, 0.07, 15, 165), 0.03, (190, 80, 84))
