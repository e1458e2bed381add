"""What a notebook holds pictures in: lists, uploads, widgets, display objects, columns → picture by picture.

Widgets and the like are told by their attributes, so that none of their packages is imported. Nothing is
read here: `inputs.read` does that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from gemini_nb.errors import ArgumentError
from gemini_nb.images import pixels
from gemini_nb.images.image import GeneratedImage
from gemini_nb.images.inputs import InputImage
from gemini_nb.text import with_article

_MOST_SOURCES = 1000
_MOST_NESTED = 5
_BYTES = (bytes, bytearray, memoryview)
_PICTURES = (str, os.PathLike, *_BYTES, GeneratedImage, InputImage)
_ATTRIBUTES = ("data", "value", "content", "contents")  # display objects, widgets, HTTP responses, marimo


def list_sources(given: Any) -> list[Any]:
    """Return one by one the pictures that a caller handed over, alone or in whatever holds them.

    Raises `ArgumentError` for what should hold a picture and is empty, such as an upload. A list may be
    empty.
    """
    held = _look_into(given)
    return _list_all(held, 0) if held is not None and held is given else _list(given, 0)


def _list(item: Any, depth: int) -> list[Any]:
    held = _look_into(item)
    if held is None:
        return [item]
    if sources := _list_all(held, depth):
        return sources
    raise ArgumentError(
        f"{with_article(type(item).__name__)} that is empty holds no input image.",
        hint="Nothing was sent or billed. If it is an upload, choose a file first.",
    )


def _list_all(items: Iterable[Any], depth: int) -> list[Any]:
    if depth > _MOST_NESTED:
        raise ArgumentError("The lists of input images are nested too deeply.")
    sources = [source for item in islice(items, _MOST_SOURCES + 1) for source in _list(item, depth + 1)]
    if len(sources) > _MOST_SOURCES:
        raise ArgumentError(f"There are more than {_MOST_SOURCES:,} input images.")
    return sources


def _look_into(item: Any) -> Iterable[Any] | None:
    """Return what an item holds; None for one that is a picture itself, or nothing that is known."""
    if isinstance(item, _PICTURES) or pixels.is_pil(item) or pixels.is_figure(item):
        return None
    if callable(getattr(item, "get_figure", None)):
        return _find_figure(item)
    if pixels.is_array(item):
        return _read_column(item)
    if callable(getattr(item, "read", None)):
        return None
    if isinstance(item, Mapping):
        return _look_into_dict(item)
    if _is_display_image(item):
        return [held for held in (item.data, item.filename, item.url) if held is not None][:1]
    return _look_into_attributes(item)


def _look_into_attributes(item: Any) -> Iterable[Any] | None:
    if isinstance(getattr(item, "image", None), GeneratedImage):  # a Generation
        return [item.image]
    if isinstance(getattr(item, "generations", None), list):  # a Batch
        return list(item.generations)
    for name in _ATTRIBUTES:
        value = getattr(item, name, None)
        if isinstance(value, _BYTES):
            is_address = getattr(item, "format", None) == "url"  # of ipywidgets.Image.from_url
            return [bytes(value).decode("utf-8", "replace") if is_address else value] if len(value) else []
    value = getattr(item, "value", None)
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, Mapping):
        return [value] if value else []
    if callable(getattr(item, "as_py", None)):  # an Arrow scalar
        return [item.as_py()]
    return item if isinstance(item, Iterable) else None


def _look_into_dict(entry: Mapping[Any, Any]) -> Iterable[Any] | None:
    """Return the picture of an upload's entry, or of a cell of a Parquet file of pictures; or all entries."""
    for name in ("content", "bytes"):
        if isinstance(entry.get(name), _BYTES):
            return [entry[name]]
    if isinstance(entry.get("path"), str) and entry.keys() <= {"bytes", "path"}:
        return [entry["path"]]
    entries = list(entry.values())  # of an upload of ipywidgets 7, by their names
    return entries if all(isinstance(value, Mapping) for value in entries) else None


def _is_display_image(item: object) -> bool:
    display = sys.modules.get("IPython.core.display")
    return display is not None and isinstance(item, display.Image)


def _find_figure(artist: Any) -> list[Any] | None:
    """Return the whole figure that a Matplotlib Axes, or anything else on it, is part of."""
    figure = artist.get_figure()
    if not pixels.is_figure(figure):  # of a part of a figure
        figure = getattr(figure, "figure", None)
    return [figure] if pixels.is_figure(figure) else None


def _read_column(array: Any) -> list[Any] | None:
    """Return the values of a column that holds no numbers; None for an array of pixels."""
    shape: tuple[int, ...] = getattr(array, "shape", ())
    dtype = getattr(array, "dtype", None)
    to_list = getattr(array, "tolist", None) or getattr(array, "to_list", None)
    is_numeric = getattr(dtype, "kind", "O") not in "OSUT"
    if is_numeric or to_list is None or len(shape) != 1 or shape[0] > _MOST_SOURCES:
        return None
    values: list[Any] = to_list()
    return None if any(isinstance(value, int | float | complex) for value in values) else values
