"""The offline provider without its network: an HTTP request in, a response out, no key.

It answers in the shape that the catalogue last observed for the model, so that a reader meets all four, and
hosts the pictures that replies link to. The painter is loaded with the first picture.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from gemini_nb import models
from gemini_nb.offline import replies
from gemini_nb.offline.batches.api import BATCH_SECONDS, BatchApi
from gemini_nb.offline.job import Job, Painted, mime_type_of
from gemini_nb.offline.painter.recipes import RecipeBook, Step
from gemini_nb.offline.request import Refusal, read_request
from gemini_nb.offline.responses import bytes_response, error_response, json_response, method_not_allowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gemini_nb.offline.faults import Faults
    from gemini_nb.offline.request import ParsedRequest
    from gemini_nb.offline.responses import Response

# google-genai 3 asks under /v1 where older ones and Google's documentation say /v1beta
_LIST_PATHS = ("/v1beta/models", "/v1/models")
_MODEL_PATH = re.compile(r"/(?:v1beta|v1)/models/([^/:]*)(?::([A-Za-z]+))?")
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")
_IMAGE_PATH = re.compile(r"/images/([0-9a-f]{64})\.(?:png|jpg)")
_GENERATE = ("generateContent", "streamGenerateContent")


class OfflineGateway:
    """Answers the Gemini API's image calls by painting; remembers the pictures it hosts.

    With `faults` a prompt may ask for one; `batches` does many requests as one job, which takes
    `batch_seconds` and meets `batch_fault`. Safe to share between threads.
    """

    def __init__(
        self,
        faults: Faults | None = None,
        *,
        batch_seconds: float = BATCH_SECONDS,
        batch_fault: str | None = None,
    ) -> None:
        self._faults = faults
        self.batches = BatchApi(self._answer_row, seconds=batch_seconds, fault=batch_fault)
        self._hosted = HostedImages()
        self._recipes = RecipeBook()
        # A 4K picture takes some 200 MB while it is painted: no more at a time than there are cores.
        self._painting_slots = threading.BoundedSemaphore(os.cpu_count() or 2)

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        *,
        origin: str,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Answer one request, errors included; `path` is as it came, percent-encoded, without the query.

        `origin`, as in "http://127.0.0.1:8765", is where links to hosted pictures lead; `headers`, which
        only uploads have need of, have names in lower case.
        """
        path = unquote(path)
        found = self.batches.answer(method, path, query, body, origin=origin, headers=headers or {})
        if found is not None:
            return found
        if method not in ("GET", "POST"):
            return method_not_allowed(method)
        if method == "GET" and path in _LIST_PATHS:
            return json_response(200, {"models": [_describe_model(row) for row in models.CATALOGUE]})
        if method == "GET" and (image := _IMAGE_PATH.fullmatch(path)):
            data = self._hosted.find(image[1])
            if data is None:
                return error_response(404, "This picture is no longer hosted here.")
            return bytes_response(200, mime_type_of(data), data)
        name, verb = parse_model_path(path)
        if name and method == "GET" and verb is None and (row := models.find(name)):
            return json_response(200, _describe_model(row))
        if name and method == "POST" and verb in _GENERATE:
            model = models.find(name) or models.Model(name)
            return self._answer_call(model, body, origin=origin, form=replies.stream_form(verb, query))
        if name and method == "POST" and verb == "batchGenerateContent":
            return self.batches.create(name, body)
        return error_response(404, f"Nothing is found at {path[:200]!r}.")

    def _answer_row(self, name: str, body: bytes) -> Response:
        """Answer a request of a batch job, whose pictures are always inline: a job outlives hosted ones."""
        model = replace(models.find(name) or models.Model(name), shape=None, shape_source=None)
        return self._answer_call(model, body, origin="", form=None)

    def _answer_call(
        self, model: models.Model, body: bytes, *, origin: str, form: replies.Form | None
    ) -> Response:
        try:
            request = read_request(body, model, find_hosted=self._hosted.find)
            job = Job(request, model, body, origin, partial(self._paint, model), self._hosted.add, form)
            return self._faults.answer(job) if self._faults else job.answer()
        except Refusal as refusal:
            return error_response(400, str(refusal))

    def _paint(self, model: models.Model, request: ParsedRequest, mime_type: str) -> Painted:
        # Pillow is loaded with the first picture.
        from gemini_nb.offline.painter import edits, paint  # noqa: PLC0415

        step = Step(request.prompt, request.aspect_ratio, request.image_size)
        known = self._recipes.find(request.images[0]) if len(request.images) == 1 else None
        with self._painting_slots:
            try:
                painting = paint.paint_step(
                    step, images=request.images, known=known, variant=_variant(model, request.seed)
                )
                if request.mask is not None:
                    painting = paint.keep_outside(painting, request.images[0], request.mask)
            except edits.UnreadableImageError:
                raise Refusal("Unable to process input image.") from None
            data = paint.encode(painting.image, mime_type)
        if painting.recipe:
            self._recipes.add(data, painting.recipe)
        return Painted(data, painting.note)


class HostedImages:
    """The pictures linked to last, bounded in number and bytes; safe to share between threads."""

    MAX_PICTURES = 64
    MAX_BYTES = 128 * 2**20

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, sha256: str, picture: bytes) -> None:
        """Keep a picture under its SHA-256 in hex; the oldest ones make room, the newest always stays."""
        with self._lock:
            self._bytes += len(picture) - len(self._pictures.pop(sha256, b""))
            self._pictures[sha256] = picture
            while len(self._pictures) > 1 and (
                len(self._pictures) > self.MAX_PICTURES or self._bytes > self.MAX_BYTES
            ):
                self._bytes -= len(self._pictures.popitem(last=False)[1])

    def find(self, sha256: str) -> bytes | None:
        """Return the bytes of a picture, which counts as its use; None for one that is not hosted."""
        with self._lock:
            if sha256 in self._pictures:
                self._pictures.move_to_end(sha256)
            return self._pictures.get(sha256)


def parse_model_path(path: str) -> tuple[str | None, str | None]:
    """Return the model and the method that a path names, as in "/v1beta/models/NAME:METHOD".

    Both are None for any other path, the method alone for one that describes a model.
    """
    match = _MODEL_PATH.fullmatch(path)
    if match is None or not _MODEL_NAME.fullmatch(match[1]):
        return None, None
    return match[1], match[2]


def _variant(model: models.Model, seed: int | None) -> str:
    """Return what chooses among the pictures of a prompt: the seed, and the model unless it is the default.

    Models differ in what a prompt leaves open, so that a comparison of models has something to show.
    """
    own = "" if model.id == models.DEFAULT_MODEL else model.id
    return "\n".join(filter(None, (own, "" if seed is None else str(seed))))


def _describe_model(row: models.Model) -> dict[str, Any]:
    return {
        "name": f"models/{row.id}",
        "version": "offline",
        "displayName": row.alias or row.id,
        "description": "Painted offline, without a model; replies have the shape last seen for this one.",
        "inputTokenLimit": 32768,
        "outputTokenLimit": 32768,
        "supportedGenerationMethods": ["generateContent", "batchGenerateContent"],
    }
