"""Times of day: the colours that each gives to sky, land and sun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemini_nb.offline.painter.colours import mix

if TYPE_CHECKING:
    from gemini_nb.offline.painter.colours import Colour


@dataclass(frozen=True)
class Light:
    """The colours that a time of day gives to everything: sky from the top down, haze, shade, sun."""

    sky: tuple[Colour, ...]
    haze: Colour
    shade: Colour
    sun: Colour
    strength: float

    def on(self, colour: Colour, distance: float = 0) -> Colour:
        """Return a colour as it looks in this light, at a distance from 0 to 1."""
        return mix(mix(colour, self.shade, self.strength), self.haze, distance)


LIGHTS = {
    "day": Light(
        sky=((72, 150, 218), (142, 200, 236), (222, 240, 246)),
        haze=(206, 228, 240),
        shade=(255, 255, 255),
        sun=(255, 246, 214),
        strength=0,
    ),
    "dawn": Light(
        sky=((126, 150, 200), (224, 190, 204), (255, 224, 196)),
        haze=(250, 220, 206),
        shade=(150, 110, 150),
        sun=(255, 236, 204),
        strength=0.25,
    ),
    "sunset": Light(
        sky=((58, 50, 110), (188, 80, 120), (250, 140, 92), (255, 206, 128)),
        haze=(250, 166, 116),
        shade=(66, 30, 82),
        sun=(255, 226, 150),
        strength=0.5,
    ),
    "night": Light(
        sky=((10, 16, 44), (24, 38, 84), (58, 74, 128)),
        haze=(62, 80, 134),
        shade=(10, 16, 48),
        sun=(244, 240, 220),
        strength=0.68,
    ),
    "grey": Light(
        sky=((112, 126, 142), (158, 170, 182), (206, 212, 216)),
        haze=(196, 204, 210),
        shade=(90, 100, 116),
        sun=(236, 238, 240),
        strength=0.3,
    ),
}
