"""Drawing on a Pillow image: anti-aliased fills, gradients and glows, and a pen with coordinates of its own.

Each fill is masked within its own bounds at several times its size and reduced (supersampling), so edges are
smooth at any size and a 4K picture needs little more memory than itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from PIL import Image, ImageChops, ImageDraw

from gemini_nb.offline.painter.colours import mix
from gemini_nb.offline.painter.outlines import Loop, Outline, box, loop, oval, stroke

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gemini_nb.offline.painter.colours import Colour
    from gemini_nb.offline.painter.outlines import Point

_STRIP = 512


@dataclass(frozen=True)
class Gradient:
    """Colours from top to bottom of what is filled; `angle` 90 is left to right, 45 between the two."""

    stops: tuple[Colour, ...]
    angle: int = 0


Paint: TypeAlias = "Colour | Gradient"
_Bounds = tuple[int, int, int, int]


class Canvas:
    """An image that is drawn on, measured in its own pixels; `unit` is its shorter side."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self.width, self.height = image.size
        self.unit = min(image.size)

    def ground(self, paint: Paint) -> None:
        """Fill the whole image."""
        self.image.paste(_to_pasteable(paint, self.image.size), (0, 0, *self.image.size))

    def fill(self, loops: Iterable[Loop], paint: Paint, *, opacity: float = 1) -> None:
        """Fill an outline given in pixels."""
        loops = tuple(loops)
        bounds = self._bounds(point for part in loops for point in part.points)
        if bounds is None:
            return
        mask = _mask(loops, bounds, opacity=opacity)
        self.image.paste(_to_pasteable(paint, mask.size), bounds, mask)

    def fill_below(self, line: Sequence[Point], paint: Paint, *, opacity: float = 1) -> None:
        """Fill everything below a line that goes from left to right."""
        corners = ((self.width, self.height), (0, self.height))
        self.fill((loop([*line, *corners]),), paint, opacity=opacity)

    def glow(self, x: float, y: float, radius: float, colour: Colour, *, opacity: float = 0.6) -> None:
        """Lay a soft disc of light that fades to nothing at `radius`."""
        side = max(2, round(2 * radius))
        left, top = round(x - radius), round(y - radius)
        light = Image.radial_gradient("L").point(_FADE).resize((side, side), Image.Resampling.BICUBIC)
        light = light.point([round(level * opacity) for level in range(256)])
        self.image.paste(colour, (left, top, left + side, top + side), light)

    def pen(self, x: float, y: float, radius: float, *, turn: float = 0, flip: bool = False) -> Pen:
        """Return a pen whose coordinates run from -1 to 1 around a point; `turn` is degrees clockwise."""
        return Pen(self, x, y, radius, math.radians(turn), flip=flip)

    def _bounds(self, points: Iterable[Point]) -> _Bounds | None:
        xs, ys = zip(*points, strict=True)
        bounds = (
            max(0, math.floor(min(xs))),
            max(0, math.floor(min(ys))),
            min(self.width, math.ceil(max(xs))),
            min(self.height, math.ceil(max(ys))),
        )
        return bounds if bounds[0] < bounds[2] and bounds[1] < bounds[3] else None


class Pen:
    """Draws in its own coordinates, from -1 to 1 around a point of the canvas; y runs downwards."""

    def __init__(
        self, canvas: Canvas, x: float, y: float, radius: float, turn: float, *, flip: bool = False
    ) -> None:
        self.canvas = canvas
        self.x, self.y, self.radius = x, y, radius
        self._cos, self._sin = math.cos(turn) * radius, math.sin(turn) * radius
        self._mirror = -1 if flip else 1

    def at(self, x: float, y: float) -> Point:
        """Return a point of the canvas, in pixels."""
        x *= self._mirror
        return (self.x + x * self._cos - y * self._sin, self.y + x * self._sin + y * self._cos)

    def pen(self, x: float, y: float, scale: float = 1, *, turn: float = 0) -> Pen:
        """Return a pen around a point of this one, `scale` times its size and turned on its own."""
        return self.canvas.pen(*self.at(x, y), self.radius * scale, turn=turn)

    def fill(self, outline: Outline, paint: Paint, *, opacity: float = 1) -> None:
        """Fill an outline."""
        placed = [Loop(tuple(self.at(x, y) for x, y in part.points), part.hole) for part in outline]
        self.canvas.fill(placed, paint, opacity=opacity)

    def disc(self, x: float, y: float, r: float, paint: Paint, *, opacity: float = 1) -> None:
        """Fill a circle around a point."""
        self.fill((oval(x, y, r),), paint, opacity=opacity)

    def oval(self, x: float, y: float, rx: float, ry: float, paint: Paint, *, opacity: float = 1) -> None:
        """Fill an ellipse around a point."""
        self.fill((oval(x, y, rx, ry),), paint, opacity=opacity)

    def box(self, x0: float, y0: float, x1: float, y1: float, paint: Paint, *, radius: float = 0) -> None:
        """Fill a rectangle between two corners, with corners of its own rounded to `radius`."""
        self.fill((box(x0, y0, x1, y1, radius=radius),), paint)

    def poly(self, points: Iterable[Point], paint: Paint) -> None:
        """Fill a polygon."""
        self.fill((loop(points),), paint)

    def line(self, points: Sequence[Point], width: float, paint: Paint, *, opacity: float = 1) -> None:
        """Draw a line of some width through points, with round joints and ends."""
        self.fill(stroke(points, width), paint, opacity=opacity)

    def glow(self, x: float, y: float, radius: float, colour: Colour, *, opacity: float = 0.6) -> None:
        """Lay a soft disc of light, as `Canvas.glow` does."""
        px, py = self.at(x, y)
        self.canvas.glow(px, py, radius * self.radius, colour, opacity=opacity)


# a smooth fall from the middle of Pillow's radial gradient (0) to the edge of its inner circle (181)
_FADE = [round(255 * max(0.0, 1 - level / 181) ** 2) for level in range(256)]


def _mask(loops: Sequence[Loop], bounds: _Bounds, *, opacity: float) -> Image.Image:
    left, top, right, bottom = bounds
    width, height = right - left, bottom - top
    scale = _supersampling(width * height)
    mask = Image.new("L", (width * scale, height * scale))
    pencil = ImageDraw.Draw(mask)
    level = round(255 * opacity)
    for part in loops:
        # Pillow colours a pixel that the edge touches, so the edge is drawn half a pixel short
        points = [((x - left) * scale - 0.5, (y - top) * scale - 0.5) for x, y in part.points]
        pencil.polygon(points, fill=0 if part.hole else level)
    return mask.reduce(scale)


def _supersampling(pixels: int) -> int:
    if pixels < 1_500_000:
        return 4
    return 3 if pixels < 4_000_000 else 2


def _to_pasteable(paint: Paint, size: tuple[int, int]) -> Image.Image | Colour:
    """Return what Pillow's `paste` takes: a colour as it is, a gradient as an image of `size`."""
    if not isinstance(paint, Gradient):
        return paint
    if paint.angle == 90:
        return _strip(paint.stops).rotate(90, expand=True).resize(size, Image.Resampling.BILINEAR)
    if paint.angle == 0:
        return _strip(paint.stops).resize(size, Image.Resampling.BILINEAR)
    return _diagonal(paint.stops, size)


def _strip(stops: Sequence[Colour]) -> Image.Image:
    strip = Image.new("RGB", (1, _STRIP))
    last = len(stops) - 1
    for row in range(_STRIP):
        position = row / (_STRIP - 1) * last
        index = min(int(position), last - 1)
        strip.putpixel((0, row), mix(stops[index], stops[index + 1], position - index))
    return strip


def _diagonal(stops: Sequence[Colour], size: tuple[int, int]) -> Image.Image:
    down = Image.linear_gradient("L")
    level = ImageChops.add(down, down.transpose(Image.Transpose.TRANSPOSE), scale=2)
    level = level.resize(size, Image.Resampling.BILINEAR)
    strip = _strip(stops)
    rows = [strip.getpixel((0, round(i / 255 * (_STRIP - 1)))) for i in range(256)]
    bands = [level.point([row[band] for row in rows]) for band in range(3)]  # type: ignore[index]
    return Image.merge("RGB", bands)
