from __future__ import annotations

import copy
import pickle
import traceback
from dataclasses import dataclass

import pytest

from gemini_nb.errors import ArgumentError
from gemini_nb.providers.redaction import MASK
from gemini_nb.providers.secret import Secret
from support.key_leaks import KEY, leaks

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


def test_what_does_not_hold_the_key_is_returned_itself():
    value = {"a": [KEY[:3], 1, None], "b": "no key at all"}
    assert SECRET.redact_all(value) is value


@pytest.mark.parametrize("before", ["%", "%4", "\\x", "\\x4", "&#", "&#x", "\\u00"])
def test_what_stands_in_one_text_hides_no_key_in_the_next(before):
    secret = Secret("4c3ab1f2e9d0")
    assert secret.redact_all([before, "4c3ab1f2e9d0"]) == [before, MASK]
    assert secret.redact_all({before: "4c3ab1f2e9d0"}) == {before: MASK}


def test_no_key_is_found_across_two_texts():
    value = [KEY[:6], KEY[6:12]]
    assert SECRET.redact_all(value) == value
