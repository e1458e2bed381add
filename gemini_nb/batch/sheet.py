"""What a contact sheet of a batch says and links to: chosen columns in words, and where each original is."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gemini_nb.display.preview import data_uri
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.images import save
from gemini_nb.text import format_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gemini_nb.images.image import GeneratedImage

MAX_EMBEDDED_BYTES = 8 * 2**20  # of all originals in one page; a browser opens it at once
_LISTED_COLUMNS = 12

Facts = tuple[tuple[str, str], ...]


def choose_facts(columns: Sequence[Any], records: Sequence[Mapping[Any, Any]]) -> list[Facts]:
    """Return the chosen columns of each record, names and values; raise `ArgumentError` for a missing one."""
    known = dict.fromkeys(name for record in records for name in record)
    for name in columns:
        if name not in known:
            names = [str(name) for name in known]
            near = difflib.get_close_matches(str(name), names, n=1)
            listed = ", ".join(names[:_LISTED_COLUMNS]) + (", …" if len(names) > _LISTED_COLUMNS else "")
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {listed}."
            raise ArgumentError(f"The batch has no column {name!r}.", hint=hint)
    return [tuple((str(name), _describe(record.get(name))) for name in columns) for record in records]


def _describe(value: Any) -> str:
    return "–" if value is None or str(value) in ("nan", "NaT", "<NA>") else str(value)


def link_originals(
    images: Sequence[GeneratedImage | None],
    paths: Sequence[Path | None],
    labels: Sequence[str],
    folder: Path,
) -> Iterator[tuple[str, str]]:
    """Yield the address of each original for a page in `folder`, and a file name where the address is data.

    `paths` are the files that hold them. Originals without one, or in a hidden folder, which web servers do
    not show, are part of the page if they are small enough together; else the address is the file, or "",
    of which a `GeminiWarning` tells.
    """
    addresses = [_find_address(path, folder) for path in paths]
    are_apart = [not address or _is_hidden(address) for address in addresses]
    apart = [image for image, is_apart in zip(images, are_apart, strict=True) if image and is_apart]
    is_embedded = sum(image.size for image in apart) <= MAX_EMBEDDED_BYTES
    lost = sum(bool(image) and not address for image, address in zip(images, addresses, strict=True))
    if lost and not is_embedded:
        save.warn(
            f"The page has no link to {format_count(lost, 'original')}: in no file, and too large for the "
            "page. Name a folder for them with originals='…'."
        )
    for image, address, label, is_apart in zip(images, addresses, labels, are_apart, strict=True):
        if image is None:
            yield "", ""
        elif is_apart and is_embedded:
            yield _embed(image), f"{save.safe_stem(label)}{image.suffix}"
        else:
            yield address, ""


def _find_address(path: Path | None, folder: Path) -> str:
    """Return a file's address, relative to a folder where that can be; "" where there is no such file."""
    if path is None or not os.path.isfile(path):  # noqa: PTH113 - it raises nothing, whatever the path
        return ""
    path = path.absolute()
    try:
        relative = Path(os.path.relpath(path, folder))
    except ValueError:  # on another drive
        return path.as_uri()
    return quote(os.fsencode(relative.as_posix()))


def _is_hidden(address: str) -> bool:
    return any(part.startswith(".") and part != ".." for part in address.split("/"))


def _embed(image: GeneratedImage) -> str:
    try:
        return data_uri(image.mime_type, image.data)
    except GeminiError:  # its tile says why
        return ""
