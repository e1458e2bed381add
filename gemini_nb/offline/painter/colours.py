"""Colours: names and shades, palettes that sit well together, and the light of a time of day."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import cache

from PIL import ImageColor

Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
INK: Colour = (38, 42, 58)
PAPER: Colour = (250, 247, 241)

_BESIDES_CSS: dict[str, Colour] = {
    "amber": (255, 191, 0),
    "apricot": (251, 206, 177),
    "burgundy": (128, 0, 32),
    "charcoal": (54, 61, 69),
    "cream": (255, 250, 224),
    "emerald": (0, 155, 102),
    "golden": (255, 200, 40),
    "jade": (0, 168, 107),
    "lilac": (200, 162, 200),
    "mauve": (203, 160, 230),
    "mint": (168, 230, 200),
    "mustard": (225, 173, 1),
    "ochre": (204, 119, 34),
    "peach": (255, 203, 164),
    "rose": (244, 114, 150),
    "ruby": (155, 17, 50),
    "sand": (232, 211, 168),
    "sapphire": (15, 82, 186),
    "scarlet": (255, 36, 0),
    "terracotta": (204, 102, 75),
}
# names of CSS colours that a prompt means otherwise
_NOT_COLOURS = frozenset({"snow", "wheat", "peru", "seashell"})

# names of one word → what people write in two
TWO_WORDS = {
    "forestgreen": "forest green",
    "hotpink": "hot pink",
    "ivory": "off white",
    "limegreen": "grass green, lime green",
    "midnightblue": "midnight blue",
    "mint": "mint green",
    "navy": "navy blue",
    "olivedrab": "olive green",
    "powderblue": "baby blue",
    "royalblue": "royal blue",
    "seagreen": "sea green",
    "skyblue": "sky blue",
    "slategrey": "slate grey",
    "steelblue": "steel blue",
}

_SHADES = {
    "light": (0.5, WHITE),
    "pale": (0.72, WHITE),
    "pastel": (0.6, WHITE),
    "soft": (0.45, WHITE),
    "dark": (0.45, BLACK),
    "deep": (0.35, BLACK),
    "muted": (0.4, (150, 150, 150)),
    "dusty": (0.4, (190, 180, 180)),
}
_VIVID = frozenset({"bright", "vivid", "neon"})
SHADES = frozenset(_SHADES) | _VIVID

PALETTES: tuple[tuple[Colour, ...], ...] = (
    ((250, 243, 224), (233, 109, 80), (38, 70, 83), (42, 157, 143), (244, 190, 98)),
    ((246, 240, 250), (90, 24, 154), (255, 109, 132), (255, 183, 120), (49, 87, 190)),
    ((238, 246, 244), (19, 78, 94), (113, 178, 128), (247, 214, 126), (232, 119, 94)),
    ((253, 240, 232), (187, 62, 78), (40, 54, 85), (247, 160, 114), (103, 154, 183)),
    ((18, 24, 48), (247, 197, 110), (226, 92, 120), (86, 107, 214), (66, 184, 190)),
    ((242, 240, 232), (60, 60, 70), (228, 87, 46), (23, 190, 187), (255, 201, 20)),
    ((24, 35, 38), (136, 201, 161), (242, 232, 207), (231, 111, 81), (56, 102, 120)),
    ((255, 245, 238), (95, 75, 139), (230, 154, 141), (244, 204, 112), (88, 140, 126)),
)


@cache
def names() -> dict[str, Colour]:
    """Return every colour name of one word: CSS's, and some that people use besides."""
    css = {name: ImageColor.getrgb(name)[:3] for name in ImageColor.colormap if name not in _NOT_COLOURS}
    return css | _BESIDES_CSS


def look_up(name: str) -> Colour:
    """Return the colour of a name of `names`, or of "#f80" or "#ff8800"."""
    return ImageColor.getrgb(name)[:3] if name.startswith("#") else names()[name]


def shade(word: str, name: str) -> Colour:
    """Return a colour with a shade word before it: CSS's own "lightblue" where there is one."""
    known = names()
    if word + name in known:
        return known[word + name]
    if word in _VIVID:
        hue, lightness, saturation = _hls(known[name])
        return _from_hls(hue, min(0.62, max(0.5, lightness)), min(1.0, saturation * 1.6))
    amount, towards = _SHADES[word]
    return mix(known[name], towards, amount)


def mix(first: Colour, second: Colour, amount: float) -> Colour:
    """Go from `first` towards `second`; 0 stays, 1 arrives."""
    r, g, b = (round(a + (z - a) * amount) for a, z in zip(first, second, strict=True))
    return (r, g, b)


def lighter(colour: Colour, amount: float) -> Colour:
    """Mix with white; `amount` 1 is white."""
    return mix(colour, WHITE, amount)


def darker(colour: Colour, amount: float) -> Colour:
    """Mix with black; `amount` 1 is black."""
    return mix(colour, BLACK, amount)


def luminance(colour: Colour) -> float:
    """Return perceived lightness, 0 to 1."""
    r, g, b = colour
    return (0.299 * r + 0.587 * g + 0.114 * b) / 255


def turn_hue(colour: Colour, turn: float) -> Colour:
    """Move the hue around the wheel; `turn` 0.5 is the complement."""
    hue, lightness, saturation = _hls(colour)
    return _from_hls((hue + turn) % 1, lightness, saturation)


def backdrop_for(colour: Colour) -> Colour:
    """Return a calm plain ground on which `colour` stands out."""
    if luminance(colour) > 0.9:
        return mix((52, 66, 92), colour, 0.12)
    if luminance(colour) > 0.72:
        return mix(turn_hue(colour, 0.5), PAPER, 0.8)
    return mix(colour, PAPER, 0.88)


def _hls(colour: Colour) -> tuple[float, float, float]:
    r, g, b = colour
    return colorsys.rgb_to_hls(r / 255, g / 255, b / 255)


def _from_hls(hue: float, lightness: float, saturation: float) -> Colour:
    r, g, b = (round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, saturation))
    return (r, g, b)


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
    "storm": Light(
        sky=((52, 60, 78), (92, 102, 120), (150, 156, 164)),
        haze=(140, 148, 158),
        shade=(40, 48, 66),
        sun=(220, 224, 230),
        strength=0.46,
    ),
}
