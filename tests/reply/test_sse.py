"""A body of server-sent events, in whatever pieces it comes."""

from __future__ import annotations

import pytest

from gemini_nb.reply.sse import EventSplitter

LONG = b"x" * 3_000_000


def split(*pieces: bytes) -> list[bytes]:
    """The data of each event."""
    found, parts = [], []

    def end():
        found.append(b"".join(parts))
        parts.clear()

    splitter = EventSplitter(parts.append, end)
    for piece in pieces:
        splitter.write(piece)
    splitter.finish()
    assert parts == []
    return found


BODIES = {
    "line feeds": (b'data: {"a": 1}\n\ndata: {"b": 2}\n\n', [b'{"a": 1}', b'{"b": 2}']),
    "carriage returns and line feeds": (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [b"1", b"2"]),
    "carriage returns": (b"data: 1\r\rdata: 2\r\r", [b"1", b"2"]),
    "ends mixed": (b"data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\n", [b"1", b"2", b"3"]),
    "no space after the colon": (b"data:1\n\ndata:2\n\n", [b"1", b"2"]),
    "two spaces": (b"data:  1\n\n", [b" 1"]),
    "several lines of data": (b'data: {\ndata: "a": 1\ndata: }\n\n', [b'{\n"a": 1\n}']),
    "several lines, carriage returns and line feeds": (b"data: {\r\ndata: }\r\n\r\n", [b"{\n}"]),
    "empty data": (b"data:\n\ndata: 1\n\ndata\n\n", [b"", b"1"]),
    "comments and other fields": (
        b": hello\n\nevent: message\nid: 7\nretry: 10\ndata: 1\n: and on\n\n:\n\n", [b"1"],
    ),
    "a field that is none of ours": (b"data: 1\ndatabase: 2\ndat: 3\nd\n\n", [b"1"]),
    "the last event without a blank line": (b"data: 1\n\ndata: 2\n", [b"1", b"2"]),
    "the last line without an end": (b"data: 1\n\ndata: 2", [b"1", b"2"]),
    "a last line of a name alone": (b"data: 1\n\ndata:", [b"1", b""]),
    "more blank lines": (b"\n\r\n \ndata: 1\n\n\n\n\ndata: 2\n\n\n", [b"1", b"2"]),
    "a byte order mark": (b"\xef\xbb\xbfdata: 1\n\n", [b"1"]),
    "a mark at the end": (b"data: 1\n\ndata: [DONE]\n\n", [b"1", b"[DONE]"]),
    "JSON without a name": (
        b'data: 1\n\n[{\n  "error": 2\n}\n]\n\ndata: 3\n\n', [b"1", b'[{\n  "error": 2\n}\n]', b"3"],
    ),
    "JSON without a name, glued": (b'data: 1\n{"error": 2}\ndata: 3\n', [b"1", b'{"error": 2}', b"3"]),
    "JSON without a name, last": (b'data: 1\n\n[{"error": 2}', [b"1", b'[{"error": 2}']),
    "plain JSON": (b'{"data: 1": 2,\n\n"data": 3}\r\n', [b'{"data: 1": 2,\n\n"data": 3}\r\n']),
    "plain JSON in an array": (b' \n[{"a":\r 1}]', [b' \n[{"a":\r 1}]']),
    "a page": (b"<html>\n\ndata: 1\n\n</html>", [b"<html>\n\ndata: 1\n\n</html>"]),
    "a word": (b"data", [b"data"]),
    "nothing": (b"", [b""]),
    "blanks": (b" \r\n\n", [b" \r\n\n"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BODIES)
def test_a_body_is_split_into_events(case):
    body, events = BODIES[case]
    assert split(body) == events


@pytest.mark.parametrize("case", BODIES)
def test_it_does_not_matter_where_a_body_is_cut(case):
    body, events = BODIES[case]
    for at in range(len(body) + 1):
        assert split(body[:at], body[at:]) == events, at
    assert split(*(body[at : at + 1] for at in range(len(body)))) == events


def test_an_event_is_handed_on_as_it_comes():
    parts = []
    splitter = EventSplitter(parts.append, lambda: parts.append("end"))
    splitter.write(b"data: 12")
    splitter.write(LONG)
    assert parts == [b"12", LONG]
    assert parts[1] is LONG
    splitter.write(b"\n")
    splitter.write(b"\n")
    assert parts[2:] == ["end"]


def test_white_space_without_end_is_no_event_stream():
    assert split(*[b" "] * 3000, b"data: 1\n\n") == [b" " * 3000 + b"data: 1\n\n"]


class Searched(bytes):
    """Bytes that count how many of them were searched."""

    searched = 0

    def find(self, what, start=0):
        at = super().find(what, start)
        self.searched += (len(self) if at < 0 else at) - start
        return at


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"], ids=["LF", "CR", "CRLF"])
def test_each_byte_is_searched_once_for_each_line_end_however_many_lines_there_are(end):
    piece = Searched((b"data: 1" + end + end) * 2000)
    assert split(b"data: 0" + end, end, piece) == [b"0"] + [b"1"] * 2000
    assert 0 < piece.searched <= 2 * len(piece)
