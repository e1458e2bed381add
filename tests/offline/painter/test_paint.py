"""The painter is judged by its pixels: colours, grounds, sizes, smooth edges and the mark."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from gemini_nb.offline.painter import paint
from support.pixels import BLUE, GREEN, RED, WHITE, middle_of, picture_of, share


def test_the_documented_first_prompt_is_a_pure_red_square_in_the_middle_of_pure_white():
    image = picture_of("Generate an IMAGE of a simple red square on a white background. Return image output.")
    assert (image.mode, image.size) == ("RGB", (1024, 1024))
    assert share(image, RED) == 0.25
    assert [image.getpixel(p) for p in ((256, 256), (767, 767), (255, 512), (768, 512))] == [
        RED,
        RED,
        WHITE,
        WHITE,
    ]
    assert middle_of(image, RED) == (0.5, 0.5)


def test_the_same_prompt_and_size_give_the_same_pixels():
    for prompt in ("a misty forest", "an idea nobody had", "three birds over a city at night"):
        assert picture_of(prompt).tobytes() == picture_of(prompt).tobytes()


def test_different_unknown_prompts_give_different_pictures():
    pictures = {picture_of(f"notion number {word}", image_size="512").tobytes() for word in "abcdefgh"}
    assert len(pictures) == 8


def test_a_ring_lets_the_background_through():
    image = picture_of("a red ring on white")
    assert (image.getpixel((512, 512)), image.getpixel((300, 512))) == (WHITE, RED)


@pytest.mark.parametrize(
    ("prompt", "colour"),
    [
        ("a star on a #123456 background", (0x12, 0x34, 0x56)),
        ("a star on #f80", (255, 0x88, 0)),
        ("a white cloud on a sky blue background", (135, 206, 235)),
        ("a red dot on a navy background", (0, 0, 128)),
        ("a red dot on a light blue background", (173, 216, 230)),
        ("a plain green background", GREEN),
    ],
)
def test_the_background_has_the_colour_asked_for(prompt, colour):
    assert picture_of(prompt).getpixel((4, 4)) == colour


def test_light_and_dark_are_lighter_and_darker():
    greys = [
        sum(picture_of(f"a {shade} purple circle").getpixel((512, 512)))
        for shade in ("dark", "", "light", "pale")
    ]
    assert greys == sorted(greys)
    assert len(set(greys)) == 4


@pytest.mark.parametrize(
    "prompt",
    [
        "gradient from red to blue",
        "a gradient background from red to blue",
        "a red to blue gradient background",
    ],
)
def test_a_gradient_goes_from_the_first_colour_to_the_last(prompt):
    image = picture_of(prompt)
    assert (image.getpixel((10, 0)), image.getpixel((10, 1023))) == (RED, BLUE)
    red, _, blue = image.getpixel((10, 512))
    assert abs(red - blue) < 4


@pytest.mark.parametrize(
    ("ratio", "size", "pixels"),
    [
        (None, None, (1024, 1024)),
        ("16:9", None, (1376, 768)),
        ("9:16", "512", (384, 688)),
        ("1:8", None, (384, 3072)),
        ("3:2", "2K", (2528, 1696)),
        ("7:5", None, (1216, 864)),
    ],
)
def test_the_size_follows_ratio_and_image_size(ratio, size, pixels):
    assert picture_of("a red square on white", aspect_ratio=ratio, image_size=size).size == pixels


def test_four_k_is_four_thousand_ninety_six_pixels():
    assert paint.pixel_size("1:1", "4K") == (4096, 4096)


@pytest.mark.parametrize(
    "prompt", ["", " ", "\x00\ud800", "🛸" * 50, "of the and, . on in with", "red " * 9000, "#" * 9000]
)
def test_any_text_gives_a_picture(prompt):
    assert picture_of(prompt, image_size="512").size == (512, 512)


def test_edges_are_smooth():
    image = picture_of("a red circle on white")
    edge = {colour for _, colour in image.crop((256, 256, 512, 512)).getcolors(70000) or []} - {RED, WHITE}
    assert len(edge) >= 12


def test_the_mark_is_in_the_corner_and_nowhere_else():
    plain = Image.new("RGB", (1024, 1024), WHITE)
    bounds = ImageChops.difference(picture_of("a white background"), plain).getbbox()
    assert bounds is not None
    assert bounds[0] > 800
    assert bounds[1] > 960
    assert bounds[2] < 1024
    assert bounds[3] < 1024


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_pictures_are_encoded_as_asked(kind):
    data = paint.encode(Image.new("RGB", (20, 20), RED), f"image/{kind}")
    assert Image.open(io.BytesIO(data)).format == kind.upper()
