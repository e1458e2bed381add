from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb.errors import BadResponseError, TooLargeError
from gemini_nb.reply import base64_blobs
from gemini_nb.reply.json_receiver import MIN_RUN_CHARS, receive
from support.images import noise_png
from support.replies import b64

NOISE = random.Random(1).randbytes(4000)
RUN = b64(NOISE[:900])
UNPADDED = b64(NOISE[:901]).rstrip("=")
URL_SAFE = base64.urlsafe_b64encode(NOISE[:1001]).decode()
MIXED = RUN[:500] + "-_+/" + RUN[504:]
SPARE_BITS = b64(NOISE[:899] + b"\x01")[:-2] + "B="
LINES = "\n".join(RUN[at : at + 76] for at in range(0, len(RUN), 76))

assert len(RUN) >= MIN_RUN_CHARS


def plain(body: bytes):
    """What `json` alone makes of a body, or the error's kind."""
    try:
        return json.loads(body.strip(), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return BadResponseError


def parse(body: bytes):
    """The value of a body, with tokens in it, and the table that they stand in."""
    received = receive(body)
    return base64_blobs.parse_json(received.rest), received.blobs


def restored(body: bytes):
    """What is read of a body, tokens replaced, or the error's kind."""
    try:
        value, blobs = parse(body)
    except BadResponseError:
        return BadResponseError
    return blobs.restore_value(value)


CUT = {
    "inlineData": f'{{"inlineData":{{"data":"{RUN}"}}}}',
    "white space around the colon": f'{{"data" \n\t: \r\n "{RUN}"}}',
    "b64_json": f'[{{"b64_json":"{RUN}"}}]',
    "data URI in Markdown": f'{{"text":"![a](data:image/png;base64,{RUN}) and more"}}',
    "bare data URI": f'{{"text":"data:image/png;base64,{RUN}"}}',
    "bare data URI and a newline": f'{{"text":"data:image/png;base64,{RUN}\\n"}}',
    "data URI in angle brackets": f'{{"text":"![x](<data:image/png;base64,{RUN}>)"}}',
    "data URI and prose": f'{{"text":"data:image/png;base64,{RUN} is it"}}',
    "data URI in escaped quotes": f'{{"text":"<img src=\\"data:image/png;base64,{RUN}\\">"}}',
    "data URI under data": f'{{"data":"data:image/png;base64,{RUN}"}}',
    "slashes escaped": '{"data":"' + RUN.replace("/", "\\/") + '"}',
    "slashes escaped in text": '{"text":"(data:;base64,' + RUN.replace("/", "\\/") + ')"}',
    "unpadded": f'{{"data":"{UNPADDED}"}}',
    "padding too long": f'{{"data":"{RUN}="}}',
    "unpadded before escaped quotes": f'{{"text":"<img src=\\"data:;base64,{UNPADDED}\\">"}}',
    "slashes escaped before escaped quotes": '{"text":"<img src=\\"data:;base64,'
    + RUN.replace("/", "\\/")
    + '\\">"}',
    "slashes escaped, after letters that could be the last": '{"data":"' + "AA\\/AAAA\\/A" * 150 + '"}',
    "slashes escaped and unpadded": '{"data":"' + UNPADDED.replace("/", "\\/") + '"}',
    "URL-safe": f'{{"data":"{URL_SAFE}"}}',
    "URL-safe and unpadded": f'{{"data":"{URL_SAFE.rstrip("=")}"}}',
    "URL-safe in text": f'{{"text":"![](data:image/png;base64,{URL_SAFE})"}}',
    "a key that ends in an escaped quote and data": '{"x\\"data":"' + RUN + '"}',
    "text of a key": f'{{";base64,{RUN}":1}}',
    "a UTF-8 byte order mark": f'\ufeff{{"data":"{RUN}"}}',
    "space before it": f' \n\n{{"data":"{RUN}"}}',
}
LEFT = {
    "short": '{"data":"iVBORw0KGgo="}',
    "spare bits set": f'{{"data":"{SPARE_BITS}"}}',
    "both alphabets": f'{{"data":"{MIXED}"}}',
    "three signs of padding": f'{{"data":"{RUN}==="}}',
    "the URL-safe alphabet late": f'{{"data":"{RUN}-_-_"}}',
    "the standard alphabet late": f'{{"data":"{URL_SAFE.rstrip("=")}+/+/"}}',
    "the URL-safe alphabet late in text": f'{{"text":"data:;base64,{RUN}-_-_"}}',
    "one slash of many escaped": '{"data":"' + RUN.replace("/", "\\/", 1) + '"}',
    "all slashes but one escaped": '{"data":"' + RUN.replace("/", "\\/") + '/QUJ"}',
    "spare bits set, URL-safe": f'{{"data":"{URL_SAFE[:1000]}QUJDQR"}}',
    "spare bits set, in text": f'{{"text":"data:;base64,{SPARE_BITS} and more"}}',
    "an escape among letters": f'{{"data":"{RUN[:500]}\\b{RUN[500:]}"}}',
    "an escape among URL-safe letters": f'{{"data":"{URL_SAFE[:500]}\\b{URL_SAFE[500:]}"}}',
    "an escape among URL-safe letters in text": f'{{"text":";base64,{URL_SAFE[:500]}\\b{URL_SAFE[500:]}"}}',
    "an escape among escaped slashes": '{"data":"' + RUN.replace("/", "\\/")[:600] + "\\b" + RUN[600:] + '"}',
    "padding inside": f'{{"data":"{RUN}QQ==QUJD"}}',
    "padding inside, in text": f'{{"text":"data:;base64,{RUN}QQ==QUJD"}}',
    "a letter too many": f'{{"data":"{RUN}Q"}}',
    "line breaks": json.dumps({"data": LINES}),
    "an escaped letter at its end": f'{{"data":"{RUN}\\u0041"}}',
    "an escaped letter in text": f'{{"text":"data:;base64,{RUN}\\u0041"}}',
    "percent-encoding": f'{{"text":"data:;base64,{RUN}%3D"}}',
    "another key": f'{{"thoughtSignature":"{RUN}"}}',
    "prose under data": json.dumps({"data": "word " * 500}),
}


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
    assert blobs.data(value["data"]) == NOISE[:900]
    assert blobs.decode(value["text"].partition(",")[2][:-1]) == NOISE[:901]


def test_text_that_is_no_token_has_no_bytes_behind_it():
    value, blobs = parse(f'{{"data":"{RUN}"}}'.encode())
    token = value["data"]
    assert [blobs.data(text) for text in ("", "x", token + "0", "0" + token, "0" * len(token))] == [None] * 5


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


LARGE = {
    "plain": lambda text: text,
    "unpadded": lambda text: text.rstrip("="),
    "URL-safe": lambda text: text.replace("+", "-").replace("/", "_"),
    "slashes escaped": lambda text: text.replace("/", "\\/"),
}


@pytest.mark.parametrize("written", LARGE.values(), ids=LARGE)
def test_a_large_image_does_not_count_as_rest(written):
    image = noise_png(7_000_000)
    value, blobs = parse(f'{{"data":"{written(b64(image))}"}}'.encode())
    assert blobs.data(value["data"]) == image


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
    "a huge integer": (b"[" + b"9" * 5000 + b"]", "cut short or was never JSON"),
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


FRAGMENTS = st.sampled_from([
    *("data:", "image/png", ";base64,", "DATA:;base64,", "](", "![a](", ")", "<", ">", "\\", '"', "'"),
    *("/", "=", "==", "%3D", "%", " ", "\n", "\r\n", "https://a.example/", ".png", ",", "x", "é", "😀"),
    *("\ud800", '"data":"', RUN, UNPADDED, URL_SAFE, MIXED, SPARE_BITS, LINES, RUN[:76]),
    RUN[:1000] + "\n" + RUN[1000:],
])  # fmt: skip
TEXTS = st.lists(FRAGMENTS, max_size=7).map("".join)
KEYS = st.sampled_from(["data", "b64_json", "text", 'x"data', "x\\", "url"]) | TEXTS
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
BODIES = st.builds(
    lambda value, ascii_only, slashes, spaces: (
        json.dumps(value, ensure_ascii=ascii_only, indent=spaces)
        .replace("/", "\\/" if slashes else "/")
        .encode("utf-8", "surrogatepass")
    ),
    VALUES,
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 1]),
)


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
