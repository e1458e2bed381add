"""The wire side of the offline provider: a request in, an answer out, no network and no key.

It answers in the shape that the catalogue last observed for the model, so that a reader meets all four.
Pictures come from `painter`, which is loaded with the first one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from gemini_nb import models
from gemini_nb.offline.gallery import Gallery
from gemini_nb.offline.order import Order, Refusal, read_order

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCKED_PHRASE = "blocked by safety"
"""A prompt that holds this phrase is refused as a policy would, so that refusals can be tried."""

# google-genai 3 asks under /v1 where older ones and Google's documentation say /v1beta
_LIST_PATHS = ("/v1beta/models", "/v1/models")
_MODEL_PATH = re.compile(r"/(?:v1beta|v1)/models/([^/:]*)(?::([A-Za-z]+))?")
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")
_IMAGE_PATH = re.compile(r"/images/([0-9a-f]{64})\.(?:png|jpg)")
_STATUS = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
_TOKENS_PER_INPUT_IMAGE = 258
_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers and the whole body."""

    status: int
    headers: dict[str, str]
    body: bytes


class OfflineGateway:
    """Answers the Gemini API's image calls by painting; remembers the pictures it hosts.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._hosted = Gallery()
        # A 4K picture takes some 200 MB while it is painted: no more at a time than there are cores.
        self._easels = threading.BoundedSemaphore(os.cpu_count() or 2)

    def answer(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],  # noqa: ARG002 - part of a request; nothing here depends on it yet
        query: Mapping[str, str],  # noqa: ARG002
        body: bytes,
        *,
        origin: str,
    ) -> Answer:
        """Answer one request; `origin` ("http://127.0.0.1:8765") is where hosted pictures are linked."""
        if method not in ("GET", "POST"):
            return failure(405, f"Method {method[:20]!r} is not allowed.", status="UNIMPLEMENTED")
        path = unquote(path)
        if method == "GET" and path in _LIST_PATHS:
            return _json(200, {"models": [_describe(row) for row in models.CATALOGUE]})
        if method == "GET" and (image := _IMAGE_PATH.fullmatch(path)):
            return self._image(image[1])
        name, verb = _model_call(path)
        if name and method == "GET" and verb is None and (row := models.find(name)):
            return _json(200, _describe(row))
        if name and method == "POST" and verb == "generateContent":
            return self._generate(name, body, origin=origin)
        return failure(404, f"Nothing is found at {path[:200]!r}.")

    def _image(self, sha256: str) -> Answer:
        data = self._hosted.find(sha256)
        if data is None:
            return failure(404, "This picture is no longer hosted here.")
        return Answer(200, _headers(_mime_type(data), data), data)

    def _generate(self, name: str, body: bytes, *, origin: str) -> Answer:
        model = models.find(name) or models.Model(name, source="", aspect_ratios=())
        try:
            order = read_order(body, model, find=self._hosted.find)
            if BLOCKED_PHRASE in order.prompt.casefold():
                return _json(200, _blocked(order, model))
            picture = self._paint(order, model) if order.wants_image else None
        except Refusal as refusal:
            return failure(400, str(refusal))
        parts = [self._picture_part(picture, model, origin=origin)] if picture else []
        if order.wants_text or not parts:
            parts.append({"text": _remark(order)})
        return _json(200, _reply(parts, order, model, body))

    def _paint(self, order: Order, model: models.Model) -> bytes:
        from gemini_nb.offline import painter  # noqa: PLC0415 - Pillow is loaded with the first picture

        with self._easels:
            try:
                image = painter.paint(
                    order.prompt,
                    aspect_ratio=order.aspect_ratio,
                    image_size=order.image_size,
                    images=order.images,
                )
            except painter.UnreadableImageError:
                raise Refusal("Unable to process input image.") from None
            return painter.encode(image, "image/png" if _sends_png(model) else "image/jpeg")

    def _picture_part(self, picture: bytes, model: models.Model, *, origin: str) -> dict[str, Any]:
        sha256 = hashlib.sha256(picture).hexdigest()
        if model.shape == "hosted URL":
            self._hosted.keep(sha256, picture)
            suffix = "png" if _sends_png(model) else "jpg"
            return {"text": f"![Image]({origin}/images/{sha256}.{suffix})"}
        data, mime_type = base64.b64encode(picture).decode("ascii"), _mime_type(picture)
        if model.shape in ("data URI (JPEG)", "data URI (PNG)"):
            return {"text": f"![image](data:{mime_type};base64,{data})"}
        part: dict[str, Any] = {"inlineData": {"mimeType": mime_type, "data": data}}
        if not _sends_png(model):
            part["thoughtSignature"] = base64.b64encode(b"offline:" + sha256[:24].encode()).decode("ascii")
        return part


def failure(
    code: int, message: str, *, status: str | None = None, details: list[dict[str, Any]] | None = None
) -> Answer:
    """Build Google's error body for an HTTP status."""
    error: dict[str, Any] = {
        "code": code,
        "message": message,
        "status": status or _STATUS.get(code, "UNKNOWN"),
    }
    if details:
        error["details"] = details
    return _json(code, {"error": error})


def _json(status: int, value: Any) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Answer(status, _headers("application/json; charset=UTF-8", body), body)


def _headers(content_type: str, body: bytes) -> dict[str, str]:
    return {
        "content-type": content_type,
        "content-length": str(len(body)),
        "x-content-type-options": "nosniff",
    }


def _model_call(path: str) -> tuple[str | None, str | None]:
    match = _MODEL_PATH.fullmatch(path)
    if match is None or not _MODEL_NAME.fullmatch(match[1]):
        return None, None
    return match[1], match[2]


def _describe(row: models.Model) -> dict[str, Any]:
    return {
        "name": f"models/{row.id}",
        "version": "offline",
        "displayName": row.alias or row.id,
        "description": "Painted offline, without a model; replies have the shape last seen for this one.",
        "inputTokenLimit": 32768,
        "outputTokenLimit": 32768,
        "supportedGenerationMethods": ["generateContent"],
    }


def _sends_png(model: models.Model) -> bool:
    return model.id.startswith("gemini-2.")


def _mime_type(picture: bytes) -> str:
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"


def _remark(order: Order) -> str:
    did = "Edited" if order.images else "Painted"
    subject = " ".join(order.prompt[:2000].split())
    subject = subject if len(subject) <= 100 else subject[:99] + "…"
    return f"{did} offline, without a model: {subject}"


def _usage(order: Order, model: models.Model, *, parts: list[dict[str, Any]]) -> dict[str, Any]:
    text_in = len(order.prompt) // _CHARACTERS_PER_TOKEN + 1
    image_in = len(order.images) * _TOKENS_PER_INPUT_IMAGE
    image_out = _image_tokens(order, model) if parts and order.wants_image else 0
    text_out = len(_remark(order)) // _CHARACTERS_PER_TOKEN if parts and order.wants_text else 0
    usage = {
        "promptTokenCount": text_in + image_in,
        "candidatesTokenCount": image_out + text_out,
        "totalTokenCount": text_in + image_in + image_out + text_out,
        "promptTokensDetails": _details(TEXT=text_in, IMAGE=image_in),
        "candidatesTokensDetails": _details(IMAGE=image_out, TEXT=text_out),
    }
    return {name: value for name, value in usage.items() if value != []}


def _image_tokens(order: Order, model: models.Model) -> int:
    known = dict(model.tokens)
    default = known.get(model.default_size, 1120)
    return known.get(order.image_size or model.default_size, default)


def _details(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]


def _reply(parts: list[dict[str, Any]], order: Order, model: models.Model, body: bytes) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    digest = hashlib.sha256(model.id.encode() + b"\n" + body).digest()
    return {
        "candidates": [candidate],
        "usageMetadata": _usage(order, model, parts=parts),
        "modelVersion": model.id,
        "responseId": base64.urlsafe_b64encode(digest[:15]).decode("ascii"),
    }


def _blocked(order: Order, model: models.Model) -> dict[str, Any]:
    return {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": _usage(order, model, parts=[]),
        "modelVersion": model.id,
    }
