"""Records of answered requests as JSON: their format and their checksum.

A record reads well in a diff: `request`, `reply`, the request's digest, a checksum of it all. The checksum
finds damage and mix-ups; it is no protection against somebody who forges a store. So `decode` is strict: see
`record_checks`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gemini_nb.generation import Generation, Grounding, WebLink
from gemini_nb.images.header import SUFFIXES
from gemini_nb.store.record_checks import MAX_LABEL_CHARS, MAX_NOTES, check_facts, is_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.images.inputs import InputImage
    from gemini_nb.request import ImageRequest

FORMAT = 1
_MAX_ITEMS = 500_000  # `{`, `[` and `,`: a megabyte of `[],[],` would become 25 of lists
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
    `feather` is that of the mask, which is the last of `inputs`; None without a mask. `images` were then
    composed with it, of the pictures in `received`. `tier` is "batch" for a picture of a batch job.
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
    grounding: Grounding | None = None
    safety_ratings: tuple[Mapping[str, Any], ...] = ()
    received: tuple[StoredImage, ...] = ()
    feather: int | None = None
    tier: str | None = None

    def answers(self, request: ImageRequest) -> bool:
        """Whether prompt, model, take and input images are those of `request`.

        Ratio, size and settings are not compared: `config` may express them too, with the same digest.
        """
        ours = (self.prompt, self.model, self.take, _input_rows(self.inputs))
        theirs = (request.prompt, request.model, request.take, _input_rows(request.inputs))
        return _canonical(ours) == _canonical(theirs)

    def generation(
        self,
        request: ImageRequest,
        images: Iterable[GeneratedImage],
        drafts: Iterable[GeneratedImage] = (),
        received: Iterable[GeneratedImage] = (),
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
            grounding=self.grounding,
            safety_ratings=self.safety_ratings,
            received=tuple(received),
            tier=self.tier,
        )


def to_json(generation: Generation, *, content: str | None = None) -> Any:
    """Return a record's JSON values; raise ValueError for facts that no reader would take.

    Those are a config or extra that is no JSON or nests too deeply, and pictures by the thousand.
    """
    request_facts = describe_request(generation.request)
    reply_facts: dict[str, Any] = {
        "content": content,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "drafts": [_image_row(image) for image in generation.drafts],
        "estimated_cost": generation.estimated_cost,
        "finish_reason": _clean_label(generation.finish_reason),
        "images": [_image_row(image) for image in generation.images],
        "model_version": _clean_label(generation.model_version),
        "notes": list(generation.notes[:MAX_NOTES]),
        "provider": generation.provider,
        "seconds": round(generation.seconds, 3),
        "text": generation.text,
        "usage": _usage_as_json(generation.usage),
    }
    if generation.received:
        reply_facts["received"] = [_image_row(image) for image in generation.received]
    if generation.grounding:
        reply_facts["grounding"] = _grounding_row(generation.grounding)
    if generation.tier:
        reply_facts["tier"] = generation.tier
    if generation.safety_ratings:
        reply_facts["safety_ratings"] = [dict(rating) for rating in generation.safety_ratings]
    whole = {"digest": generation.digest, "format": FORMAT, "reply": reply_facts, "request": request_facts}
    # The checksum must be that of the values as they will be read: JSON turns all names into text.
    text = json.dumps(whole, allow_nan=False)
    _check_number_of_items(text.encode("ascii"))
    values = json.loads(text)
    check_facts(values["request"], values["reply"])
    return values


def describe_request(request: ImageRequest) -> dict[str, Any]:
    """Return the facts of a request as a record has them."""
    config, extra = request.settings
    facts: dict[str, Any] = {
        "aspect_ratio": request.aspect_ratio,
        "config": config,
        "extra": extra,
        "image_size": request.image_size,
        "inputs": _input_rows(request.inputs),
        "model": request.model,
        "prompt": request.prompt,
        "take": request.take,
        "text": request.text,
    }
    return facts if request.mask is None else {**facts, "feather": request.mask.feather}


def encode(whole: Mapping[str, Any]) -> bytes:
    """Return the bytes of a record's file: sorted, indented UTF-8; only lone surrogates are escaped."""
    sealed = {**whole, "checksum": _checksum(whole)}
    text = json.dumps(sealed, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def decode(raw: bytes, *, digest: str) -> Record | None:
    """Return the record in a file named `digest`; None for anything that is not just that.

    Whoever reads records trusts their facts: each has been checked here.
    """
    try:
        whole = _parse(raw)
        checksum = whole.pop("checksum")
        is_ours = type(whole["format"]) is int and whole["format"] == FORMAT
        if not is_ours or whole["digest"] != digest or checksum != _checksum(whole):
            return None
        return _build_record(digest, whole["request"], whole["reply"])
    except _UNREADABLE:
        return None


def is_of_later_format(raw: bytes) -> bool:
    """Return whether these bytes are a record that a later version has written."""
    try:
        number = _parse(raw)["format"]
    except (*_UNREADABLE, IndexError):
        return False
    return type(number) is int and number > FORMAT


def _parse(raw: bytes) -> Any:
    _check_number_of_items(raw)
    return json.loads(raw.decode("utf-8"))


def _check_number_of_items(raw: bytes) -> None:
    if sum(map(raw.count, (b"{", b"[", b","))) > _MAX_ITEMS:
        raise ValueError("too many values to be a record")


def _build_record(digest: str, request: Any, reply: Any) -> Record:
    """Return the record of these facts; raise ValueError unless each is one that `to_json` writes."""
    check_facts(request, reply)
    values = {**request, **reply, "asked_text": request["text"], "digest": digest}
    values["inputs"] = tuple(StoredInput(**row) for row in request["inputs"])
    for kind in ("images", "drafts", "received"):
        values[kind] = tuple(StoredImage(**row) for row in reply.get(kind, ()))
    values["safety_ratings"] = tuple(reply.get("safety_ratings", ()))
    if "grounding" in reply:
        found = reply["grounding"]
        links = (tuple(WebLink(**row) for row in found[kind]) for kind in ("sources", "suggestions"))
        values["grounding"] = Grounding(tuple(found["queries"]), *links)
    values["notes"] = tuple(reply["notes"])
    return Record(**values)


def _image_row(image: GeneratedImage) -> dict[str, Any]:
    row = {field.name: getattr(image, field.name) for field in fields(StoredImage)}
    row["declared_mime_type"] = _clean_label(image.declared_mime_type)
    return {**row, "url": _clean_label(_strip_url(image.url))}


def _grounding_row(grounding: Grounding) -> dict[str, Any]:
    links = {
        name: [{"title": _clean_label(link.title), "url": link.url} for link in getattr(grounding, name)]
        for name in ("sources", "suggestions")
    }
    return {"queries": list(map(_clean_label, grounding.queries)), **links}


def _clean_label(text: str | None) -> str | None:
    """Return a server's short text as one line that can be read back: see `_is_label`."""
    return text and "".join(c if c.isprintable() else "�" for c in text[:MAX_LABEL_CHARS])


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
    """Return the reply's usage, or nothing where no reader takes it: that must not cost the picture."""
    try:
        values = json.loads(json.dumps(dict(usage), allow_nan=False))
    except _UNREADABLE:
        return {}
    return values if is_settings(values) else {}


def _canonical(value: object) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"), sort_keys=True)


def _checksum(whole: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the values, not of the file: git may rewrite its line ends."""
    return sha256(_canonical(whole).encode("ascii")).hexdigest()
