"""Replies of the offline models: parts, finish reasons, usage, version, id; in one JSON object or streamed.

The same request always gets the same reply.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from gemini_nb.models import OFFLINE_VERSION
from gemini_nb.offline.responses import JSON, bytes_response, dump_json, json_response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gemini_nb.models import Model
    from gemini_nb.offline.request import ParsedRequest
    from gemini_nb.offline.responses import Response

Form = Literal["sse", "array"]
"""How a reply is streamed: as server-sent events, or as one JSON array sent in pieces."""

DELTA_CHARS = 24
"""A streamed piece of text is whole words of at least so many characters."""

_TOKENS_PER_INPUT_IMAGE = 258
_CHARACTERS_PER_TOKEN = 4
_DELTA = re.compile(rf".{{{DELTA_CHARS},}}?(?=\s)|.+", re.DOTALL)


def build_reply(
    parts: list[dict[str, Any]], request: ParsedRequest, model: Model, body: bytes, **candidate: Any
) -> dict[str, Any]:
    """Build a reply of `parts` to the request `body`; further fields go into its one candidate.

    Without parts the content is empty, as a model sends it that made no picture.
    """
    content = {"role": "model", "parts": parts} if parts else {}
    digest = hashlib.sha256(model.id.encode() + b"\n" + body).digest()
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0} | candidate],
        "usageMetadata": _usage(request, model, parts=parts),
        "modelVersion": model.id + OFFLINE_VERSION,
        "responseId": base64.urlsafe_b64encode(digest[:15]).decode("ascii"),
    }


def build_blocked_reply(request: ParsedRequest, model: Model, *, reason: str = "SAFETY") -> dict[str, Any]:
    """Build the reply to a prompt that a policy refuses: no candidate at all."""
    return {
        "promptFeedback": {"blockReason": reason},
        "usageMetadata": _usage(request, model, parts=[]),
        "modelVersion": model.id + OFFLINE_VERSION,
    }


def remark(request: ParsedRequest, note: str = "") -> str:
    """Return what the model says beside its picture: the prompt in 100 characters, and a note below it."""
    verb = "Edited" if request.images else "Painted"
    subject = " ".join(request.prompt[:2000].split())
    subject = subject if len(subject) <= 100 else subject[:99] + "…"
    return "\n".join(filter(None, (f"{verb} offline, without a model: {subject}", note)))


def _usage(request: ParsedRequest, model: Model, *, parts: list[dict[str, Any]]) -> dict[str, Any]:
    text_in = len(request.prompt) // _CHARACTERS_PER_TOKEN + 1
    image_in = len(request.images) * _TOKENS_PER_INPUT_IMAGE
    known, size = dict(model.tokens), request.image_size or model.default_size
    default = known.get(model.default_size, 1120)
    image_out = known.get(size, default) if parts and request.wants_image else 0
    text_out = len(remark(request)) // _CHARACTERS_PER_TOKEN if parts and request.wants_text else 0
    usage = {
        "promptTokenCount": text_in + image_in,
        "candidatesTokenCount": image_out + text_out,
        "totalTokenCount": text_in + image_in + image_out + text_out,
        "promptTokensDetails": _details(TEXT=text_in, IMAGE=image_in),
        "candidatesTokensDetails": _details(IMAGE=image_out, TEXT=text_out),
    }
    return {name: value for name, value in usage.items() if value != []}


def _details(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]


def stream_form(verb: str | None, query: Mapping[str, str]) -> Form | None:
    """Return how the reply to a call is streamed, or None where it is not."""
    if verb != "streamGenerateContent":
        return None
    return "sse" if query.get("alt") == "sse" else "array"


def stream_response(reply: dict[str, Any], form: Form) -> Response:
    """Build the response of a streamed reply; its `events` are the pieces in which it is sent."""
    bodies = [dump_json(chunk) for chunk in split_reply(reply)]
    if form == "sse":
        events = tuple(b"data: " + body + b"\r\n\r\n" for body in bodies)
        whole = bytes_response(200, "text/event-stream", b"".join(events))
    else:
        events = (b"[" + bodies[0], *(b"\n,\r\n" + body for body in bodies[1:]), b"\n]\n")
        whole = bytes_response(200, JSON, b"".join(events))
    return replace(whole, events=events)


def stream_error(response: Response, form: Form | None) -> Response:
    """Return an error as a streamed call is told it: Google puts it into an array unless it is `sse`."""
    if form != "array" or response.status < 400 or not response.is_json:
        return response
    return json_response(response.status, [json.loads(response.body)])


def split_reply(reply: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the replies that a reply is streamed as; only the last one has the reason and the full usage.

    A reply without parts is streamed as it is.
    """
    candidate: dict[str, Any] = next(iter(reply.get("candidates", ())), {})
    pieces = list(_split_parts(candidate.get("content", {}).get("parts", [])))
    if not pieces:
        return [reply]
    head = {name: reply[name] for name in ("modelVersion", "responseId")}
    prompt_tokens = reply["usageMetadata"]["promptTokenCount"]
    usage = {"promptTokenCount": prompt_tokens, "totalTokenCount": prompt_tokens}
    first = [
        {"candidates": [{"content": _content(piece), "index": 0}], "usageMetadata": usage, **head}
        for piece in pieces[:-1]
    ]
    return [*first, {**reply, "candidates": [{**candidate, "content": _content(pieces[-1])}]}]


def _content(part: dict[str, Any]) -> dict[str, Any]:
    return {"role": "model", "parts": [part]}


def _split_parts(parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in sorted(parts, key=_rank):
        if _rank(part) == 1:
            yield from ({"text": delta} for delta in split_text(part["text"]))
        else:
            yield part


def _rank(part: dict[str, Any]) -> int:
    """Rank parts as they are streamed: thoughts, then plain text, then what holds a picture."""
    if part.get("thought"):
        return 0
    return 1 if "text" in part and "![" not in part["text"] else 2


def split_text(text: str) -> list[str]:
    """Cut a text between words; joined, the pieces are the text.

    >>> split_text("a red square on a white background, seen from above")
    ['a red square on a white background,', ' seen from above']
    """
    return _DELTA.findall(text)
