"""`streamGenerateContent`: one reply as several, each a whole JSON object.

Thoughts come first, then text in deltas, then each picture whole. With `alt=sse` they are server-sent
events, without it the elements of one JSON array, as Google sends them.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from gemini_nb.offline import responses as answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gemini_nb.offline.responses import Answer

Form = Literal["sse", "array"]

DELTA_CHARS = 24  # a delta is whole words of at least so many characters

_EVENT_STREAM = "text/event-stream"
_DELTA = re.compile(rf".{{{DELTA_CHARS},}}?(?=\s)|.+", re.DOTALL)
_PICTURE_MARK = "!["


def stream_form(verb: str | None, query: Mapping[str, str]) -> Form | None:
    """Return how the reply to a call is streamed, or None where it is not."""
    if verb != "streamGenerateContent":
        return None
    return "sse" if query.get("alt") == "sse" else "array"


def stream_answer(reply: dict[str, Any], form: Form) -> Answer:
    """Return a reply as a stream of its chunks."""
    bodies = [answers.dumped(chunk) for chunk in split_reply(reply)]
    if form == "sse":
        events = tuple(b"data: " + body + b"\r\n\r\n" for body in bodies)
        whole = answers.of_bytes(200, _EVENT_STREAM, b"".join(events))
    else:
        events = (b"[" + bodies[0], *(b"\n,\r\n" + body for body in bodies[1:]), b"\n]\n")
        whole = answers.of_bytes(200, answers.JSON, b"".join(events))
    return replace(whole, events=events)


def stream_failure(failure: Answer, form: Form | None) -> Answer:
    """Return a failure as a streamed call is told it: Google puts it into an array unless it is `sse`."""
    if form != "array" or failure.status < 400 or not failure.is_json:
        return failure
    return answers.of_json(failure.status, [json.loads(failure.body)])


def split_reply(reply: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the replies that a reply is streamed as; only the last one has the reason and the full usage.

    A reply without parts is streamed as it is.
    """
    candidate: dict[str, Any] = next(iter(reply.get("candidates", ())), {})
    pieces = list(_pieces(candidate.get("content", {}).get("parts", [])))
    if not pieces:
        return [reply]
    head = {name: reply[name] for name in ("modelVersion", "responseId")}
    counted = reply["usageMetadata"]["promptTokenCount"]
    usage = {"promptTokenCount": counted, "totalTokenCount": counted}
    begun = [
        {"candidates": [{"content": _content(piece), "index": 0}], "usageMetadata": usage, **head}
        for piece in pieces[:-1]
    ]
    return [*begun, {**reply, "candidates": [{**candidate, "content": _content(pieces[-1])}]}]


def _content(part: dict[str, Any]) -> dict[str, Any]:
    return {"role": "model", "parts": [part]}


def _pieces(parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in sorted(parts, key=_turn):
        if _turn(part) == 1:
            yield from ({"text": delta} for delta in deltas(part["text"]))
        else:
            yield part


def _turn(part: dict[str, Any]) -> int:
    """When a part is sent: thoughts, then plain text, then what holds a picture."""
    if part.get("thought"):
        return 0
    return 1 if "text" in part and _PICTURE_MARK not in part["text"] else 2


def deltas(text: str) -> list[str]:
    """Cut a text between words; joined, the pieces are the text.

    >>> deltas("a red square on a white background, seen from above")
    ['a red square on a white background,', ' seen from above']
    """
    return _DELTA.findall(text)
