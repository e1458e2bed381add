"""A model's raw content, as JSON that gives its values back exactly, thought signatures included.

A picture that stands in it is kept once, as a picture: its base64 is written as `{"$image": SHA-256}`, and
the whole as `{"elided": …}`. Content that has a field of that name itself is written as `{"plain": …}`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pybase64 import b64encode

from gemini_nb.errors import GeminiError
from gemini_nb.reply.base64_blobs import MAX_REST_ITEMS, map_texts
from gemini_nb.reply.shapes import dicts, field_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gemini_nb.images.image import GeneratedImage
    from gemini_nb.providers.secret import Secret
    from gemini_nb.reply.base64_blobs import BlobTable

MAX_CONTENT_BYTES = 128 * 2**20  # a reply of 64 MiB may be longer when written out again
_IMAGE = "$image"
_NOT_JSON = (ValueError, TypeError, RecursionError)
_UNWRITABLE = (*_NOT_JSON, GeminiError)  # GeminiError: the file of a picture in it is gone
_SHORT_BYTES = 2048  # a picture this small may stand in a reply without having been lifted out


class Content:
    """A model's turn as it came, with tokens of `blobs` where base64 stood; a call gives the whole of it."""

    def __init__(self, value: Any, blobs: BlobTable) -> None:
        self.value = value
        self._blobs = blobs

    def __call__(self) -> Any:
        return self._blobs.restore_value(self.value)

    def elide(self, images: Iterable[GeneratedImage]) -> Any:
        """Return it with the SHA-256 of a picture in place of its base64, which is not built for it."""
        pictures = tuple(images)
        marks = {
            b64encode(image.data).decode("ascii"): {_IMAGE: image.sha256}
            for image in pictures
            if image.size <= _SHORT_BYTES
        }

        def replace_text(text: str) -> Any:
            blob = self._blobs.get(text)
            if blob is not None and blob.is_standard:
                for image in pictures:
                    if blob.data is image.held or blob.data == image.held:
                        return {_IMAGE: image.sha256}
            return marks.get(text) or self._blobs.restore(text)

        return map_texts(self.value, replace_text, self._blobs.restore)


def can_be_echoed(content: Any) -> bool:
    """Whether a picture stands in the content as `inlineData`, as the API itself sends it.

    A picture in text or behind a link cannot be repeated as a model's turn: it would be read as words.
    """
    value = content.value if isinstance(content, Content) else content
    return any("inlineData" in part or "inline_data" in part for part in dicts(field_of(value, "parts")))


def with_role(content: Any) -> Any:
    """Return a turn as the API takes it: one that came without a role is the model's."""
    if isinstance(content, dict) and not content.get("role"):
        return {**content, "role": "model"}
    return content


def encode(content: Content | None, *, images: Iterable[GeneratedImage], key: Secret | None) -> bytes | None:
    """Return the content as one line of JSON; None where there is none that may be kept.

    Content that holds the key is not kept: with the key masked it would not be what must be echoed.
    """
    if content is None:
        return None
    try:
        whole = {"plain": content()} if _uses_mark(content.value) else {"elided": content.elide(images)}
        text = json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except _UNWRITABLE:
        return None
    raw = text.encode("utf-8", "backslashreplace")  # escapes lone surrogates, which JSON can name
    holds_key = key is not None and key.redact(text) != text
    return None if holds_key or len(raw) > MAX_CONTENT_BYTES else raw


def decode(raw: bytes, image: Callable[[str], bytes | None]) -> Any | None:
    """Return the values in a content's file, or None where they, or a picture of theirs, cannot be read.

    `image` gives the bytes of the stored picture with a SHA-256. Values that would fill the memory, such as a
    picture that is named a thousand times, are not read.
    """
    left = MAX_CONTENT_BYTES

    def encode_image(name: str) -> str:
        nonlocal left
        data = image(name)
        left -= len(data) * 4 // 3 if data is not None else 0
        if data is None or left < 0:
            raise LookupError(name)
        return b64encode(data).decode("ascii")

    try:
        if sum(map(raw.count, (b"{", b"[", b","))) > MAX_REST_ITEMS:
            return None
        whole = json.loads(raw.decode("utf-8"))
        return whole["plain"] if "plain" in whole else _fill_images(whole["elided"], encode_image)
    except (*_NOT_JSON, LookupError):
        return None


def _uses_mark(value: Any) -> bool:
    """Whether the content itself has a field of the mark's name; then it is kept as it is."""
    if isinstance(value, dict):
        return _IMAGE in value or any(_uses_mark(item) for item in value.values())
    return isinstance(value, list) and any(_uses_mark(item) for item in value)


def _fill_images(value: Any, encode_image: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_IMAGE} and isinstance(value[_IMAGE], str):
            return encode_image(value[_IMAGE])
        return {name: _fill_images(item, encode_image) for name, item in value.items()}
    return [_fill_images(item, encode_image) for item in value] if isinstance(value, list) else value
