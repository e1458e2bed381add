"""Image requests as values: a prompt, a model, input images and settings.

`ImageRequest.body` is the JSON of a `generateContent` call, `ImageRequest.digest` its name in the store.
"""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypedDict

from pybase64 import b64encode

from gemini_nb import models
from gemini_nb.errors import ArgumentError, GeminiWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gemini_nb.images.inputs import InputImage

_MODEL_NAME = re.compile(r"[A-Za-z0-9](?:[\w.@:-]|/(?!/|\.)){0,199}", re.ASCII)
_RATIO = re.compile(r"[1-9]\d?:[1-9]\d?", re.ASCII)
_TAKES = 2**63  # tables hold no larger whole numbers
_SIZE = re.compile(r"[1-9]\d{0,4}K?", re.ASCII)


class Options(TypedDict, total=False):
    """The options of `generate` for type checkers; `AsyncClient.generate` explains them."""

    model: str
    images: Sequence[Any]
    aspect_ratio: str | None
    image_size: str | None
    take: int
    text: bool
    config: Mapping[str, Any] | None
    extra: Mapping[str, Any] | None


@dataclass(frozen=True)
class ImageRequest:
    """A request for one picture.

    It is a value: settings and history are copied, so that nothing that a caller does to them later changes
    it. `model` may be an alias, which is replaced by the id. `take` numbers several pictures of the same
    request. `config` is merged into `generationConfig`, `extra` into the body. `history` holds the contents
    of earlier turns, the model's exactly as received. Raises `ArgumentError` for values that no model takes.

    >>> ImageRequest("a red square", aspect_ratio="16:9").body["generationConfig"]["imageConfig"]
    {'aspectRatio': '16:9'}
    """

    prompt: str
    model: str = models.DEFAULT_MODEL
    images: tuple[InputImage, ...] = ()
    aspect_ratio: str | None = None
    image_size: str | None = None
    take: int = 0
    text: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            raise ArgumentError("The prompt is empty.", hint="Say what to paint.")
        if not isinstance(self.model, str) or not _MODEL_NAME.fullmatch(self.model.strip()):
            raise ArgumentError(f"{str(self.model)[:80]!r} is no model name.", hint="See models.names().")
        if not isinstance(self.take, int) or not 0 <= self.take < _TAKES:
            raise ArgumentError("take is a whole number from 0 on, smaller than 2**63.")
        for name in ("config", "extra"):
            self._set(name, _copy_settings(name, getattr(self, name)))
        self._set("history", tuple(map(copy_json, self.history)))
        if "contents" in self.extra:
            raise ArgumentError("extra cannot replace contents.", hint="Put the words into the prompt.")
        row = models.resolve(self.model)
        self._set("model", row.id)
        self._set("images", tuple(self.images))
        self._set("aspect_ratio", _clean_aspect_ratio(self.aspect_ratio, row))
        self._set("image_size", _clean_image_size(self.image_size, row))
        if len(self.images) > row.max_input_images:
            raise ArgumentError(
                f"{row.id} takes at most {row.max_input_images} input images, not {len(self.images)}."
            )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def body(self) -> dict[str, Any]:
        """The body of the call, as JSON values; input images in base64."""
        return self._body(lambda image: b64encode(image.data).decode("ascii"), history=self.history)

    @property
    def content(self) -> dict[str, Any]:
        """This request's own turn, as the history of a later request repeats it."""
        content: dict[str, Any] = self.body["contents"][-1]
        return content

    def encode(self) -> bytes:
        """Return the body as JSON in ASCII: a prompt may hold lone surrogates, which have no UTF-8."""
        return _dumps(self.body).encode("ascii")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of model, canonical body, the input images' hashes and the take; nothing else."""
        body = self._body(lambda image: image.sha256, history=_hash_turns(self.history))
        facts = {"model": self.model, "body": body, "take": self.take}
        return sha256(_dumps(facts, sort_keys=True).encode("ascii")).hexdigest()

    @property
    def estimated_cost(self) -> float | None:
        """US dollars at Google's list price, or None where that is not known."""
        row = models.find(self.model)
        return row.price(self.image_size) if row else None

    def _body(self, data: Callable[[InputImage], str], history: Sequence[Any]) -> dict[str, Any]:
        images = [{"inlineData": {"mimeType": image.mime_type, "data": data(image)}} for image in self.images]
        image_config = {"aspectRatio": self.aspect_ratio, "imageSize": self.image_size}
        config: dict[str, Any] = {"responseModalities": ["TEXT", "IMAGE"] if self.text else ["IMAGE"]}
        if any(image_config.values()):
            config["imageConfig"] = {name: value for name, value in image_config.items() if value}
        body = {
            "contents": [*history, {"role": "user", "parts": [{"text": self.prompt}, *images]}],
            "generationConfig": _merge(config, self.config),
        }
        return _merge(body, self.extra)


def copy_json(value: Any) -> Any:
    """Return JSON values in dicts and lists of their own; whatever is neither is handed on as it is.

    It is a loop, since settings may be nested as deeply as JSON can be written, which is deeper than calls.
    """
    root = [value]
    copies: dict[int, Any] = {}  # by the id of the original, which may hold itself
    unfinished: list[Any] = [root]
    while unfinished:
        container = unfinished.pop()
        for key, item in list(container.items() if isinstance(container, dict) else enumerate(container)):
            if isinstance(item, dict | list | tuple):
                if id(item) not in copies:
                    copies[id(item)] = dict(item) if isinstance(item, dict) else list(item)
                    unfinished.append(copies[id(item)])
                container[key] = copies[id(item)]
    return root[0]


def _copy_settings(name: str, settings: Mapping[str, Any] | None) -> dict[str, Any]:
    if settings is None:
        return {}
    if not hasattr(settings, "keys"):
        raise ArgumentError(f"{name} is a dict of settings, not a {type(settings).__name__}.")
    copied: dict[str, Any] = copy_json(dict(settings)) if settings else {}  # most requests have none
    return copied


def _hash_turns(history: Sequence[Mapping[str, Any]]) -> list[str]:
    return [sha256(_dumps(content, sort_keys=True).encode("ascii")).hexdigest() for content in history]


def _merge(into: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return `into` with the values of `more`; dicts that both have under a name are merged too."""
    both = {
        name: _merge(into[name], more[name])
        for name in into.keys() & more.keys()
        if isinstance(into[name], dict) and isinstance(more[name], dict)
    }
    return {**into, **more, **both}


def _dumps(value: object, *, sort_keys: bool = False) -> str:
    try:
        return json.dumps(value, sort_keys=sort_keys, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)
    raise ArgumentError(f"config or extra is not JSON: {reason}.")


def _clean_aspect_ratio(ratio: str | None, row: models.Model) -> str | None:
    if ratio is None or ratio == "":
        return None
    if not isinstance(ratio, str) or not _RATIO.fullmatch(ratio.strip()):
        known = ", ".join(row.aspect_ratios or models.resolve(models.DEFAULT_MODEL).aspect_ratios)
        raise ArgumentError(
            f"{str(ratio)[:40]!r} is no aspect ratio.", hint=f"Write one like 16:9. Known: {known}."
        )
    return _warn_if_unknown(ratio.strip(), row.aspect_ratios, "aspect ratio", row)


def _clean_image_size(size: str | None, row: models.Model) -> str | None:
    if size is None or size == "":
        return None
    if not isinstance(size, str) or not _SIZE.fullmatch(size.strip().upper()):
        known = ", ".join(row.image_sizes) or "512, 1K, 2K, 4K"
        raise ArgumentError(f"{str(size)[:40]!r} is no image size.", hint=f"Write one of: {known}.")
    return _warn_if_unknown(size.strip().upper(), row.image_sizes, "image size", row)


def _warn_if_unknown(value: str, known: tuple[str, ...], what: str, row: models.Model) -> str:
    """Return `value`, with a warning if the catalogue, which may be out of date, does not list it."""
    if value not in known and models.find(row.id):
        listed = f"listed: {', '.join(known)}" if known else "it takes none"
        warnings.warn(
            f"{value} is no known {what} of {row.id} ({listed}). It is passed on.",
            GeminiWarning,
            stacklevel=5,
        )
    return value
