"""Checks of a record's facts: the type and the bounds of each, once, for all readers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from gemini_nb.images.header import SUFFIXES
from gemini_nb.images.image import COMPOSED, OTHER_SOURCE, SOURCES
from gemini_nb.images.mask import MAX_FEATHER
from gemini_nb.models import BATCH
from gemini_nb.request import ASPECT_RATIO, IMAGE_SIZE, MAX_TAKE, MODEL_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

_Check = Callable[[Any], bool]

DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_OTHER_SOURCE = re.compile(rf"{OTHER_SOURCE}[\x21-\x7e…]{{1,200}}")
_MIME_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_PROVIDER = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_TIME = re.compile(r"[\dT:.+Z-]{10,40}", re.ASCII)  # of what has this form, Python says whether it is a time

# Bounds of what is written, so that nothing past them is read: each picture may be a file of 32 MiB.
_MAX_IMAGES = 100
_MAX_INPUTS = 20  # the most that any model takes is 14
MAX_NOTES = 100
_MAX_FOUND = 50  # queries, sources, suggestions and ratings of one reply
MAX_LABEL_CHARS = 10_000
_MAX_AMOUNT = 1e9
_MAX_DEPTH = 100  # the API itself takes no JSON that nests more deeply


def check_facts(request: Any, reply: Any) -> None:
    """Raise ValueError unless just a record's facts are there, each of its type and within its bounds."""
    if not (_is_request(request) and _is_reply(reply)):
        raise ValueError("facts that are no record's")


def _matches(pattern: re.Pattern[str]) -> _Check:
    return lambda value: type(value) is str and pattern.fullmatch(value) is not None


def _optional(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _list_of(check: _Check, *, least: int = 0, most: int) -> _Check:
    return lambda value: type(value) is list and least <= len(value) <= most and all(map(check, value))


def _dict_of(checks: Mapping[str, _Check], *, optional: Mapping[str, _Check] | None = None) -> _Check:
    known = {**checks, **(optional or {})}

    def check(value: Any) -> bool:
        is_complete = type(value) is dict and checks.keys() <= value.keys() <= known.keys()
        return is_complete and all(known[name](item) for name, item in value.items())

    return check


def _is_text(value: Any) -> bool:
    """Whether this is text; a person's or a model's may hold anything, and is escaped where it is shown."""
    return type(value) is str


def _is_label(value: Any) -> bool:
    """Whether this is a line of text that can steer no terminal."""
    return type(value) is str and len(value) <= MAX_LABEL_CHARS and value.isprintable()


def _is_number(value: Any, *, least: int = 0, most: int = MAX_TAKE) -> bool:
    return type(value) is int and least <= value <= most  # a bool is none


def _is_amount(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= _MAX_AMOUNT  # NaN is not


def _is_time(value: Any) -> bool:
    return _matches(_TIME)(value) and bool(datetime.fromisoformat(value))  # raises ValueError


def is_settings(value: Any) -> bool:
    return type(value) is dict and not nests_too_deeply(value)


def nests_too_deeply(value: Any, depth: int = 0) -> bool:
    """Whether a JSON value nests more deeply than every reader may recurse into."""
    if not isinstance(value, dict | list):
        return False
    items = value.values() if isinstance(value, dict) else value
    return depth == _MAX_DEPTH or any(nests_too_deeply(item, depth + 1) for item in items)


def _is_web_address(value: Any) -> bool:
    return _is_label(value) and value.startswith(("https://", "http://"))


_is_link = _dict_of({"title": _is_label, "url": _is_web_address})
_is_grounding = _dict_of(
    {
        "queries": _list_of(_is_label, most=_MAX_FOUND),
        "sources": _list_of(_is_link, most=_MAX_FOUND),
        "suggestions": _list_of(_is_link, most=_MAX_FOUND),
    }
)
_is_digest = _matches(DIGEST)
_is_input = _dict_of({"mime_type": _matches(_MIME_TYPE), "sha256": _is_digest})
_is_image = _dict_of(
    {
        "declared_mime_type": _optional(_is_label),
        "height": partial(_is_number, least=1),
        "mime_type": lambda value: type(value) is str and value in SUFFIXES,
        "sha256": _is_digest,
        "source": lambda value: value in (*SOURCES, COMPOSED) or _matches(_OTHER_SOURCE)(value),
        "url": _optional(_is_label),
        "width": partial(_is_number, least=1),
    }
)
_is_feather = partial(_is_number, most=MAX_FEATHER)
_is_request = _dict_of(
    {
        "aspect_ratio": _optional(_matches(ASPECT_RATIO)),
        "config": is_settings,
        "extra": is_settings,
        "image_size": _optional(_matches(IMAGE_SIZE)),
        "inputs": _list_of(_is_input, most=_MAX_INPUTS),
        "model": _matches(MODEL_NAME),
        "prompt": lambda value: type(value) is str and bool(value.strip()),
        "take": _is_number,
        "text": lambda value: type(value) is bool,
    },
    optional={"feather": _is_feather},
)
_is_reply = _dict_of(
    {
        "content": _optional(_is_digest),
        "created": _is_time,
        "drafts": _list_of(_is_image, most=_MAX_IMAGES),
        "estimated_cost": _optional(_is_amount),
        "finish_reason": _optional(_is_label),
        "images": _list_of(_is_image, least=1, most=_MAX_IMAGES),
        "model_version": _optional(_is_label),
        "notes": _list_of(_is_text, most=MAX_NOTES),
        "provider": _matches(_PROVIDER),
        "seconds": _is_amount,
        "text": _is_text,
        "usage": is_settings,
    },
    optional={
        "grounding": _is_grounding,
        "received": _list_of(_is_image, least=1, most=_MAX_IMAGES),
        "safety_ratings": _list_of(is_settings, least=1, most=_MAX_FOUND),
        "tier": lambda value: value == BATCH,
    },
)
