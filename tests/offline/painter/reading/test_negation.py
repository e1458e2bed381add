"""What a prompt does not want is not painted; where that cannot be, the prompt's words are named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from gemini_nb.offline.painter import composition
from gemini_nb.offline.painter.canvas import Canvas
from gemini_nb.offline.painter.reading import negation, scene, words
from support import paintings
from support.pixels import share


@pytest.mark.parametrize(
    ("prompt", "drawn", "unwanted"),
    [
        ("mountains, no clouds", "mountains", "clouds"),
        ("a city without people and cars", "city", "people cars"),
        ("a field with no clouds or big red flowers", "hills", "clouds flowers"),
        ("a beach with no umbrella and a boat", "beach boat", "umbrella"),
        ("no clouds and mountains", "mountains", "clouds"),
        ("without clouds, a boat", "boat", "clouds"),
        ("a cloudless sky", "sky", "cloudless"),
        ("a sky free of clouds", "sky", "clouds"),
        ("a cloud-free sky", "sky", "cloud"),
        ("ein Strand ohne Palmen und Boote", "beach", "Palmen Boote"),
        ("une plage sans nuages", "beach", "nuages"),
        ("una playa sin nubes", "beach", "nubes"),
        ("雲のない空", "sky", "雲"),
        ("没有云的天空", "sky", "云"),
        ("neither snow nor clouds", "", "snow clouds"),
        ("a house that is not red", "house", "red"),
        ("no", "", ""),
    ],
)
def test_what_a_negation_names_is_taken_out(prompt, drawn, unwanted):
    assert paintings.drawn(prompt) == drawn
    assert [word.text for word in negation.split(words.read(prompt))[1]] == unwanted.split()


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("a boat with no sails", "no sails"),
        ("a forest without trees", "no trees"),
        ("a sea with no waves", "no waves"),
        ("a cat, no text, no watermark", ""),
        ("a meadow without people", ""),
        ("a house that isn't red", ""),
    ],
)
def test_what_cannot_be_left_away_is_named(prompt, named):
    assert ", ".join(scene.read(prompt).left_out) == named


@pytest.mark.parametrize(
    "prompt",
    ["a beach without a palm", "a beach without umbrellas", "mountains without trees", "a meadow, no sun"],
)
def test_a_landscape_is_painted_without_its_decoration(prompt):
    """What is left is what the same numbers paint: the rest of the landscape stays as it is."""
    sketch = scene.read(prompt)
    with_it, without_it = (Image.new("RGB", (256, 256)) for _ in range(2))
    composition.compose(Canvas(with_it), replace(sketch, without=frozenset()), composition.rng_for(prompt))
    composition.compose(Canvas(without_it), sketch, composition.rng_for(prompt))
    changed = ImageChops.difference(with_it, without_it).convert("L").point(lambda level: 255 * (level > 0))
    assert 0.002 < share(changed.convert("RGB"), (255, 255, 255)) < 0.4
