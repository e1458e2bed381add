"""Text and pictures of a streamed reply, handed on before the rest is there.

The text is a beginning of what the whole reply's text will be: word by word, since a key that must be masked
may be cut anywhere, and nothing from the first sign of a picture on, which is no text in the end.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import GeminiError
from gemini_nb.images.image import GeneratedImage
from gemini_nb.reply import shapes
from gemini_nb.reply.shapes import ReplyParts, field_of
from gemini_nb.reply.stream_receiver import StreamedReply
from gemini_nb.reply.text_images import PICTURE_START
from gemini_nb.text import replace_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.files import UnnamedFile
    from gemini_nb.generation import Generation
    from gemini_nb.providers.secret import Secret
    from gemini_nb.reply.base64_blobs import BlobTable

    OnPiece = Callable[[str | GeneratedImage], object]

# What a word, a key or base64 is written with; a lone surrogate waits for its other half.
_WORD = string.digits + string.ascii_letters + string.punctuation
_SURROGATE = "\ud800", "\udfff"
_PICTURE = re.compile(rf"(?i:!\[|data:\S)|(?:\bb['\"])?(?:{PICTURE_START})")


class LivePieces:
    """Calls `on_piece` with what one request brings: text word by word, each picture once its event is whole.

    Drafts are left out, and pictures that stand in text come only when all of it is there, as all of them do
    with `with_pictures=False`: those of an edit with a mask are composed first. Where `on_piece`
    fails it is called no more, and `finish` raises its failure: the reply is paid for, and is read to its end
    first.
    """

    def __init__(self, on_piece: OnPiece, *, key: Secret | None = None, with_pictures: bool = True) -> None:
        self._on_piece = on_piece
        self._with_pictures = with_pictures
        self._failure: Exception | None = None
        self._redact = key.redact if key else str
        self._text = LiveText(self._redact)
        self._part: Any = None  # the last one
        self._images: list[GeneratedImage] = []
        self.has_begun = False  # whether something was handed on

    def receiver(self, new_file: Callable[[], UnnamedFile] | None = None) -> StreamedReply:
        """Return what receives the reply of one attempt; see `JSONReceiver`."""
        self._text, self._part = LiveText(self._redact), None
        return StreamedReply(self.add_parts, new_file=new_file)

    def add_parts(self, parts: list[Any], blobs: BlobTable) -> None:
        """Hand on what the parts of an event hold; the first of them may go on with the text before it."""
        for place, part in enumerate(parts):
            if place > 0 or not shapes.continues_text(self._part, part):
                self._give(self._text.end_part())
            self._part = part
            if field_of(part, "thought") is True:
                continue
            text, inline = field_of(part, "text"), field_of(part, "inlineData", "inline_data")
            if isinstance(text, str):
                self._give(self._text.add(blobs.restore(text)))
            if inline is not None and self._with_pictures:
                self._give_images(inline, blobs)

    def finish(self, generation: Generation) -> None:
        """Hand on what the whole reply turned out to hold besides; raise what `on_piece` failed with."""
        self._give(self._text.rest(generation.text))
        for image in generation.images:
            if image not in self._images:
                self._give(image)
        if self._failure is not None:
            raise self._failure

    def _give(self, piece: str | GeneratedImage) -> None:
        if piece == "":
            return
        self.has_begun = True
        if self._failure is None:
            try:
                self._on_piece(piece)
            except Exception as failure:  # noqa: BLE001 - the caller's own, which `finish` raises
                self._failure = failure

    def _give_images(self, inline: Any, blobs: BlobTable) -> None:
        parts = ReplyParts(blobs)
        mime_type = field_of(inline, "mimeType", "mime_type")
        parts.add(field_of(inline, "data"), mime_type, "inlineData", parts.inline)
        for picture in parts.inline:
            declared = picture.declared_mime_type and self._redact(picture.declared_mime_type)
            try:
                image = GeneratedImage.from_bytes(
                    picture.data, declared_mime_type=declared, source=picture.source
                )
            except GeminiError:  # the whole is read as well, and says why
                continue
            self._images.append(image)
            self._give(image)


class LiveText:
    """Takes a text in deltas; each call returns what may be shown now. `redact` masks the key in it."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._shown: list[str] = []
        self._waiting: list[str] = []
        self._is_blank = True  # whether what waits is white space only
        self._begun = False  # whether something of this part was shown
        self._held = False

    def add(self, delta: str) -> str:
        """Take the next piece of a part's text."""
        if self._held or not delta:
            return ""
        cut = len(delta.rstrip(_WORD))
        while cut and _SURROGATE[0] <= delta[cut - 1] <= _SURROGATE[1]:
            cut -= 1
        if not cut or (self._is_blank and delta.isspace()):
            self._wait(delta)
            return ""
        self._wait(delta[:cut])
        return self._release(delta[cut:])

    def end_part(self) -> str:
        """Take a part as ended: what comes next begins a line of its own."""
        words = self._release("")
        self._waiting, self._is_blank, self._begun = [], True, False
        return words

    def rest(self, text: str) -> str:
        """Return what is left to show, once the whole text is known."""
        shown = "".join(self._shown)
        return text[len(shown) :] if text.startswith(shown) else ""

    def _wait(self, text: str) -> None:
        self._waiting.append(text)
        self._is_blank = self._is_blank and (not text or text.isspace())

    def _release(self, after: str) -> str:
        """Return what waits, but for white space at its end; `after` waits on."""
        text = "".join(self._waiting)
        if (sign := _PICTURE.search(text)) is not None:
            self._held, text = True, text[: sign.start()]
        words = text.rstrip()
        self._waiting, self._is_blank = [], True
        self._wait(text[len(words) :])
        self._wait(after)
        if not self._begun:
            words = words.lstrip()
        if not words:
            return ""
        between = "\n" if self._shown and not self._begun else ""
        self._begun = True
        words = between + replace_surrogates(self._redact(words))
        self._shown.append(words)
        return words
