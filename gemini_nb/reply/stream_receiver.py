"""A streamed reply while it arrives: its text and pictures are told, its events go on as one JSON array.

What the reply amounts to is read from that array as from any other reply; what is told here comes earlier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from gemini_nb.errors import GeminiError, TooLargeError
from gemini_nb.images.image import GeneratedImage
from gemini_nb.reply import shapes
from gemini_nb.reply.base64_blobs import MAX_REST_BYTES, UNUSUAL_HINT, BlobTable, parse_json
from gemini_nb.reply.json_receiver import JSONReceiver, ReceivedBody
from gemini_nb.reply.live_pieces import LiveText
from gemini_nb.reply.shapes import ReplyParts, dicts, field_of
from gemini_nb.reply.sse import EventSplitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.files import UnnamedFile
    from gemini_nb.generation import Generation
    from gemini_nb.providers.secret import Secret

    OnPiece = Callable[[str | GeneratedImage], object]

    class TakePart(Protocol):
        def __call__(self, part: Any, blobs: BlobTable, *, is_first: bool) -> None: ...


MAX_EVENTS = 200_000

_END_MARK = b"[DONE]"


class LivePieces:
    """Tells of one request: text as it comes, word by word, and each picture once its event is whole.

    Drafts are not told, and pictures that stand in text only when all of it is there. Where `tell` fails it
    is called no more, and `rest` raises its failure: the reply is paid for, and is read to its end first.
    """

    def __init__(self, tell: OnPiece, *, key: Secret | None = None) -> None:
        self._tell = tell
        self._failure: Exception | None = None
        self._redact = key.redact if key else str
        self._prose = LiveText(self._redact)
        self._part: Any = None  # the last one
        self._images: list[GeneratedImage] = []
        self.has_begun = False

    def receiver(self, draft: Callable[[], UnnamedFile] | None = None) -> StreamedReply:
        """Return what receives the reply of one attempt; see `JSONReceiver`."""
        self._prose, self._part = LiveText(self._redact), None
        return StreamedReply(self.part, draft=draft)

    def part(self, part: Any, blobs: BlobTable, *, is_first: bool) -> None:
        """OnPiece what a part holds; the first one of its event may go on with the text before it."""
        if not (is_first and shapes.continues(self._part, part)):
            self._say(self._prose.end_part())
        self._part = part
        if field_of(part, "thought") is True:
            return
        text, inline = field_of(part, "text"), field_of(part, "inlineData", "inline_data")
        if isinstance(text, str):
            self._say(self._prose.add(blobs.restore(text)))
        if inline is not None:
            self._show(inline, blobs)

    def rest(self, generation: Generation) -> None:
        """OnPiece what the whole reply turned out to hold beside what was told."""
        self._say(self._prose.rest(generation.text))
        for image in generation.images:
            if image not in self._images:
                self._give(image)
        if self._failure is not None:
            raise self._failure

    def _say(self, words: str) -> None:
        if words:
            self._give(words)

    def _give(self, piece: str | GeneratedImage) -> None:
        self.has_begun = True
        if self._failure is None:
            try:
                self._tell(piece)
            except Exception as failure:  # noqa: BLE001 - the caller's own, which `rest` raises
                self._failure = failure

    def _show(self, inline: Any, blobs: BlobTable) -> None:
        found = ReplyParts(blobs)
        mime_type = field_of(inline, "mimeType", "mime_type")
        found.add(field_of(inline, "data"), mime_type, "inlineData", found.inline)
        for one in found.inline:
            declared = one.declared_mime_type and self._redact(one.declared_mime_type)
            try:
                image = GeneratedImage.from_bytes(one.data, declared_mime_type=declared, source=one.source)
            except GeminiError:  # the whole is read as well, and says why
                continue
            self._images.append(image)
            self._give(image)


class StreamedReply:
    """Receives one reply for `transport.post`, as `JSONReceiver` does; its events become one JSON array.

    A body of plain JSON stays as it is. `part` is called for each part of each event that is whole; `draft`
    opens a file for a large picture.
    """

    def __init__(self, part: TakePart, *, draft: Callable[[], UnnamedFile] | None = None) -> None:
        self._part = part
        self._draft = draft
        self._blobs = BlobTable()
        self._splitter = EventSplitter(self._take, self._end_event)
        self._event: JSONReceiver | None = None
        self._events: list[bytes] = []
        self._event_bytes = 0

    @property
    def has_events(self) -> bool:
        """Whether something of a reply has come."""
        return bool(self._events)

    def expect(self, length: int, /) -> None:
        """Take note of nothing: what a body of events has in length says little of its pictures."""

    def write(self, piece: bytes | memoryview, /) -> None:
        self._splitter.write(bytes(piece))
        if self._event_bytes > MAX_REST_BYTES or len(self._events) > MAX_EVENTS:
            raise TooLargeError(
                f"The stream brought {self._event_bytes / 1e6:.1f} MB beside its pictures, in "
                f"{len(self._events)} events, more than is read.",
                hint=UNUSUAL_HINT,
            )

    def finish(self) -> ReceivedBody:
        """Return the whole reply; nothing can be written any more."""
        self._splitter.finish()
        return self.so_far()

    def so_far(self) -> ReceivedBody:
        """Return the events that have come whole, as where the rest never came."""
        if self._splitter.is_plain and self._events:
            return ReceivedBody(self._events[0], self._blobs)
        return ReceivedBody(b"[%s]" % b",".join(self._events), self._blobs)

    def _take(self, data: bytes) -> None:
        if self._event is None:
            self._event = JSONReceiver(self._draft, blobs=self._blobs)
        self._event.write(data)

    def _end_event(self) -> None:
        event, self._event = self._event, None
        rest = event.finish().rest if event else b""
        if self._splitter.is_plain:
            self._events.append(rest)
            return
        rest = rest.strip()
        if rest.startswith(b"[{") and rest.endswith(b"]"):  # as Google wraps an error
            rest = rest[1:-1]
        if rest not in (b"", _END_MARK):
            self._events.append(rest)
            self._event_bytes += len(rest)
            self._tell(b"[%s]" % rest)

    def _tell(self, rest: bytes) -> None:
        try:
            value = parse_json(rest)
        except GeminiError:  # the whole is read as well, and says so
            return
        for reply in dicts(value):
            for place, part in enumerate(shapes.parts(reply)):
                self._part(part, self._blobs, is_first=place == 0)
