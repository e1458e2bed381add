"""Which stored request is most like one that is not stored, and what differs: for the miss that says so."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from gemini_nb.store import record
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gemini_nb.request import ImageRequest
    from gemini_nb.store.record import Record

_COMPARED_CHARS = 4_000  # of a prompt; enough to tell prompts apart, and a bound for hostile ones
_SHOWN_CHARS = 40


def find(request: ImageRequest, records: Iterable[Record]) -> tuple[Record, tuple[str, ...]] | None:
    """Return the record with the fewest differences, the first of several, and what differs in words.

    A prompt counts by the words it does not share, from nothing up to three other differences. Without any
    difference, what keeps the record from being an answer is said.
    """
    asked, words = _compared_facts(request), _words(request.prompt)
    best = min(records, key=lambda record: _distance(asked, words, record), default=None)
    if best is None:
        return None
    return best, _describe_differences(asked, _compared_facts(best)) or (
        "its picture is missing or was altered",
    )


def _compared_facts(holder: ImageRequest | Record) -> dict[str, Any]:
    """What is compared, by the name it is told under."""
    images = holder.inputs if isinstance(holder, record.Record) else holder.images
    asked_text = holder.asked_text if isinstance(holder, record.Record) else holder.text
    return {
        "prompt": holder.prompt,
        "model": holder.model,
        "aspect ratio": holder.aspect_ratio,
        "image size": holder.image_size,
        "input image": [image.sha256 for image in images],
        "take": holder.take,
        "settings": json.dumps([asked_text, dict(holder.config), dict(holder.extra)], sort_keys=True),
    }


def _distance(asked: dict[str, Any], words: set[str], one: Record) -> float:
    stored = _compared_facts(one)
    others = float(sum(asked[name] != stored[name] for name in asked if name != "prompt"))
    if asked["prompt"] == stored["prompt"]:
        return others
    theirs = _words(one.prompt)
    shared = len(words & theirs) / (len(words | theirs) or 1)
    return others + 0.1 + 3 * (1 - shared)


def _words(prompt: str) -> set[str]:
    return set(re.findall(r"\w+", prompt[:_COMPARED_CHARS].lower()))


def _describe_differences(asked: dict[str, Any], stored: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        _describe_difference(name, asked[name], stored[name]) for name in asked if asked[name] != stored[name]
    )


def _describe_difference(name: str, ours: Any, theirs: Any) -> str:
    if name == "prompt":
        return _describe_prompts(ours, theirs)
    if name == "input image":
        return (
            f"input image: {len(ours)} given, stored with {len(theirs)}" if len(ours) != len(theirs) else name
        )
    return name if name == "settings" else f"{name}: {_format_value(ours)}, stored {_format_value(theirs)}"


def _format_value(value: object) -> str:
    return "none" if value is None else one_line(str(value), 80)


def _describe_prompts(ours: str, theirs: str) -> str:
    """The two prompts from shortly before where they part."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    parts = next((place for place, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
    start = max(0, parts - _SHOWN_CHARS // 3)
    return f"prompt: {_excerpt(ours, start)}, stored {_excerpt(theirs, start)}"


def _excerpt(text: str, start: int) -> str:
    shown = repr(text[start : start + _SHOWN_CHARS])
    return f"{'…' if start else ''}{shown}{'…' if len(text) > start + _SHOWN_CHARS else ''}"
