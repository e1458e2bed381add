"""Pixels for previews: the first frame, scaled and flattened, whatever Pillow's settings are."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gemini_nb.display.preview import data_uri, decode, encode, encode_jpeg, fit, flatten, limit, scale
from gemini_nb.errors import ImageRefusedError
from gemini_nb.images.image import GeneratedImage
from support.images import encoded, png


def picture(data: bytes) -> GeneratedImage:
    return GeneratedImage.from_bytes(data, source="inlineData")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_scaled_to_a_width_and_never_enlarged(kind):
    image = picture(encoded(kind, 64, 48))
    assert scale(image, 32).size == (32, 24)
    assert scale(image, 999).size == (64, 48)
    assert scale(image, 32).mode in ("RGB", "RGBA")


def test_bytes_that_do_not_decode_are_refused():
    data = png(64, 48)
    half = GeneratedImage(data[: len(data) // 2], "image/png", 64, 48, "inlineData")
    with pytest.raises(ImageRefusedError, match="cannot be decoded"):
        decode(half)


def test_transparency_is_white_on_paper():
    clear = Image.new("RGBA", (2, 2), (255, 0, 0, 0))
    assert flatten(clear).getpixel((0, 0)) == (255, 255, 255)
    assert Image.open(io.BytesIO(encode_jpeg(clear))).getpixel((0, 0)) == (255, 255, 255)
    assert Image.open(io.BytesIO(encode(clear, "PNG"))).getpixel((0, 0)) == (255, 0, 0, 0)


def test_a_size_is_limited_and_its_ratio_kept():
    wide = Image.new("RGB", (100, 1))
    assert limit(wide, 10, 10).size == (10, 1)
    assert limit(wide, 100, 1) is wide
    assert fit(1, 50_000_000, 768, 4096) == (1, 4096)
    assert fit(3000, 16_384, 768, 4096) == (750, 4096)


def test_a_data_uri_holds_the_bytes():
    assert data_uri("image/png", b"abc") == "data:image/png;base64,YWJj"
