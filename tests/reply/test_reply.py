from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb import errors
from gemini_nb.reply import base64_blobs
from gemini_nb.reply.errors.no_image import no_image_error
from gemini_nb.reply.reply import Reply
from support import hostile_json
from support.base64_cases import KEYS, RUN, TEXTS, VALUES
from support.images import gif, jpeg, noise_png, png, webp
from support.replies import (
    b64,
    body,
    chat,
    data_uri,
    four_shapes,
    inline,
    never_cut,
    openai,
    read_raw,
    reply,
    text_body,
)

RED, BLUE, PHOTO = png(), png(colour=(0, 0, 255)), jpeg()
LARGE = noise_png(5000)
JUNK = b"this is no picture at all"
LINK = "https://pictures.example/a.png?X-Goog-Signature=abc"


def read(value) -> Reply:
    return read_raw(body(value))


def snake(data: bytes) -> dict:
    return {"inline_data": {"mime_type": "image/png", "data": b64(data)}}


IMAGES = {
    "inlineData": (reply(inline(RED)), "inlineData", [RED]),
    "inlineData, large": (reply(inline(LARGE)), "inlineData", [LARGE]),
    "inlineData in snake case": (reply(snake(RED)), "inlineData", [RED]),
    "inlineData without a type": (reply({"inlineData": {"data": b64(RED)}}), "inlineData", [RED]),
    "inlineData of a wrong type": (reply(inline(PHOTO, "image/png")), "inlineData", [PHOTO]),
    "inlineData URL-safe": (
        reply({"inlineData": {"data": b64(LARGE).replace("+", "-").replace("/", "_")}}), "inlineData",
            [LARGE]),
    "inlineData unpadded": (reply({"inlineData": {"data": b64(RED).rstrip("=")}}), "inlineData", [RED]),
    "inlineData in lines": (reply({"inlineData": {"data": "\n".join(b64(RED))}}), "inlineData", [RED]),
    "inlineData that is a data URI": (reply({"inlineData": {"data": data_uri(LARGE)}}), "inlineData",
        [LARGE]),
    "text then image": (reply("Here it is.", inline(RED)), "inlineData", [RED]),
    "image then text": (reply(inline(RED), "There it was."), "inlineData", [RED]),
    "two images": (reply(inline(RED), inline(BLUE)), "inlineData", [RED, BLUE]),
    # The last image is the primary one, so of two equal ones the later stays.
    "the same image twice": (reply(inline(RED), inline(BLUE), inline(RED)), "inlineData", [BLUE, RED]),
    "two candidates": (
        {"candidates": reply(inline(RED))["candidates"] + reply(inline(BLUE))["candidates"]},
            "inlineData", [RED, BLUE]),
    "a reply in a list": ([reply("first"), reply(inline(RED))], "inlineData", [RED]),
    "parts that are one part": ({"candidates": [{"content": {"parts": inline(RED)}}]}, "inlineData", [RED]),
    "a null part before it": (reply({"text": None}, {"inlineData": None}, inline(RED)), "inlineData", [RED]),
    "blocked and yet an image": (reply(inline(RED), finish_reason="SAFETY"), "inlineData", [RED]),
    "Markdown data URI": (reply(f"![image]({data_uri(RED)})"), "data URI", [RED]),
    "Markdown data URI, large": (reply(f"![image]({data_uri(LARGE)})"), "data URI", [LARGE]),
    "Markdown data URI of JPEG": (reply(f"![image]({data_uri(PHOTO, 'image/jpeg')})"), "data URI", [PHOTO]),
    "prose around it": (reply(f"Look:\n\n![image]({data_uri(RED)})\n\nNice."), "data URI", [RED]),
    "several in one text": (reply(f"![a]({data_uri(RED)}) ![b]({data_uri(LARGE)})"), "data URI", [RED,
        LARGE]),
    "duplicates": (reply(f"![a]({data_uri(LARGE)})\n![a]({data_uri(LARGE)})"), "data URI", [LARGE]),
    "a bare data URI": (reply(data_uri(RED)), "data URI", [RED]),
    "a bare data URI and newlines": (reply(data_uri(LARGE) + "\n\n"), "data URI", [LARGE]),
    "angle brackets": (reply(f"![x](<{data_uri(LARGE)}>)"), "data URI", [LARGE]),
    "glued to text": (reply(f"hello\n{data_uri(LARGE, 'mime')}"), "data URI", [LARGE]),
    "WebP": (reply(inline(webp(), "image/webp")), "inlineData", [webp()]),
    "GIF": (reply(inline(gif(), "image/gif")), "inlineData", [gif()]),
    "junk inlineData, good data URI": (reply(inline(JUNK), data_uri(RED)), "data URI", [RED]),
    "junk and good inlineData": (reply(inline(JUNK), inline(RED)), "inlineData", [RED]),
    "inlineData before a data URI": (reply(data_uri(BLUE), inline(RED)), "inlineData", [RED]),
    "OpenRouter's images": (
        chat({"content": "", "images": [{"type": "image_url",
            "image_url": {"url": data_uri(LARGE)}}]}), "data URI", [LARGE]),
    "chat content": (chat({"content": f"![image]({data_uri(LARGE)})"}), "data URI", [LARGE]),
    "chat content in parts": (
        chat({"content": [{"type": "text", "text": "x"}, {"type": "image_url",
            "image_url": {"url": data_uri(RED)}}]}),
        "data URI", [RED]),
    "b64_json": (openai({"b64_json": b64(RED)}), "openai", [RED]),
    "b64_json, large, twice": (openai({"b64_json": b64(LARGE)}, {"b64_json": b64(RED)}), "openai",
        [LARGE, RED]),
    "data[].url that is a data URI": (openai({"url": data_uri(LARGE)}), "data URI", [LARGE]),
    "an image and an error": ({**reply(inline(RED)), "error": {"message": "late"}}, "inlineData", [RED]),
}  # fmt: skip


@pytest.mark.parametrize(("value", "source", "images"), IMAGES.values(), ids=IMAGES)
def test_an_image_is_read_in_every_shape(value, source, images):
    found = read(value)
    assert [image.data for image in found.images] == images
    assert {image.source for image in found.images} == {source}
    assert found.links == ()


@pytest.mark.parametrize(("value", "source", "images"), IMAGES.values(), ids=IMAGES)
def test_the_same_is_read_where_nothing_can_be_cut(value, source, images):
    assert read_raw(never_cut(value)) == read(value)


def test_a_line_as_wide_as_a_token_is_not_taken_for_more_of_the_image():
    value = reply(f"data:image/png;base64,{b64(LARGE)}\n{'A' * base64_blobs.TOKEN_CHARS}")
    assert read_raw(never_cut(value)) == read(value)
    assert read(value).images[0].data == LARGE


LINKS = {
    "Markdown image": reply(f"![Image]({LINK})"),
    "Markdown image of any path": reply("![Image](https://pictures.example/42)"),
    "prose around it": reply(f"Here you are: ![Image]({LINK}) Enjoy!"),
    "a bare link": reply(LINK),
    "fileData": reply({"fileData": {"fileUri": LINK, "mimeType": "image/png"}}),
    "file_data": reply({"file_data": {"file_uri": LINK}}),
    "junk inlineData and a link": reply(inline(JUNK), f"![Image]({LINK})"),
    "data[].url": openai({"url": LINK}),
    "chat images": chat({"content": None, "images": [{"image_url": {"url": LINK}}]}),
    "chat images as text": chat({"images": [{"image_url": LINK}]}),
    "chat content": chat({"content": f"![Image]({LINK})"}),
}


@pytest.mark.parametrize("value", LINKS.values(), ids=LINKS)
def test_a_link_is_offered_where_there_is_no_image(value):
    found = read(value)
    assert found.images == ()
    assert len(found.links) == 1


def test_no_link_is_offered_beside_an_image():
    assert read(reply(inline(RED), f"![Image]({LINK})")).links == ()


def test_links_are_distinct_in_order_and_at_most_ten():
    text = " ".join(f"![x](https://h.example/{n // 2})" for n in range(40))
    assert read(reply(text)).links == tuple(f"https://h.example/{n}" for n in range(10))


def test_junk_alone_stays_so_that_it_can_be_refused():
    assert [image.data for image in read(reply(inline(JUNK))).images] == [JUNK]


def test_a_link_is_worth_more_than_junk_and_the_junk_is_named():
    found = read(reply(inline(b"<svg/>"), f"![x]({LINK})"))
    assert found.refused == ("inlineData that looks like an SVG document",)


def test_the_four_shapes_of_the_catalogue_are_read():
    found = {shape: read_raw(raw) for shape, raw in four_shapes().items()}
    assert [len(one.images or one.links) for one in found.values()] == [1, 1, 1, 1]


def test_the_declared_type_is_kept_as_declared():
    assert read(reply(inline(PHOTO, "image/png"))).images[0].declared_mime_type == "image/png"


def test_thought_images_are_drafts_and_thought_text_is_left_out():
    found = read(reply(inline(BLUE, thought=True), {"text": "hm", "thought": True}, inline(RED), "done"))
    assert ([i.data for i in found.drafts], [i.data for i in found.images]) == ([BLUE], [RED])
    assert found.text == "done"


def test_a_data_uri_in_a_thought_is_a_draft():
    found = read(reply({"text": data_uri(RED), "thought": True}))
    assert ([i.data for i in found.drafts], found.images) == ([RED], ())


def test_text_is_joined_without_the_pictures_in_it():
    assert read(reply(f"One ![a]({data_uri(LARGE)})", {"text": " "}, "Two")).text == "One\nTwo"


def test_base64_that_is_none_is_refused_with_its_place():
    found = read(reply(inline(RED) | {"inlineData": {"data": "no base64!"}}, "data:image/png;base64,@@"))
    assert found.refused == ("inlineData that is not base64", "a data URI that is not base64")


def test_base64_that_is_no_picture_stays_in_links_and_text():
    link = f"https://a.example/;base64,{RUN}"
    found = read(reply(f"![x]({link}) ;base64,{RUN}"))
    assert (found.links, found.text) == ((link,), f";base64,{RUN}")


def test_the_facts_of_a_reply_are_read():
    found = read(reply(inline(RED), usageMetadata={"totalTokenCount": 5}, modelVersion="m-1"))
    assert (found.finish_reason, found.usage, found.model_version) == ("STOP", {"totalTokenCount": 5}, "m-1")


def test_the_facts_are_read_in_snake_case_and_in_openais_words():
    found = read(
        {"candidates": [{"finish_reason": "STOP"}], "usage_metadata": {"a": 1}, "model_version": "m"}
    )
    assert (found.finish_reason, found.usage, found.model_version) == ("STOP", {"a": 1}, "m")
    found = read({**chat({"content": "x"}), "usage": {"a": 1}, "model": "m"})
    assert (found.finish_reason, found.usage, found.model_version) == ("stop", {"a": 1}, "m")


ERRORS = {
    "an object": ({"error": {"code": 400, "message": "no"}}, {"code": 400, "message": "no"}),
    "a list": ([{"error": {"code": 400}}], {"code": 400}),
    "a text": ({"error": "no"}, {"error": "no"}),
    "success false": ({"success": False, "message": "no"}, {"success": False, "message": "no"}),
    "null": ({"error": None}, None),
    "empty": ({"error": {}}, None),
    "a number": ({"error": 5}, None),
    "success true": ({"success": True}, None),
}


@pytest.mark.parametrize(("value", "error"), ERRORS.values(), ids=ERRORS)
def test_an_error_in_a_reply_is_found(value, error):
    assert read(value).error == error


def test_content_is_exactly_what_came_signatures_included():
    signed = inline(LARGE, thoughtSignature=b64(LARGE))
    value = reply(f"![a]({data_uri(LARGE)})", signed, {"odd": [1.5, None, "é", data_uri(LARGE)]})
    assert read(value).turn() == value["candidates"][0]["content"]


def test_content_of_a_reply_without_candidates_is_none():
    assert read({"candidates": []}).turn() is None


@pytest.mark.parametrize("wrong", [None, 0, 1.5, True, "x", "", [], {}, [[]], [None], {"a": []}], ids=repr)
def test_fields_of_any_type_are_tolerated(wrong):
    names = ("candidates", "choices", "data", "usageMetadata", "promptFeedback", "modelVersion", "error")
    values = [{name: wrong} for name in names]
    values += [{"candidates": [{"content": wrong, "finishReason": wrong}]}, reply(wrong or {})]
    values += [reply({name: wrong}) for name in ("inlineData", "text", "thought", "fileData")]
    values += [reply({"inlineData": {"data": wrong, "mimeType": wrong}}), {"choices": [{"message": wrong}]}]
    values += [{"choices": [{"message": {"content": wrong, "images": wrong}}]}, {"data": [{"url": wrong}]}]
    for value in values:
        assert isinstance(read(value), Reply)


@pytest.mark.parametrize("value", [None, 1, "text", [], [1], True], ids=repr)
def test_json_that_is_no_object_is_a_bad_response(value):
    if value == "text":
        value = ["text"]
    with pytest.raises(errors.BadResponseError):
        read(value)


def test_lone_surrogates_do_not_reach_the_text():
    assert read(reply("a\ud800b", finishMessage="\ud800")).text == "a\ufffdb"


HOSTILE = hostile_json.cases()


def test_there_are_as_many_hostile_cases_as_in_jsontestsuite():
    assert len(HOSTILE) >= 318


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_json_is_read_or_a_bad_response(raw):
    found = trace = None
    try:
        found = read_raw(raw)
    except errors.BadResponseError as error:
        trace = error.__context__
    assert trace is None
    assert found is None or found.text.encode() is not None


PARTS = st.builds(lambda text: {"text": text}, TEXTS) | st.builds(
    lambda text, thought: {"inlineData": {"data": text, "mimeType": "image/png"}, "thought": thought},
    TEXTS | st.sampled_from([b64(LARGE), b64(RED), RUN]),
    st.sampled_from([True, False, None]),
)
REPLIES = st.lists(PARTS, max_size=4).map(lambda parts: reply(*parts)) | st.builds(
    lambda value, key: {key: [value], "data": [{"url": value}, {"b64_json": value}]}, VALUES, KEYS
)


@settings(max_examples=200, deadline=None)
@given(REPLIES)
def test_any_reply_is_read_as_if_nothing_had_been_cut(value):
    plain, with_cut = read_raw(never_cut(value)), read_raw(json.dumps(value).encode())
    assert with_cut == plain
    assert with_cut.turn() == plain.turn()


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_any_json_gives_a_reply_or_one_of_our_errors(value):
    try:
        found = read(value)
    except errors.GeminiError:
        return
    no_image_error(found)
    found.turn()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_give_a_reply_or_one_of_our_errors(raw):
    try:
        read_raw(raw)
    except errors.GeminiError as error:
        pickle.dumps(error)


def test_text_of_the_body_is_read_from_its_bytes():
    assert read_raw(b" \r\n\n" + text_body("é")).text == "é"
