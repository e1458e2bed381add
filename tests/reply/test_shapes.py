"""The chunks of a stream as one reply."""

from __future__ import annotations

import pytest

from gemini_nb.reply import shapes
from gemini_nb.reply.shapes import join_chunks, parts
from support.images import png
from support.replies import body, chat, inline, read_raw, reply

PICTURE = inline(png())
THOUGHT = {"text": "hm", "thought": True}


def text(words, **more):
    return {"text": words, **more}


PARTS = {
    "deltas": ([[text("a r")], [text("ed")], [text(" cat")]], [text("a red cat")]),
    "two texts of one chunk": ([[text("a"), text("b")], [text("c")]], [text("a"), text("bc")]),
    "a picture between": ([[text("a")], [PICTURE], [text("b")]], [text("a"), PICTURE, text("b")]),
    "thoughts": ([[THOUGHT], [THOUGHT], [text("a")]], [{**THOUGHT, "text": "hmhm"}, text("a")]),
    "a signature": ([[text("a")], [text("b", thoughtSignature="c2ln")]], [text("ab")]),
    "chunks without parts": ([[text("a")], [], [text("b")], []], [text("ab")]),
    "text and a picture in one part": (
        [[text("a")], [text("b", **PICTURE)]], [text("a"), text("b", **PICTURE)],
    ),
    "parts that are none": ([[None], [7], [text(None)], [text("a")]], [7, text(None), text("a")]),
}  # fmt: skip


@pytest.mark.parametrize("case", PARTS)
def test_text_that_goes_on_is_one(case):
    given, expected = PARTS[case]
    assert parts(join_chunks([reply(*one) for one in given])) == expected


def test_the_content_to_echo_keeps_every_part():
    given = [reply("a r", finish_reason=None), reply(text("ed", thoughtSignature="c2ln"))]
    assert read_raw(body(given)).turn() == {
        "role": "model",
        "parts": [text("a r"), text("ed", thoughtSignature="c2ln")],
    }


SEVERAL = {
    "one reply": [reply("a")],
    "two candidates": [{"candidates": [{}, {}]}, reply("a")],
    "another shape": [chat({"content": "a"}), reply("b")],
    "no candidates": [{"usageMetadata": {}}, {"usageMetadata": {}}],
}


@pytest.mark.parametrize("case", SEVERAL)
def test_other_lists_are_no_stream(case):
    assert not shapes.are_chunks(SEVERAL[case])


def test_the_text_of_a_stream_is_not_broken_into_lines():
    given = [reply("a r", finish_reason=None), reply("ed ", finish_reason=None), reply("cat", PICTURE)]
    assert read_raw(body(given)).text == "a red cat"
