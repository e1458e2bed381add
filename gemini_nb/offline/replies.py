"""What a reply says around its parts: reasons, usage, version and id; the same order gives the same reply."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from gemini_nb.offline import responses as answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gemini_nb.models import Model
    from gemini_nb.offline.request import ParsedRequest
    from gemini_nb.offline.responses import Answer


_TOKENS_PER_INPUT_IMAGE = 258
_CHARACTERS_PER_TOKEN = 4


def reply(
    parts: list[dict[str, Any]], order: ParsedRequest, model: Model, body: bytes, **candidate: Any
) -> dict[str, Any]:
    """Build a reply of `parts` to the request `body`; further fields go into its one candidate.

    Without parts the content is empty, as a model sends it that made no picture.
    """
    content = {"role": "model", "parts": parts} if parts else {}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0} | candidate],
        "usageMetadata": _usage(order, model, parts=parts),
        "modelVersion": model.id,
        "responseId": _response_id(model, body),
    }


def blocked(order: ParsedRequest, model: Model, *, reason: str = "SAFETY") -> dict[str, Any]:
    """Build the reply to a prompt that a policy refuses: no candidate at all."""
    return {
        "promptFeedback": {"blockReason": reason},
        "usageMetadata": _usage(order, model, parts=[]),
        "modelVersion": model.id,
    }


def remark(order: ParsedRequest) -> str:
    """What the model would say beside its picture."""
    did = "Edited" if order.images else "Painted"
    subject = " ".join(order.prompt[:2000].split())
    subject = subject if len(subject) <= 100 else subject[:99] + "…"
    return f"{did} offline, without a model: {subject}"


def _response_id(model: Model, body: bytes) -> str:
    digest = hashlib.sha256(model.id.encode() + b"\n" + body).digest()
    return base64.urlsafe_b64encode(digest[:15]).decode("ascii")


def _usage(order: ParsedRequest, model: Model, *, parts: list[dict[str, Any]]) -> dict[str, Any]:
    text_in = len(order.prompt) // _CHARACTERS_PER_TOKEN + 1
    image_in = len(order.images) * _TOKENS_PER_INPUT_IMAGE
    image_out = _image_tokens(order, model) if parts and order.wants_image else 0
    text_out = len(remark(order)) // _CHARACTERS_PER_TOKEN if parts and order.wants_text else 0
    usage = {
        "promptTokenCount": text_in + image_in,
        "candidatesTokenCount": image_out + text_out,
        "totalTokenCount": text_in + image_in + image_out + text_out,
        "promptTokensDetails": _details(TEXT=text_in, IMAGE=image_in),
        "candidatesTokensDetails": _details(IMAGE=image_out, TEXT=text_out),
    }
    return {name: value for name, value in usage.items() if value != []}


def _image_tokens(order: ParsedRequest, model: Model) -> int:
    known = dict(model.tokens)
    default = known.get(model.default_size, 1120)
    return known.get(order.image_size or model.default_size, default)


def _details(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]


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
