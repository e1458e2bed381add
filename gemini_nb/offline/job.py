"""One call that is to be answered: what is ordered, of which model, and in which form the reply goes out."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gemini_nb.offline import replies, responses

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.models import Model
    from gemini_nb.offline.replies import Form
    from gemini_nb.offline.request import ParsedRequest
    from gemini_nb.offline.responses import Answer

BLOCKED_PHRASE = "blocked by safety"
"""A prompt that holds this phrase is refused as a policy would, so that refusals can be tried."""


@dataclass(frozen=True)
class Job:
    """An order with all that answering it takes.

    `paint` makes a picture of an order in a media type, `keep` hosts one by its SHA-256 under `origin`.
    `once` says that the same call will be answered as usual next time.
    """

    order: ParsedRequest
    model: Model
    body: bytes
    origin: str
    paint: Callable[[ParsedRequest, str], bytes]
    keep: Callable[[str, bytes], None]
    form: Form | None = None
    once: bool = False

    def usual(self) -> Answer:
        """Answer as the service does on a good day."""
        if BLOCKED_PHRASE in self.order.prompt.casefold():
            return self.answer(replies.blocked(self.order, self.model))
        parts = [self.part(self.picture())] if self.order.wants_image else []
        if self.order.wants_text or not parts:
            parts.append({"text": replies.remark(self.order)})
        return self.answer(self.reply(parts))

    def reply(self, parts: list[dict[str, Any]], **candidate: Any) -> dict[str, Any]:
        return replies.reply(parts, self.order, self.model, self.body, **candidate)

    def answer(self, reply: dict[str, Any]) -> Answer:
        """Send a reply in the form that was asked for: one JSON object, or a stream."""
        return replies.stream_answer(reply, self.form) if self.form else responses.of_json(200, reply)

    def picture(self, *, edit: str = "", mime_type: str | None = None) -> bytes:
        """Paint the order; with `edit`, as in "black and white", a picture that differs from it so."""
        mime_type = mime_type or ("image/png" if self._sends_png else "image/jpeg")
        picture = self.paint(self.order, mime_type)
        if not edit:
            return picture
        return self.paint(replace(self.order, prompt=edit, images=(picture,)), mime_type)

    def part(self, picture: bytes) -> dict[str, Any]:
        """Wrap a picture in the shape that the model was last seen to send."""
        if self.model.shape == "hosted URL":
            sha256 = hashlib.sha256(picture).hexdigest()
            self.keep(sha256, picture)
            return {"text": f"![Image]({self.link(sha256)})"}
        if self.model.shape in ("data URI (JPEG)", "data URI (PNG)"):
            data = base64.b64encode(picture).decode("ascii")
            return {"text": f"![image](data:{mime_type_of(picture)};base64,{data})"}
        return self.inline(picture, mime_type_of(picture))

    def inline(self, picture: bytes, mime_type: str) -> dict[str, Any]:
        """Wrap a picture in `inlineData`, signed if the model signs."""
        data = base64.b64encode(picture).decode("ascii")
        part: dict[str, Any] = {"inlineData": {"mimeType": mime_type, "data": data}}
        if not self._sends_png:
            sha256 = hashlib.sha256(picture).hexdigest()
            part["thoughtSignature"] = base64.b64encode(b"offline:" + sha256[:24].encode()).decode("ascii")
        return part

    def link(self, sha256: str) -> str:
        return f"{self.origin}/images/{sha256}.{'png' if self._sends_png else 'jpg'}"

    @property
    def _sends_png(self) -> bool:
        return self.model.id.startswith("gemini-2.")


def mime_type_of(picture: bytes) -> str:
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
