"""The values of a body: one, those of events, or one after the other."""

from __future__ import annotations

import pytest

from gemini_nb.errors import BadResponseError, TooLargeError
from gemini_nb.reply import sse
from gemini_nb.reply.sse import parse_values

A, B = {"a": 1}, {"b": [2]}

READ = {
    "one": (b'{"a": 1}', [A]),
    "an array": (b'[{"a": 1}]', [[A]]),
    "events": (b'data: {"a": 1}\n\ndata: {"b": [2]}\n\n', [A, B]),
    "an array in an event": (b'data: [{"a": 1}]\n\n', [A]),
    "no JSON between them": (b'data: ping\n\ndata: {"a": 1}\n\ndata: [DONE]\n\n', [A]),
    "lines": (b'{"a": 1}\n{"b": [2]}\n', [A, B]),
    "no line ends": (b'{"a": 1}{"b": [2]}', [A, B]),
    "indented": (b'{\n "a": 1\n}\n{\n "b": [\n2]}', [A, B]),
    "commas": (b'{"a": 1},\r\n{"b": [2]},', [A, B]),
    "a byte order mark": (b'\xef\xbb\xbf{"a": 1}\n{"b": [2]}', [A, B]),
    "what no number holds": (b'{"a": 1}\n{"b": [1e999, NaN]}', [A, {"b": [None, None]}]),
}


@pytest.mark.parametrize("case", READ)
def test_all_values_are_read(case):
    body, expected = READ[case]
    parsed = parse_values(body)
    assert (parsed.values, parsed.problem) == (expected, None)


FLAWED = {
    "an event cut short": (b'data: {"a": 1}\n\ndata: {"b": [', [A]),
    "a line cut short": (b'{"a": 1}\n{"b": [', [A]),
    "a line between": (b'{"a": 1}\n{"b": [\n{"b": [2]}', [A, B]),
    "words behind": (b'{"a": 1} and so on', [A]),
    "words before": (b'ping\n{"a": 1}\n', [A]),
}


@pytest.mark.parametrize("case", FLAWED)
def test_what_is_whole_is_read_and_the_rest_is_a_problem(case):
    body, expected = FLAWED[case]
    parsed = parse_values(body)
    assert parsed.values == expected
    assert isinstance(parsed.problem, BadResponseError)


NONE = [
    *(
        b"",
        b"no JSON",
        b"404 page not found",
        b'{"a": 1',
        b'{"a":\n{}\n',
        b"[[\n{}\n",
        b"<html>\n{}\n</html>",
    ),
    *(b"data: ping\n\n", b": ping\n\n", b"data: 7\n\n", b"data: {\n\n", b"\xff\xfe", b"[" * 100_000),
]


@pytest.mark.parametrize("body", NONE, ids=lambda body: repr(body[:20]))
def test_a_body_without_an_object_is_a_bad_response(body):
    with pytest.raises(BadResponseError):
        parse_values(body)


MANY = {
    "events": b"data: 1\n\n",
    "values": b"1 ",
    "lines": b":\n",
}


@pytest.mark.parametrize("case", MANY)
def test_more_pieces_than_are_read_are_too_large(case, monkeypatch):
    monkeypatch.setattr(sse, "MAX_EVENTS", 1000)
    monkeypatch.setattr(sse, "_MAX_LINES", 4000)
    with pytest.raises(TooLargeError):
        parse_values(MANY[case] * 5000)
