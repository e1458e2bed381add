from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb.errors import BadResponseError, TooLargeError
from gemini_nb.reply import base64_blobs
from support.base64_cases import BODIES, CUT, LARGE, LEFT, LINES, NOISE, RUN, UNPADDED, URL_SAFE, plain
from support.images import noise_png
from support.replies import b64, received


def parse(body: bytes):
    """The value of a body, with tokens in it, and the table that they stand in."""
    whole = received(body)
    return base64_blobs.parse_json(whole.rest), whole.blobs


def restored(body: bytes):
    """What is read of a body, tokens replaced, or the error's kind."""
    try:
        value, blobs = parse(body)
    except BadResponseError:
        return BadResponseError
    return blobs.restore_value(value)


@pytest.mark.parametrize("body", CUT.values(), ids=CUT)
def test_a_run_is_cut_and_comes_back_as_it_was(body):
    value, blobs = parse(body.encode())
    assert len(json.dumps(value)) < 400
    assert blobs.restore_value(value) == plain(body.encode().removeprefix(b"\xef\xbb\xbf"))


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_what_would_not_come_back_is_left_in_the_json(body):
    assert parse(body.encode())[0] == plain(body.encode())


def test_the_bytes_behind_a_token_are_the_run_decoded():
    value, blobs = parse(f'{{"data":"{RUN}","text":"(data:;base64,{UNPADDED})"}}'.encode())
    assert blobs.get(value["data"]).data == NOISE[:900]
    assert blobs.decode(value["text"].partition(",")[2][:-1]) == NOISE[:901]


def test_text_that_is_no_token_has_no_bytes_behind_it():
    value, blobs = parse(f'{{"data":"{RUN}"}}'.encode())
    token = value["data"]
    assert [blobs.get(text) for text in ("", "x", token + "0", "0" + token, "0" * len(token))] == [None] * 5


def test_tokens_differ_from_call_to_call():
    first, second = (parse(f'{{"data":"{RUN}"}}'.encode())[0]["data"] for _ in range(2))
    assert first[:64] != second[:64]


def test_of_two_keys_that_become_equal_the_later_one_stays():
    body = f'{{";base64,{RUN}":1,"a":2,";base64,{RUN}":[3]}}'.encode()
    assert list(restored(body).items()) == list(plain(body).items())


def test_a_deep_value_is_restored_without_recursion():
    value = ";"
    for _ in range(5000):
        value = [value]
    assert base64_blobs.BlobTable().restore_value(value) is not None


def test_the_rest_may_be_eight_mebibytes():
    body = b'{"text":"%s","data":"%s"}' % (b"x" * (base64_blobs.MAX_REST_BYTES - 400), RUN.encode())
    assert len(parse(body)[0]["text"]) == base64_blobs.MAX_REST_BYTES - 400


def test_a_larger_rest_is_refused():
    body = b'{"text":"%s","data":"%s"}' % (b"x" * base64_blobs.MAX_REST_BYTES, RUN.encode())
    with pytest.raises(TooLargeError):
        parse(body)


@pytest.mark.parametrize("item", [b"[]", b"{}", b"0", b'""'])
def test_a_rest_of_millions_of_small_items_is_refused(item):
    with pytest.raises(TooLargeError):
        parse(b"[" + b",".join([item] * (base64_blobs.MAX_REST_ITEMS + 1)) + b"]")


@pytest.mark.parametrize("written", LARGE.values(), ids=LARGE)
def test_a_large_image_does_not_count_as_rest(written):
    image = noise_png(7_000_000)
    value, blobs = parse(f'{{"data":"{written(b64(image))}"}}'.encode())
    assert blobs.get(value["data"]).data == image


BAD = {
    "nothing": (b"", "empty"),
    "space": (b" \n ", "empty"),
    "truncated": (b'{"candidates": [{"content"', "cut short"),
    "truncated in its base64": (f'{{"data":"{RUN}'.encode(), "cut short"),
    "HTML": (
        b"<!doctype html><title>502 Bad\x1b[31m\n Gateway</title>",
        "HTML page titled '502 Bad�[31m Gateway'",
    ),
    "HTML without a title": (b"\n <html>", "HTML page"),
    "a title without end": (b"<html><title>" + b"x" * 500, "'" + "x" * 79 + "…'"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "deep objects": (b'{"a":' * 100_000, "nested too deeply"),
    "invalid UTF-8": (b'{"a":"\xff"}', "not valid Unicode"),
    "a huge integer": (b"[" + b"9" * 5000 + b"]", "cut short, or is not JSON"),
}


@pytest.mark.parametrize(("body", "words"), BAD.values(), ids=BAD)
def test_a_body_that_is_no_json_says_what_it_is(body, words):
    with pytest.raises(BadResponseError) as caught:
        parse(body)
    assert words in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_body_in_utf_16_is_read_to_its_last_byte():
    body = '{"data":"é"}\n'.encode("utf-16-be")
    assert parse(body)[0] == {"data": "é"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_json_has_not_become_null(number):
    assert parse(f'{{"a":[{number},1.5]}}'.encode())[0] == {"a": [None, 1.5]}


LENIENT = {
    "plain": (b64(NOISE), NOISE),
    "unpadded": (UNPADDED, NOISE[:901]),
    "URL-safe": (URL_SAFE, NOISE[:1001]),
    "lines": (LINES, NOISE[:900]),
    "CRLF lines": (LINES.replace("\n", "\r\n"), NOISE[:900]),
    "spaces": (f" {RUN[:400]} \t{RUN[400:]} ", NOISE[:900]),
    "both alphabets": ("+-_/", b"\xfb\xef\xff"),
    "padding too long": ("QUI===", b"AB"),
    "one letter": ("Q", None),
    "five letters": ("QUJDR", None),
    "nothing": ("", None),
    "padding only": ("====", None),
    "a comma": ("QUJD,QUJD", None),
    "padding inside": ("QQ==QUJD", None),
    "full-width letters": ("\uff31\uff35\uff2a\uff24", None),
    "an accent": ("QUJé", None),
    "a NUL": ("QUJD\0QUJ", None),
    "a lone surrogate": ("QUJ\ud800", None),
}


@pytest.mark.parametrize(("text", "expected"), LENIENT.values(), ids=LENIENT)
def test_lenient_base64_is_read_or_refused_never_wrong(text, expected):
    assert base64_blobs.decode_lenient(text) == expected


@settings(max_examples=200, deadline=None)
@given(BODIES)
def test_any_value_is_what_json_alone_makes_of_it(body):
    assert restored(body) == plain(body)


@settings(max_examples=200, deadline=None)
@given(BODIES, st.data())
def test_any_damage_is_what_json_alone_makes_of_it(body, data):
    at = data.draw(st.integers(0, len(body)))
    length = data.draw(st.integers(0, 5))
    other = data.draw(
        st.sampled_from([b"", b'"', b"\\", b"\\/", b"\\u0041", b":", b"}", b'"data":"', b";base64,"])
    )
    damaged = body[:at] + other + body[at + length :]
    assert restored(damaged) == plain(damaged)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_what_json_alone_makes_of_them(body):
    assert restored(body) == plain(body)
