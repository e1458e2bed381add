"""The chunks of a streamed reply → one reply: each holds some of the parts, the last one the facts.

Text comes in deltas, which are one text; the parts themselves stay as they came, for a conversation to echo.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from gemini_nb.reply.shapes import dicts, field_of, items

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TEXT_FIELDS = {"text", "thought", "thoughtSignature", "thought_signature"}


def parts(chunk: Any) -> list[Any]:
    """Return the parts of a chunk's candidate."""
    candidate = next(dicts(field_of(chunk, "candidates")), None)
    return items(field_of(field_of(candidate, "content"), "parts"))


def are_chunks(replies: Sequence[dict[str, Any]]) -> bool:
    """Whether several replies are one that was streamed: none has a second candidate, or another shape."""
    counts = [len(items(field_of(reply, "candidates"))) for reply in replies]
    others = any(field_of(reply, "choices", "data") is not None for reply in replies)
    return len(replies) > 1 and max(counts) == 1 and not others


def joined(replies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one reply with the parts of all chunks, where text that goes on from one to the next is one.

    >>> joined([{"candidates": [{"content": {"parts": [{"text": text}]}}]} for text in ("a r", "ed")])
    {'candidates': [{'content': {'parts': [{'text': 'a red'}]}}]}
    """
    return {"candidates": [{"content": {"parts": list(_texts_joined(map(parts, replies)))}}]}


def content(replies: Sequence[dict[str, Any]]) -> Any:
    """Return the model's turn: every part exactly as it came, since signatures belong to single parts."""
    contents = (field_of(next(dicts(field_of(reply, "candidates")), None), "content") for reply in replies)
    first = next((one for one in contents if isinstance(one, dict)), None)
    return first and {**first, "parts": list(chain.from_iterable(map(parts, replies)))}


def continues(part: Any, other: Any) -> bool:
    """Whether a chunk's first part goes on with the text of the last part of the chunk before it."""
    is_mere_text = _is_text(other) and other.keys() <= _TEXT_FIELDS
    return is_mere_text and _is_text(part) and field_of(part, "thought") is field_of(other, "thought")


def _texts_joined(chunks: Iterator[list[Any]]) -> Iterator[Any]:
    """Yield the parts; a chunk's first text continues the last of the chunk before it."""
    open_part: Any = None
    deltas: list[str] = []
    for chunk in chunks:
        for place, part in enumerate(chunk):
            if place == 0 and continues(open_part, part):
                deltas.append(part["text"])
                continue
            yield from _closed(open_part, deltas)
            open_part, deltas = part, [part["text"]] if _is_text(part) else []
    yield from _closed(open_part, deltas)


def _closed(part: Any, deltas: list[str]) -> Iterator[Any]:
    if len(deltas) > 1:
        yield {**part, "text": "".join(deltas)}
    elif part is not None:
        yield part


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)
