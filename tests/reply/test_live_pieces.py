"""What is said of a text before all of it is there."""

from __future__ import annotations

import pytest

from gemini_nb.providers.secret import Secret
from gemini_nb.reply.live_pieces import LiveText

KEY = "sk-Test0123456789abcdef"
PART = None  # ends a part


def said(*deltas, key=None) -> list[str]:
    prose = LiveText(Secret(key).redact if key else str)
    return [prose.end_part() if delta is PART else prose.add(delta) for delta in deltas]


TEXTS = {
    "word by word": (["A red squ", "are on", " white", ". "], ["A red", " square", " on", " white."]),
    "space waits for what follows": (["One. ", "  \n", "Two. ", " \n"], ["One.", "", "   \nTwo.", ""]),
    "space before the first word is none": (["\n ", " A red ", "cat "], ["", "A red", " cat"]),
    "a language without spaces": (["赤い", "四角です。"], ["赤い", "四角です。"]),
    "a new part begins a line": (["Before ", PART, " After ", PART], ["Before", "", "\nAfter", ""]),
    "an empty part begins none": (["Before ", PART, PART, "After ", PART], ["Before", "", "", "\nAfter", ""]),
    "a part's last word": (["Before", PART, "After", PART], ["", "Before", "", "\nAfter"]),
    "a picture in Markdown": (["Here ![a cat](ht", "tps://a.example/ b) yes "], ["Here", ""]),
    "a mark that is cut": (["Here !", "[cat](x) yes "], ["Here", ""]),
    "a data URI": (["Here da", "ta:image/png;base64,AAAA yes "], ["Here", ""]),
    "data that is a word": (["The data: 1 2 "], ["The data: 1 2"]),
    "a surrogate that is cut": (["Hm \ud83d", "\ude00 "], ["Hm", " 😀"]),
    "a surrogate alone": (["\ud83d hm "], ["\ufffd hm"]),
}


@pytest.mark.parametrize("case", TEXTS)
def test_text_is_said_as_far_as_it_is_certain(case):
    deltas, words = TEXTS[case]
    assert said(*deltas) == words


@pytest.mark.parametrize("at", range(1, len(KEY)))
def test_a_key_that_is_cut_anywhere_is_masked(at):
    words = "".join(said(f"The key {KEY[:at]}", f"{KEY[at:]} was ", "refused ", key=KEY))
    assert words == "The key [key] was refused"


def test_the_rest_is_what_was_not_said():
    prose = LiveText(str)
    assert prose.add("A red ") + prose.rest("A red square") == "A red square"


def test_a_text_that_came_out_otherwise_is_not_said_twice():
    prose = LiveText(str)
    assert (prose.add("A red "), prose.rest("Another text")) == ("A red", "")


WAITS = {"spaces": ("a ", " ", " " * 1001 + "b"), "one word": ("  ", "x", "x" * 1000 + "b")}


@pytest.mark.parametrize(("start", "delta", "expected"), WAITS.values(), ids=WAITS)
def test_a_text_that_waits_comes_whole(start, delta, expected):
    prose = LiveText(str)
    prose.add(start)
    assert all(prose.add(delta) == "" for _ in range(1000))
    assert prose.add("b ") == expected
