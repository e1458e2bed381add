"""A prompt's words are read as the shapes and colours that they name."""

from __future__ import annotations

import pytest

from gemini_nb.offline.painter.reading import scene, vocabulary
from support.pixels import picture_of, share


def test_a_colour_does_not_pass_from_a_thing_that_cannot_be_drawn_to_the_next():
    assert scene.read("a red dragon, a star").items[0].colours == ()
    assert scene.read("a red dragon and a star").items[0].colours == ()


@pytest.mark.parametrize("shape", sorted({*vocabulary.NOUNS}))
def test_every_shape_is_read_and_seen(shape):
    phrase = vocabulary.NOUNS[shape].split(", ")[0]
    assert [item.shape for item in scene.read(f"a {phrase}").items] == [shape]
    image = picture_of(f"a {phrase} on a #010203 background", image_size="512")
    assert 0.01 < 1 - share(image, (1, 2, 3)) < 0.7
