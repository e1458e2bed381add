"""Replies inside wrappers and replies in several chunks, as plain replies that `shapes` can read.

Code Assist and other gateways put a whole reply under `response`, `data` or `result`. OpenAI streams a chat
as `delta` after `delta`, and its Responses API as events of many types. Gemini's own chunks are joined by
`shapes`, since their parts must be echoed exactly as they came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gemini_nb.reply.shapes import dicts, field_of, items

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MARKS = ("candidates", "choices", "predictions", "promptFeedback", "prompt_feedback")
_WRAPPERS = ("response", "data", "result", "output", "body", "payload")
_NO_WRAPPERS = {"request", "input", "inputs", "params", "parameters", "metadata"}  # which are ours, repeated
_MAX_DEPTH = 4
_FACTS = ("usageMetadata", "usage", "modelVersion", "model")


def plain_replies(values: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the replies in the values of one body: unwrapped, and OpenAI's chunks joined."""
    return _join_deltas(unwrap(_join_events(list(values))))


def unwrap(values: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each value as it is, or the replies inside it where it is none itself.

    >>> unwrap([{"response": {"candidates": [1]}, "traceId": "7"}])
    [{'candidates': [1]}]
    """
    return [reply for value in values for reply in _unwrap(value)]


def _unwrap(value: dict[str, Any]) -> list[dict[str, Any]]:
    if is_reply(value) or any(isinstance(value.get(name), list) for name in ("output", "images")):
        return [value]
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            inner
            for outer in level
            for name, item in outer.items()
            if name not in _NO_WRAPPERS
            for inner in dicts(item)
        ]
        replies = [inner for inner in level if is_reply(inner)]
        if replies:
            facts = {name: value[name] for name in _FACTS if name in value}
            return [{**facts, **replies[0]}, *replies[1:]]
    named = [inner for name in _WRAPPERS for inner in dicts(value.get(name)) if _has_pictures(inner)]
    return named or [value]


def is_reply(value: dict[str, Any]) -> bool:
    """Whether an object is a reply of Gemini, of a chat or of Imagen."""
    return any(value.get(name) is not None for name in _MARKS)


def _has_pictures(value: dict[str, Any]) -> bool:
    """Whether the value of a wrapper is a reply of lists: `data` inside `data`, `images`, `output`."""
    return any(isinstance(value.get(name), list) for name in ("output", "images", "data"))


def _join_deltas(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return OpenAI's chunks as one chat reply; other replies as they are."""
    choices = [choice for reply in replies for choice in dicts(reply.get("choices"))]
    if not any(isinstance(choice.get("delta"), dict) for choice in choices):
        return replies
    by_index: dict[str, list[dict[str, Any]]] = {}
    for choice in choices:
        by_index.setdefault(str(choice.get("index")), []).append(choice)
    return [{**_merge(replies), "choices": [_join_choice(chunks) for chunks in by_index.values()]}]


def _join_choice(chunks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {"content": [], "images": []}
    texts: list[str] = []
    for chunk in chunks:
        delta = field_of(chunk, "delta", "message")
        content = field_of(delta, "content")
        if isinstance(content, str):
            texts.append(content)
        else:
            message["content"] += items(content)
        message["images"] += items(field_of(delta, "images")) + items(field_of(delta, "image"))
        if isinstance(refusal := field_of(delta, "refusal"), str):
            message["refusal"] = message.get("refusal", "") + refusal
    message["content"].insert(0, "".join(texts))
    return {**_merge(chunks), "message": message}


def _merge(values: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the fields of all values; of those with one name the last that is not null."""
    return {name: field for value in values for name, field in value.items() if field is not None}


def _join_events(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events of a Responses API as the one response that they build up; others as they are."""
    events = [value for value in values if str(value.get("type")).startswith("response.")]
    if not events:
        return values
    joined = _merge(response for event in events for response in dicts(event.get("response")))
    if not items(joined.get("output")):
        joined["output"] = _list_items(events)
    partial = [event["partial_image_b64"] for event in events if event.get("partial_image_b64") is not None]
    others = [value for value in values if value not in events]
    return [*others, {**joined, "partial_images": partial}]


def _list_items(events: Sequence[dict[str, Any]]) -> list[Any]:
    """Return the items of a response that were finished one by one, and the text where none holds it."""
    done = [event["item"] for event in events if event.get("type") == "response.output_item.done"]
    if any(field_of(item, "content") for item in done):
        return done
    deltas = (event.get("delta") for event in events if event.get("type") == "response.output_text.delta")
    text = "".join(delta for delta in deltas if isinstance(delta, str))
    return [*done, {"type": "message", "content": [{"type": "output_text", "text": text}]}]
