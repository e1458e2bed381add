"""The vocabulary: which words of a prompt mean a shape, a number, a place, a scene.

A lexicon maps one word or several to what they mean; `sketch` makes sense of their order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from gemini_nb.offline import colours
from gemini_nb.offline.outlines import NAMES as OUTLINES
from gemini_nb.offline.things import THINGS

Kind = Literal[
    "and", "angle", "break", "colour", "count", "ground", "noun", "on", "other", "pattern",
    "place", "relation", "scenery", "shade", "size", "skip", "time",
]  # fmt: skip

MAX_TOKENS = 2_000
_TOKEN = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b|[^\W\d_]+|\d+(?::\d+|[^\W\d_]+)?|[.,;:!?]")
_LONGEST = 4


@dataclass(frozen=True)
class Word:
    """A word or phrase of the prompt and what it means; `plural` is told by a noun's ending."""

    kind: Kind
    value: Any
    plural: bool = False


_NOUNS = {
    "circle": "circle, dot, disc, disk, ball, sphere, round, orb, point, bubble, spot",
    "square": "square, box, cube, tile",
    "rectangle": "rectangle, bar, block, brick",
    "triangle": "triangle, pyramid",
    "star": "star",
    "heart": "heart",
    "diamond": "diamond, rhombus, lozenge, gem",
    "pentagon": "pentagon",
    "hexagon": "hexagon",
    "octagon": "octagon",
    "oval": "oval, ellipse",
    "egg": "egg",
    "semicircle": "semicircle, half circle, dome",
    "ring": "ring, donut, doughnut, torus, hoop",
    "cross": "cross, plus, plus sign",
    "saltire": "letter x, x mark",
    "arrow": "arrow",
    "line": "line, stripe",
    "crescent": "crescent, crescent moon, half moon, moon crescent",
    "cloud": "cloud",
    "drop": "drop, droplet, raindrop, teardrop",
    "bolt": "bolt, lightning bolt, lightning, thunderbolt",
    "spiral": "spiral, swirl",
    "leaf": "leaf",
    "smiley": "smiley, smiley face, smiling face, happy face, emoji",
    "cat": "cat, kitten, kitty, cat face",
    "dog": "dog, puppy, corgi, dog face, labrador, retriever",
    "bird": "bird, parrot, sparrow, robin",
    "fish": "fish, goldfish",
    "butterfly": "butterfly",
    "tree": "tree, oak",
    "pine": "pine, fir, christmas tree, pine tree, fir tree",
    "palm": "palm, palm tree",
    "flower": "flower, daisy, blossom, sunflower, tulip",
    "mushroom": "mushroom, toadstool",
    "apple": "apple",
    "banana": "banana, nano banana",
    "sun": "sun",
    "moon": "moon, full moon",
    "planet": "planet, saturn",
    "house": "house, home, cottage, cabin, hut",
    "boat": "boat, sailboat, ship, sailing boat, yacht",
    "balloon": "balloon, red balloon",
    "hot air balloon": "hot air balloon",
    "car": "car, automobile, taxi",
    "rocket": "rocket, spaceship, rocket ship",
    "robot": "robot, android",
    "cup": "cup, mug, coffee, cup of coffee, cup of tea, coffee cup, teacup, tea",
    "umbrella": "umbrella, parasol",
    "snowman": "snowman",
    "person": "person, portrait, woman, man, girl, boy, child, face, teacher, scientist, student, lady",
    "snowflake": "snowflake",
    "gift": "gift, present",
}
_IRREGULAR = {"leaves": "leaf", "boxes": "square", "fishes": "fish", "butterflies": "butterfly",
              "puppies": "dog", "kitties": "cat", "babies": "person", "people": "person", "women": "person",
              "men": "person", "children": "person", "crosses": "cross", "snowmen": "snowman",
              "rhombuses": "diamond", "torches": "bolt", "boxen": "square", "daisies": "flower"}  # fmt: skip
_COUNTS = {
    1: "a, an, one, single", 2: "two, pair, couple, a pair of, a couple of, both", 3: "three, few, a few, some",
    4: "four", 5: "five, several", 6: "six, half a dozen", 7: "seven", 8: "eight", 9: "nine", 10: "ten",
    11: "eleven", 12: "twelve, dozen, a dozen, many, lots of", 15: "fifteen", 16: "sixteen",
    20: "twenty", 24: "two dozen", 30: "thirty", 40: "forty", 50: "fifty",
}  # fmt: skip
_SIZES = {
    0.3: "tiny, minuscule",
    0.58: "small, little, mini, miniature",
    1.35: "large, big",
    1.7: "huge, giant, enormous, gigantic, massive",
}
_PLACES = {
    (None, -1): "top, upper, at the top",
    (None, 1): "bottom, lower, at the bottom",
    (-1, None): "left, on the left, to the left, left hand",
    (1, None): "right, on the right, to the right, right hand",
    (0, 0): "center, centre, middle, centered, centred, in the middle, in the middle of, in the center of, "
    "in the centre of",
}
_RELATIONS = {
    "inside": "inside, inside of, within, in",
    "outside": "around, surrounding, containing, enclosing, surrounded by",
    "above": "above, over, on top of, atop",
    "below": "below, under, beneath, underneath",
    "left": "left of, to the left of, on the left of",
    "right": "right of, to the right of, on the right of",
    "beside": "next to, beside, near, alongside, by",
    "behind": "in front of",
    "before": "behind",
}
_SCENERY = {
    "sea": "sea, ocean, water, waves, seascape, lake, river, harbour, harbor, bay, fjord",
    "mountains": "mountain, mountains, peak, peaks, alps, alpine, volcano, cliff, cliffs",
    "hills": "hill, hills, meadow, field, fields, grass, countryside, valley, farm, garden, park, landscape",
    "forest": "forest, woods, woodland, jungle, pines, trees in the distance",
    "city": "city, skyline, cityscape, skyscrapers, skyscraper, town, buildings, street, downtown, tokyo, "
    "new york, london, paris, berlin, metropolis",
    "desert": "desert, dune, dunes, sahara",
    "beach": "beach, shore, coast, seaside, tropical island",
    "space": "space, galaxy, outer space, cosmos, nebula, universe, milky way",
    "underwater": "underwater, under water, coral reef, reef, aquarium, under the sea",
    "stars": "starry, starry sky, night sky, stars in the sky",
    "clouds": "cloudy, clouds in the sky",
    "sky": "sky, blue sky",
    "snow": "snow, snowy, winter, snow covered, snow capped, blizzard",
    "rain": "rain, rainy, raining, storm, stormy",
    "rainbow": "rainbow",
}
_TIMES = {
    "sunset": "sunset, dusk, evening, golden hour, twilight",
    "dawn": "dawn, sunrise, morning, daybreak, misty, mist, fog, foggy",
    "night": "night, night sky, midnight, moonlit, moonlight, nighttime, at night, starry, starry sky",
    "day": "day, daytime, noon, sunny",
}
_PATTERNS = {
    "checkerboard": "checkerboard, chessboard, chequered, checkered, checkerboard pattern",
    "stripes": "striped, stripes, stripe pattern",
    "dots": "polka dots, polka dot, polka dotted, dotted",
    "gradient": "gradient, ombre, colour gradient, color gradient, fade",
}
_ANGLES = {90: "horizontal, left to right", 0: "vertical, top to bottom", 45: "diagonal"}
_SKIPPED = (
    "line art, line drawing, square format, square image, square picture, square aspect, straight, cross section, "
    "white space, negative space, point of view, sun like, gift shop, heart of, black and white, starting point, "
    "red balloon dog, colour scheme, color scheme, point out, heart warming, data point, data points"
)
_GRAMMAR: tuple[tuple[Kind, str], ...] = (
    ("and", "and, plus a, with, also, as well as"),
    ("on", "on, against, upon, over a background of, on a background of"),
    ("ground", "background, backdrop, canvas, background colour, background color"),
    ("skip", "the, of, is, are, in the, corner, side, edge, coloured, colored, color, colour, to, from, solid, flat, "
     "plain, simple, filled, it, its, that, which, as, at, image, picture, photo, there"),
)  # fmt: skip


@cache
def lexicon() -> dict[tuple[str, ...], Word]:
    """Return phrase → meaning; later tables win, so that a scene beats a shape of the same name."""
    found: dict[tuple[str, ...], Word] = {}

    def learn(kind: Kind, table: dict[Any, str]) -> None:
        for value, phrases in table.items():
            for phrase in phrases.split(", "):
                found[tuple(phrase.split())] = Word(kind, value)

    for name in colours.names():
        found[(name,)] = Word("colour", name)
    for shade in colours.SHADES:
        found[(shade,)] = Word("shade", shade)
    _learn_nouns(found)
    for kind, phrases in _GRAMMAR:
        learn(kind, {kind: phrases})
    for kind, table in (("count", _COUNTS), ("size", _SIZES), ("place", _PLACES), ("relation", _RELATIONS)):
        learn(kind, table)  # type: ignore[arg-type]
    learn("scenery", _SCENERY)
    learn("time", {(time, scenery): phrases for time, phrases in _TIMES.items() for scenery in [None]})
    for phrase in ("starry", "starry sky", "night sky", "stars in the sky"):
        found[tuple(phrase.split())] = Word("time", ("night", "stars"))
    learn("pattern", _PATTERNS)
    learn("angle", _ANGLES)
    learn("other", {"other": _SKIPPED})
    return found


def read(prompt: str) -> list[Word]:
    """Read a prompt into words, the longest phrase first; a word that is not known is "other"."""
    known = lexicon()
    tokens = [match[0] for match in _TOKEN.finditer(prompt.lower()[: 12 * MAX_TOKENS])][:MAX_TOKENS]
    words, start = [], 0
    while start < len(tokens):
        for length in range(min(_LONGEST, len(tokens) - start), 0, -1):
            word = known.get(tuple(tokens[start : start + length]))
            if word:
                break
        words.append(word or _single(tokens[start]))
        start += length
    return words


def _single(token: str) -> Word:
    if token.startswith("#"):
        return Word("colour", token)
    if token.isascii() and token.isdigit():
        return Word("count", int(token[:4]))
    return Word("break" if token in ".,;:!?" else "other", token)


def _learn_nouns(found: dict[tuple[str, ...], Word]) -> None:
    for shape, phrases in _NOUNS.items():
        if shape not in OUTLINES and shape not in THINGS:
            raise LookupError(shape)
        for phrase in phrases.split(", "):
            *first, last = phrase.split()
            found[(*first, last)] = Word("noun", shape)
            plural = last + ("es" if last.endswith(("s", "x", "sh")) else "s")
            if last.endswith("y"):
                found[(*first, last[:-1] + "ies")] = Word("noun", shape, plural=True)
            found[(*first, plural)] = Word("noun", shape, plural=True)
    for plural, shape in _IRREGULAR.items():
        found[(plural,)] = Word("noun", shape, plural=True)
