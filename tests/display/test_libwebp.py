"""WebP decoded by libwebp itself: the pixels of Pillow's way, at a smaller size."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from gemini_nb.display import libwebp, preview
from gemini_nb.errors import ImageRefusedError
from gemini_nb.images.image import GeneratedImage
from support.images import encoded, webp

needs_library = pytest.mark.skipif(libwebp._load() is None, reason="libwebp is linked into this Pillow")


def gradient(mode: str, size=(80, 60), **options) -> bytes:
    picture = Image.linear_gradient("L").resize(size)
    colours = Image.merge("RGB", (picture, picture.rotate(180), picture))
    if mode == "RGBA":
        colours.putalpha(picture.rotate(90, expand=True).resize(size))
    into = io.BytesIO()
    colours.save(into, "WEBP", **options)
    return into.getvalue()


KINDS = {
    "lossy": gradient("RGB", quality=90),
    "lossless": gradient("RGB", lossless=True),
    "lossy with alpha": gradient("RGBA", quality=90),
    "lossless with alpha": gradient("RGBA", lossless=True),
}


def difference(one, other):
    pair = (preview.flatten(one), preview.flatten(other.convert(one.mode)))
    return max(high for _, high in ImageChops.difference(*pair).getextrema())


@needs_library
@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_at_its_own_size_it_has_the_pixels_that_pillow_decodes(data):
    with Image.open(io.BytesIO(data)) as picture:
        assert difference(libwebp.decode(data, (80, 60)), picture) <= 6  # chroma is scaled, not smoothed


@needs_library
@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_scaled_it_looks_like_the_whole(data):
    with Image.open(io.BytesIO(data)) as picture:
        assert difference(libwebp.decode(data, (20, 15)), picture.resize((20, 15), 4)) <= 12


@needs_library
def test_a_broken_picture_is_refused():
    data = webp(64, 64)
    with pytest.raises(ValueError, match="libwebp's status"):
        libwebp.decode(data[:40] + b"\xff" * (len(data) - 40), (8, 8))
    with pytest.raises(ValueError, match="header"):
        libwebp.decode(b"RIFF\0\0\0\0WEBP", (8, 8))


def test_an_animation_is_left_to_pillow():
    assert libwebp.decode(encoded("WEBP", 8, 8, frames=2), (4, 4)) is None


@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)
def test_without_the_library_pillow_decodes_and_it_is_scaled_in_strips(data, monkeypatch):
    monkeypatch.setattr(preview, "_LARGE_PIXELS", 0)
    monkeypatch.setattr(libwebp, "_load", lambda: None)
    made = GeneratedImage.from_bytes(data, source="inlineData")
    with Image.open(io.BytesIO(data)) as picture:
        assert difference(preview.scale(made, 20), picture.resize((20, 15), 4)) <= 12


def test_a_large_picture_that_does_not_decode_is_refused(monkeypatch):
    monkeypatch.setattr(preview, "_LARGE_PIXELS", 0)
    data = webp(64, 64)
    broken = GeneratedImage(data[:40] + b"\xff" * (len(data) - 40), "image/webp", 64, 64, "inlineData")
    with pytest.raises(ImageRefusedError, match="WebP that arrived cannot be decoded"):
        preview.scale(broken, 8)
