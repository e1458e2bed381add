"""Server-sent events, as `alt=sse` sends a reply: split into the data of each, in whatever pieces they come.

A body that is no event stream is handed on as it is: some gateways answer plain JSON to a call for a stream.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

State = Literal["undecided", "plain", "line", "data", "other"]

_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_FIELD = re.compile(rb"(?:data|event|id|retry)?:")
_LONGEST_FIELD = len(b"retry:")
_DATA = b"data:"
_LOOK_BYTES = 1024  # of white space, after which a body is no event stream
_LF, _CR = b"\n\r"


class EventSplitter:
    """Takes a body piece by piece; gives the bytes of an event's data to `data`, and calls `end` after each.

    An event is never held: a picture of megabytes goes on as it comes. A body that does not begin like
    events is one event. JSON without a field's name before it is an event up to the next blank line.
    """

    def __init__(self, data: Callable[[bytes], object], end: Callable[[], object]) -> None:
        self._data = data
        self._end = end
        self._state: State = "undecided"
        self._begun = b""  # a line of which too little is known, its end never among it
        self._lines = 0  # of the event that is under way
        self._bare = False  # whether it stands there without a field's name
        self._after_cr = False

    @property
    def is_plain(self) -> bool:
        """Whether the body turned out to be no event stream."""
        return self._state == "plain"

    def write(self, piece: bytes) -> None:
        """Take the next piece of the body."""
        if self._state == "undecided":
            piece = self._decide(piece)
        if self._state == "plain":
            self._data(piece)
        elif piece:
            self._split(piece)

    def finish(self) -> None:
        """Take the body as ended: its last event needs no blank line."""
        if self._state == "undecided":
            self._state = "plain"
            self._data(self._begun)
        elif self._state == "line" and self._begun:
            self._begin_line(b"", ended=True)
        if self._state == "plain" or self._lines:
            self._end()

    def _decide(self, piece: bytes) -> bytes:
        """Decide what the body is by its first bytes; return what of it can be read on with."""
        head = self._begun + piece
        start = head.lstrip(_BLANK).removeprefix(_BOM).lstrip(_BLANK)
        self._begun = head
        if _FIELD.match(start):
            self._state, self._begun = "line", b""
            return start
        if len(start) < _LONGEST_FIELD + len(_BOM) and len(head) < _LOOK_BYTES:
            return b""
        self._state, self._begun = "plain", b""
        return head

    def _split(self, piece: bytes) -> None:
        feeds, returns = Next(piece, b"\n"), Next(piece, b"\r")
        at = 0
        while at < len(piece):
            if self._after_cr and piece[at] == _LF:
                at += 1
            self._after_cr = False
            stop = min(feeds.after(at), returns.after(at))
            ended = stop < len(piece)
            if self._state == "line":
                self._begin_line(piece[at:stop], ended=ended)
            elif self._state == "data" and stop > at:
                self._data(piece[at:stop])
            if ended:
                self._after_cr = piece[stop] == _CR
                self._state = "line"
            at = stop + 1

    def _begin_line(self, text: bytes, *, ended: bool) -> None:
        """Read a line's beginning; where that is too short to tell what it is, wait for more."""
        line = self._begun + text
        self._begun = b""
        if not line and ended:
            self._end_event()
        elif line.startswith(_DATA):
            if len(line) == len(_DATA) and not ended:  # a space may follow
                self._begun = line
                return
            if self._bare:
                self._end_event()
            self._more(line[len(_DATA) :].removeprefix(b" "))
        elif not ended and len(line) < len(_DATA) and _DATA.startswith(line):
            self._begun = line
        elif self._bare or line[:1] in (b"{", b"["):
            if not self._bare:
                self._end_event()
            self._bare = True
            self._more(line)
        else:
            self._state = "other"

    def _more(self, data: bytes) -> None:
        if self._lines:
            self._data(b"\n")
        self._lines += 1
        self._state = "data"
        if data:
            self._data(data)

    def _end_event(self) -> None:
        if self._lines:
            self._end()
        self._lines, self._bare = 0, False


class Next:
    """Finds where a byte occurs next; each part of `text` is searched once, however often it is asked for."""

    def __init__(self, text: bytes, byte: bytes) -> None:
        self._text, self._byte, self._at = text, byte, -1

    def after(self, position: int) -> int:
        """Return where it is from `position` on, which never goes back; the text's length if nowhere."""
        if self._at < position:
            at = self._text.find(self._byte, position)
            self._at = len(self._text) if at < 0 else at
        return self._at
