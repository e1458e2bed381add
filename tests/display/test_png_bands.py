"""Large PNG decoded in bands or in pieces of rows: the same pixels as Pillow's, of every kind of PNG."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from gemini_nb.display import png_bands, preview
from gemini_nb.errors import ImageRefusedError
from gemini_nb.images.image import GeneratedImage
from support.images import PNG_END
from support.pngs import CHANNELS, KINDS, assembled, random_png

WAYS = {"bands": 10**6, "pieces of rows": 10}


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def in_bands(request, monkeypatch):
    """Small pictures are decoded as large ones, a few rows or pixels at a time."""
    monkeypatch.setattr(preview, "_LARGE_PIXELS", 0)
    monkeypatch.setattr(png_bands, "_MAX_WHOLE_BYTES", 0)
    monkeypatch.setattr(png_bands, "_BAND_BYTES", 200)
    monkeypatch.setattr(png_bands, "_MAX_ROW_BYTES", request.param)


def scaled(data, *size):
    return preview.scale(GeneratedImage.from_bytes(data, source="inlineData"), *size)


def whole(data):
    """The picture as Pillow decodes it, on white as it is then compared."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return preview._to_rgb(picture)


def difference(one, other):
    """The largest difference of any colour on white paper."""
    pair = (preview.flatten(one), preview.flatten(other))
    return max(high for _, high in ImageChops.difference(*pair).getextrema())


@pytest.mark.parametrize("width", [1, 5, 61])
@pytest.mark.parametrize(("depth", "colour"), KINDS, ids=[f"{d} bits, type {c}" for d, c in KINDS])
def test_a_band_has_the_pixels_of_the_whole(in_bands, depth, colour, width):
    data = random_png(width, 37, depth, colour)
    assert difference(scaled(data, width), whole(data)) <= 1


@pytest.mark.parametrize(("depth", "colour"), [(1, 0), (4, 0), (8, 0), (8, 2), (1, 3), (4, 3), (8, 3)])
def test_a_clear_colour_is_clear_in_every_band(in_bands, depth, colour):
    data = random_png(40, 30, depth, colour, clear=True)
    assert scaled(data, 40).mode == "RGBA"
    assert difference(scaled(data, 40), whole(data)) <= 1


@pytest.mark.parametrize(("depth", "colour"), KINDS, ids=[f"{d} bits, type {c}" for d, c in KINDS])
@pytest.mark.parametrize("size", [(64, 48), (9, 1), (1, 9)], ids=str)
def test_of_an_interlaced_picture_every_other_row_is_read(in_bands, depth, colour, size):
    flat = bytearray()
    for left, top, across, down in png_bands._ADAM7:
        pixels, rows = -(-(size[0] - left) // across), -(-(size[1] - top) // down)
        row = b"\0" + (b"\x55" if depth > 1 else b"\0") * ((pixels * depth * CHANNELS[colour] + 7) // 8)
        flat += row * rows if pixels > 0 else b""
    data = assembled(*size, depth, colour, bytes(flat), interlace=1)
    small = preview.fit(*size, max(1, size[0] // 4), max(1, size[1] // 4))
    assert difference(scaled(data, *small), whole(data).resize(small)) <= 1


def test_an_interlaced_picture_that_is_hardly_scaled_is_decoded_whole(in_bands):
    data = random_png(40, 30, interlace=1)
    assert difference(scaled(data, 40), whole(data)) == 0


@pytest.mark.parametrize("size", [(20, 15), (7, 30), (40, 3), (1, 1)], ids=str)
def test_a_scaled_picture_is_that_of_the_whole(in_bands, size):
    data = random_png(80, 60)
    smooth = io.BytesIO()
    whole(data).resize((8, 6)).resize((80, 60), Image.Resampling.BICUBIC).save(smooth, "PNG")
    small = preview.fit(80, 60, *size)
    expected = whole(smooth.getvalue()).resize(small, Image.Resampling.BOX)
    assert difference(scaled(smooth.getvalue(), *size), expected) <= 24


BROKEN = {
    "rows that are missing": assembled(40, 30, 8, 2, (b"\0" + bytes(120)) * 29),
    "a filter that there is not": assembled(40, 30, 8, 2, (b"\7" + bytes(120)) * 30),
    "no palette": assembled(40, 30, 8, 3, (b"\0" + bytes(40)) * 30).replace(b"PLTE", b"plTe"),
    "data cut short": random_png(40, 30).replace(b"IDAT", b"IDAt").replace(PNG_END, b"")
    + random_png(40, 2)[33:],
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_picture_is_refused(in_bands, data):
    with pytest.raises(ImageRefusedError, match="cannot be decoded"):
        scaled(data, 20)
