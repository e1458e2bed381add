"""Things of several colours, each drawn with a pen in the square from -1 to 1: creatures, plants, objects.

A drawing takes the colour the prompt gave it, or its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gemini_nb.offline.canvas import Gradient
from gemini_nb.offline.colours import INK, WHITE, darker, lighter, mix
from gemini_nb.offline.outlines import arc, arc_loop, loop, outline, oval, star

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.offline.canvas import Pen
    from gemini_nb.offline.colours import Colour

Home = Literal["sky", "ground", "water"]


@dataclass(frozen=True)
class Thing:
    """How a thing is drawn, its own colour, and where it lives in a landscape."""

    draw: Callable[[Pen, Colour], None]
    colour: Colour
    home: Home = "ground"


def _eyes(pen: Pen, x: float, y: float, r: float, *, glint: bool = True) -> None:
    for side in (-1, 1):
        pen.disc(side * x, y, r, INK)
        if glint:
            pen.disc(side * x + r * 0.3, y - r * 0.35, r * 0.33, WHITE)


def _smile(pen: Pen, y: float, width: float, depth: float, weight: float, colour: Colour = INK) -> None:
    pen.line(arc(0, y, width, depth, 20, 160), weight, colour)


def _smiley(pen: Pen, colour: Colour) -> None:
    pen.disc(0, 0, 1, darker(colour, 0.12))
    pen.disc(0, -0.03, 0.97, Gradient((lighter(colour, 0.25), colour)))
    for side in (-1, 1):
        pen.oval(side * 0.34, -0.25, 0.12, 0.18, INK)
        pen.oval(side * 0.62, 0.16, 0.16, 0.1, (255, 120, 90), opacity=0.35)
    _smile(pen, 0.1, 0.52, 0.45, 0.11)


def _cat(pen: Pen, colour: Colour) -> None:
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


def _dog(pen: Pen, colour: Colour) -> None:
    pen.oval(0, 0.05, 0.82, 0.86, colour)
    pen.oval(0, 0.42, 0.5, 0.46, lighter(colour, 0.6))
    pen.oval(0, -0.3, 0.16, 0.5, lighter(colour, 0.6))
    for side in (-1, 1):
        pen.canvas.pen(*pen.at(side * 0.84, -0.08), pen.radius, turn=-side * 14).oval(
            0, 0, 0.28, 0.62, darker(colour, 0.4)
        )
    _eyes(pen, 0.34, -0.06, 0.13)
    pen.oval(0, 0.26, 0.2, 0.14, INK)
    pen.line([(0, 0.36), (0, 0.52)], 0.05, INK)
    pen.fill((arc_loop(0, 0.6, 0.15, 0.26, 0, 180),), (235, 110, 120))
    _smile(pen, 0.38, 0.3, 0.22, 0.05)


def _bird(pen: Pen, colour: Colour) -> None:
    pen.poly([(-0.55, 0.1), (-1.1, -0.2), (-1.02, 0.3)], darker(colour, 0.3))
    pen.poly([(0.68, -0.32), (1.08, -0.14), (0.68, 0.02)], (250, 170, 50))
    pen.oval(-0.05, 0.12, 0.66, 0.54, colour)
    pen.disc(0.42, -0.2, 0.38, colour)
    pen.oval(0.08, 0.34, 0.4, 0.26, lighter(colour, 0.55))
    pen.fill((loop(arc(-0.12, 0, 0.46, 0.5, 0, 180)),), darker(colour, 0.25))
    pen.disc(0.52, -0.26, 0.09, INK)
    pen.disc(0.55, -0.3, 0.03, WHITE)
    for x in (-0.1, 0.12):
        pen.line([(x, 0.64), (x, 0.92), (x + 0.12, 0.92)], 0.05, (220, 140, 50))


def _fish(pen: Pen, colour: Colour) -> None:
    fin = darker(colour, 0.22)
    pen.poly([(-0.5, 0), (-1.15, -0.52), (-0.95, 0), (-1.15, 0.52)], fin)
    pen.fill((loop([(-0.2, -0.4), *arc(0.05, -0.35, 0.35, 0.4, 200, 340)]),), fin)
    pen.oval(0.1, 0, 0.86, 0.52, Gradient((lighter(colour, 0.2), colour, lighter(colour, 0.5))))
    pen.line(arc(0.32, 0, 0.22, 0.36, 120, 240), 0.05, darker(colour, 0.3))
    pen.fill((loop([(-0.25, 0.08), (0.08, 0.02), (0.02, 0.3)]),), fin)
    pen.disc(0.62, -0.12, 0.13, WHITE)
    pen.disc(0.65, -0.12, 0.07, INK)


def _butterfly(pen: Pen, colour: Colour) -> None:
    for side in (-1, 1):
        for y, rx, ry, turn in ((-0.35, 0.5, 0.62, 40), (0.42, 0.36, 0.48, -40)):
            wing = pen.canvas.pen(*pen.at(side * 0.52, y), pen.radius, turn=side * turn)
            wing.oval(0, 0, rx, ry, darker(colour, 0.55))
            wing.oval(0, 0, rx * 0.84, ry * 0.84, Gradient((lighter(colour, 0.25), colour)))
            wing.oval(0, -0.05, rx * 0.35, ry * 0.35, lighter(colour, 0.7))
        pen.line([(0, -0.5), (side * 0.16, -0.85), (side * 0.3, -0.98)], 0.035, INK)
    pen.oval(0, 0, 0.09, 0.62, INK)


def _tree(pen: Pen, colour: Colour) -> None:
    pen.poly([(-0.13, 1), (-0.09, 0.1), (0.09, 0.1), (0.13, 1)], (121, 85, 61))
    for x, y, r in ((-0.44, 0, 0.4), (0.44, 0, 0.4), (0, -0.46, 0.54), (0, 0.06, 0.46)):
        pen.disc(x, y, r, darker(colour, 0.14))
    for x, y, r in ((-0.46, -0.08, 0.32), (0.36, -0.06, 0.32), (-0.06, -0.52, 0.44)):
        pen.disc(x, y, r, lighter(colour, 0.08))
    pen.disc(-0.18, -0.62, 0.2, lighter(colour, 0.25))


def _pine(pen: Pen, colour: Colour) -> None:
    pen.box(-0.1, 0.6, 0.1, 1, (110, 78, 58))
    for top, bottom, half in ((-0.02, 0.74, 0.7), (-0.5, 0.3, 0.56), (-1, -0.14, 0.42)):
        pen.poly([(0, top - 0.1), (half, bottom), (-half, bottom)], darker(colour, 0.12))
        pen.poly([(0, top - 0.1), (0.06, bottom), (-half, bottom)], lighter(colour, 0.08))


def _palm(pen: Pen, colour: Colour) -> None:
    trunk = [(0.18 * math.sin(t * 1.7), 1 - 1.5 * t) for t in (i / 20 for i in range(21))]
    pen.line(trunk, 0.13, (150, 105, 70))
    x, y = trunk[-1]
    for turn, reach in ((-160, 0.85), (-125, 0.75), (-60, 0.75), (-22, 0.85), (8, 0.7), (172, 0.7)):
        frond = pen.canvas.pen(*pen.at(x, y), pen.radius, turn=turn)
        side = [
            (t * reach, -0.13 * math.sin(math.pi * t) + 0.2 * t * t * (1 if turn > -90 else -1))
            for t in (i / 16 for i in range(17))
        ]
        frond.poly(
            [*side, *[(px, py + 0.14 * math.sin(math.pi * px / reach)) for px, py in reversed(side)]],
            darker(colour, 0.1) if turn in (-125, 8) else colour,
        )
    pen.disc(x, y + 0.06, 0.09, (120, 80, 50))


def _flower(pen: Pen, colour: Colour) -> None:
    stem = (86, 150, 84)
    pen.line([(0, 0), (0.03, 0.5), (0, 1.02)], 0.08, stem)
    for side in (-1, 1):
        leaf = pen.canvas.pen(*pen.at(side * 0.24, 0.72), pen.radius * 0.3, turn=side * 60)
        leaf.fill((outline("leaf")[0],), stem if side < 0 else lighter(stem, 0.15))
    for i in range(8):
        petal = pen.canvas.pen(*pen.at(0, -0.3), pen.radius, turn=i * 45)
        petal.oval(0, -0.42, 0.2, 0.3, colour if i % 2 else mix(colour, WHITE, 0.18))
    pen.disc(0, -0.3, 0.24, (250, 200, 60) if colour != (250, 200, 60) else (150, 90, 40))
    pen.disc(-0.05, -0.35, 0.1, (255, 225, 120), opacity=0.8)


def _mushroom(pen: Pen, colour: Colour) -> None:
    pen.fill((loop([(-0.26, 0.1), (0.26, 0.1), *arc(0, 0.75, 0.4, 0.25, 0, 180)]),), (247, 236, 214))
    pen.fill((loop([*arc(0, 0.15, 0.98, 1.05, 180, 360), *arc(0, 0.15, 0.98, 0.16, 0, 180)]),), colour)
    for x, y, r in ((-0.5, -0.2, 0.16), (0.05, -0.5, 0.19), (0.55, -0.12, 0.14), (0.02, -0.02, 0.1)):
        pen.oval(x, y, r, r * 0.9, (255, 248, 238))


def _apple(pen: Pen, colour: Colour) -> None:
    for side in (-1, 1):
        pen.oval(side * 0.36, 0.15, 0.56, 0.74, colour)
    pen.oval(-0.5, -0.06, 0.14, 0.24, lighter(colour, 0.6), opacity=0.7)
    pen.line([(0, -0.45), (0.03, -0.72), (0.14, -0.92)], 0.09, (110, 78, 58))
    pen.canvas.pen(*pen.at(0.38, -0.76), pen.radius * 0.3, turn=68).fill((outline("leaf")[0],), (98, 168, 84))


def _banana(pen: Pen, colour: Colour) -> None:
    outer = arc(0.1, -0.62, 1.02, 1.3, 12, 152)
    inner = arc(0.14, -0.98, 0.86, 1.22, 150, 24)
    pen.poly(outer + inner, colour)
    ridge = arc(0.12, -0.82, 0.95, 1.26, 24, 148)
    pen.poly(outer[4:-4] + ridge[::-1], darker(colour, 0.1))
    (x0, y0), (x1, y1) = outer[0], outer[-1]
    pen.line([(x0 - 0.06, y0 + 0.02), (x0 - 0.02, y0 - 0.24)], 0.15, mix(colour, (110, 90, 30), 0.55))
    pen.line([(x1 + 0.03, y1 + 0.02), (x1 - 0.03, y1 - 0.05)], 0.12, (92, 72, 40))


def _sun(pen: Pen, colour: Colour) -> None:
    pen.glow(0, 0, 1.5, lighter(colour, 0.5), opacity=0.45)
    for i in range(12):
        ray = pen.canvas.pen(pen.x, pen.y, pen.radius, turn=i * 30)
        ray.poly([(-0.11, -0.68), (0, -1.02), (0.11, -0.68)], colour)
    pen.disc(0, 0, 0.6, Gradient((lighter(colour, 0.25), colour)))


def _moon(pen: Pen, colour: Colour) -> None:
    pen.glow(0, 0, 1.9, lighter(colour, 0.4), opacity=0.35)
    pen.disc(0, 0, 1, Gradient((lighter(colour, 0.3), colour)))
    for x, y, r in ((-0.35, -0.3, 0.22), (0.38, 0.18, 0.28), (-0.15, 0.5, 0.15), (0.3, -0.5, 0.12)):
        pen.disc(x, y, r, darker(colour, 0.09))


def _planet(pen: Pen, colour: Colour) -> None:
    band = (outline("oval")[0],)
    tilted = pen.canvas.pen(pen.x, pen.y, pen.radius, turn=-20)
    ring = mix(colour, (255, 240, 210), 0.7)
    hoop = (oval(0, 0, 1.3, 0.38), oval(0, 0, 1.02, 0.25, hole=True))
    tilted.fill(hoop, darker(ring, 0.2))
    tilted.disc(0, 0, 0.76, Gradient((lighter(colour, 0.35), colour, darker(colour, 0.25))))
    front = (*hoop, loop([(-2, -2), (2, -2), (2, 0), (-2, 0)], hole=True))
    tilted.fill(front, ring)
    del band


def _house(pen: Pen, colour: Colour) -> None:
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


def _boat(pen: Pen, colour: Colour) -> None:
    pen.line([(0, -0.95), (0, 0.5)], 0.06, (110, 82, 62))
    pen.poly([(0.07, -0.9), (0.8, 0.3), (0.07, 0.3)], (255, 252, 244))
    pen.poly([(-0.08, -0.7), (-0.62, 0.3), (-0.08, 0.3)], mix(WHITE, colour, 0.25))
    pen.poly([(-0.95, 0.42), (0.98, 0.42), (0.68, 0.85), (-0.66, 0.85)], colour)
    pen.poly([(-0.95, 0.42), (0.98, 0.42), (0.92, 0.5), (-0.9, 0.5)], darker(colour, 0.25))


def _balloon(pen: Pen, colour: Colour) -> None:
    pen.line([(0, 0.5), (0.06, 0.75), (-0.05, 1.02)], 0.025, (90, 90, 100))
    pen.oval(0, -0.22, 0.62, 0.74, Gradient((lighter(colour, 0.18), colour)))
    pen.poly([(0, 0.48), (0.09, 0.6), (-0.09, 0.6)], darker(colour, 0.15))
    pen.canvas.pen(*pen.at(-0.26, -0.5), pen.radius, turn=28).oval(0, 0, 0.1, 0.2, WHITE, opacity=0.55)


def _hot_air_balloon(pen: Pen, colour: Colour) -> None:
    for x in (-0.14, 0.14):
        pen.line([(x * 2.6, 0.3), (x, 0.78)], 0.025, (95, 75, 60))
    envelope = loop([*arc(0, -0.3, 0.72, 0.7, 150, 390), (0.2, 0.5), (-0.2, 0.5)])
    pen.fill((envelope,), colour)
    for rx, shade in ((0.5, lighter(colour, 0.45)), (0.22, colour)):
        pen.fill((loop([*arc(0, -0.3, rx, 0.7, 150, 390), (rx * 0.28, 0.5), (-rx * 0.28, 0.5)]),), shade)
    pen.box(-0.17, 0.76, 0.17, 1.0, (150, 105, 70), radius=0.05)


def _car(pen: Pen, colour: Colour) -> None:
    pen.poly([(-0.62, 0.02), (-0.4, -0.45), (0.32, -0.45), (0.66, 0.02)], darker(colour, 0.12))
    pen.poly([(-0.48, 0), (-0.32, -0.34), (-0.06, -0.34), (-0.06, 0)], (206, 232, 245))
    pen.poly([(0.04, 0), (0.04, -0.34), (0.26, -0.34), (0.48, 0)], (206, 232, 245))
    pen.box(-1.05, -0.04, 1.05, 0.42, colour, radius=0.16)
    pen.box(0.92, 0.06, 1.06, 0.2, (255, 235, 150), radius=0.05)
    for x in (-0.58, 0.58):
        pen.disc(x, 0.42, 0.26, INK)
        pen.disc(x, 0.42, 0.12, (215, 220, 228))


def _rocket(pen: Pen, colour: Colour) -> None:
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


def _robot(pen: Pen, colour: Colour) -> None:
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


def _cup(pen: Pen, colour: Colour) -> None:
    pen.fill((oval(0.66, 0.18, 0.34, 0.3), oval(0.66, 0.18, 0.2, 0.17, hole=True)), darker(colour, 0.12))
    pen.fill((loop([(-0.72, -0.2), (0.72, -0.2), *arc(0, 0.2, 0.66, 0.6, 10, 170)]),), colour)
    pen.oval(0, -0.2, 0.72, 0.16, darker(colour, 0.15))
    pen.oval(0, -0.18, 0.62, 0.115, (92, 58, 40))
    for x in (-0.28, 0, 0.28):
        wave = [(x + 0.07 * math.sin(t * 6), -0.42 - 0.5 * t) for t in (i / 20 for i in range(21))]
        pen.line(wave, 0.05, (190, 190, 196), opacity=0.6)
    pen.oval(0, 0.9, 0.9, 0.1, darker(colour, 0.12))


def _umbrella(pen: Pen, colour: Colour) -> None:
    pen.line([(0, -0.9), (0, 0.78), *arc(0.14, 0.78, 0.14, 0.16, 180, 0)], 0.07, (110, 82, 62))
    pen.fill(
        (
            loop(
                [
                    *arc(0, 0.1, 1, 0.92, 180, 360),
                    *[p for x in (0.67, 0, -0.67) for p in arc(x, 0.1, 0.335, 0.16, 0, -180)],
                ]
            ),
        ),
        colour,
    )
    pen.fill(
        (loop([*arc(0, 0.1, 0.34, 0.92, 180, 360), *arc(0, 0.1, 0.335, 0.16, 0, -180)]),),
        lighter(colour, 0.3),
    )


def _snowman(pen: Pen, colour: Colour) -> None:
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


def _person(pen: Pen, colour: Colour) -> None:
    skin, hair = (238, 190, 158), (74, 50, 44)
    pen.oval(0, -0.28, 0.52, 0.6, hair)
    pen.box(-0.5, -0.3, 0.5, 0.25, hair, radius=0.12)
    pen.fill((loop([*arc(0, 1.02, 0.95, 0.72, 180, 360)]),), colour)
    pen.box(-0.15, 0.05, 0.15, 0.46, darker(skin, 0.12), radius=0.12)
    pen.fill((arc_loop(0, 0.36, 0.24, 0.18, 0, 180),), skin)
    pen.oval(0, -0.16, 0.38, 0.46, skin)
    pen.fill(
        (loop([*arc(0, -0.28, 0.42, 0.42, 180, 360), (0.3, -0.34), (-0.12, -0.44), (-0.34, -0.2)]),), hair
    )
    for side in (-1, 1):
        pen.oval(side * 0.15, -0.14, 0.045, 0.055, INK)
        pen.line(arc(side * 0.15, -0.22, 0.09, 0.05, 200, 340), 0.025, hair)
        pen.oval(side * 0.23, 0.0, 0.07, 0.045, (240, 130, 120), opacity=0.45)
    pen.line([(0, -0.1), (0.03, 0.0), (-0.01, 0.02)], 0.022, darker(skin, 0.2))
    pen.line(arc(0, 0.08, 0.12, 0.07, 15, 165), 0.03, (190, 80, 84))


def _snowflake(pen: Pen, colour: Colour) -> None:
    for i in range(6):
        arm = pen.canvas.pen(pen.x, pen.y, pen.radius, turn=i * 60)
        arm.line([(0, 0), (0, -1)], 0.08, colour)
        for y in (-0.45, -0.7):
            arm.line([(-0.2, y - 0.2), (0, y), (0.2, y - 0.2)], 0.07, colour)


def _gift(pen: Pen, colour: Colour) -> None:
    ribbon = (255, 214, 92) if colour[2] < 200 or colour[0] < 200 else (214, 70, 74)
    for side in (-1, 1):
        bow = pen.canvas.pen(*pen.at(side * 0.28, -0.68), pen.radius, turn=side * 24)
        bow.fill((oval(0, 0, 0.3, 0.2), oval(0, 0, 0.14, 0.08, hole=True)), ribbon)
    pen.box(-0.8, -0.2, 0.8, 0.95, colour, radius=0.05)
    pen.box(-0.92, -0.5, 0.92, -0.1, lighter(colour, 0.15), radius=0.05)
    pen.box(-0.15, -0.5, 0.15, 0.95, ribbon)


def _badge(pen: Pen, colour: Colour) -> None:
    pen.fill(star(12, 0.86, 1.0), colour)
    pen.fill(star(5, 0.22, 0.5), lighter(colour, 0.7))


THINGS: dict[str, Thing] = {
    "smiley": Thing(_smiley, (255, 206, 64), "sky"),
    "cat": Thing(_cat, (236, 160, 82)),
    "dog": Thing(_dog, (196, 140, 92)),
    "bird": Thing(_bird, (72, 152, 214), "sky"),
    "fish": Thing(_fish, (246, 136, 74), "water"),
    "butterfly": Thing(_butterfly, (240, 138, 66), "sky"),
    "tree": Thing(_tree, (94, 160, 92)),
    "pine": Thing(_pine, (58, 122, 92)),
    "palm": Thing(_palm, (74, 150, 96)),
    "flower": Thing(_flower, (236, 100, 134)),
    "mushroom": Thing(_mushroom, (214, 66, 60)),
    "apple": Thing(_apple, (214, 52, 56)),
    "banana": Thing(_banana, (255, 214, 64)),
    "sun": Thing(_sun, (255, 190, 50), "sky"),
    "moon": Thing(_moon, (244, 234, 204), "sky"),
    "planet": Thing(_planet, (222, 146, 96), "sky"),
    "house": Thing(_house, (246, 222, 184)),
    "boat": Thing(_boat, (206, 74, 66), "water"),
    "balloon": Thing(_balloon, (230, 66, 78), "sky"),
    "hot air balloon": Thing(_hot_air_balloon, (224, 84, 74), "sky"),
    "car": Thing(_car, (222, 70, 66)),
    "rocket": Thing(_rocket, (224, 74, 70), "sky"),
    "robot": Thing(_robot, (120, 170, 200)),
    "cup": Thing(_cup, (238, 240, 244)),
    "umbrella": Thing(_umbrella, (224, 78, 84)),
    "snowman": Thing(_snowman, (252, 253, 255)),
    "person": Thing(_person, (84, 120, 190)),
    "snowflake": Thing(_snowflake, (140, 190, 230), "sky"),
    "gift": Thing(_gift, (206, 66, 84)),
    "badge": Thing(_badge, (84, 120, 190)),
}
