"""Saving the pictures of a cell under the name that was asked for, once however often the cell runs."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_nb import files
from gemini_nb.errors import SaveError
from gemini_nb.images import save

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage

_PROMPT_CHARACTERS = 48


def save_one(generation: Generation, path: str) -> Generation:
    """Save a picture and return it with its path; into a folder it goes under a name made of its prompt."""
    target, image = _expand(path), generation.image
    if path.endswith("/") or files.is_folder(target):
        return _save_into(target, generation)
    for file in (target, target.with_name(target.name + image.suffix)):
        if target.name and _is_saved(image, file):
            return replace(generation, path=file)
    return replace(generation, path=image.save(path))


def save_many(
    path: str, labelled: Iterable[tuple[Generation, str]]
) -> tuple[list[Generation], SaveError | None]:
    """Save pictures with their labels into a folder; one that fails keeps no other from being saved."""
    saved, first_error = [], None
    for generation, label in labelled:
        try:
            saved.append(_save_into(_expand(path), generation, label))
        except SaveError as error:
            saved.append(generation)
            first_error = first_error or error
    return saved, first_error


def _expand(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such home: `save` says so
        return Path(path)


def _save_into(folder: Path, generation: Generation, label: str = "") -> Generation:
    """Save a picture under its prompt's beginning and what tells it from the others of its grid."""
    image = generation.image
    own_label = "" if label == generation.prompt else label
    stem = save.safe_stem(f"{generation.prompt[:_PROMPT_CHARACTERS]} {own_label}")
    for number in count(1):
        file = folder / f"{stem}{'' if number == 1 else f'-{number}'}{image.suffix}"
        if _is_saved(image, file):
            return replace(generation, path=file)
        if not os.path.lexists(file):  # False, too, where the folder may not be looked at: `save` says why
            break
    return replace(generation, path=image.save(f"{folder}/", unique=True, stem=stem))


def _is_saved(image: GeneratedImage, file: Path) -> bool:
    """Whether a file holds exactly this picture's bytes."""
    try:
        return file.stat().st_size == len(image.data) and file.read_bytes() == image.data
    except (OSError, ValueError):
        return False
