"""What `-i` names: a variable, a file, or an https address, looked for in this order."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.batch.result import Batch
from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.images import inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHOWN_CHARACTERS = 80


def read(texts: Iterable[str], names: Mapping[str, Any]) -> list[Any]:
    """Return the input images that the line names, read; links are left for the client to fetch."""
    return [_image(text, source) for text in texts for source in _sources(text, names)]


def _sources(text: str, names: Mapping[str, Any]) -> list[Any]:
    is_link, is_file = inputs.is_link(text), _is_file(text)
    if text in names:
        if is_file:
            warnings.warn(
                f"-i {text} is the variable; write ./{text} for the file of this name.",
                GeminiWarning,
                stacklevel=2,
            )
        value = names[text]
        if isinstance(value, Batch):
            return list(value.generations)
        return list(value) if isinstance(value, list | tuple) else [value]
    if is_file or is_link:
        return [text]
    raise ArgumentError(
        f"-i {text[:_SHOWN_CHARACTERS]}: there is no variable and no file of this name.",
        hint="Nothing was sent or billed.",
    )


def _image(text: str, source: Any) -> Any:
    if inputs.is_link(source):
        return source
    try:
        return inputs.read(source)
    except ArgumentError as problem:
        message, hint = problem.args[0], problem.hint
    raise ArgumentError(f"-i {text[:_SHOWN_CHARACTERS]}: {message}", hint=hint)


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, NUL in it, no home
        return False
