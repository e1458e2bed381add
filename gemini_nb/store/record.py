"""Records of answered requests as JSON: format, checksum, and the checks when one is read.

A record reads well in a diff: `request`, `reply`, the request's digest, a checksum of it all. The checks find
damage and mix-ups; they are no protection against somebody who forges a store.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gemini_nb.generation import Generation
from gemini_nb.images.header import SUFFIXES
from gemini_nb.images.image import OTHER_SOURCE, SOURCES, GeneratedImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gemini_nb.images.inputs import InputImage
    from gemini_nb.request import ImageRequest

FORMAT = 1
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_OTHER_SOURCE = re.compile(rf"{OTHER_SOURCE}[\x21-\x7e…]{{1,200}}")
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True)
class StoredInput:
    """An input image of a record: its digest and type; the bytes are not kept."""

    sha256: str
    mime_type: str


@dataclass(frozen=True)
class StoredImage:
    """A picture of a record: width and height in pixels; the bytes are in `images/`, under `file_name`."""

    sha256: str
    mime_type: str
    width: int
    height: int
    source: str
    declared_mime_type: str | None = None
    url: str | None = None

    @property
    def file_name(self) -> str:
        """The name of its file in `images/`: the SHA-256 of the bytes, with the suffix of the type."""
        return self.sha256 + SUFFIXES[self.mime_type]


@dataclass(frozen=True)
class Record:
    """One answered request: the request, the reply and its time, without the pictures' bytes.

    `asked_text` is the request's `text`, `text` the reply's. `created` is ISO 8601 in UTC, `seconds` the
    duration of the call, `estimated_cost` in US dollars, `content` the SHA-256 of the kept model content.
    """

    digest: str
    prompt: str
    model: str
    aspect_ratio: str | None
    image_size: str | None
    take: int
    asked_text: bool
    config: Mapping[str, Any]
    extra: Mapping[str, Any]
    inputs: tuple[StoredInput, ...]
    images: tuple[StoredImage, ...]
    drafts: tuple[StoredImage, ...]
    text: str
    finish_reason: str | None
    usage: Mapping[str, Any]
    model_version: str | None
    provider: str
    seconds: float
    notes: tuple[str, ...]
    estimated_cost: float | None
    created: str
    content: str | None

    def answers(self, request: ImageRequest) -> bool:
        """Whether prompt, model, take and input images are those of `request`.

        Ratio, size and settings are not compared: `config` may express them too, with the same digest.
        """
        ours = (self.prompt, self.model, self.take, _input_rows(self.inputs))
        theirs = (request.prompt, request.model, request.take, _input_rows(request.images))
        return _canonical(ours) == _canonical(theirs)

    def generation(
        self, request: ImageRequest, images: Iterable[GeneratedImage], drafts: Iterable[GeneratedImage] = ()
    ) -> Generation:
        """Return the stored answer to `request`, with `replayed` set and the first call's seconds."""
        return Generation(
            request,
            tuple(images),
            provider=self.provider,
            drafts=tuple(drafts),
            text=self.text,
            model_version=self.model_version,
            finish_reason=self.finish_reason,
            usage=self.usage,
            seconds=self.seconds,
            replayed=True,
            notes=self.notes,
        )


def to_json(generation: Generation, *, content: str | None = None, created: datetime | None = None) -> Any:
    """Return a record's JSON values; raise ValueError where config or extra is no JSON."""
    request = generation.request
    request_facts = {
        "aspect_ratio": request.aspect_ratio,
        "config": dict(request.config),
        "extra": dict(request.extra),
        "image_size": request.image_size,
        "inputs": _input_rows(request.images),
        "model": request.model,
        "prompt": request.prompt,
        "take": request.take,
        "text": request.text,
    }
    reply_facts = {
        "content": content,
        "created": (created or datetime.now(UTC)).isoformat(timespec="milliseconds"),
        "drafts": [_image_row(image) for image in generation.drafts],
        "estimated_cost": generation.estimated_cost,
        "finish_reason": generation.finish_reason,
        "images": [_image_row(image) for image in generation.images],
        "model_version": generation.model_version,
        "notes": list(generation.notes),
        "provider": generation.provider,
        "seconds": round(generation.seconds, 3),
        "text": generation.text,
        "usage": _usage_as_json(generation.usage),
    }
    whole = {"digest": request.digest, "format": FORMAT, "reply": reply_facts, "request": request_facts}
    # The checksum must be that of the values as they will be read: JSON turns all names into text.
    return json.loads(json.dumps(whole, allow_nan=False))


def encode(whole: Mapping[str, Any]) -> bytes:
    """Return the bytes of a record's file: sorted, indented UTF-8; only lone surrogates are escaped."""
    sealed = {**whole, "checksum": _checksum(whole)}
    text = json.dumps(sealed, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def decode(raw: bytes, *, digest: str) -> Record | None:
    """Return the record in a file named `digest`; None for anything that is not just that."""
    try:
        whole = json.loads(raw.decode("utf-8"))
        checksum = whole.pop("checksum")
        if whole["format"] != FORMAT or whole["digest"] != digest or checksum != _checksum(whole):
            return None
        return _build_record(digest, whole["request"], whole["reply"])
    except _UNREADABLE:
        return None


def later_format(raw: bytes) -> int | None:
    """Return the format of a record that a later version has written, None for anything else."""
    try:
        number = json.loads(raw.decode("utf-8"))["format"]
    except (*_UNREADABLE, IndexError):
        return None
    return number if isinstance(number, int) and number > FORMAT else None


def _build_record(digest: str, request: dict[str, Any], reply: dict[str, Any]) -> Record:
    values = {**request, **reply, "asked_text": request["text"], "digest": digest}
    values["inputs"] = tuple(StoredInput(**row) for row in request["inputs"])
    values["images"] = tuple(_build_image(row) for row in reply["images"])
    values["drafts"] = tuple(_build_image(row) for row in reply["drafts"])
    values["notes"] = tuple(reply["notes"])
    record = Record(**values)
    if not record.images or any(not isinstance(getattr(record, name), kind) for name, kind in _TYPES.items()):
        raise ValueError("a fact of another type")
    if not all(
        DIGEST.fullmatch(given.sha256) and isinstance(given.mime_type, str) for given in record.inputs
    ):
        raise ValueError("an input image's digest or type is none")
    if record.content is not None and not DIGEST.fullmatch(record.content):
        raise ValueError("a content that is no digest")
    return record


_OPTIONAL_TEXT = (str, type(None))
_TYPES: dict[str, Any] = {
    "prompt": str,
    "model": str,
    "aspect_ratio": _OPTIONAL_TEXT,
    "image_size": _OPTIONAL_TEXT,
    "take": int,
    "asked_text": bool,
    "config": dict,
    "extra": dict,
    "text": str,
    "finish_reason": _OPTIONAL_TEXT,
    "usage": dict,
    "model_version": _OPTIONAL_TEXT,
    "provider": str,
    "seconds": (int, float),
    "estimated_cost": (int, float, type(None)),
    "created": str,
    "content": _OPTIONAL_TEXT,
}


def _build_image(row: dict[str, Any]) -> StoredImage:
    """Check and return a picture of a record: its digest and type become a path."""
    image = StoredImage(**row)
    if not DIGEST.fullmatch(image.sha256) or image.mime_type not in SUFFIXES:
        raise ValueError("a picture's digest or type is none")
    is_other = isinstance(image.source, str) and _OTHER_SOURCE.fullmatch(image.source)
    if image.source not in SOURCES and not is_other:
        raise ValueError("an unknown source")
    return image


def _image_row(image: GeneratedImage) -> dict[str, Any]:
    row = {field.name: getattr(image, field.name) for field in fields(StoredImage)}
    return {**row, "url": _strip_url(image.url)}


def _strip_url(url: str | None) -> str | None:
    """Return a URL without the parts that may hold a secret: user info, query and fragment."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    netloc = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=netloc, query="", fragment="").geturl() or None


def _input_rows(images: Iterable[InputImage | StoredInput]) -> list[dict[str, str]]:
    return [{"mime_type": image.mime_type, "sha256": image.sha256} for image in images]


def _usage_as_json(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reply's usage, or nothing where it is no JSON: that must not cost the picture."""
    try:
        json.dumps(dict(usage), allow_nan=False)
    except _UNREADABLE:
        return {}
    return dict(usage)


def _canonical(value: object) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _checksum(whole: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the values, not of the file: git may rewrite its line ends."""
    return sha256(_canonical(whole).encode("ascii")).hexdigest()
