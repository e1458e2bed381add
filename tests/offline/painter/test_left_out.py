"""Each prompt draws its things or names what is left out: a pattern without a word is never the answer."""

from __future__ import annotations

import pytest

from gemini_nb.offline.painter import paint
from gemini_nb.offline.painter.reading import scene
from gemini_nb.offline.painter.recipes import Step
from support import paintings
from support.naughty_strings import STRINGS


@pytest.mark.parametrize("prompt", paintings.PROMPTS)
def test_a_prompt_as_newcomers_type_it_is_drawn_or_named(prompt):
    drawn, left_out = paintings.PROMPTS[prompt]
    painting = paint.paint_step(Step(prompt, image_size="512"))
    assert paintings.drawn(prompt) == drawn
    assert ", ".join(painting.left_out) == left_out
    assert painting.note == (f"Offline painter left out: {left_out}" if left_out else "")


@pytest.mark.parametrize("prompt", ["", "something beautiful, please", "a nice picture", "7"])
def test_a_pattern_that_nobody_asked_for_is_said_to_be_one(prompt):
    assert "nothing to draw" in paint.paint_step(Step(prompt, image_size="512")).note


def test_names_come_in_the_prompts_order_and_spelling_each_once():
    prompt = "a Ferrari, a gondola, a ferrari and a red boat, by Monet, with a FERRARI"
    assert scene.read(prompt).left_out == ("Ferrari", "gondola", "Monet")


def test_the_note_is_bounded_in_number_and_length():
    prompt = " ".join(f"w{'x' * length}z" for length in range(3, 200))
    note = paint.paint_step(Step(prompt, image_size="512")).note
    assert note.endswith(" and 189 more")
    assert len(note) < 400


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("a sun in the rain", "sun"),
        ("a sun over the sea at night", "sun"),  # the sky has its moon
        ("a moon over the sea at sunset", "moon"),
        ("mountains under water", "mountains"),
        ("mountains on a pink background", "background"),
        ("hills in a forest", "hills"),
        ("a mountain lake in autumn", "in autumn"),
        ("a pink ocean", "pink"),
        ("a blue ocean under a blue sky", ""),
        (" and ".join(f"{n} red dots" for n in range(1, 27)), "dots"),
    ],
)
def test_what_is_understood_and_hidden_by_the_rest_is_named_too(prompt, named):
    assert ", ".join(scene.read(prompt).left_out) == named


def test_the_names_of_any_text_are_one_line_and_cannot_steer_a_terminal():
    for text in STRINGS:
        for name in scene.read(text).left_out:
            assert name.split() == name.split(" ")
            assert not any(character < " " or "\x7f" <= character < "\xa0" for character in name)
