"""Small versions of pictures, each made once."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gemini_nb.errors import ImageRefusedError
from gemini_nb.notebook.studio.previews import Previews
from support.albums import album_of
from support.generations import answer
from support.images import PNG_END, chunk, encoded, png
from support.pngs import random_png


def entry_of(data):
    return album_of(answer("a boat", data)).find(1)


@pytest.mark.parametrize(
    ("size", "tile", "preview"),
    [
        ((1024, 512), (256, 128), (768, 384)),
        ((300, 1500), (102, 512), (300, 1500)),
        ((64, 48), (64, 48), (64, 48)),
        ((1, 3000), (1, 512), (1, 3000)),
    ],
)
def test_each_has_its_size(size, tile, preview):
    entry, previews = entry_of(encoded("PNG", *size)), Previews()
    for data, expected in ((previews.tile(entry), tile), (previews.preview(entry), preview)):
        image = Image.open(io.BytesIO(data))
        assert (image.format, image.size) == ("WEBP", expected)


def test_each_is_made_once():
    entry, previews = entry_of(encoded("PNG", 64, 64)), Previews()
    tile, preview = previews.tile(entry), previews.preview(entry)
    assert previews.tile(entry) is tile
    assert previews.preview(entry) is preview


def test_a_preview_stays_small_however_hard_it_is_to_encode():
    preview = Previews().preview(entry_of(random_png(1024, 1024)))
    assert len(preview) <= 150_000
    assert Image.open(io.BytesIO(preview)).width >= 400


def test_what_does_not_decode_is_refused():
    with pytest.raises(ImageRefusedError):
        Previews().tile(entry_of(png()[:33] + chunk(b"IDAT", b"no pixels") + PNG_END))
