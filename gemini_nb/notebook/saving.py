"""Saving what a cell made: under the name that was asked for, and only once however often the cell runs."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_nb.errors import SaveError
from gemini_nb.images import save

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gemini_nb.generation import Generation
    from gemini_nb.images.image import GeneratedImage

_PROMPT_CHARACTERS = 48


def check(path: str, *, several: bool, is_stored: bool) -> None:
    """Raise `SaveError` where a picture could not be saved, before it is paid for.

    One that is stored costs nothing, and its file may be there from the cell's last run.
    """
    if several or not is_stored:
        save.check_free(path, folder=several)


def one(generation: Generation, path: str) -> Generation:
    """Save a picture and return it with its path; into a folder it goes under a name made of its prompt."""
    target = Path(path).expanduser()
    if path.endswith("/") or target.is_dir():
        return replace(generation, path=_into(target, generation.image, stem(generation)))
    image = generation.image
    for named in (target, target.with_name(target.name + image.suffix)):
        if target.name and _holds(named, image):
            return replace(generation, path=named)
    return replace(generation, path=image.save(path))


def into_folder(
    path: str, made: Iterable[tuple[Generation, str]]
) -> tuple[list[Generation], SaveError | None]:
    """Save pictures with their labels into a folder; one that fails keeps no other from being saved."""
    saved, problem = [], None
    for generation, label in made:
        try:
            file = _into(Path(path).expanduser(), generation.image, stem(generation, label))
            saved.append(replace(generation, path=file))
        except SaveError as error:
            saved.append(generation)
            problem = problem or error
    return saved, problem


def stem(generation: Generation, label: str = "") -> str:
    """A file name of the prompt's beginning and of what tells a picture from the others of its grid."""
    own = "" if label == generation.prompt else label
    return save.safe_stem(f"{generation.prompt[:_PROMPT_CHARACTERS]} {own}")


def _into(folder: Path, image: GeneratedImage, name: str) -> Path:
    for number in count(1):
        file = folder / f"{name}{'' if number == 1 else f'-{number}'}{image.suffix}"
        if _holds(file, image):
            return file
        if not file.exists():
            break
    return image.save(f"{folder}/", unique=True, stem=name)


def _holds(file: Path, image: GeneratedImage) -> bool:
    """Whether a file holds just this picture's bytes."""
    try:
        return file.stat().st_size == len(image.data) and file.read_bytes() == image.data
    except (OSError, ValueError):
        return False
