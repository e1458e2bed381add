"""Pictures in texts that nobody knew: found at any depth, and nothing taken for one that is none."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb.errors import BadResponseError
from gemini_nb.images.inputs import InputImage
from gemini_nb.reply.base64_blobs import MAX_REST_BYTES
from gemini_nb.reply.last_resort import MAX_PLACE_CHARS
from gemini_nb.request import ImageRequest
from support.images import bytes_of, jpeg, padded_png, png
from support.replies import b64, body, data_uri, inline, never_cut, read_raw, reply

PICTURE, OTHER, LARGE = png(9, 9), png(7, 11), padded_png(9, 9, 5000)
REQUEST_LINK = "https://pictures.example/sent.png"
REQUEST = ImageRequest(
    "edit it",
    images=(InputImage(PICTURE, "image/png"),),
    history=(reply(inline(OTHER))["candidates"][0]["content"],),
)


def found(value, **more) -> list[bytes]:
    return [bytes_of(image.data) for image in read_raw(body(value), **more).images]


PASSED_OVER = {
    "a thought signature": {"thoughtSignature": b64(PICTURE)},
    "a thought signature in snake case": {"a": [{"thought_signature": b64(PICTURE)}]},
    "a signature": {"signature": b64(PICTURE)},
    "encrypted thoughts": {"output": [{"type": "reasoning", "encrypted_content": b64(PICTURE)}]},
    "a thought": {"a": {"thought": True, "x": b64(PICTURE)}},
    "a detail of reasoning": {"a": [{"type": "reasoning.encrypted", "data": b64(PICTURE)}]},
    "a partial picture": {"type": "image_generation.partial_image", "b64_json": b64(PICTURE)},
    "a picture of the web": {"groundingMetadata": {"a": data_uri(PICTURE)}},
    "a tiny picture": {"a": b64(png(2, 2))},
    "letters that begin like a JPEG": {"a": "/9j/" + "A" * 60},
    "a path": {"a": "see /9j/" + "abcdefgh/" * 20},
    "the middle of other base64": {"a": "QUJD" + b64(jpeg(9, 9))},
    "words": {"a": "iVBORw0KGgo is how a PNG begins"},
    "base64 of something else": {"a": b64(bytes(range(256)) * 20)},
}


@pytest.mark.parametrize("case", PASSED_OVER)
def test_what_is_no_picture_of_the_reply_is_passed_over(case):
    assert found(PASSED_OVER[case]) == []


@pytest.mark.parametrize("echo", [PICTURE, OTHER], ids=["an input", "an earlier turn"])
def test_a_picture_that_was_sent_is_not_the_answer(echo):
    assert found({"request": [b64(echo)]}, request=REQUEST) == []
    assert found({"request": [b64(echo)], "made": b64(LARGE)}, request=REQUEST) == [LARGE]


def test_a_draft_of_the_reply_is_not_its_picture():
    assert found(reply(inline(PICTURE, thought=True), copy=b64(PICTURE))) == []


def test_the_largest_is_the_primary_one_and_of_equals_the_last():
    assert found({"made": b64(LARGE), "thumbnail": b64(png(3, 3))}) == [png(3, 3), LARGE]
    assert found({"first": b64(PICTURE), "last": b64(LARGE)}) == [PICTURE, LARGE]


def test_a_picture_that_is_cut_short_is_named_where_none_is_whole():
    (image,) = read_raw(body({"made": b64(LARGE)[:4000]})).images
    assert image.source == "other: made"
    assert found({"made": b64(LARGE)[:4000], "again": b64(PICTURE)}) == [PICTURE]


def test_the_type_that_a_data_uri_declares_is_kept():
    (image,) = read_raw(body({"a": data_uri(PICTURE, "image/webp")})).images
    assert image.declared_mime_type == "image/webp"


def test_a_place_is_short_and_of_plain_letters():
    value = b64(PICTURE)
    for name in ["x" * 41, "a b", "\x1b[31m", "'\"]", "名"] * 60:
        value = {name: [value]}
    (image,) = read_raw(body(value)).images
    assert image.source.startswith("other: ….")
    assert set(image.source) == set("other: ….[0]")
    assert len(image.source) <= MAX_PLACE_CHARS + 50


# Never long enough to begin a picture by accident, and no name that is passed over.
NAMES = st.text("abcxyz_-$ .名", max_size=6)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False)


@st.composite
def hidden(draw, depth=30):
    """A JSON value with a picture at any depth, alone or in a text, and other values beside it."""
    data = draw(st.sampled_from([PICTURE, LARGE, jpeg(9, 9)]))
    wrap = draw(
        st.sampled_from(["{}", "data:image/png;base64,{}", "![i](data:;base64,{})", "b'{}'", "a {} b"])
    )
    value = wrap.format(b64(data))
    for _ in range(draw(st.integers(0, depth))):
        value = draw(st.sampled_from([lambda inner: [inner], dict_of(draw), list_of(draw), json.dumps]))(
            value
        )
        if isinstance(value, str) and len(value) > 60_000:  # each level of JSON in JSON doubles the slashes
            break
    return data, value


def dict_of(draw):
    return lambda inner: draw(st.dictionaries(NAMES, LEAVES, max_size=2)) | {draw(NAMES): inner}


def list_of(draw):
    return lambda inner: [*draw(st.lists(LEAVES, max_size=2)), inner]


@settings(max_examples=200, deadline=None)
@given(hidden())
def test_a_picture_hidden_at_any_depth_is_read(case):
    data, value = case
    assert found(value)[-1:] == [data]


@settings(max_examples=200, deadline=None)
@given(hidden())
def test_it_is_read_although_the_receiver_lifted_nothing_out(case):
    data, value = case
    images = read_raw(never_cut(value)).images
    assert [bytes_of(image.data) for image in images][-1:] == [data]


HARD = (
    " /9j/",
    "/9j\\/",
    "\n/9j/" + "a" * 44,
    "\\",
    "\"'",
    "{",
    "}",
    "```",
    "data:image/png;base64,",
    '{"a": [',
)


def work(text: str) -> float:
    value = body({"a": text})
    start = time.process_time()
    read_raw(value)
    return time.process_time() - start


@pytest.mark.parametrize("piece", HARD, ids=repr)
def test_a_text_of_twice_the_length_takes_twice_the_work(piece):
    half, whole = (piece * (size // len(piece)) for size in (200_000, 400_000))
    assert any(work(whole) <= 2.5 * work(half) for _ in range(4))  # four times it would be if quadratic


def test_a_reply_that_is_nested_too_deeply_is_an_error():
    with pytest.raises(BadResponseError):
        read_raw(b"[" * 200_000 + body(b64(PICTURE)) + b"]" * 200_000)


LINK, SIGNED = "https://pictures.example/a.png?sig=1", "https://pictures.example/get?id=7"
LINKS = {
    "results of a task": {"output": {"results": [{"url": LINK}]}},
    "outputs": {"data": {"outputs": [LINK]}},
    "data of texts": {"data": [LINK]},
    "urls": {"urls": [LINK, LINK]},
    "image_urls": {"data": {"image_urls": [SIGNED]}},
    "imageUrl": {"imageUrl": SIGNED},
    "a list of objects": {"output": {"items": [{"image": SIGNED}]}},
    "JSON that is no reply": {"payload": json.dumps({"imageLink": SIGNED})},
    "arguments of a tool": {"calls": [{"arguments": json.dumps({"picture_url": SIGNED})}]},
}


@pytest.mark.parametrize("case", LINKS)
def test_a_link_that_stands_alone_where_a_picture_may_be_meant_is_offered(case):
    assert read_raw(body(LINKS[case])).links in ((LINK,), (SIGNED,))


NO_LINKS = {
    "a page": {"url": "https://pictures.example/page", "docs": SIGNED},
    "an address to ask": {"id": "7", "status_url": "https://pictures.example/status/7"},
    "a task": {"task_id": "7", "seen": {"image": LINK}},
    "an error": {"error": {"message": "no", "image": LINK}},
    "a reply of words": reply("no", provider={"image": LINK}),
    "a logo": {"provider": {"logo": LINK, "icon_image": SIGNED}},
    "a link in words": {"image": f"see {LINK}"},
    "a picture of the web": {"groundingMetadata": {"image": {"imageUri": LINK}}},
    "no web link": {"image": "file:///a.png", "images": ["ftp://a.example/a.png"]},
    "a link that was sent": {"request": REQUEST_LINK},
}


@pytest.mark.parametrize("case", NO_LINKS)
def test_other_links_are_not_followed(case):
    request = ImageRequest("edit it", extra={"x": REQUEST_LINK})
    assert read_raw(body(NO_LINKS[case]), request=request).links == ()


UNKNOWN = {
    "a name": '{"a": "%s"}',
    "a text": '["![i] %s"]',
    "a line": '["Here:\\n%s\\n"]',
    "JSON": r'["{\"a\": \"%s\"}"]',
    "a dict of Python": """["{'a': '%s'}"]""",
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_picture_larger_than_what_may_remain_of_a_reply_is_read(case):
    large = padded_png(9, 9, MAX_REST_BYTES)
    (image,) = read_raw((UNKNOWN[case] % b64(large)).encode()).images
    assert bytes_of(image.data) == large


def test_many_texts_are_looked_into():
    value = {str(at): "a" * 100 for at in range(50_000)} | {"last": b64(PICTURE)}
    assert found(value) == [PICTURE]
