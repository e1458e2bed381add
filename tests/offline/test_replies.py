"""A reply says how much was used and why it ended; a stream says the same in pieces."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from gemini_nb.offline import replies
from support.offline import FLASH, IMAGE_ONLY, ask, parts, picture, prompt_body, stream


def test_text_says_that_it_is_offline(gateway):
    (part,) = parts(gateway, FLASH, prompt_body(generationConfig={"responseModalities": ["TEXT"]}))
    assert part["text"] == "Painted offline, without a model: a red square on white"


def test_a_reply_carries_usage_version_reason_and_id(gateway):
    body = prompt_body(generationConfig=IMAGE_ONLY | {"imageConfig": {"imageSize": "512"}})
    _, reply = ask(gateway, "nano-banana-2", body)
    assert reply["candidates"][0]["finishReason"] == "STOP"
    assert reply["modelVersion"] == f"{FLASH}-offline"
    assert reply["usageMetadata"]["candidatesTokensDetails"] == [{"modality": "IMAGE", "tokenCount": 747}]
    assert (200, reply) == ask(gateway, "nano-banana-2", body)


def events(answer):
    """The replies in server-sent events, each one line and a blank one."""
    lines = answer.body.decode().split("\r\n")
    assert set(lines[1::2]) == {""}
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1:2]]


def part_of(reply):
    (part,) = reply["candidates"][0]["content"]["parts"]
    return part


@pytest.fixture(scope="module")
def whole_and_streamed(gateway):
    """The replies of a stream with text and a picture."""
    prompt = prompt_body("a red square on a white background, flat and simple")
    return ask(gateway, FLASH, prompt)[1], events(stream(gateway, prompt, alt="sse"))


def test_a_stream_brings_text_in_deltas_and_then_the_picture_in_one_event(whole_and_streamed):
    _, replies = whole_and_streamed
    *deltas, last = map(part_of, replies)
    assert len(deltas) > 2
    assert all(list(delta) == ["text"] for delta in deltas)
    assert picture(last).size == (1024, 1024)


def test_a_stream_says_what_the_reply_says(whole_and_streamed):
    whole, replies = whole_and_streamed
    found = whole["candidates"][0]["content"]["parts"]
    *deltas, last = map(part_of, replies)
    assert [last, {"text": "".join(delta["text"] for delta in deltas)}] == found


def test_reason_and_full_usage_come_with_the_last_event(whole_and_streamed):
    whole, replies = whole_and_streamed
    reasons = [reply["candidates"][0].get("finishReason") for reply in replies]
    assert reasons == [None] * (len(replies) - 1) + ["STOP"]
    assert replies[-1]["usageMetadata"] == whole["usageMetadata"]
    assert "candidatesTokenCount" not in replies[0]["usageMetadata"]


def test_every_event_has_the_replys_id_and_version(whole_and_streamed):
    whole, replies = whole_and_streamed
    heads = {(reply["responseId"], reply["modelVersion"]) for reply in replies}
    assert heads == {(whole["responseId"], f"{FLASH}-offline")}


def test_without_sse_a_stream_is_a_json_array(gateway, whole_and_streamed):
    answer = stream(gateway, prompt_body("a red square on a white background, flat and simple"))
    assert answer.headers["content-type"].startswith("application/json")
    assert json.loads(answer.body) == whole_and_streamed[1]


@pytest.mark.parametrize("query", [{"alt": "sse"}, {}], ids=str)
def test_a_streams_events_are_its_body_in_pieces(gateway, query):
    answer = stream(gateway, prompt_body(), **query)
    assert len(answer.events) > 2
    assert b"".join(answer.events) == answer.body
    assert int(answer.headers["content-length"]) == len(answer.body)


@pytest.mark.parametrize("model", ["nano-banana", "nano-banana-pro", "gemini-2.5-flash-image-preview"])
def test_markdown_is_streamed_whole(gateway, model):
    replies = events(stream(gateway, prompt_body(), model=model, alt="sse"))
    assert part_of(replies[-1]) == parts(gateway, model, prompt_body())[0]


@pytest.mark.parametrize(
    "body",
    [prompt_body(generationConfig=IMAGE_ONLY), prompt_body("blocked by safety")],
    ids=["picture", "blocked"],
)
def test_a_reply_of_one_piece_is_one_event(gateway, body):
    assert events(stream(gateway, body, alt="sse")) == [ask(gateway, FLASH, body)[1]]


@pytest.mark.parametrize(
    "words", ["", "short", "one two " * 20, "x" * 90, "two  spaces and\nlines " * 3, " "]
)
def test_deltas_are_the_text_cut_between_words(words):
    found = replies.split_text(words)
    assert "".join(found) == words
    assert all(len(delta) >= replies.DELTA_CHARS for delta in found[:-1])
    assert not any(one[-1:].isalnum() and other[:1].isalnum() for one, other in pairwise(found))
