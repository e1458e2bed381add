"""A streamed reply while it arrives: each part is handed on, and the body is held as it came, without base64.

What the reply amounts to is read from that body, as from any other.
"""

from __future__ import annotations

import io
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import GeminiError, TooLargeError
from gemini_nb.reply import chunks, shapes
from gemini_nb.reply.base64_blobs import MAX_REST_BYTES, UNUSUAL_HINT, BlobTable
from gemini_nb.reply.json_receiver import JSONReceiver, ReceivedBody
from gemini_nb.reply.shapes import dicts
from gemini_nb.reply.sse import MAX_EVENTS, EventSplitter, parse_event

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from gemini_nb.files import UnnamedFile

_LINE_FEED = b"\n"
# What one step of the event loop takes: each line may be an event.
_BLOCK_BYTES = 64 * 1024
_BLOCK_LINES = 500


class StreamedReply:
    """Receives one reply for `transport.send`, as `JSONReceiver` does, and hands on what its events hold.

    A body of plain JSON is received as well. `take_parts` is called with the parts of each event that is
    whole, and the table of the tokens in them; `new_file` opens a file for a large picture. Raises
    TooLargeError past MAX_REST_BYTES or MAX_EVENTS.
    """

    def __init__(
        self,
        take_parts: Callable[[list[Any], BlobTable], object],
        *,
        new_file: Callable[[], UnnamedFile] | None = None,
    ) -> None:
        self._take_parts = take_parts
        self._new_file = new_file
        self._blobs = BlobTable()
        self._framing = bytearray()  # what came since the last byte of an event's data
        self._splitter = EventSplitter(self._take, self._end_event, self._framing.extend)
        self._event: JSONReceiver | None = None
        self._line_breaks: list[bytes] = []  # what stands between the lines of the event's data
        self._rest = io.BytesIO()
        self._events = 0
        self._untaken = b""  # of a piece that was not taken to its end

    def expect(self, length: int, /) -> None:
        """Ignore the length of the body: that of a stream of events says little of its pictures."""

    def take(self, piece: bytes | memoryview, /) -> Generator[None, None, None]:
        """Take the next piece step by step; see `Receiver`."""
        taken = 0
        try:
            while taken < len(piece):
                block = bytes(piece[taken : taken + _BLOCK_BYTES])
                lines = block.count(b"\n") + block.count(b"\r")
                block = block[: _BLOCK_BYTES * _BLOCK_LINES // max(lines, _BLOCK_LINES)]
                taken += len(block)
                self._splitter.write(block)
                self._check_size()
                yield
        finally:
            self._untaken += bytes(piece[taken:])

    def _check_size(self) -> None:
        size = self._rest.tell() + len(self._framing)
        if size > MAX_REST_BYTES or self._events > MAX_EVENTS:
            raise TooLargeError(
                f"The stream brought {size / 1e6:.1f} MB beside its pictures, in "
                f"{self._events} events, which is over the limit.",
                hint=UNUSUAL_HINT,
            )

    @property
    def size(self) -> int:
        """How many bytes are held that `finish` has to deal with."""
        return self._rest.tell() + (self._event.size if self._event else 0)

    def finish(self) -> ReceivedBody:
        """Return what came, every byte of it; nothing can be written any more."""
        self._splitter.finish()
        self._write_framing()
        self._rest.write(self._untaken)
        return ReceivedBody(self._rest.getvalue(), self._blobs)

    def _take(self, data: bytes) -> None:
        if data == _LINE_FEED and not self._splitter.is_plain:
            self._line_breaks.append(bytes(self._framing))
            self._framing.clear()
        if self._event is None:
            self._write_framing()
            self._event = JSONReceiver(self._new_file, blobs=self._blobs)
        self._event.write(data)

    def _write_framing(self) -> None:
        self._rest.write(self._framing)
        self._framing.clear()

    def _end_event(self) -> None:
        event, self._event = self._event, None
        if event is None:
            return
        rest = event.finish().rest
        if self._line_breaks:
            lines = zip_longest(rest.split(_LINE_FEED), self._line_breaks, fillvalue=b"")
            self._rest.writelines(chain.from_iterable(lines))
            self._line_breaks.clear()
        else:
            self._rest.write(rest)
        self._events += 1
        if not self._splitter.is_plain:
            self._hand_on(rest)

    def _hand_on(self, rest: bytes) -> None:
        if b'"parts"' not in rest:  # as in tiny events by the hundred thousand
            return
        try:
            values = parse_event(rest)
        except GeminiError:  # the whole is read as well, and says so
            return
        for reply in chunks.unwrap(dicts(values)):
            self._take_parts(shapes.parts(reply), self._blobs)
