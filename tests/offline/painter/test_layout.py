"""Shapes stand where, in what number and in what order the prompt puts them; seen in the picture."""

from __future__ import annotations

import random

import pytest

from gemini_nb.offline.painter import layout
from gemini_nb.offline.painter.reading import scene, words
from support.pixels import BLUE, GREEN, RED, blobs, middle_of, picture_of, share


@pytest.mark.parametrize(
    ("prompt", "colour", "count"),
    [
        ("three blue circles on a white background", BLUE, 3),
        ("5 red stars on white", RED, 5),
        ("a pair of red hearts", RED, 2),
        ("a dozen green dots on a pale yellow background", GREEN, 12),
        ("red, green and blue circles", GREEN, 1),
        ("a red circle and two green triangles on a pale yellow background", GREEN, 2),
        ("a circle, coloured red, on white", RED, 1),
        ("a red triangle below a green square", GREEN, 1),
        ("six red and blue squares", BLUE, 3),
        ("1000000 red dots", RED, layout.MAX_FIGURES),
    ],
)
def test_as_many_shapes_are_painted_as_were_asked_for(prompt, colour, count):
    assert blobs(picture_of(prompt), colour) == count


@pytest.mark.parametrize(
    ("place", "x", "y"),
    [
        ("in the top left corner", -1, -1),
        ("in the bottom right", 1, 1),
        ("on the left", -1, 0),
        ("at the top", 0, -1),
        ("at the centre", 0, 0),
        ("in the lower left corner", -1, 1),
        ("at the top centre", 0, -1),
    ],
)
def test_a_shape_stands_where_the_prompt_puts_it(place, x, y):
    check_place(f"a red circle {place} on white", x, y)


def test_a_place_may_stand_before_its_shape():
    check_place("a top centre red circle on white", 0, -1)


def check_place(prompt, x, y):
    at = middle_of(picture_of(prompt, aspect_ratio="16:9"), RED)
    assert [(share_ > 0.6) - (share_ < 0.4) for share_ in at] == [x, y]


@pytest.mark.parametrize(
    ("prompt", "axis", "first"),
    [
        ("a red square next to a blue circle", 0, RED),
        ("a red square to the right of a blue circle", 0, BLUE),
        ("a red square above a blue circle", 1, RED),
        ("a red square below a blue circle", 1, BLUE),
    ],
)
def test_shapes_stand_to_each_other_as_the_prompt_says(prompt, axis, first):
    image = picture_of(prompt)
    second = BLUE if first == RED else RED
    assert middle_of(image, first)[axis] < middle_of(image, second)[axis] - 0.1


@pytest.mark.parametrize(
    "prompt",
    [
        "a blue square inside a red circle",
        "a red circle with a blue square inside",
        "blue square in a red circle",
    ],
)
def test_one_shape_inside_another_is_painted_over_it(prompt):
    image = picture_of(prompt)
    assert image.getpixel((512, 512)) == BLUE
    assert share(image, RED) > share(image, BLUE)


@pytest.mark.parametrize("place", ["in the middle", "at the top", "in the lower left corner"])
def test_a_shape_with_a_place_may_stand_inside_another(place):
    image = picture_of(f"two red circles {place} inside a blue square")
    assert share(image, RED) > 0 < share(image, BLUE)
    assert middle_of(image, RED) == pytest.approx(middle_of(image, BLUE), abs=0.02)


@pytest.mark.parametrize("relation", ["inside", "around", "behind", "in front of"])
def test_a_shape_past_the_number_of_figures_is_left_out(relation):
    items = scene.read(f"60 red dots {relation} a blue ring").items
    assert [figure.shape for figure in layout.arrange(items, 1024, 1024)] == ["circle"] * 60


def test_whatever_the_vocabulary_says_can_be_laid_out():
    rng = random.Random(7)
    phrases = sorted(" ".join(phrase) for phrase in words.lexicon())
    often = ["60", "in", "around", "in the middle", "circles", "star"] * (len(phrases) // 6)
    for _ in range(1000):
        items = scene.read(" ".join(rng.choices(phrases + often, k=8))).items
        figures = layout.arrange(items, 512, 512)
        assert bool(figures) is bool(items)
        assert len(figures) <= layout.MAX_FIGURES
        layout.place_in_landscape(items, 300, 512, 512)
        layout.place_on_picture(items, 512, 512)


def test_the_number_of_figures_is_bounded_for_each_item_and_for_all():
    assert scene.read("9999 red dots in the corner").items[0].count == layout.MAX_FIGURES
    crowd = scene.read("40 red dots and 40 blue dots").items
    assert len(layout.arrange(crowd, 1024, 1024)) == layout.MAX_FIGURES


def test_sizes_are_told_apart():
    areas = [
        share(picture_of(f"a {size} red circle"), RED) for size in ("tiny", "small", "", "large", "huge")
    ]
    assert areas == sorted(areas)
    assert len(set(areas)) == 5
