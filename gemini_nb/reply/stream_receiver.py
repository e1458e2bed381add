"""A streamed reply while it arrives: each part is handed on, and all its events become one JSON array.

What the reply amounts to is read from that array, as from any other reply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from gemini_nb.errors import GeminiError, TooLargeError
from gemini_nb.reply import shapes
from gemini_nb.reply.base64_blobs import MAX_REST_BYTES, UNUSUAL_HINT, BlobTable, parse_json
from gemini_nb.reply.json_receiver import JSONReceiver, ReceivedBody
from gemini_nb.reply.shapes import dicts
from gemini_nb.reply.sse import EventSplitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.files import UnnamedFile

    class TakePart(Protocol):
        """Takes a part of an event, tokens of `blobs` in it; the first one may go on with the text before."""

        def __call__(self, part: Any, blobs: BlobTable, *, is_first: bool) -> None: ...


MAX_EVENTS = 200_000

_END_MARK = b"[DONE]"


class StreamedReply:
    """Receives one reply for `transport.post`, as `JSONReceiver` does; its events become one JSON array.

    A body of plain JSON stays as it is. `take_part` is called for each part of each event that is whole;
    `new_file` opens a file for a large picture.
    """

    def __init__(self, take_part: TakePart, *, new_file: Callable[[], UnnamedFile] | None = None) -> None:
        self._take_part = take_part
        self._new_file = new_file
        self._blobs = BlobTable()
        self._splitter = EventSplitter(self._take, self._end_event)
        self._event: JSONReceiver | None = None
        self._events: list[bytes] = []
        self._event_bytes = 0

    def expect(self, length: int, /) -> None:
        """Ignore the length of the body: that of a stream of events says little of its pictures."""

    def write(self, piece: bytes | memoryview, /) -> None:
        """Take the next piece of the body; raise TooLargeError past MAX_REST_BYTES or MAX_EVENTS."""
        self._splitter.write(bytes(piece))
        if self._event_bytes > MAX_REST_BYTES or len(self._events) > MAX_EVENTS:
            raise TooLargeError(
                f"The stream brought {self._event_bytes / 1e6:.1f} MB beside its pictures, in "
                f"{len(self._events)} events, more than is read.",
                hint=UNUSUAL_HINT,
            )

    def finish(self) -> ReceivedBody:
        """Return the events that came, the last one perhaps cut short; nothing can be written any more."""
        self._splitter.finish()
        if self._splitter.is_plain and self._events:
            return ReceivedBody(self._events[0], self._blobs)
        return ReceivedBody(b"[%s]" % b",".join(self._events), self._blobs, is_stream=True)

    def _take(self, data: bytes) -> None:
        if self._event is None:
            self._event = JSONReceiver(self._new_file, blobs=self._blobs)
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
            self._hand_on(b"[%s]" % rest)

    def _hand_on(self, rest: bytes) -> None:
        try:
            value = parse_json(rest)
        except GeminiError:  # the whole is read as well, and says so
            return
        for reply in dicts(value):
            for place, part in enumerate(shapes.parts(reply)):
                self._take_part(part, self._blobs, is_first=place == 0)
