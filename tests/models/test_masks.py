"""The sentence that tells a model of a mask."""

from __future__ import annotations

from gemini_nb.models import masks


def test_the_sentence_is_added_and_split_off_again():
    told = masks.add_sentence("a hat\n  \nin red")
    assert told.startswith("a hat")
    assert masks.split_sentence(told) == ("a hat\n  \nin red", True)


def test_a_prompt_without_it_stays_as_it_is():
    assert masks.split_sentence(" a hat \n") == (" a hat \n", False)
