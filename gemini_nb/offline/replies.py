"""What a reply says around its parts: reasons, usage, version and id; the same order gives the same reply."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemini_nb.models import Model
    from gemini_nb.offline.request import Order

_TOKENS_PER_INPUT_IMAGE = 258
_CHARACTERS_PER_TOKEN = 4


def reply(
    parts: list[dict[str, Any]], order: Order, model: Model, body: bytes, **candidate: Any
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


def blocked(order: Order, model: Model, *, reason: str = "SAFETY") -> dict[str, Any]:
    """Build the reply to a prompt that a policy refuses: no candidate at all."""
    return {
        "promptFeedback": {"blockReason": reason},
        "usageMetadata": _usage(order, model, parts=[]),
        "modelVersion": model.id,
    }


def remark(order: Order) -> str:
    """What the model would say beside its picture."""
    did = "Edited" if order.images else "Painted"
    subject = " ".join(order.prompt[:2000].split())
    subject = subject if len(subject) <= 100 else subject[:99] + "…"
    return f"{did} offline, without a model: {subject}"


def _response_id(model: Model, body: bytes) -> str:
    digest = hashlib.sha256(model.id.encode() + b"\n" + body).digest()
    return base64.urlsafe_b64encode(digest[:15]).decode("ascii")


def _usage(order: Order, model: Model, *, parts: list[dict[str, Any]]) -> dict[str, Any]:
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


def _image_tokens(order: Order, model: Model) -> int:
    known = dict(model.tokens)
    default = known.get(model.default_size, 1120)
    return known.get(order.image_size or model.default_size, default)


def _details(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]
