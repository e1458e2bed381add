"""Large pictures of every type and mode look in a preview as small ones do."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from gemini_nb.display import large_pictures, png_bands, preview
from gemini_nb.images.image import GeneratedImage
from support.image_cases import MODES

SIZE = (120, 90)


def drawn(kind: str, mode: str, **options) -> GeneratedImage:
    """A picture of smooth colours."""
    grey = Image.linear_gradient("L").resize(SIZE)
    picture = Image.merge("RGB", (grey, grey.rotate(180), Image.new("L", SIZE, 90)))
    if mode in ("RGBA", "LA"):
        picture.putalpha(grey.rotate(90, expand=True).resize(SIZE))
    into = io.BytesIO()
    sixteen = mode == "I;16"
    (grey.convert("I").point(lambda v: v * 257).convert("I;16") if sixteen else picture.convert(mode)).save(
        into, kind, **options
    )
    return GeneratedImage.from_bytes(into.getvalue(), source="inlineData")


CASES = {f"{kind} {mode}": (kind, mode, {}) for kind, modes in MODES.items() for mode in modes} | {
    "progressive JPEG": ("JPEG", "RGB", {"progressive": True}),
    "progressive CMYK": ("JPEG", "CMYK", {"progressive": True}),
    "palette with one clear colour": ("PNG", "P", {"transparency": 3}),
    "palette of clear colours": ("PNG", "P", {"transparency": bytes(range(0, 255, 2))}),
    "GIF of a clear colour": ("GIF", "P", {"transparency": 3}),
    "RGB of a clear colour": ("PNG", "RGB", {"transparency": (0, 255, 90)}),
    "grey of a clear colour": ("PNG", "L", {"transparency": 7}),
    "lossless WebP": ("WEBP", "RGBA", {"lossless": True}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("strip_pixels", [1000, 10**6])
@pytest.mark.parametrize("width", [30, 70])
def test_it_looks_like_a_small_one(case, strip_pixels, width, monkeypatch):
    kind, mode, options = case
    picture = drawn(kind, mode, **options)
    expected = preview.scale(picture, width)
    monkeypatch.setattr(preview, "_LARGE_PIXELS", 0)
    monkeypatch.setattr(large_pictures, "_STRIP_PIXELS", strip_pixels)
    monkeypatch.setattr(png_bands, "_MAX_WHOLE_BYTES", strip_pixels)
    found = preview.scale(picture, width)
    assert (found.size, found.mode) == (expected.size, expected.mode)
    pair = (preview.flatten(found).convert("L"), preview.flatten(expected).convert("L"))
    histogram = ImageChops.difference(*pair).histogram()
    mean = sum(value * count for value, count in enumerate(histogram)) / sum(histogram)
    assert mean < 4  # dithered palettes and black and white differ a little, misplaced strips by far more


def test_sixteen_bits_are_seen_from_black_to_white():
    low, high = preview.scale(drawn("PNG", "I;16"), 30).convert("L").getextrema()
    assert low < 10
    assert high > 245


@pytest.mark.parametrize("value", [0, 255, 256, 40_000, 65_535])
def test_sixteen_bits_are_shown_by_their_upper_eight(value):
    picture = GeneratedImage.from_bytes(encoded_16(value), source="inlineData")
    assert preview.scale(picture, 4).getpixel((1, 1)) == (value // 256,) * 3


def encoded_16(value: int) -> bytes:
    into = io.BytesIO()
    Image.new("I;16", (4, 4), value).save(into, "PNG")
    return into.getvalue()


def test_a_clear_colour_does_not_mix_into_what_is_seen(monkeypatch):
    """Transparent pixels have a colour as well, which nobody sees: a red border would be an error."""
    monkeypatch.setattr(preview, "_LARGE_PIXELS", 0)
    picture = Image.new("RGBA", (80, 80), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 42, 80))
    into = io.BytesIO()
    picture.save(into, "PNG")
    small = preview.scale(GeneratedImage.from_bytes(into.getvalue(), source="inlineData"), 10)
    assert all(red < 3 for _, (red, _, _, alpha) in small.getcolors() if alpha > 5)
