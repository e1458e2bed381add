"""Bodies of several JSON values: server-sent events, as `alt=sse` sends a reply, or lines of JSON.

`EventSplitter` splits a stream while it comes, in whatever pieces; a body that is no event stream is handed
on as it is. `parse_values` reads a whole body: a server may answer any call in any of these forms.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gemini_nb.errors import BadResponseError, TooLargeError
from gemini_nb.reply.base64_blobs import UNUSUAL_HINT, finite_or_none, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_EVENTS = 200_000

_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_FIELD = re.compile(rb"(?:data|event|id|retry)?:")
_LONGEST_FIELD = len(b"retry:")
_DATA = b"data:"
_LOOK_BYTES = 1024  # of white space, after which a body is no event stream
_LF, _CR = b"\n\r"
_END_MARK = b"[DONE]"
_MAX_LINES = 4 * MAX_EVENTS
_JSON_STARTS = (b"{", b"[")
_BETWEEN = re.compile(r"[ \t\r\n,\ufeff]*+")
_JSON_LINE = re.compile(r"^[ \t]*+[{\[][^\n]*+", re.MULTILINE)
_DECODER = json.JSONDecoder(parse_constant=lambda _: None, parse_float=finite_or_none)


class EventSplitter:
    """Takes a body piece by piece; gives the bytes of an event's data to `data`, and calls `end` after each.

    An event is never held: a picture of megabytes goes on as it comes. A body that does not begin like
    events is one event. JSON without a field's name before it is an event up to the next blank line.
    `framing` gets every byte that is in no event's data. Between two lines of one event `data` gets a line
    feed, which is no byte of the body: no other one ever is in an event's data.
    """

    def __init__(
        self,
        data: Callable[[bytes], object],
        end: Callable[[], object],
        framing: Callable[[bytes], object] = lambda _: None,
    ) -> None:
        self._data = data
        self._end = end
        self._framing = framing
        self._state: Literal["undecided", "plain", "line", "data", "other"] = "undecided"
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
            self._framing(head[: len(head) - len(start)])
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
                self._framing(b"\n")
                at += 1
            self._after_cr = False
            stop = min(feeds.after(at), returns.after(at))
            ended = stop < len(piece)
            if self._state == "line":
                self._begin_line(piece[at:stop], ended=ended)
            elif self._state == "data" and stop > at:
                self._data(piece[at:stop])
            elif stop > at:
                self._framing(piece[at:stop])
            if ended:
                self._framing(piece[stop : stop + 1])
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
            data = line[len(_DATA) :].removeprefix(b" ")
            self._framing(line[: len(line) - len(data)])
            self._more(data)
        elif not ended and len(line) < len(_DATA) and _DATA.startswith(line):
            self._begun = line
        elif self._bare or line.startswith(_JSON_STARTS):
            if not self._bare:
                self._end_event()
            self._bare = True
            self._more(line)
        else:
            self._framing(line)
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


@dataclass(frozen=True)
class Values:
    """The values of a body, and what is wrong with the rest of it, or None where there is no other rest.

    Events that were never meant as JSON, such as a keep-alive, are passed over.
    """

    values: list[Any]
    problem: BadResponseError | None = None
    is_stream: bool = False  # whether they are several, or events


def parse_values(rest: bytes) -> Values:
    """Parse what is left of a body without its base64.

    Raises BadResponseError where no object and no array is in it, TooLargeError where it is too much.
    """
    try:
        return Values([parse_json(rest)])
    except BadResponseError as error:
        problem = error.with_traceback(None)
    events = _split_events(rest)
    values, is_whole = _parse_sequence(rest) if events is None else _parse_events(events)
    if not any(isinstance(value, dict | list) for value in values):
        raise problem
    return Values(values, None if is_whole else problem, is_stream=True)


def parse_event(event: bytes) -> list[Any]:
    """Return the values of one event: none where it is empty or an end mark, those of an array."""
    event = event.strip()
    if event in (b"", _END_MARK):
        return []
    value = parse_json(event)
    return value if isinstance(value, list) else [value]  # Google sends an error inside an array


def _split_events(rest: bytes) -> list[bytes] | None:
    """Return the data of each event, or None where the body is no event stream."""
    events: list[bytes] = []
    parts: list[bytes] = []

    def end_event() -> None:
        events.append(b"".join(parts))
        parts.clear()

    _check_count(rest.count(b"\n") + rest.count(b"\r"), _MAX_LINES)
    splitter = EventSplitter(parts.append, end_event)
    splitter.write(rest)
    splitter.finish()
    _check_count(len(events), MAX_EVENTS)
    return None if splitter.is_plain else events


def _check_count(count: int, limit: int) -> None:
    if count > limit:
        raise TooLargeError(f"The reply came in {count} pieces, which is over the limit.", hint=UNUSUAL_HINT)


def _parse_events(events: list[bytes]) -> tuple[list[Any], bool]:
    values: list[Any] = []
    is_whole = True
    for event in events:
        try:
            values += parse_event(event)
        except BadResponseError:
            is_whole = is_whole and not event.lstrip().startswith(_JSON_STARTS)
    return values, is_whole


def _parse_sequence(rest: bytes) -> tuple[list[Any], bool]:
    """Parse values that stand one after the other; from the first flaw on, only whole lines of JSON."""
    text = rest.decode("utf-8", "replace")
    values: list[Any] = []
    at = _skip(text, 0)
    try:
        while at < len(text):
            value, end = _DECODER.raw_decode(text, at)
            values.append(value)
            _check_count(len(values), MAX_EVENTS)
            at = _skip(text, end)
    except (ValueError, RecursionError):
        if values or text[at] not in "{[<":  # else JSON that is cut short, or a page
            values += _parse_lines(text, text.find("\n", at))
        return values, False
    return values, True


def _parse_lines(text: str, start: int) -> Iterator[Any]:
    for line in _JSON_LINE.finditer(text, start) if start >= 0 else ():
        with suppress(ValueError, RecursionError):
            yield _DECODER.decode(line[0])


def _skip(text: str, at: int) -> int:
    match = _BETWEEN.match(text, at)
    return match.end() if match else at
