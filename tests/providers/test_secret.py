from __future__ import annotations

import base64
import copy
import json
import pickle
import traceback
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from gemini_nb.errors import ArgumentError
from gemini_nb.providers.redaction import MASK
from gemini_nb.providers.secret import Secret
from support.key_leaks import KEY, WHOLE, leaks

SECRET = Secret(KEY, where="GEMINI_API_KEY")


@pytest.mark.parametrize("show", [repr, str, "{}".format, ascii])
def test_a_secret_shows_where_it_came_from_and_nothing_of_itself(show):
    assert show(SECRET) == "<key from GEMINI_API_KEY>"


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_a_secret_is_never_pickled_or_copied(take):
    with pytest.raises(TypeError, match="never pickled"):
        take(SECRET)


def test_a_secret_has_no_attributes_to_look_through():
    assert not hasattr(SECRET, "__dict__")
    assert leaks(repr([getattr(SECRET, name) for name in dir(SECRET) if not name.startswith("__")])) == []


def test_secrets_are_equal_when_key_and_origin_are():
    assert Secret(KEY, where="a") == Secret(f" {KEY}\n", where="a")
    assert (
        len({Secret(KEY, where="a"), Secret(KEY, where="a"), Secret(KEY, where="b"), Secret("k", where="a")})
        == 3
    )
    assert Secret(KEY) != KEY


NO_KEYS = {
    "empty": "",
    "blank": "  ",
    "a blank": f"{KEY} {KEY}",
    "a line break": f"{KEY}\n{KEY}",
    "quoted": f'"{KEY}"',
    "curly quotes": f"\u2018{KEY}\u2019",
    "NUL": f"{KEY}\0",
    "an escape": f"{KEY}\\n",
    "a placeholder": f"<{KEY}>",
    "too long": KEY * 150,
    "a number": 7,
    "nothing": None,
}


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_key_is_refused_and_not_shown(key):
    with pytest.raises(ArgumentError, match="no key has") as caught:
        Secret(key, where="GEMINI_API_KEY")
    inner = caught.value.with_traceback(caught.tb.tb_next)
    assert (
        leaks("".join(traceback.TracebackException.from_exception(inner, capture_locals=True).format())) == []
    )


@pytest.mark.parametrize("form", WHOLE)
def test_promise_9_each_form_of_the_key_is_masked(form):
    masked = SECRET.redact(f"before {WHOLE[form]} after")
    assert leaks(masked) == []
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert masked.count(MASK) == 1


@pytest.mark.parametrize("form", [name for name in WHOLE if "base64" not in name and "UTF" not in name])
def test_nothing_but_the_key_is_masked(form):
    assert SECRET.redact(f"before {WHOLE[form]} after") == f"before {MASK} after"


@pytest.mark.parametrize("form", WHOLE)
def test_promise_9_each_form_of_the_key_is_masked_in_bytes(form):
    masked = SECRET.redact_bytes(b"\xff before " + WHOLE[form].encode("latin-1") + b" after \xff")
    assert leaks(masked) == []
    assert masked.startswith(b"\xff before ")
    assert masked.endswith(b" after \xff")


@pytest.mark.parametrize("form", WHOLE)
def test_each_form_is_masked_inside_json_inside_json(form):
    text = json.dumps({"error": json.dumps({"message": f"\n\t“bad” {WHOLE[form]} /\\"})})
    masked = SECRET.redact(text)
    assert leaks(masked) == []
    assert "\\u201cbad\\" in masked


def test_promise_9_a_key_that_is_escaped_three_times_is_masked():
    escaped = KEY
    for _ in range(3):
        escaped = quote(escaped, safe="")
    assert SECRET.redact(f"before {escaped} after") == f"before {MASK} after"


def test_promise_9_pieces_that_a_server_cut_off_are_masked():
    for end in range(8, len(KEY)):
        assert leaks(SECRET.redact(f"bad key {KEY[:end]}…")) == []
        assert leaks(SECRET.redact(f"bad key …{KEY[-end:]}")) == []
        assert leaks(SECRET.redact(f"bad key {KEY[:8]}****{KEY[-end:]}")) == []


@pytest.mark.parametrize("lead", range(3))
@pytest.mark.parametrize("cut", [slice(24), slice(-24, None)], ids=["beginning", "end"])
def test_promise_9_pieces_in_base64_are_masked(lead, cut):
    encoded = base64.b64encode(b"?" * lead + KEY.encode()).decode().rstrip("=")
    assert leaks(SECRET.redact(encoded[cut])) == []


def test_neighbouring_text_stays_as_it_was():
    text = f'{{"a": "{KEY}\\n\\"{KEY}\\"", "b": "%20 & &amp; \\\\ {KEY[:5]}"}}'
    assert SECRET.redact(text) == text.replace(KEY, MASK)
    assert json.loads(SECRET.redact(text))["a"] == f'{MASK}\n"{MASK}"'


@pytest.mark.parametrize(
    "text", ["", "crazyrouter answered 401", "%", "%zz \\ &; &amp", "\\u00", "é€😀 %E9 \\ud83d"]
)
def test_text_without_the_key_is_the_same_object(text):
    assert SECRET.redact(text) is text
    data = text.encode()
    assert SECRET.redact_bytes(data) is data


def test_a_word_that_stands_in_the_key_too_is_no_secret():
    assert Secret("my-crazyrouter-key-4711-0815").redact("crazyrouter answered") == "crazyrouter answered"


@pytest.mark.parametrize("key", ["x", "a", "test", "key", "sk-1"])
def test_a_short_key_leaves_prose_readable(key):
    text = "This is a test of a key: x marks the sk-1 spot; mode: xerox, test: tested."
    masked = Secret(key).redact(text)
    assert masked in (text, text.replace("key: x marks", f"key: {MASK} marks"))


@pytest.mark.parametrize(
    "text", ["https://h/?key={}&x", '{{"key": "{}"}}', "key: {}", "bad key '{}'", "key={}"]
)
def test_a_short_key_is_masked_where_it_is_quoted(text):
    assert Secret("x-1").redact(text.format("x-1")) == text.format(MASK)


def test_a_key_that_is_itself_escaped_text_is_masked():
    for key in ("abc%2Fdef%2Fghi-123456", "abc&amp;def&amp;ghi-123456"):
        assert Secret(key).redact(f"?key={key}!") == f"?key={MASK}!"


@pytest.mark.parametrize("form", ["plain", "percent, all of it 0", "JSON in JSON 0", "base64 after 1"])
def test_the_key_is_found_across_the_border_of_what_is_looked_at_in_one_go(form):
    for before in (0, len(WHOLE[form]) // 2, len(WHOLE[form])):
        masked = SECRET.redact("." * (2**20 - before) + WHOLE[form]).lstrip(".")
        assert masked.endswith(MASK)
        assert leaks(masked) == []


def test_a_json_value_is_redacted_in_every_text_of_it():
    value = {KEY: [f"a{KEY}", 1, None, True, (KEY,)], "b": {"c": KEY}}
    assert SECRET.redact_all(value) == {MASK: [f"a{MASK}", 1, None, True, (MASK,)], "b": {"c": MASK}}


def test_a_dataclass_is_redacted_in_every_text_of_it_and_its_bytes_stay():
    @dataclass(frozen=True)
    class Found:
        label: str
        data: bytes
        inner: tuple[object, ...] = ()

    found = Found(KEY, KEY.encode(), (Found(KEY, b""), print))
    assert SECRET.redact_all(found) == Found(MASK, KEY.encode(), (Found(MASK, b""), print))


def test_a_deep_value_is_redacted_without_recursion():
    value = KEY
    for _ in range(20_000):
        value = {"a": [value]}
    found = SECRET.redact_all(value)
    for _ in range(20_000):
        (found,) = found["a"]
    assert found == MASK


def test_of_two_names_that_become_equal_the_later_one_stays():
    assert SECRET.redact_all({KEY: [1], "a": 0, MASK: (2,)}) == {MASK: (2,), "a": 0}
    assert list(SECRET.redact_all({"b": [1], "a": 0, "c": {}})) == ["b", "a", "c"]


@pytest.mark.parametrize(
    "text", [b"\\", b"\\a", b"%41", b"\\u0041", b"&", b"&#", b"a\n", b"\0", b"%25", KEY[:4].encode()]
)
def test_hostile_text_takes_time_in_proportion_to_its_length(text):
    # Each of these took minutes where a pattern began anew at every character.
    data = text * (2**19 // len(text))
    assert SECRET.redact_bytes(data) is data
