"""Prompts and edits as newcomers type them, with what the offline painter makes of each."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from gemini_nb.offline.painter import paint
from gemini_nb.offline.painter.reading import scene
from gemini_nb.offline.painter.recipes import Step
from support.pixels import png

if TYPE_CHECKING:
    from gemini_nb.offline.painter.paint import Painting

PROMPTS: dict[str, tuple[str, str]] = {
    "An astronaut riding a horse on the moon, watercolor": ("moon", "astronaut, riding, horse, watercolor"),
    "Portrait of an old man with a beard, oil painting": ("person", "old, beard, oil"),
    "Could you please draw me a cute little dog? Thank you!": ("dog", ""),
    "a cat sleeping on a red sofa": ("cat", "sleeping, sofa"),
    "the meaning of life": ("", "meaning, life"),
    "What does the inside of a volcano look like?": ("mountains", ""),
    "A cyberpunk city at night, neon lights, rain, ultra detailed, 8k": (
        "city night rain",
        "cyberpunk, lights, ultra, detailed, 8k",
    ),
    "a red dragon flying over a castle at sunset": ("sunset", "dragon, flying, castle"),
    "logo for a coffee shop": ("cup", "logo, shop"),
    "an abstract pattern in blue and gold": ("", ""),
    "a mountain lake in autumn, no clouds, without people": ("autumn mountains sea", "in autumn"),
    "a photorealistic lighthouse in a storm": ("lighthouse storm", "photorealistic"),
    "a black and white photo of a tree": ("grey tree", ""),
    "pixel art of a robot holding a sword": ("pixels robot", "holding, sword"),
    "a purple forest": ("forest", "purple"),
    "🐱 in a 🚀": ("cat rocket", ""),
    "Drei rote Äpfel auf weißem Hintergrund": ("apple", ""),
    "Ein Fischerboot auf dem Meer bei Sonnenuntergang, ohne Wolken": ("boat sea sunset", ""),
    "un chat noir sous un arbre en automne": ("autumn cat tree", ""),
    "un perro azul junto a una casa roja": ("dog house", ""),
    "海の上の赤い船と灯台": ("boat lighthouse sea", ""),
    "一只熊猫在吃竹子": ("", "熊猫, 吃竹子"),
    "雪の中の宇宙飛行士": ("snow", "宇宙飛行士"),
    "кот на лодке": ("", "кот, на, лодке"),
}
"""Each prompt: what is drawn, with the time of day and the season, and what is named as left out."""

SCENE = "A sailing boat on the sea, mountains behind it, at noon"
SHAPES = "a red circle and a blue square on a white background"
EDITS: tuple[tuple[str, str, str], ...] = (
    (SCENE, "remove the boat", ""),
    (SCENE, "no clouds", ""),
    (SCENE, "without people", ""),
    (SCENE, "remove the mountains, please", ""),
    (SCENE, "replace the boat with a duck", ""),
    (SCENE, "make the boat yellow", ""),
    (SCENE, "zoom in on the boat", ""),
    (SCENE, "zoom in", ""),
    (SCENE, "crop to a square", ""),
    (SCENE, "sepia, with a white frame", ""),
    (SCENE, "Add a frame in royal blue and tint it warmer", ""),
    (SCENE, "make it a bit colder", ""),
    (SCENE, "in a storm", ""),
    (SCENE, "entferne das Boot", ""),
    (SCENE, "add an astronaut", "astronaut"),
    (SCENE, "delete the horse", "remove horse"),
    (SHAPES, "remove the circle", ""),
    (SHAPES, "turn the square into a star", ""),
    (SHAPES, "add a green triangle at the top", ""),
    (SHAPES, "in the style of Van Gogh", "Van, Gogh"),
)
"""Each edit: the prompt of the picture that is edited, the edit, and what is named as left out."""


@cache
def original(prompt: str) -> Painting:
    """The picture that is edited."""
    return paint.paint_step(Step(prompt, image_size="512"))


@cache
def edited(prompt: str, edit: str, *, known: bool = True) -> Painting:
    """The edited picture; not `known`, it is one that was not painted here."""
    first = original(prompt)
    return paint.paint_step(Step(edit), images=[png(first.image)], known=first.recipe if known else None)


def drawn(prompt: str) -> str:
    """What is drawn of a prompt, in words."""
    sketch = scene.read(prompt)
    kinds = {item.shape for item in sketch.items} | sketch.scenery | {*sketch.styles}
    return " ".join(sorted(kinds | {name for name in (sketch.time, sketch.season) if name}))
