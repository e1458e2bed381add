"""Recipes: how pictures were painted, remembered for a while, so that a thing can be taken out again."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemini_nb.offline.painter.reading.scene import Item


@dataclass(frozen=True)
class Swap:
    """A thing of a picture that is changed: `old` is its shape or scenery, `new` what stands in its place.

    Without `new` it is taken out.
    """

    old: str
    new: Item | None = None


@dataclass(frozen=True)
class Step:
    """One prompt with the size that was asked for."""

    prompt: str
    aspect_ratio: str | None = None
    image_size: str | None = None


@dataclass(frozen=True)
class Recipe:
    """How a picture was painted: its prompt, with what the prompt leaves open, and the edits after it."""

    first: Step
    variant: str = ""
    edits: tuple[Step, ...] = ()

    def then(self, edit: Step) -> Recipe:
        """Return the recipe of the picture that an edit makes of this one."""
        return replace(self, edits=(*self.edits, edit))


class RecipeBook:
    """The recipes of the pictures painted last, by the SHA-256 of their bytes; safe to share between threads.

    Nothing of it leaves the process: a picture file never holds its prompt.
    """

    MAX_RECIPES = 256
    MAX_CHARACTERS = 20_000
    """A recipe with longer prompts is not remembered."""

    MAX_EDITS = 24

    def __init__(self) -> None:
        self._recipes: OrderedDict[bytes, Recipe] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, picture: bytes, recipe: Recipe) -> None:
        """Remember how a picture was painted; the oldest makes room."""
        steps = (recipe.first, *recipe.edits)
        if len(steps) > self.MAX_EDITS or sum(len(step.prompt) for step in steps) > self.MAX_CHARACTERS:
            return
        with self._lock:
            self._recipes[hashlib.sha256(picture).digest()] = recipe
            while len(self._recipes) > self.MAX_RECIPES:
                self._recipes.popitem(last=False)

    def find(self, picture: bytes) -> Recipe | None:
        """Return the recipe of a picture, or None for one that was not painted here of late."""
        with self._lock:
            return self._recipes.get(hashlib.sha256(picture).digest())
