"""Variables that a line names: texts, input images and masks; lists and tables are `prompts.tables`'."""

from __future__ import annotations

import difflib
import os
import warnings
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.images import input_bytes, inputs
from gemini_nb.images.input_reader import call_before
from gemini_nb.images.mask import Mask, is_pixels_or_box

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gemini_nb.client.async_client import AsyncClient
    from gemini_nb.images.inputs import InputImage

_SHOWN_CHARACTERS = 80


def read_text(option: str, word: str | None, names: Mapping[str, Any]) -> str | None:
    """Return the text that the word of an option is, or that the variable of this name holds."""
    if word is None or word not in names:
        texts = (name for name, value in names.items() if isinstance(value, str) and not name.startswith("_"))
        near = difflib.get_close_matches(word, texts, n=1) if word and word.isidentifier() else ()
        if near:
            message = f"{option} {word} is taken as text. Did you mean the variable {near[0]}?"
            warnings.warn(message, GeminiWarning, stacklevel=2)
        return word
    if not isinstance(names[word], str):
        raise ArgumentError(
            f"{option} {word}: the variable is a {type(names[word]).__name__}, not a text.",
            hint="Nothing was sent or billed.",
        )
    return str(names[word])


def find_images(
    words: Iterable[str], names: Mapping[str, Any], *, option: str = "-i"
) -> list[tuple[str, Any]]:
    """Return each word of an option with what it names: the variable, else the word, an address or a path."""
    for word in words:
        if word in names and os.path.lexists(word):  # what a link leads to may not answer
            warnings.warn(
                f"{option} {word} is the variable; write ./{word} for the file of this name.",
                GeminiWarning,
                stacklevel=2,
            )
    return [(word, names.get(word, word)) for word in words]


async def read_images(found: Iterable[tuple[str, Any]], client: AsyncClient) -> list[InputImage]:
    """Read what `find_images` found, within the client's timeout; links are fetched.

    Raises `ArgumentError` for a word that is neither variable nor file, and for what is no picture.
    """
    deadline = client.deadline
    return [image for word, source in found for image in await _read_word(word, source, client, deadline)]


async def read_mask(word: str, names: Mapping[str, Any], client: AsyncClient) -> Any:
    """Return what a word of `--mask` names: a picture, read as those of `-i` are; or an array or a box."""
    ((_, source),) = find_images([word], names, option="--mask")
    if is_pixels_or_box(source) or isinstance(source, Mask):
        return source
    return list(await _read_word(word, source, client, client.deadline, option="--mask"))


async def _read_word(
    word: str, source: Any, client: AsyncClient, deadline: float, *, option: str = "-i"
) -> tuple[InputImage, ...]:
    try:
        if source is word and not await _exists(word, deadline):
            raise ArgumentError(
                "there is no variable and no file of this name.", hint="Nothing was sent or billed."
            )
        return await client.read_images([source], deadline=deadline)
    except ArgumentError as problem:
        message, hint = problem.args[0], problem.hint
    raise ArgumentError(f"{option} {word[:_SHOWN_CHARACTERS]}: {message}", hint=hint)


async def _exists(word: str, deadline: float) -> bool:
    is_address = inputs.is_link(word) or input_bytes.is_data_uri(word) or inputs.find_reference(word)
    return bool(is_address) or await call_before(deadline, _is_file, word)


def _is_file(word: str) -> bool:
    try:
        return input_bytes.to_path(word).exists()
    except (OSError, ValueError, RuntimeError):  # too long, NUL in it, no home
        return False
