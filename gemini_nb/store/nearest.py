"""The stored request most like one that is not stored, and their differences in words: for a replay miss."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from gemini_nb.settings import options
from gemini_nb.store.record import Record
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gemini_nb.request import ImageRequest

    Facts = dict[str, Any]

_COMPARED_CHARS = 4_000  # of a prompt: enough to tell prompts apart, and a bound for hostile ones
_SHOWN_CHARS = 40


def find(request: ImageRequest, records: Iterable[Record]) -> tuple[Record, tuple[str, ...]] | None:
    """Return the record with the fewest differences, the first of several, and these: "take: 1, stored 0".

    A prompt counts as up to three differences, by the share of its words that the other one lacks. Where
    nothing differs, the words say why the record is no answer all the same.
    """
    wanted, words = _compared_facts(request), _words(request.prompt)
    best = min(records, key=lambda record: _distance(wanted, words, _compared_facts(record)), default=None)
    if best is None:
        return None
    stored = _compared_facts(best)
    differing = [name for name in wanted if wanted[name] != stored[name]]
    described = tuple(_describe_difference(name, wanted[name], stored[name]) for name in differing)
    return best, described or ("its picture is missing or was altered",)


def _compared_facts(source: ImageRequest | Record) -> Facts:
    """Return the compared values, by the names that messages use."""
    text = source.asked_text if isinstance(source, Record) else source.text
    config, extra = (source.config, source.extra) if isinstance(source, Record) else source.settings
    given, *rest = options.from_settings(config, extra)
    return {
        "prompt": source.prompt,
        "model": source.model,
        "aspect ratio": source.aspect_ratio,
        "image size": source.image_size,
        "input image": [image.sha256 for image in source.inputs],
        "take": source.take,
        **{name: given.get(name) for name in options.NAMES},
        "settings": json.dumps([text, *rest], sort_keys=True),
    }


def _distance(wanted: Facts, words: set[str], stored: Facts) -> float:
    others = float(sum(wanted[name] != stored[name] for name in wanted if name != "prompt"))
    if wanted["prompt"] == stored["prompt"]:
        return others
    stored_words = _words(stored["prompt"])
    shared = len(words & stored_words) / (len(words | stored_words) or 1)
    return others + 0.1 + 3 * (1 - shared)


def _words(prompt: str) -> set[str]:
    return set(re.findall(r"\w+", prompt[:_COMPARED_CHARS].lower()))


def _describe_difference(name: str, ours: Any, theirs: Any) -> str:
    if name == "prompt":
        return _describe_prompts(ours, theirs)
    if name == "settings" or (name == "input image" and len(ours) == len(theirs)):
        return name
    if name == "input image":
        return f"input image: {len(ours)} given, stored with {len(theirs)}"
    return f"{name}: {_format_value(ours)}, stored {_format_value(theirs)}"


def _format_value(value: object) -> str:
    return "none" if value is None else one_line(str(value), 80)


def _describe_prompts(ours: str, theirs: str) -> str:
    """Quote the two prompts from shortly before their first difference."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    first = next((index for index, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
    start = max(0, first - _SHOWN_CHARS // 3)
    return f"prompt: {_excerpt(ours, start)}, stored {_excerpt(theirs, start)}"


def _excerpt(text: str, start: int) -> str:
    shown = repr(text[start : start + _SHOWN_CHARS])
    return f"{'…' if start else ''}{shown}{'…' if len(text) > start + _SHOWN_CHARS else ''}"
