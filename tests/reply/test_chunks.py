"""Replies in wrappers and in chunks, as plain replies."""

from __future__ import annotations

import pytest

from support.images import bytes_of, jpeg, noise_png, padded_png, png
from support.new_shapes import call, chunk, message
from support.replies import b64, body, chat, data_uri, inline, read_raw, reply
from support.streams import event

PICTURE, DRAFT = png(9, 9), jpeg(9, 9)


def read(*events):
    return read_raw(b"".join(map(event, events)))


def partial(data):
    return {"type": "response.image_generation_call.partial_image", "partial_image_b64": b64(data)}


def words(text):
    return {"type": "response.output_text.delta", "delta": text}


def done(item):
    return {"type": "response.output_item.done", "item": item}


def completed(*output, **more):
    return {"type": "response.completed", "response": {"output": list(output), "model": "m-7", **more}}


RESPONSES = {
    "completed": [words("He"), words("re"), partial(DRAFT), completed(message("Here"), call(PICTURE))],
    "items": [words("He"), words("re"), partial(DRAFT), done(call(PICTURE)), completed()],
    "items with a message": [partial(DRAFT), done(message("Here")), done(call(PICTURE)), completed()],
    "both": [partial(DRAFT), done(call(PICTURE)), completed(message("Here"), call(PICTURE))],
}  # fmt: skip


@pytest.mark.parametrize("case", RESPONSES)
def test_the_events_of_a_response_are_one_reply_with_its_partial_pictures_as_drafts(case):
    found = read(*RESPONSES[case])
    assert [image.data for image in found.images] == [PICTURE]
    assert [draft.data for draft in found.drafts] == [DRAFT]
    assert (found.text, found.model_version) == ("Here", "m-7")


def test_a_response_of_partial_pictures_only_has_no_picture():
    found = read(partial(DRAFT), completed(message("Here")))
    assert (found.images, len(found.drafts)) == ((), 1)


def test_reasoning_is_no_text():
    thought = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hm."}]}
    assert read_raw(body({"output": [thought, message("Here"), call(PICTURE)]})).text == "Here"


def test_deltas_are_one_text_and_the_last_facts_count():
    usage = {"total_tokens": 9}
    found = read(
        chunk(role="assistant", content="Her"),
        chunk(content="e"),
        {**chunk(images=[data_uri(PICTURE)]), "usage": usage, "model": "m-7"},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None},
    )
    assert [image.data for image in found.images] == [PICTURE]
    facts = (found.text, found.finish_reason, found.usage, found.model_version)
    assert facts == ("Here", "stop", usage, "m-7")


@pytest.mark.parametrize("at", range(3000, 3008))
def test_base64_in_several_deltas_is_one_wherever_it_is_cut(at):
    code = b64(noise := padded_png(9, 9, 5000))
    for first, last in ((code[:at], code[at:]), (f"a {code[:at]}", f"{code[at:]} b")):
        found = read(chunk(content=first), chunk(content=last))
        assert [image.data for image in found.images] == [noise]
        assert found.text in ("", "a  b")


def test_deltas_of_parts_and_of_two_choices():
    second = {"choices": [{"index": 1, "delta": {"content": "two"}}]}
    found = read(chunk(content=[{"type": "text", "text": "one"}]), second, chunk(image=b64(PICTURE)))
    assert ([image.data for image in found.images], found.text) == ([PICTURE], "one\ntwo")


WRAPPED = {
    "response": lambda inner: {"response": inner, "traceId": "7"},
    "data beside a code": lambda inner: {"code": 0, "msg": "ok", "data": inner},
    "a list": lambda inner: {"results": [inner]},
    "two names": lambda inner: {"a": {"b": inner}, "c": [1, None]},
    "an array around it": lambda inner: [{"response": inner}],
}


@pytest.mark.parametrize("case", WRAPPED)
def test_a_wrapped_reply_has_all_its_facts(case):
    inner = reply("Here", inline(PICTURE), usageMetadata={"totalTokenCount": 9}, modelVersion="v7")
    found = read_raw(body(WRAPPED[case](inner)))
    facts = (found.images[0].source, found.text, found.usage, found.model_version, found.finish_reason)
    assert facts == ("inlineData", "Here", {"totalTokenCount": 9}, "v7", "STOP")
    assert found.turn() == inner["candidates"][0]["content"]


def test_a_wrapped_refusal_says_why():
    assert read_raw(body({"response": reply(finish_reason="IMAGE_SAFETY")})).finish_reason == "IMAGE_SAFETY"
    assert read_raw(body({"data": {"promptFeedback": {"blockReason": "OTHER"}}})).block_reason == "OTHER"


def test_facts_around_a_reply_count_where_it_has_none():
    assert read_raw(body({"usage": {"a": 1}, "response": reply(inline(PICTURE))})).usage == {"a": 1}


def test_the_request_that_a_server_repeats_is_no_reply():
    repeated = {"request": reply(inline(DRAFT)), "response": reply(inline(PICTURE))}
    assert [bytes_of(image.data) for image in read_raw(body(repeated)).images] == [PICTURE]


LINK = "https://pictures.example/a.png"
LINKS = {
    "images on top": {"images": [{"url": LINK}]},
    "images of texts": {"images": [LINK]},
    "output of texts": {"output": [LINK]},
    "output": {"output": LINK},
    "a result": {"result": {"image_url": LINK}},
    "image_url on top": {"image_url": LINK},
    "wrapped": {"data": {"images": [{"url": LINK}]}},
    "one image of a chat": chat({"content": "", "image": {"url": LINK}}),
    "images of a chat": chat({"content": "", "images": [LINK]}),
    "a response": {"output": [message(f"![i]({LINK})")]},
    "deltas": [chunk(content=f"![i]({LINK[:20]}"), chunk(content=f"{LINK[20:]})")],
}


@pytest.mark.parametrize("case", LINKS)
def test_a_link_in_a_new_shape_is_offered(case):
    assert read_raw(body(LINKS[case])).links == (LINK,)


def test_a_link_of_a_known_shape_counts_more_than_a_picture_elsewhere():
    found = read_raw(body(reply(f"![i]({LINK})", images=[b64(PICTURE)], odd=b64(PICTURE))))
    assert (found.images, found.links) == ((), (LINK,))


def test_base64_of_a_picture_is_no_text():
    found = read_raw(body(reply(f"Here: {b64(noise_png(5000))} Enjoy!", inline(PICTURE))))
    assert (found.text, [image.data for image in found.images]) == ("Here:  Enjoy!", [PICTURE])
