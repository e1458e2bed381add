"""Variables that a line names: lists of values, any library's tables as rows, and input images."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.batch.result import Batch
from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.images import inputs

if TYPE_CHECKING:
    from collections.abc import Iterable


_TABLE_HINT = "Give a pandas or polars frame, an Arrow table, a list of dicts, or a dict of columns."


def read_values(name: str, names: Mapping[str, Any], *, most: int) -> list[Any]:
    """Return the values of a list; raise `ArgumentError` for what is none or can be read only once."""
    what = f"--vary {name}"
    values = _find_variable(what, name, names)
    if isinstance(values, Iterator):
        raise ArgumentError(
            f"{what}: a {type(values).__name__} can be read only once.", hint=f"Use list({name})."
        )
    is_text_or_table = isinstance(values, str | bytes | Mapping) or hasattr(values, "columns")
    if is_text_or_table or not hasattr(values, "__iter__"):
        raise ArgumentError(f"{what}: it is a {type(values).__name__}, not a list of values.")
    if isinstance(values, Sized) and len(values) > most:
        raise ArgumentError(f"{what}: it has {len(values):,} values; at most {most:,}.")
    return _check_not_empty(list(values), what)


def read_rows(name: str, names: Mapping[str, Any]) -> list[Mapping[Any, Any]]:
    """Return the rows of a table as dicts; raise `ArgumentError` for what is none."""
    what = f"--each {name}"
    table = _find_variable(what, name, names)
    rows = _to_rows(table, what)
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise ArgumentError(f"{what}: a {type(table).__name__} has no rows.", hint=_TABLE_HINT)
    return _check_not_empty([dict(row) for row in rows], what)


def _to_rows(frame: Any, what: str) -> Any:
    if isinstance(frame, Mapping):
        return _columns_to_rows(frame, what)
    if callable(getattr(frame, "to_dicts", None)):  # polars
        return frame.to_dicts()
    if callable(getattr(frame, "to_pylist", None)):  # Arrow
        return frame.to_pylist()
    if callable(getattr(frame, "to_dict", None)) and hasattr(frame, "columns"):  # pandas
        return frame.to_dict("records")
    return frame


def _columns_to_rows(columns: Mapping[Any, Any], what: str) -> list[dict[Any, Any]]:
    for name, column in columns.items():
        if isinstance(column, str | bytes | Mapping) or not isinstance(column, Sized):
            raise ArgumentError(f"{what}: its {str(name)[:40]!r} is no column of values.", hint=_TABLE_HINT)
    lengths = {str(name)[:40]: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length:,}" for name, length in list(lengths.items())[:8])
        raise ArgumentError(f"{what}: its columns are of different lengths: {listed}.")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _find_variable(what: str, name: str, names: Mapping[str, Any]) -> Any:
    if name not in names:
        raise ArgumentError(f"{what}: there is no variable of this name.")
    return names[name]


def _check_not_empty(values: list[Any], what: str) -> list[Any]:
    if not values:
        raise ArgumentError(f"{what}: it is empty, so there is nothing to ask for.")
    return values


_SHOWN_CHARACTERS = 80


def read_images(words: Iterable[str], names: Mapping[str, Any]) -> list[Any]:
    """Return the input images that the words of `-i` name; links are left for the client to fetch.

    Raises `ArgumentError` for a word that is neither variable nor file, and for what is no picture.
    """
    return [_read_image(word, source) for word in words for source in _find_sources(word, names)]


def _find_sources(word: str, names: Mapping[str, Any]) -> list[Any]:
    is_link, is_file = inputs.is_link(word), _is_file(word)
    if word in names:
        if is_file:
            warnings.warn(
                f"-i {word} is the variable; write ./{word} for the file of this name.",
                GeminiWarning,
                stacklevel=2,
            )
        value = names[word]
        if isinstance(value, Batch):
            return list(value.generations)
        return list(value) if isinstance(value, list | tuple) else [value]
    if is_file or is_link:
        return [word]
    raise ArgumentError(
        f"-i {word[:_SHOWN_CHARACTERS]}: there is no variable and no file of this name.",
        hint="Nothing was sent or billed.",
    )


def _read_image(word: str, source: Any) -> Any:
    if inputs.is_link(source):
        return source
    try:
        return inputs.read(source)
    except ArgumentError as problem:
        message, hint = problem.args[0], problem.hint
    raise ArgumentError(f"-i {word[:_SHOWN_CHARACTERS]}: {message}", hint=hint)


def _is_file(word: str) -> bool:
    try:
        return Path(word).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, NUL in it, no home
        return False
