"""The wire side of the offline provider: a request in, an answer out, no network and no key.

It answers in the shape that the catalogue last observed for the model, so that a reader meets all four.
Pictures come from `painter`, which is loaded with the first one; what goes wrong on purpose from `faults`.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from gemini_nb import models
from gemini_nb.offline import replies
from gemini_nb.offline.job import BLOCKED_PHRASE, Job, mime_type_of
from gemini_nb.offline.request import ParsedRequest, Refusal, read_order
from gemini_nb.offline.responses import Answer, failure, of_bytes, of_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gemini_nb.offline.faults import Faults

__all__ = ["BLOCKED_PHRASE", "Answer", "OfflineGateway", "failure"]

# google-genai 3 asks under /v1 where older ones and Google's documentation say /v1beta
_LIST_PATHS = ("/v1beta/models", "/v1/models")
_MODEL_PATH = re.compile(r"/(?:v1beta|v1)/models/([^/:]*)(?::([A-Za-z]+))?")
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")
_IMAGE_PATH = re.compile(r"/images/([0-9a-f]{64})\.(?:png|jpg)")
_GENERATE = ("generateContent", "streamGenerateContent")


class OfflineGateway:
    """Answers the Gemini API's image calls by painting; remembers the pictures it hosts.

    With `faults` a prompt may ask for one. Safe to share between threads.
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self._faults = faults
        self._hosted = HostedImages()
        # A 4K picture takes some 200 MB while it is painted: no more at a time than there are cores.
        self._painting_slots = threading.BoundedSemaphore(os.cpu_count() or 2)

    def answer(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],  # noqa: ARG002 - part of a request; nothing here depends on it yet
        query: Mapping[str, str],
        body: bytes,
        *,
        origin: str,
    ) -> Answer:
        """Answer one request; `origin` ("http://127.0.0.1:8765") is where hosted pictures are linked."""
        if method not in ("GET", "POST"):
            return failure(405, f"Method {method[:20]!r} is not allowed.", status="UNIMPLEMENTED")
        path = unquote(path)
        if method == "GET" and path in _LIST_PATHS:
            return of_json(200, {"models": [_describe(row) for row in models.CATALOGUE]})
        if method == "GET" and (image := _IMAGE_PATH.fullmatch(path)):
            return self._image(image[1])
        name, verb = model_call(path)
        if name and method == "GET" and verb is None and (row := models.find(name)):
            return of_json(200, _describe(row))
        if name and method == "POST" and verb in _GENERATE:
            return self._generate(name, body, origin=origin, form=replies.stream_form(verb, query))
        return failure(404, f"Nothing is found at {path[:200]!r}.")

    def _image(self, sha256: str) -> Answer:
        data = self._hosted.find(sha256)
        if data is None:
            return failure(404, "This picture is no longer hosted here.")
        return of_bytes(200, mime_type_of(data), data)

    def _generate(self, name: str, body: bytes, *, origin: str, form: replies.Form | None) -> Answer:
        model = models.find(name) or models.Model(name, source="", aspect_ratios=())
        try:
            order = read_order(body, model, find=self._hosted.find)
            job = Job(order, model, body, origin, self._paint, self._hosted.keep, form)
            return self._faults.meet(job) if self._faults else job.usual()
        except Refusal as refusal:
            return failure(400, str(refusal))

    def _paint(self, order: ParsedRequest, mime_type: str) -> bytes:
        from gemini_nb.offline.painter import paint  # noqa: PLC0415 - Pillow is loaded with the first picture

        with self._painting_slots:
            try:
                image = paint.paint(
                    order.prompt,
                    aspect_ratio=order.aspect_ratio,
                    image_size=order.image_size,
                    images=order.images,
                )
            except paint.UnreadableImageError:
                raise Refusal("Unable to process input image.") from None
            return paint.encode(image, mime_type)


def model_call(path: str) -> tuple[str | None, str | None]:
    """Return the model and the method that a path names, as in "/v1beta/models/NAME:METHOD"."""
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


class HostedImages:
    """The last pictures that were linked to, bounded in number and bytes; safe to share between threads."""

    MAX_PICTURES = 64
    MAX_BYTES = 128 * 2**20

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, sha256: str, picture: bytes) -> None:
        with self._lock:
            self._bytes += len(picture) - len(self._pictures.pop(sha256, b""))
            self._pictures[sha256] = picture
            while len(self._pictures) > 1 and (
                len(self._pictures) > self.MAX_PICTURES or self._bytes > self.MAX_BYTES
            ):
                self._bytes -= len(self._pictures.popitem(last=False)[1])

    def find(self, sha256: str) -> bytes | None:
        with self._lock:
            if sha256 in self._pictures:
                self._pictures.move_to_end(sha256)
            return self._pictures.get(sha256)
