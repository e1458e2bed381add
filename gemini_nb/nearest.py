"""Which stored request is most like one that is not stored, and what differs: for the miss that says so."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gemini_nb.record import Record
    from gemini_nb.request import ImageRequest

_COMPARED_CHARS = 4_000  # of a prompt; enough to tell prompts apart, and a bound for hostile ones
_SHOWN_CHARS = 40


def find(request: ImageRequest, records: Iterable[Record]) -> tuple[Record, tuple[str, ...]] | None:
    """Return the record with the fewest differences, the first of several, and the differences in words.

    A prompt counts by the words it does not share, from nothing up to three other differences.
    """
    words = _words(request.prompt)
    best = min(records, key=lambda record: _distance(request, words, record), default=None)
    return None if best is None else (best, differences(request, best))


def differences(request: ImageRequest, record: Record) -> tuple[str, ...]:
    """Return what differs, such as "model: gemini-a, stored gemini-b"; at most seven short lines of text."""
    prompt = (_prompt_difference(request.prompt, record.prompt),) if request.prompt != record.prompt else ()
    return (*prompt, *_other_differences(request, record))


def _distance(request: ImageRequest, words: set[str], record: Record) -> float:
    others = len(_other_differences(request, record))
    if request.prompt == record.prompt:
        return others
    stored = _words(record.prompt)
    shared = len(words & stored) / (len(words | stored) or 1)
    return others + 0.1 + 3 * (1 - shared)


def _words(prompt: str) -> set[str]:
    return set(re.findall(r"\w+", prompt[:_COMPARED_CHARS].lower()))


def _other_differences(request: ImageRequest, record: Record) -> tuple[str, ...]:
    values = {
        "model": (request.model, record.model),
        "aspect ratio": (request.aspect_ratio, record.aspect_ratio),
        "image size": (request.image_size, record.image_size),
        "take": (request.take, record.take),
    }
    found = [f"{name}: {_shown(ours)}, stored {_shown(theirs)}" for name, (ours, theirs) in values.items()
             if ours != theirs]  # fmt: skip
    if [image.sha256 for image in request.images] != [image.sha256 for image in record.inputs]:
        found.append(f"input image: {len(request.images)} given, stored with {len(record.inputs)}")
    if _settings(request.text, request) != _settings(record.asked_text, record):
        found.append("settings")
    return tuple(found)


def _settings(asked_text: bool, holder: ImageRequest | Record) -> str:  # noqa: FBT001
    facts: list[Any] = [asked_text, dict(holder.config), dict(holder.extra)]
    return json.dumps(facts, sort_keys=True)


def _shown(value: object) -> str:
    return "none" if value is None else str(value)[:80]


def _prompt_difference(ours: str, theirs: str) -> str:
    """The two prompts from shortly before where they part."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    parts = next((place for place, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
    start = max(0, parts - _SHOWN_CHARS // 3)
    return f"prompt: {_excerpt(ours, start)}, stored {_excerpt(theirs, start)}"


def _excerpt(text: str, start: int) -> str:
    shown = ascii(text[start : start + _SHOWN_CHARS])
    return f"{'…' if start else ''}{shown}{'…' if len(text) > start + _SHOWN_CHARS else ''}"
