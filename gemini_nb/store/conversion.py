"""Conversions: which picture of the store a saved file was made of, in `saved/<sha256 of that file>.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb import files
from gemini_nb.images.header import SUFFIXES
from gemini_nb.store.record_checks import DIGEST

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "saved"

_FORMAT = 1
_MAX_BYTES = 1000


@dataclass(frozen=True)
class Conversion:
    """The digest and type of the picture that was converted, and whether transparency was laid on white."""

    sha256: str
    mime_type: str
    is_on_white: bool


def read(path: Path) -> Conversion | None:
    """Return the conversion in a file; None where there is none, or one of a later format."""
    values = _read_values(path)
    if values.pop("format", None) != _FORMAT:
        return None
    try:
        conversion = Conversion(**values)
        is_whole = conversion.mime_type in SUFFIXES and DIGEST.fullmatch(conversion.sha256)
    except TypeError:
        return None
    return conversion if is_whole and type(conversion.is_on_white) is bool else None


def is_sound(path: Path) -> bool:
    """Whether a file holds a conversion, perhaps of a later format, which only a later version can check."""
    number = _read_values(path).get("format")
    return read(path) is not None or (type(number) is int and number > _FORMAT)


def _read_values(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(files.read_plain(path, limit=_MAX_BYTES) or b"")
    except (ValueError, RecursionError):
        return {}
    return values if type(values) is dict else {}


def write(path: Path, conversion: Conversion) -> None:
    """Write a conversion to a file, unless it is there; raise `OSError` where the disk refuses."""
    text = json.dumps({"format": _FORMAT, **asdict(conversion)}, indent=2)
    files.write_private_if_missing(path, f"{text}\n".encode())
