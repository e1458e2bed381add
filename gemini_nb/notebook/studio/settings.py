"""The studio's settings: what they offer for a model, and the options of a request that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb import models
from gemini_nb.errors import ArgumentError
from gemini_nb.notebook.options import split_words
from gemini_nb.settings.options import SEARCHES, THINKING_LEVELS
from gemini_nb.settings.words import parse_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MODELS_CHOICE = "auto"
_MAX_CHARACTERS = 1_000_000  # of one field
EMPTY = dict.fromkeys(
    ("prompt", "model", "ratio", "size", "search", "thinking", "seed", "safety", "system", "config"), ""
) | {"number": "1"}


@dataclass(frozen=True)
class Settings:
    """What is set: the `options` of an `ImageRequest`, and the number of pictures."""

    prompt: str
    options: dict[str, Any]
    number: int


def list_offer(provider: str, model: str) -> dict[str, Any]:
    """Return value and label of what each choice offers where `model` is chosen."""
    row = models.find(model)
    if row is None:
        row = models.Model(model, aspect_ratios=models.resolve(models.DEFAULT).aspect_ratios)
    ids = [known.id for known in models.CATALOGUE if not models.describe_shutdown(known.id, provider)]
    return {
        "model": [[name, models.alias_at(name, provider) or name] for name in dict.fromkeys([*ids, model])],
        "ratio": _choices(row.aspect_ratios),
        "size": _choices(row.image_sizes),
        "search": _choices(SEARCHES if row.searches is None else row.searches, "none"),
        "thinking": _choices(THINKING_LEVELS if row.thinking_levels is None else row.thinking_levels),
    }


def _choices(names: Iterable[str], nothing: str = _MODELS_CHOICE) -> list[list[str]]:
    return [["", nothing], *([name, name] for name in names)]


def choose_model(name: str, provider: str) -> str:
    """Return the id of a model by id or alias, or of what is offered in place of one that is shut down."""
    row = models.find(models.name_in_use(name, provider), provider)
    return row.id if row else name


def read(values: Mapping[str, Any], provider: str, *, most: int) -> Settings:
    """Return what the fields of the page stand for; raise `ArgumentError` for what is no setting."""
    texts = {name: str(values.get(name, ""))[:_MAX_CHARACTERS].strip() for name in EMPTY}
    number = int(texts["number"]) if texts["number"].isdecimal() and len(texts["number"]) < 10 else 0
    if not 1 <= number <= most:
        raise ArgumentError(f"Number is a whole number from 1 to {most}.")
    return Settings(
        texts["prompt"],
        {
            "model": texts["model"],
            "alias": models.alias_at(texts["model"], provider),
            "aspect_ratio": texts["ratio"] or None,
            "image_size": texts["size"] or None,
            "search": texts["search"],
            "thinking": texts["thinking"],
            "system": texts["system"],
            "seed": texts["seed"],
            "safety": texts["safety"].split(),
            "config": parse_config(split_words(texts["config"])),
        },
        number,
    )
