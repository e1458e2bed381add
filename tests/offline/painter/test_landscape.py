"""Landscapes are rich in colours, dark at night, and hold the shapes that a prompt adds."""

from __future__ import annotations

import pytest
from PIL import ImageStat

from gemini_nb.offline.painter import layout
from gemini_nb.offline.painter.reading import scene
from support.pixels import brightness, picture_of, share


@pytest.mark.parametrize(
    "prompt", ["mountains by day", "a beach", "a snowy forest", "city skyline at night", "a galaxy"]
)
def test_scenes_are_rich_in_colours(prompt):
    image = picture_of(prompt, image_size="512")
    assert len(image.getcolors(512 * 512) or []) > 200


def test_night_is_dark_and_day_is_light():
    levels = [
        ImageStat.Stat(picture_of(f"mountains at {time}").convert("L")).mean[0] for time in ("night", "noon")
    ]
    assert levels[0] < 70
    assert levels[1] > 130


def test_a_shape_and_a_scene_combine():
    assert share(picture_of("a #fe0102 circle over mountains"), (0xFE, 1, 2)) > 0.01


@pytest.mark.parametrize(
    "prompt", ["a red house under a tree", "two dogs under a palm", "a cat below a pine tree"]
)
def test_what_is_under_a_tree_stands_beside_its_trunk_on_its_ground(prompt):
    tree, *others = layout.place_in_landscape(scene.read(prompt).items, 300, 512, 512)
    for other in others:
        assert other.y + other.radius == pytest.approx(tree.y + tree.radius)
        assert abs(other.x - tree.x) < tree.radius
        assert other.radius <= tree.radius / 2


def test_the_ground_under_a_tree_is_a_meadow():
    red, green, blue = picture_of("a red house under a tree", image_size="512").getpixel((20, 470))
    assert green > red > blue


def test_a_tree_has_the_colour_of_its_season():
    prompts = (f"a tree in {season}" for season in ("spring", "summer", "autumn", "winter"))
    assert len({picture_of(prompt, image_size="512").getpixel((256, 330)) for prompt in prompts}) == 4


def test_a_storm_is_darker_than_rain_and_has_lightning():
    storm, rain = (picture_of(f"{weather} over the sea", image_size="512") for weather in ("storm", "rain"))
    assert brightness(storm) < 0.8 * brightness(rain)
    assert share(storm, (255, 246, 190)) > 0.001
