"""Every thing of several colours that can be drawn: how, in which colour, and where it lives.

A drawing takes the colour the prompt gave it, or its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gemini_nb.offline.painter import creatures, nature, objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.offline.painter.canvas import Pen
    from gemini_nb.offline.painter.colours import Colour

Home = Literal["sky", "ground", "water"]


@dataclass(frozen=True)
class Thing:
    """How a thing is drawn, its own colour, and where it lives in a landscape."""

    draw: Callable[[Pen, Colour], None]
    colour: Colour
    home: Home = "ground"


THINGS: dict[str, Thing] = {
    "smiley": Thing(creatures.smiley, (255, 206, 64), "sky"),
    "cat": Thing(creatures.cat, (236, 160, 82)),
    "dog": Thing(creatures.dog, (196, 140, 92)),
    "bird": Thing(creatures.bird, (72, 152, 214), "sky"),
    "duck": Thing(creatures.duck, (252, 206, 70), "water"),
    "fish": Thing(creatures.fish, (246, 136, 74), "water"),
    "butterfly": Thing(creatures.butterfly, (240, 138, 66), "sky"),
    "tree": Thing(nature.tree, (94, 160, 92)),
    "pine": Thing(nature.pine, (58, 122, 92)),
    "palm": Thing(nature.palm, (74, 150, 96)),
    "flower": Thing(nature.flower, (236, 100, 134)),
    "mushroom": Thing(nature.mushroom, (214, 66, 60)),
    "apple": Thing(nature.apple, (214, 52, 56)),
    "banana": Thing(nature.banana, (255, 214, 64)),
    "lemon": Thing(nature.lemon, (252, 222, 74)),
    "pear": Thing(nature.pear, (176, 196, 76)),
    "cherry": Thing(nature.cherry, (200, 36, 60)),
    "sun": Thing(nature.sun, (255, 190, 50), "sky"),
    "moon": Thing(nature.moon, (244, 234, 204), "sky"),
    "planet": Thing(nature.planet, (222, 146, 96), "sky"),
    "house": Thing(objects.house, (246, 222, 184)),
    "boat": Thing(objects.boat, (206, 74, 66), "water"),
    "balloon": Thing(objects.balloon, (230, 66, 78), "sky"),
    "hot air balloon": Thing(objects.hot_air_balloon, (224, 84, 74), "sky"),
    "lighthouse": Thing(objects.lighthouse, (214, 66, 60)),
    "kite": Thing(objects.kite, (226, 74, 84), "sky"),
    "car": Thing(objects.car, (222, 70, 66)),
    "rocket": Thing(objects.rocket, (224, 74, 70), "sky"),
    "robot": Thing(objects.robot, (120, 170, 200)),
    "cup": Thing(objects.cup, (238, 240, 244)),
    "umbrella": Thing(objects.umbrella, (224, 78, 84)),
    "snowman": Thing(creatures.snowman, (252, 253, 255)),
    "person": Thing(creatures.person, (84, 120, 190)),
    "snowflake": Thing(nature.snowflake, (140, 190, 230), "sky"),
    "gift": Thing(objects.gift, (206, 66, 84)),
}
