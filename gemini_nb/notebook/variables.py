"""Variables that a line names: lists of values, any library's tables as rows, texts, and input images."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Iterator, Mapping, Sized
from typing import TYPE_CHECKING, Any

from gemini_nb.batch.source import read_pandas_rows
from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.images import input_bytes, inputs
from gemini_nb.images.input_reader import call_before
from gemini_nb.images.mask import Mask, is_pixels_or_box
from gemini_nb.notebook.template import suggest_name
from gemini_nb.text import with_article

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gemini_nb.client.async_client import AsyncClient
    from gemini_nb.images.inputs import InputImage

_TABLE_HINT = "Give a pandas or polars frame, an Arrow table, a list of dicts, or a dict of columns."
_SHOWN_CHARACTERS = 80


def read_values(name: str, names: Mapping[str, Any], *, most: int) -> list[Any]:
    """Return the values of a list; raise `ArgumentError` for what is none or can be read only once."""
    what = f"--vary {name}"
    values = _find_variable(what, name, names)
    if isinstance(values, Iterator):
        raise ArgumentError(
            f"{what}: {_with_article(values)} can be read only once.",
            hint=f"Make it a list first: {name} = list({name})",
        )
    is_table = isinstance(values, Mapping) or hasattr(values, "columns")
    if is_table or isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise ArgumentError(
            f"{what}: it is {_with_article(values)}, not a list of values.",
            hint=f"Its rows become pictures with --each {name}"
            if is_table
            else "Give a list, such as [1, 2].",
        )
    if isinstance(values, Sized) and len(values) > most:
        raise ArgumentError(f"{what}: it has {len(values):,} values; the limit is {most:,}.")
    return _check_not_empty(list(values), what)


def read_rows(name: str, names: Mapping[str, Any]) -> list[dict[Any, Any]]:
    """Return the rows of a table as dicts; raise `ArgumentError` for what is none."""
    what = f"--each {name}"
    table = _find_variable(what, name, names)
    rows = _to_rows(table, what)
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        is_list = hasattr(table, "__iter__") and not isinstance(table, str | bytes)
        raise ArgumentError(
            f"{what}: {_with_article(table)} has no rows.",
            hint=f"Its values become pictures with --vary {name}" if is_list else _TABLE_HINT,
        )
    return _check_not_empty([dict(row) for row in rows], what)


def _to_rows(frame: Any, what: str) -> Any:
    if isinstance(frame, Mapping):
        return _columns_to_rows(frame, what)
    if callable(getattr(frame, "to_dicts", None)):  # polars
        return frame.to_dicts()
    if callable(getattr(frame, "to_pylist", None)):  # Arrow
        return frame.to_pylist()
    if callable(getattr(frame, "to_dict", None)) and hasattr(frame, "columns"):  # pandas
        return read_pandas_rows(frame) if hasattr(frame, "index") else frame.to_dict("records")
    return frame


def _columns_to_rows(columns: Mapping[Any, Any], what: str) -> list[dict[Any, Any]]:
    for name, column in columns.items():
        if isinstance(column, str | bytes | Mapping) or not isinstance(column, Sized):
            raise ArgumentError(
                f"{what}: its {str(name)[:40]!r} is not a column of values.", hint=_TABLE_HINT
            )
    lengths = {str(name)[:40]: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length:,}" for name, length in list(lengths.items())[:8])
        raise ArgumentError(f"{what}: its columns are of different lengths: {listed}.")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _find_variable(what: str, name: str, names: Mapping[str, Any]) -> Any:
    if name not in names:
        raise ArgumentError(f"{what}: there is no variable of this name.", hint=suggest_name(name, names))
    return names[name]


def _with_article(value: Any) -> str:
    name = with_article(type(value).__name__)
    return name[0].lower() + name[1:]


def _check_not_empty(values: list[Any], what: str) -> list[Any]:
    if not values:
        raise ArgumentError(f"{what}: it is empty, so there is nothing to ask for.")
    return values


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
