"""Rows are cut out of an answer while it arrives, wherever its pieces end."""

from __future__ import annotations

import base64
import json
import tracemalloc

import pytest

from gemini_nb.errors import TooLargeError
from gemini_nb.files import UnnamedFile
from gemini_nb.jobs import results
from gemini_nb.jobs.results import ResultReceiver, RowCutter, read_rows

ROWS = [
    {
        "response": {"list": [1, {"text": 'a \\ "],inlinedResponses'}], "data": "A" * 3000},
        "metadata": {"key": key},
    }
    for key in "abc"
]
OUTPUT = {"inlinedResponses": {"inlinedResponses": ROWS}}
OPERATION = {
    "name": "batches/1",
    "metadata": {"output": OUTPUT, "list": ["inlinedResponses", [1, 2]]},
    "response": OUTPUT,
}


def in_pieces(text, size):
    return (text[start : start + size] for start in range(0, len(text), size))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000, 10**6])
def test_rows_are_cut_out_once_wherever_the_pieces_end(size, indent):
    lines = bytearray()
    cutter = RowCutter(lines.extend)
    for piece in in_pieces(json.dumps(OPERATION, indent=indent).encode(), size):
        cutter.feed(piece)
    assert [json.loads(line) for line in lines.split(b"\n") if line.strip()] == ROWS
    rest = json.loads(cutter.rest)
    assert rest["metadata"]["list"] == ["inlinedResponses", [1, 2]]
    assert rest["response"]["inlinedResponses"]["inlinedResponses"] == []


def test_rows_of_an_answer_lie_in_a_file_a_line_each(tmp_path):
    receiver = ResultReceiver(tmp_path)
    for piece in in_pieces(json.dumps(OPERATION, indent=1).encode(), 100):
        list(receiver.take(piece))
    assert receiver.finish()["name"] == "batches/1"
    assert [row.key for row in read_rows(receiver.file)] == ["a", "b", "c"]
    receiver.close()
    assert list(tmp_path.iterdir()) == []


def test_a_row_past_the_limit_is_left_out_and_the_others_are_read(tmp_path):
    receiver = ResultReceiver(tmp_path, is_file=True)
    for key, size in (("a", 10), ("b", 6000), ("c", 10)):
        list(receiver.take(json.dumps({"key": key, "response": {"text": "x" * size}}).encode() + b"\n"))
    assert [row.key for row in read_rows(receiver.file, max_row_bytes=5000)] == ["a", "c"]
    receiver.close()


def test_a_long_row_of_an_answer_is_written_while_it_arrives(tmp_path):
    row = {"response": {"data": "A" * 10**7}, "metadata": {"key": "a"}}
    text = json.dumps({"output": {"inlinedResponses": {"inlinedResponses": [row]}}}).encode()
    receiver = ResultReceiver(tmp_path)
    tracemalloc.start()
    for piece in in_pieces(text, 10**5):
        list(receiver.take(piece))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**20
    assert [row.key for row in read_rows(receiver.file)] == ["a"]
    receiver.close()


def test_too_much_around_the_rows_is_refused():
    with pytest.raises(TooLargeError):
        RowCutter(print).feed(b'{"name":"' + b"x" * (results.MAX_ANSWER_BYTES + 1))


def test_only_the_last_line_counts_as_cut_short(tmp_path):
    receiver = ResultReceiver(tmp_path, is_file=True)
    list(receiver.take(b'{"key":"a","response":{}}\n{"key":\n\n{"key":"b","respo'))
    rows = [(row.key, row.broken and row.broken.raw(), row.is_cut) for row in read_rows(receiver.file)]
    assert rows == [
        ("a", None, False),
        (None, b'{"key":', False),
        (None, b'{"key":"b","respo', True),
    ]
    receiver.close()


def test_a_rows_picture_is_decoded_into_a_file_while_its_line_is_read(tmp_path):
    picture = bytes(range(256)) * 40_000  # ten megabytes
    part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(picture).decode()}}
    reply = {"candidates": [{"content": {"parts": [part]}}]}
    receiver = ResultReceiver(tmp_path, is_file=True)
    for piece in in_pieces(json.dumps({"key": "a", "response": reply}).encode() + b"\n", 10**6):
        list(receiver.take(piece))
    tracemalloc.start()
    (row,) = read_rows(receiver.file, lambda: UnnamedFile(tmp_path, mode=0o600))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20
    assert json.loads(row.reply.raw()) == reply
    receiver.close()
