"""Image requests as values: a prompt, a model, input images and settings.

`ImageRequest.body` is the JSON of a `generateContent` call, `ImageRequest.digest` its name in the store.
"""

from __future__ import annotations

import json
import re
import warnings
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypedDict

from pybase64 import b64encode

from gemini_nb import models
from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.models import masks
from gemini_nb.settings import options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gemini_nb.images.inputs import InputImage
    from gemini_nb.images.mask import Mask
    from gemini_nb.settings.options import Search, ThinkingLevel

MODEL_NAME = re.compile(r"[A-Za-z0-9](?:[\w.@:-]|/(?!/|\.)){0,199}", re.ASCII)
ASPECT_RATIO = re.compile(r"[1-9]\d?:[1-9]\d?", re.ASCII)
IMAGE_SIZE = re.compile(r"[1-9]\d{0,4}K?", re.ASCII)
MAX_TAKE = 2**63 - 1  # tables hold no larger whole numbers


class Options(TypedDict, total=False):
    """The options of `generate` for type checkers; `AsyncClient.generate` explains them."""

    model: str
    images: Sequence[Any]
    mask: Any
    feather: int
    aspect_ratio: str | None
    image_size: str | None
    take: int
    text: bool
    search: Search | None
    thinking: ThinkingLevel | int | None
    system: str | None
    seed: int | None
    safety: str | Mapping[str, str] | Sequence[str] | None
    config: Mapping[str, Any] | None
    extra: Mapping[str, Any] | None


@dataclass(frozen=True)
class ImageRequest:
    """A request for one picture.

    It is a value: settings and history are copied, so that nothing that a caller does to them later changes
    it. `model` may be an alias, which is replaced by the id that it means at `provider` and kept as `alias`;
    "default" is the provider's own model. `take` numbers several pictures of the same request. `config` is
    merged into `generationConfig`, `extra` into the body. `history` holds the contents of earlier turns, the
    model's exactly as received. `mask` says where the one input image may change. It is sent as a second
    picture with a sentence, see `models.masks`, and so is part of the digest; its feather is not, since that
    changes what is made of the reply only. Raises `ArgumentError` for values that no model takes.

    An option that `config` or `extra` says, as `{"seed": 7}` does, becomes that option: it is one request,
    with one digest, whichever way it is written. What contradicts an option is an `ArgumentError`.

    >>> ImageRequest("a red square", aspect_ratio="16:9").body["generationConfig"]["imageConfig"]
    {'aspectRatio': '16:9'}
    >>> ImageRequest("a red square", config={"seed": 7}) == ImageRequest("a red square", seed=7)
    True
    """

    prompt: str
    model: str = models.DEFAULT
    images: tuple[InputImage, ...] = ()
    aspect_ratio: str | None = None
    image_size: str | None = None
    take: int = 0
    text: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    search: Search | None = None
    thinking: ThinkingLevel | int | None = None
    system: str | None = None
    seed: int | None = None
    safety: Mapping[str, str] | None = None
    mask: Mask | None = None
    provider: str = field(default=models.DEFAULT_PROVIDER, repr=False, compare=False)
    alias: str | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            raise ArgumentError("The prompt is empty.", hint="Say what to paint.")
        if not isinstance(self.model, str) or not MODEL_NAME.fullmatch(self.model.strip()):
            raise ArgumentError(f"{str(self.model)[:80]!r} is not a model name.", hint="See models.names().")
        if not isinstance(self.take, int) or not 0 <= self.take <= MAX_TAKE:
            raise ArgumentError("take must be a whole number from 0 on, smaller than 2**63.")
        for name in ("config", "extra"):
            self._set(name, _copy_settings(name, getattr(self, name)))
        self._set("history", tuple(map(copy_json, self.history)))
        if "contents" in self.extra:
            raise ArgumentError("extra cannot replace contents.", hint="Put the text into the prompt.")
        self._set_options()
        row = models.resolve(self.model, self.provider)
        self._set("alias", models.find_alias(self.model) or models.find_alias(self.alias, of=row.id))
        self._set("model", row.id)
        self._set("images", tuple(self.images))
        if self.mask is not None:
            _check_mask(self.mask, self.images)
        self._set("aspect_ratio", _clean_aspect_ratio(self.aspect_ratio, row))
        self._set("image_size", _clean_image_size(self.image_size, row))
        _warn_of_options(self, row)
        if len(self.inputs) > row.max_input_images:
            raise ArgumentError(
                f"{row.id} takes at most {row.max_input_images} input images, not {len(self.inputs)}."
            )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _set_options(self) -> None:
        """Give each option its one form; one that `config` or `extra` says is taken out of them."""
        given = {name: options.clean(name, value) for name, value in self.options.items()}
        if self.config or self.extra:
            for name, value in given.items():
                if value is not None:
                    options.check_conflict(name, value, self.config, self.extra)
            found, config, extra = options.from_settings(self.config, self.extra)
            given |= found
            self._set("config", config)
            self._set("extra", extra)
        for name, value in given.items():
            self._set(name, value)

    @property
    def inputs(self) -> tuple[InputImage, ...]:
        """The pictures that are sent: the input images, and the mask behind its one."""
        return self.images if self.mask is None else (*self.images, self.mask.image)

    @property
    def options(self) -> dict[str, Any]:
        """The options that are given, by name: search, thinking, system, seed, safety."""
        return {name: value for name in options.NAMES if (value := getattr(self, name)) is not None}

    def unvalidated(self, provider: str) -> tuple[str, ...]:
        """Return the names of what is asked for that was never validated at a provider.

        At Crazyrouter that is everything but the prompt, its pictures, ratio and size (retest of 2026-04-14).
        """
        return (*self.options, *self.config, *self.extra) if provider == "crazyrouter" else ()

    @property
    def settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """`config` and `extra` with the options among them, as a record has them."""
        body = options.to_body(self.options)
        return options.merge(body.pop("generationConfig", {}), self.config), options.merge(body, self.extra)

    def at(self, provider: str) -> ImageRequest:
        """Return the request with the model that its alias means at a provider; without an alias, itself."""
        if self.alias is None or models.ALIASES[self.alias].at(provider) == self.model:
            return self
        return replace(self, model=self.alias, provider=provider)

    def former_forms(self) -> Iterator[tuple[ImageRequest, frozenset[str]]]:
        """Yield the request under each former id of its model, with the providers whose pictures answer it.

        A change of what is sent for the same arguments belongs here too: the body as it was before.
        """
        for model, made_by in models.former_ids(self.model, self.alias).items():
            yield self.with_values(model=model), made_by

    def with_values(self, **values: Any) -> ImageRequest:
        """Return the request with other values, without the checks and warnings that it has been through."""
        other = copy(self)
        for name, value in values.items():
            other._set(name, value)  # noqa: SLF001 - it is one of its own
        other.__dict__.pop("digest", None)
        return other

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
        body = self._body(lambda image: image.sha256, history=self._turn_hashes)
        facts = {"model": self.model, "body": body, "take": self.take}
        return sha256(_dumps(facts, sort_keys=True).encode("ascii")).hexdigest()

    @cached_property
    def _turn_hashes(self) -> list[str]:
        return [sha256(_dumps(turn, sort_keys=True).encode("ascii")).hexdigest() for turn in self.history]

    @property
    def estimated_cost(self) -> float | None:
        """US dollars at Google's list price, or None where that is not known."""
        return self.estimate_cost()

    def estimate_cost(self, tier: str | None = None) -> float | None:
        """Return US dollars at Google's list price in a tier ("batch"), or None where that is not known."""
        row = models.find(self.model)
        return row.price(self.image_size, tier=tier) if row else None

    def _body(self, data: Callable[[InputImage], str], history: Sequence[Any]) -> dict[str, Any]:
        images = [image.part(data) for image in self.inputs]
        prompt = self.prompt if self.mask is None else masks.add_sentence(self.prompt)
        image_config = {"aspectRatio": self.aspect_ratio, "imageSize": self.image_size}
        config: dict[str, Any] = {"responseModalities": ["TEXT", "IMAGE"] if self.text else ["IMAGE"]}
        if any(image_config.values()):
            config["imageConfig"] = {name: value for name, value in image_config.items() if value}
        body = {
            "contents": [*history, {"role": "user", "parts": [{"text": prompt}, *images]}],
            "generationConfig": config,
        }
        config_given, extra = self.settings
        return options.merge(options.merge(body, {"generationConfig": config_given}), extra)


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
        raise ArgumentError(f"{name} must be a dict of settings, not a {type(settings).__name__}.")
    copied: dict[str, Any] = copy_json(dict(settings)) if settings else {}  # most requests have none
    return copied


def _dumps(value: object, *, sort_keys: bool = False) -> str:
    try:
        return json.dumps(value, sort_keys=sort_keys, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)
    raise ArgumentError(f"config or extra is not JSON: {reason}.")


def _check_mask(mask: object, images: Sequence[InputImage]) -> None:
    from gemini_nb.images.mask import Mask, find_source  # noqa: PLC0415 - few requests have one

    if not isinstance(mask, Mask):
        raise ArgumentError(
            f"The mask of an ImageRequest is a Mask, not a {type(mask).__name__}.",
            hint="client.request(…, mask=…) reads one.",
        )
    find_source(images)


def _clean_aspect_ratio(ratio: str | None, row: models.Model) -> str | None:
    if ratio is None or ratio == "":
        return None
    if not isinstance(ratio, str) or not ASPECT_RATIO.fullmatch(ratio.strip()):
        known = ", ".join(row.aspect_ratios or models.resolve(models.DEFAULT_MODEL).aspect_ratios)
        raise ArgumentError(
            f"{str(ratio)[:40]!r} is not an aspect ratio.", hint=f"Write one like 16:9. Known: {known}."
        )
    return _warn_if_unknown(ratio.strip(), row.aspect_ratios, "aspect ratio", row)


def _clean_image_size(size: str | None, row: models.Model) -> str | None:
    if size is None or size == "":
        return None
    if not isinstance(size, str) or not IMAGE_SIZE.fullmatch(size.strip().upper()):
        known = ", ".join(row.image_sizes) or "512, 1K, 2K, 4K"
        raise ArgumentError(f"{str(size)[:40]!r} is not an image size.", hint=f"Write one of: {known}.")
    return _warn_if_unknown(size.strip().upper(), row.image_sizes, "image size", row)


def _warn_of_options(request: ImageRequest, row: models.Model) -> None:
    """Warn of what the model is known not to take. It is passed on: the catalogue may be out of date."""
    if request.config.get("candidateCount") not in (None, 1):
        warnings.warn(
            "Image models make one candidate at a time and refuse another candidateCount. For several "
            "pictures use takes, -n or generate_many.",
            GeminiWarning,
            stacklevel=4,
        )
    for value, known, what in (
        (request.search, row.searches, "search"),
        (request.thinking, row.thinking_levels, "thinking level"),
    ):
        if known is not None and value is not None and (isinstance(value, str) or not known):
            _warn_if_unknown(str(value), known, what, row)


def _warn_if_unknown(value: str, known: tuple[str, ...], what: str, row: models.Model) -> str:
    """Return `value`, with a warning if the catalogue, which may be out of date, does not list it."""
    if value not in known and models.find(row.id):
        listed = f"listed: {', '.join(known)}" if known else "it takes none"
        warnings.warn(
            f"{value} is not a known {what} of {row.id} ({listed}). It is passed on.",
            GeminiWarning,
            stacklevel=5,
        )
    return value
