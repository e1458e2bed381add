"""Landscapes are rich in colours, dark at night, and hold the shapes that a prompt adds."""

from __future__ import annotations

import pytest
from PIL import ImageStat

from gemini_nb.offline.painter import paint
from support.pixels import share


@pytest.mark.parametrize(
    "prompt", ["mountains by day", "a beach", "a snowy forest", "city skyline at night", "a galaxy"]
)
def test_scenes_are_rich_in_colours(prompt):
    image = paint.paint(prompt, image_size="512")
    assert len(image.getcolors(512 * 512) or []) > 200


def test_night_is_dark_and_day_is_light():
    levels = [
        ImageStat.Stat(paint.paint(f"mountains at {time}").convert("L")).mean[0] for time in ("night", "noon")
    ]
    assert levels[0] < 70
    assert levels[1] > 130


def test_a_shape_and_a_scene_combine():
    assert share(paint.paint("a #fe0102 circle over mountains"), (0xFE, 1, 2)) > 0.01
