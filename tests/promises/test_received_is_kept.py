"""Promise 2: what was received of a paid POST is read where it is whole, and else kept, byte for byte."""

from __future__ import annotations

import gzip
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb.errors import GeminiError, OutcomeUnknownError
from support import faults
from support.clients import OK, PICTURE, assert_error_is_ours, client_of, error_from
from support.faults import CHUNKED, FaultServer, chunk, head, raw, sized, then_stall
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.processes import ran
from support.replies import body, chat, data_uri, inline, openai, reply, text_body
from support.timing import given_time, in_time
from support.tls_hosts import Authority

UNSIZED = head()


def then_reset(content: bytes):
    def fault(visit):
        raw(content)(visit)
        visit.reset()

    return fault


# How an answer ends whose body is `content`, and never as it should.
BREAKS = {
    "a length one too large": lambda content: faults.short_body(content, missing=1),
    "a length far too large": lambda content: faults.short_body(content, missing=10**6),
    "no last chunk": lambda content: raw(CHUNKED + chunk(content)),
    "half of the last chunk": lambda content: raw(CHUNKED + chunk(content) + b"0\r\n"),
    "a last chunk of letters": lambda content: raw(CHUNKED + chunk(content) + b"zz\r\n\r\n"),
    "a last chunk below nothing": lambda content: raw(CHUNKED + chunk(content) + b"-1\r\n\r\n"),
    "a chunk without its end": lambda content: raw(CHUNKED + chunk(content)[:-2]),
    "a chunk with another end": lambda content: raw(CHUNKED + chunk(content)[:-2] + b"no end\r\n0\r\n\r\n"),
    "a chunk shorter than it says": lambda content: raw(CHUNKED + b"%x\r\n" % (len(content) + 9) + content),
    "a second chunk without its bytes": lambda content: raw(CHUNKED + chunk(content) + b"5\r\n"),
    "a trailer that is none": lambda content: raw(CHUNKED + chunk(content) + b"0\r\nno trailer\r\n\r\n"),
    "an error page behind it": lambda content: raw(CHUNKED + chunk(content) + b"<html>502</html>"),
    "a reset": lambda content: then_reset(sized(len(content) + 1) + content),
    "a reset behind a chunk": lambda content: then_reset(CHUNKED + chunk(content)),
    "a length in characters of 9999": lambda content: raw(sized(9999) + content),
    "a length of an exabyte less than allowed": lambda content: raw(sized(60 * 2**20) + content),
    "gzip and a length too large": lambda content: raw(
        head(b"Content-Encoding: identity", b"Content-Length: %d" % (len(content) + 3)) + content
    ),
}
SHORT_LENGTHS = {
    "one too small": (OK, len(OK) - 1),
    "too small by half": (OK, len(OK) // 2),
    "none": (OK, 0),
    "in a long run of base64": (body(reply(inline(noise_png(300_000)))), 200_000),
    "counted in characters": ("Ü" * 30 + "画" * 9, None),
}
IDLE = {
    "a length one too large": lambda content: then_stall(sized(len(content) + 1) + content),
    "no last chunk": lambda content: then_stall(CHUNKED + chunk(content)),
    "no length": lambda content: then_stall(UNSIZED + content),
    "dripping white space": lambda content: faults.endless(
        CHUNKED + chunk(content), itertools.repeat(chunk(b" ")), seconds=faults.DRIP_SECONDS
    ),
}
SHAPES = {
    "inlineData": OK,
    "white space around it": b" \n" + OK + b"\r\n ",
    "a data URI": text_body(f"Here: ![image]({data_uri(PICTURE)})"),
    "OpenAI's images": body(openai({"b64_json": data_uri(PICTURE).partition(",")[2]})),
    "OpenAI's chat": body(chat({"content": None, "images": [{"image_url": {"url": data_uri(PICTURE)}}]})),
    "a large picture": body(reply(inline(noise_png(300_000)))),
    "an array": b"[" + OK + b"]",
    "UTF-16": OK.decode().encode("utf-16"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_promise_2_json_that_is_whole_is_read_however_its_connection_ended(case):
    with FaultServer(BREAKS[case](OK)) as server, client_of(server.url) as client:
        assert client.generate("a red square").image.data == PICTURE
        assert server.posts == 1


@pytest.mark.parametrize("case", BREAKS)
def test_promise_2_json_that_is_cut_is_kept_as_it_came_and_may_have_been_billed(case):
    with FaultServer(BREAKS[case](OK[:-20])) as server:
        error = error_from(server.url)
        assert server.posts == 1
    assert type(error) is OutcomeUnknownError
    assert error.raw_path.read_bytes() == OK[:-20]
    assert str(error.raw_path) in str(error)
    assert_error_is_ours(error)


@pytest.mark.parametrize("case", SHORT_LENGTHS)
@pytest.mark.parametrize("ends", [raw, then_stall], ids=["and the end", "and silence"])
def test_promise_2_json_that_is_whole_is_read_although_the_length_was_too_small(case, ends):
    content, length = SHORT_LENGTHS[case]
    if length is None:
        text = json.dumps(reply(content, inline(PICTURE)), ensure_ascii=False)
        content, length = text.encode(), len(text)
    with FaultServer(ends(sized(length) + content)) as server, client_of(server.url) as client:
        assert client.generate("a red square").image.size >= len(PICTURE)
        assert server.posts == 1


def test_promise_2_what_is_no_json_with_what_follows_it_either_is_kept_with_it():
    with FaultServer(raw(sized(len(OK) - 30) + OK[:-20])) as server:
        assert error_from(server.url).raw_path.read_bytes() == OK[:-20]


def test_what_follows_whole_json_is_not_read():
    with FaultServer(faults.long_body(OK, extra=OK)) as server, client_of(server.url) as client:
        assert len(client.generate("a red square").images) == 1


@pytest.mark.parametrize("case", IDLE)
def test_promise_2_json_that_is_whole_is_read_although_the_connection_stays_idle(case):
    def call(seconds):
        with FaultServer(IDLE[case](OK)) as server, client_of(server.url, timeout=seconds) as client:
            try:
                picture = client.generate("a red square").image.data
            except OutcomeUnknownError as late:
                in_time(late.raw_path)
                raise
            assert picture == PICTURE
            assert server.wait_for_disconnects(1)
            assert server.posts == 1

    given_time(call, 0.6, 2, 6)


@pytest.mark.parametrize("case", IDLE)
def test_promise_2_json_that_is_cut_and_stays_idle_is_kept_at_the_deadline(case):
    def call(seconds):
        with FaultServer(IDLE[case](OK[:-20])) as server:
            error = error_from(server.url, timeout=seconds)
            assert server.posts == 1
        assert type(error) is OutcomeUnknownError
        in_time(error.raw_path)
        assert error.raw_path.read_bytes().rstrip() == OK[:-20]

    given_time(call, 0.6, 2, 6)


@pytest.mark.parametrize("shape", SHAPES)
def test_promise_2_every_shape_is_read_although_its_connection_broke(shape):
    with FaultServer(faults.short_body(SHAPES[shape])) as server, client_of(server.url) as client:
        assert client.generate("a red square").image.size >= len(PICTURE)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_promise_2_every_shape_is_kept_wherever_it_was_cut(shape, place):
    content = SHAPES[shape]
    cut = content[: int(len(content) * place)]
    with FaultServer(faults.short_body(cut)) as server:
        assert error_from(server.url).raw_path.read_bytes() == cut


RAGGED = """
import os
from gemini_nb import GeminiError
os.environ["SSL_CERT_FILE"] = {file!r}
try:
    print(client_of(url).generate("a red square").image.size)
except GeminiError as error:
    print(error.raw_path.stat().st_size)
"""


@pytest.mark.parametrize("start", [UNSIZED, sized(len(OK) + 1)], ids=["no length", "a length too large"])
@pytest.mark.parametrize("content", [OK, OK[:-20]], ids=["whole", "cut"])
def test_promise_2_a_tls_connection_that_ends_without_farewell(content, start, tmp_path):
    authority = Authority(tmp_path)
    with authority.server(then_reset(start + content), name="localhost") as server:
        printed = ran(RAGGED.format(file=str(authority.file)), f"https://localhost:{server.port}")
    assert printed == str(len(PICTURE if content is OK else content))


def test_promise_2_a_cut_reply_of_a_store_is_kept_there(tmp_path):
    with FaultServer(faults.short_body(body(reply(inline(noise_png(500_000))))[:-20])) as server:
        error = error_from(server.url, store=tmp_path / "store")
    assert error.raw_path.parent == tmp_path / "store" / "unread"
    assert error.raw_path.read_bytes() == body(reply(inline(noise_png(500_000))))[:-20]


def test_promise_2_a_whole_reply_that_broke_off_is_stored_and_replayed(tmp_path):
    with FaultServer(faults.short_body(OK)) as server, client_of(server.url, store=tmp_path) as client:
        assert not client.generate("a red square").replayed
        assert client.generate("a red square").replayed
        assert server.posts == 1


def test_promise_2_a_whole_reply_that_broke_off_says_what_it_says():
    with FaultServer(faults.short_body(body(reply(finish_reason="IMAGE_SAFETY")))) as server:
        error = error_from(server.url, retry_unknown=True)
        assert server.posts == 1
    assert error.reason == "IMAGE_SAFETY"


# What came as a success and holds no picture.
NO_PICTURE = {
    "words": text_body("I would rather not."),
    "words and a page": text_body("See https://a.example/page for more."),
    "no parts": body(reply()),
    "no content": body({"candidates": [{"finishReason": "NO_IMAGE"}]}),
    "no candidates": body({"candidates": []}),
    "a blocked prompt": body({"promptFeedback": {"blockReason": "SAFETY"}}),
    "a blocked picture": body(reply(finish_reason="IMAGE_SAFETY")),
    "a reason nobody knows": body(reply(finish_reason="BRAND_NEW")),
    "only a draft": body(reply({**inline(PICTURE), "thought": True})),
    "an error": body({"error": {"message": "no", "code": 500}}),
    "an error in an array": body([{"error": {"message": "no", "code": "odd"}}]),
    "an error as text": body({"error": "no"}),
    "a quota": body({"error": {"message": "no", "code": "insufficient_user_quota"}}),
    "no success": body({"success": False, "message": "no"}),
    "a task": body({"task_id": "t-1", "status": "processing"}),
    "an unknown object": body({"result": {"url": None}, "took": 1.5}),
    "an empty object": b"{}",
    "an array of nothing": b"[]",
    "a number": b"17",
    "text in quotes": b'"done"',
    "null": b"null",
    "no JSON": b"Internal gateway notice",
    "a page": b"<html><title>Busy</title></html>",
    "bytes": bytes(range(128, 256)),
    "cut JSON": OK[:-20],
    "half a picture itself": PICTURE[:-20],
}


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("case", NO_PICTURE)
def test_promise_2_whatever_came_and_is_no_picture_is_kept_and_named(case, status):
    with Gateway(Answer(NO_PICTURE[case], status=status)) as gateway:
        error = error_from(gateway.url)
        assert gateway.posts == 1
    assert error.raw_path.read_bytes() == NO_PICTURE[case]
    assert str(error.raw_path) in str(error)
    assert_error_is_ours(error)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_an_error_that_came_as_one_is_not_kept(status):
    with Gateway(Answer({"error": {"message": "no"}}, status=status)) as gateway:
        assert error_from(gateway.url, timeout=0.2).raw_path is None


def test_what_the_embedded_provider_made_cost_nothing_and_is_not_kept():
    with client_of(None, provider="offline") as client, pytest.raises(GeminiError) as caught:
        client.generate("something blocked by safety")
    assert caught.value.raw_path is None


# Any reply, cut anywhere.

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
PICTURES = st.sampled_from([PICTURE, noise_png(1500), noise_png(5000)])
ESCAPES = st.sampled_from([lambda content: content, lambda content: content.replace(b"/", b"\\/")])


@st.composite
def replies(draw) -> bytes:
    """Replies with a picture, and anything else beside it."""
    picture = draw(PICTURES)
    part = draw(st.sampled_from([inline(picture), {"text": f"It is ![x]({data_uri(picture)})."}]))
    more = {f"x-{name}": value for name, value in draw(st.dictionaries(st.text(max_size=5), JSON)).items()}
    whole = {**reply(part), **more} if draw(st.booleans()) else {**more, **reply(part)}
    return draw(ESCAPES)(body(whole, ensure_ascii=draw(st.booleans())))


@settings(max_examples=150, deadline=None)
@given(
    content=replies(),
    space=st.text(" \r\n", max_size=3),
    place=st.floats(0, 1),
    missing=st.sampled_from([0, 0, 1, 2, 30]),
    case=st.sampled_from(sorted(BREAKS)),
    coding=st.sampled_from([None, gzip.compress]),
)
def test_promise_2_any_prefix_that_holds_the_whole_json_is_read_and_any_other_is_kept(
    *, content, space, place, missing, case, coding
):
    whole = content + space.encode()
    prefix = whole[: max(1, len(whole) - missing if missing else int(len(whole) * place))]
    sent = coding(prefix) if coding else prefix
    with FaultServer(BREAKS[case](sent)) as server, client_of(server.url) as client:
        try:
            made = client.generate("a red square").image.size
        except OutcomeUnknownError as error:
            made = error.raw_path.read_bytes()
        assert server.posts == 1
    assert made == sent if len(prefix) < len(content) else made >= len(PICTURE)
