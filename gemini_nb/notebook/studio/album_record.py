"""The record of an album as JSON: what a notebook must say to get its pictures back, without a pixel.

It stands in the metadata of the gallery's output and in the user's cache. A notebook may come from anybody,
so `parse` takes what is a record and leaves out everything else.

    {"gemini_nb": {"format": 1, "next": 4, "pictures": [{"number": 3, "digest": …, "sha256": …,
        "created": …, "sources": ["#1"], "favourite": true, "request": {"prompt": …, "inputs": […]}}]}}
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pybase64 import b64encode

from gemini_nb.store.record_checks import DIGEST, nests_too_deeply
from gemini_nb.text import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gemini_nb.request import ImageRequest

KEY = "gemini_nb"
"""The name of the record in an output's metadata."""

NUMBER_WORD = re.compile(r"#([1-9]\d{0,6})", re.ASCII)
"""A word that names a source picture by its number."""

MAX_RECORD_BYTES = 200_000
MAX_PICTURES = 500
MAX_MASK_BYTES = 12_000  # a painted mask has some two thousand
_FORMAT = 1
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_NUMBER = 1_000_000
_MAX_SOURCES = 20
_MAX_SOURCE_CHARACTERS = 1000
_DEFAULTS: dict[str, Any] = {"aspect_ratio": None, "image_size": None, "take": 0, "text": False}


@dataclass(frozen=True)
class Row:
    """One picture of a record.

    The `request` as JSON values, input images by digest and type, is there for what was painted offline: no
    store has that, so it is painted again. A row that `is_removed` is not shown, but others are made from it.
    """

    number: int
    digest: str
    sha256: str
    created: str
    sources: tuple[str, ...] = ()
    is_favourite: bool = False
    is_removed: bool = False
    request: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The digest of the request and the SHA-256 of the picture."""
        return self.digest, self.sha256

    @property
    def inputs(self) -> frozenset[str]:
        """The SHA-256 of the pictures that it is painted from."""
        return frozenset(image["sha256"] for image in (self.request or {}).get("inputs", ()))

    def renumbered(self, numbers: Mapping[int, int]) -> Row:
        """Return the row with its number, and those in its sources, replaced as `numbers` says."""

        def follow(word: str) -> str:
            match = NUMBER_WORD.fullmatch(word)
            return f"#{numbers.get(int(match[1]), int(match[1]))}" if match else word

        return replace(self, number=numbers[self.number], sources=tuple(map(follow, self.sources)))

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        facts = {"number": self.number, "digest": self.digest, "sha256": self.sha256, "created": self.created}
        more = {
            "sources": list(self.sources),
            "favourite": self.is_favourite,
            "removed": self.is_removed,
            "request": self.request,
        }
        return facts | {name: value for name, value in more.items() if value}


def to_json(rows: Iterable[Row], *, next_number: int) -> dict[str, Any]:
    """Return a record of the newest rows that fit into `MAX_RECORD_BYTES`.

    A removed picture is in it only if another one is made from it: what was removed is not published.
    """
    ordered = sorted(rows, key=lambda row: row.number, reverse=True)
    needed: set[str] = set()
    pictures: list[dict[str, Any]] = []
    size = 0
    for row in ordered:
        if row.is_removed and row.sha256 not in needed:
            continue
        values = row.to_json()
        size += len(json.dumps(values))
        if size > MAX_RECORD_BYTES or len(pictures) == MAX_PICTURES:
            break
        needed |= row.inputs
        pictures.append(values)
    return {"format": _FORMAT, "next": next_number, "pictures": pictures[::-1]}


@dataclass(frozen=True)
class AlbumRecord:
    """A record that was read: its rows by number, and the first number that was never given."""

    rows: tuple[Row, ...]
    next_number: int = 1

    @property
    def newest(self) -> datetime:
        """When its newest picture was made; long ago for a record without pictures."""
        return max((datetime.fromisoformat(row.created) for row in self.rows), default=_LONG_AGO)


def parse(value: Any) -> AlbumRecord | None:
    """Return the record in JSON values; None for what is none, or of a later version.

    A row that is no picture's is left out, whatever it holds.
    """
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        return None
    pictures = value.get("pictures")
    if not isinstance(pictures, list):
        return None
    rows = {row.number: row for item in pictures[-MAX_PICTURES:] if (row := _parse_row(item)) is not None}
    next_number: Any = value.get("next")
    ordered = tuple(rows[number] for number in sorted(rows))
    return AlbumRecord(ordered, next_number if _is_number(next_number) else 1)


def _parse_row(item: Any) -> Row | None:
    if not isinstance(item, dict):
        return None
    number, digest, sha256, created = (item.get(name) for name in ("number", "digest", "sha256", "created"))
    sources, request = item.get("sources", []), item.get("request")
    is_sound = (
        _is_number(number)
        and all(isinstance(name, str) and DIGEST.fullmatch(name) for name in (digest, sha256))
        and _is_time(created)
        and isinstance(sources, list)
        and len(sources) <= _MAX_SOURCES
        and all(isinstance(word, str) and len(word) <= _MAX_SOURCE_CHARACTERS for word in sources)
        and (request is None or _is_request(request))
    )
    if not is_sound:
        return None
    flags = (item.get("favourite") is True, item.get("removed") is True)
    return Row(number, digest, sha256, created, tuple(sources), *flags, request)  # type: ignore[arg-type]


def _is_number(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _MAX_NUMBER


def _is_time(value: Any) -> bool:
    """Whether this is a time with its zone, so that any two can be compared."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_request(value: Any) -> bool:
    """Whether this may be a request: `ImageRequest` itself judges its values when it is built."""
    if not isinstance(value, dict):
        return False
    inputs = value.get("inputs", [])
    mask = value.get("mask", {"png": "", "feather": 0})
    return (
        isinstance(value.get("prompt"), str)
        and isinstance(mask, dict)
        and isinstance(mask.get("png"), str)
        and len(mask["png"]) <= 2 * MAX_MASK_BYTES
        and type(mask.get("feather")) is int
        and not nests_too_deeply(value)
        and isinstance(inputs, list)
        and len(inputs) <= _MAX_SOURCES
        and all(
            isinstance(image, dict)
            and isinstance(image.get("sha256"), str)
            and DIGEST.fullmatch(image["sha256"])
            and isinstance(image.get("mime_type"), str)
            for image in inputs
        )
    )


def request_facts(request: ImageRequest) -> dict[str, Any] | None:
    """Return a request as JSON values; None for a turn of a conversation, and what is too large to be saved.

    The bytes of a mask are part of it, since nothing else has them.
    """
    config, extra = request.settings
    facts: dict[str, Any] = {"prompt": request.prompt, "model": request.model}
    facts |= {
        name: getattr(request, name) for name, usual in _DEFAULTS.items() if getattr(request, name) != usual
    }
    facts |= {name: values for name, values in (("config", config), ("extra", extra)) if values}
    if request.mask is not None:
        png = request.mask.image.data
        if len(png) > MAX_MASK_BYTES:
            return None
        facts["mask"] = {"png": b64encode(png).decode("ascii"), "feather": request.mask.feather}
    if request.images:
        facts["inputs"] = [{"sha256": image.sha256, "mime_type": image.mime_type} for image in request.images]
    text = json.dumps(facts, ensure_ascii=False)
    values: dict[str, Any] = json.loads(text)
    # No notebook takes lone surrogates.
    is_written = not request.history and text == replace_surrogates(text) and not nests_too_deeply(values)
    return values if is_written else None
