"""`-c KEY=VALUE` and `--safety`: read as people mean them, and written so that they are read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.notebook.export import _quote
from gemini_nb.notebook.options import split_words
from gemini_nb.settings import words
from gemini_nb.settings.options import ALL_CATEGORIES, CATEGORIES, THRESHOLDS, clean

READ = {
    "number": (["temperature=0.4"], {"temperature": 0.4}),
    "text": (["mediaResolution=MEDIA_RESOLUTION_LOW"], {"mediaResolution": "MEDIA_RESOLUTION_LOW"}),
    "text in quotes": (['responseMimeType="7"'], {"responseMimeType": "7"}),
    "truth": (["responseLogprobs=true"], {"responseLogprobs": True}),
    "null": (["seed=null"], {"seed": None}),
    "list": (['stopSequences=["a", "b"]'], {"stopSequences": ["a", "b"]}),
    "object": (['imageConfig={"imageSize": "1K"}'], {"imageConfig": {"imageSize": "1K"}}),
    "dots": (["imageConfig.imageSize=1K"], {"imageConfig": {"imageSize": "1K"}}),
    "an object and into it": (
        ['imageConfig={"imageSize": "1K"}', "imageConfig.aspectRatio=1:1"],
        {"imageConfig": {"imageSize": "1K", "aspectRatio": "1:1"}},
    ),
    "equals signs in the value": (["stopSequences=a=b"], {"stopSequences": "a=b"}),
    "nothing": (["responseMimeType="], {"responseMimeType": ""}),
    "not a number": (["temperature=NaN"], {"temperature": "NaN"}),
    "huge number": (["topK=" + "9" * 5000], {"topK": "9" * 5000}),
}


@pytest.mark.parametrize("case", READ)
def test_a_setting_is_read(case):
    given_words, expected = READ[case]
    assert words.parse_config(given_words) == expected


BAD = {
    "no value": (["temperature"], "not KEY=VALUE"),
    "no key": (["=1"], "not KEY=VALUE"),
    "two dots": (["imageConfig..imageSize=1K"], "not KEY=VALUE"),
    "too many dots": ([".".join("a" * 9) + "=1"], "not KEY=VALUE"),
    "twice": (["topK=1", "topK=2"], "topK is given twice"),
    "into a number": (["imageConfig=1", "imageConfig.imageSize=1K"], "so it is not an object"),
    "over an object": (["imageConfig.imageSize=1K", "imageConfig=1"], "is given twice"),
    "list that lost its quotes": (["responseModalities=[TEXT,IMAGE]"], "'single quotes'"),
    "text that is not closed": (['responseMimeType="a'], "is not JSON"),
    "deep": (["seed=" + "[" * 10**6], "is nested too deeply"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")
def test_a_setting_that_cannot_be_is_refused(case):
    given_words, message = BAD[case]
    with pytest.raises(ArgumentError, match=message) as refused:
        words.parse_config(given_words)
    assert len(str(refused.value)) < 400


def test_a_misspelt_setting_is_passed_on_with_a_warning():
    with pytest.warns(GeminiWarning, match=r"top_p is not a known setting .* Did you mean topP\?"):
        assert words.parse_config(["top_p=0.9"]) == {"top_p": 0.9}


KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
@pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")
def test_settings_are_written_as_they_are_read(config):
    line = " ".join(_quote(word) for word in words.write_config(config))
    assert len(line.splitlines()) <= 1
    assert words.parse_config(split_words(line)) == config


@given(st.dictionaries(st.sampled_from(ALL_CATEGORIES), st.sampled_from(THRESHOLDS)))
def test_thresholds_are_written_as_they_are_read(thresholds):
    assert clean("safety", words.write_safety(thresholds)) == clean("safety", thresholds)


def test_one_threshold_for_all_is_one_word():
    assert words.write_safety(clean("safety", "only_high")) == ["only_high"]
    assert words.write_safety(dict.fromkeys(CATEGORIES[:2], "off")) == ["harassment=off", "hate_speech=off"]


@given(st.text().filter(lambda text: len(text.splitlines()) == 1))
def test_a_text_of_one_line_is_quoted_so_that_it_is_read_back(text):
    assert split_words(f"a {_quote(text)} b") == ["a", text, "b"]


def test_a_name_that_no_line_can_say_is_refused():
    with pytest.raises(ArgumentError, match="-c cannot express"):
        words.write_config({"a.b": 1})
