"""The cell that makes one picture again: the same digest, so the store answers where it can."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.images import inputs, save
from gemini_nb.images.image import SUFFIXES
from gemini_nb.notebook import sources

if TYPE_CHECKING:
    from gemini_nb.images.inputs import InputImage
    from gemini_nb.notebook.magics import GeminiMagics
    from gemini_nb.notebook.studio.album import Entry


def cell_source(magics: GeminiMagics, entry: Entry) -> str:
    """Return the source of the cell for a picture; raise `ArgumentError` where no cell can make it.

    An input image that nothing in the notebook holds is saved beside it, since the cell must name it.
    """
    request = entry.generation.request
    check_whole(entry)
    if request.config or request.extra:
        raise ArgumentError(
            f"Picture {entry.number} was asked for with config or extra, which no cell can say.",
            hint="Python gives the call that makes it.",
        )
    words = entry.sources if len(entry.sources) == len(request.images) else ("",) * len(request.images)
    named = [_named(magics, image, word) for image, word in zip(request.images, words, strict=True)]
    is_edit = bool(request.images) and not request.take
    options = ["--new"] if is_edit else []
    options += [f"-m {request.model}"] if request.model != magics.model else []
    options += [f"-a {request.aspect_ratio}"] if request.aspect_ratio else []
    options += [f"-z {request.image_size}"] if request.image_size else []
    options += [f"-i {_quoted(name)}" for name in named]
    options += [f"--take {request.take}"] if request.take else []
    options += ["--text"] if request.text else []
    options += ["--raw"] if "{{" in request.prompt else []
    magic = "%%gemini_edit" if is_edit else "%%gemini_image"
    return f"{' '.join([magic, *options])}\n{request.prompt}"


def check_whole(entry: Entry) -> None:
    """Raise `ArgumentError` for a picture whose request is not known in full."""
    if not entry.is_whole:
        raise ArgumentError(
            f"Picture {entry.number} is a turn of a conversation, or its source picture is not in the store, "
            "so it cannot be asked for again.",
            hint="Edit this goes on from it; the cell that made it makes it again.",
        )


def _named(magics: GeminiMagics, image: InputImage, word: str) -> str:
    """What `-i` may say to get an image: its word, a variable, a file of the store, else a new file."""
    if word and _gives(magics, word, image):
        return word
    names: dict[str, Any] = dict(magics.shell.user_ns)
    for name, value in names.items():
        if not name.startswith("_") and _holds(value, image):
            return name
    folder = magics.store_path()
    suffix = SUFFIXES.get(image.mime_type, ".heic")
    stored = folder / "images" / f"{image.sha256}{suffix}" if folder is not None else None
    if stored is not None and stored.is_file():
        return _near_path(stored)
    return _near_path(_written(image, suffix))


def _gives(magics: GeminiMagics, word: str, image: InputImage) -> bool:
    if inputs.is_link(word):
        return True  # it was fetched from there; what it serves next time is not ours to say
    try:
        found = sources.read([word], magics.shell.user_ns)
    except GeminiError:
        return False
    return len(found) == 1 and found[0] == image


def _holds(value: object, image: InputImage) -> bool:
    """Whether a variable is a picture of these bytes; only what is compared at no cost is looked at."""
    data = value if isinstance(value, bytes) else None
    if type(value).__module__ in ("gemini_nb.generation", "gemini_nb.images.image"):
        data = getattr(getattr(value, "image", value), "data", None)
    return data == image.data


def _written(image: InputImage, suffix: str) -> Path:
    path = Path("pictures") / f"source-{image.sha256[:12]}{suffix}"
    if not path.exists():
        save.write(image.data, path, mime_type=image.mime_type)
    return path


def _near_path(path: Path) -> str:
    """A path as it is written from the current folder, if it lies within it."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)


def _quoted(word: str) -> str:
    if not set(word) & set(" \t\"'#") and word:
        return word
    mark = "'" if '"' in word else '"'
    return f"{mark}{word}{mark}"
