"""One call of a model that is to be answered: its request, its model, and the form the reply goes out in."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from gemini_nb.offline import replies
from gemini_nb.offline.responses import json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.models import Model
    from gemini_nb.offline.replies import Form
    from gemini_nb.offline.request import ParsedRequest
    from gemini_nb.offline.responses import Response

BLOCKED_PHRASE = "blocked by safety"
"""A prompt that holds this phrase is refused as a policy would, so that refusals can be tried."""


class Painted(NamedTuple):
    """An encoded picture, and a sentence on what of the prompt is not on it, or ""."""

    data: bytes
    note: str = ""


@dataclass(frozen=True)
class Job:
    """A request with all that answering it takes.

    `paint` makes a picture of a request in a media type; `host` keeps one under its SHA-256, to be served
    below `origin`. `body` is the request as it came, from which the reply's id is made. `once` says that a
    fault is met this time only: the same call is answered as usual the next time.
    """

    request: ParsedRequest
    model: Model
    body: bytes
    origin: str
    paint: Callable[[ParsedRequest, str], Painted]
    host: Callable[[str, bytes], None]
    form: Form | None = None
    once: bool = False

    def answer(self) -> Response:
        """Answer as the service does on a good day: with a picture, or text, or the refusal of a policy.

        What the picture leaves out is said in the text, and in `finishMessage` beside the reason STOP.
        """
        if BLOCKED_PHRASE in self.request.prompt.casefold():
            return self.send(replies.build_blocked_reply(self.request, self.model))
        painted = self.paint(self.request, self._mime_type) if self.request.wants_image else None
        parts = [self.image_part(painted.data)] if painted else []
        note = painted.note if painted else ""
        if self.request.wants_text or not parts:
            parts.append({"text": replies.remark(self.request, note)})
        return self.send_parts(parts, **({"finishMessage": note} if note else {}))

    def send_parts(self, parts: list[dict[str, Any]], **candidate: Any) -> Response:
        """Send a reply of these parts; further fields, such as `finishReason`, go into its one candidate."""
        return self.send(replies.build_reply(parts, self.request, self.model, self.body, **candidate))

    def send(self, reply: dict[str, Any]) -> Response:
        """Send a reply in the form that was asked for: one JSON object, or a stream."""
        return replies.stream_response(reply, self.form) if self.form else json_response(200, reply)

    def paint_image(self, *, edit: str = "", mime_type: str | None = None) -> bytes:
        """Paint the request; with `edit`, as in "black and white", return that picture edited so."""
        mime_type = mime_type or self._mime_type
        picture = self.paint(self.request, mime_type).data
        if not edit:
            return picture
        return self.paint(replace(self.request, prompt=edit, images=(picture,)), mime_type).data

    def image_part(self, picture: bytes) -> dict[str, Any]:
        """Wrap a picture in the shape that the model was last seen to send."""
        if self.model.shape == "hosted URL":
            sha256 = hashlib.sha256(picture).hexdigest()
            self.host(sha256, picture)
            return {"text": f"![Image]({self.link(sha256)})"}
        if self.model.shape in ("data URI (JPEG)", "data URI (PNG)"):
            data = base64.b64encode(picture).decode("ascii")
            return {"text": f"![image](data:{mime_type_of(picture)};base64,{data})"}
        return self.inline_part(picture, mime_type_of(picture))

    def inline_part(self, picture: bytes, mime_type: str) -> dict[str, Any]:
        """Wrap a picture in `inlineData`, with a thought signature if the model sends one."""
        data = base64.b64encode(picture).decode("ascii")
        part: dict[str, Any] = {"inlineData": {"mimeType": mime_type, "data": data}}
        if not self._sends_png:
            sha256 = hashlib.sha256(picture).hexdigest()
            part["thoughtSignature"] = base64.b64encode(b"offline:" + sha256[:24].encode()).decode("ascii")
        return part

    def link(self, sha256: str) -> str:
        """Return the URL of a hosted picture, which is there only once `host` was called for it."""
        return f"{self.origin}/images/{sha256}.{'png' if self._sends_png else 'jpg'}"

    @property
    def _mime_type(self) -> str:
        return "image/png" if self._sends_png else "image/jpeg"

    @property
    def _sends_png(self) -> bool:
        return self.model.id.startswith("gemini-2.")


def mime_type_of(picture: bytes) -> str:
    """Return the media type of a picture painted here, which is PNG or JPEG."""
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
