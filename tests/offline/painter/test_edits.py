"""An edit does to a picture what the prompt says, whatever its mode and shape, or says why it cannot."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageStat

from gemini_nb.offline.painter import edits
from support.pixels import BLUE, RED, brightness, mean, middle_of, picture_of, png, share

PHOTO = png(picture_of("a house in a meadow", image_size="512"))


EDITS = {
    "make it black and white": lambda _, new: max(new.getpixel((9, 9))) == min(new.getpixel((9, 9))),
    "invert the colours": lambda old, new: (
        new.getpixel((9, 9)) == tuple(255 - v for v in old.getpixel((9, 9)))
    ),
    "flip it horizontally": lambda old, new: near(new.getpixel((9, 250)), old.getpixel((502, 250))),
    "rotate it 90 degrees": lambda old, new: near(new.getpixel((502, 9)), old.getpixel((9, 9))),
    "rotate 90 degrees to the left": lambda old, new: near(new.getpixel((9, 502)), old.getpixel((9, 9))),
    "turn it upside down": lambda old, new: near(new.getpixel((250, 500)), old.getpixel((261, 11))),
    "now at night": lambda old, new: brightness(new) < 0.6 * brightness(old),
    "make it brighter": lambda old, new: brightness(new) > 1.1 * brightness(old),
    "darker please": lambda old, new: brightness(new) < 0.7 * brightness(old),
    "make it blue": lambda _, new: mean(new)[2] > 1.5 * mean(new)[0],
    "make it warmer": lambda old, new: mean(new)[2] < mean(old)[2] and mean(new)[0] > mean(old)[0],
    "sepia": lambda _, new: mean(new)[0] > mean(new)[1] > mean(new)[2],
    "add a red frame": lambda _, new: new.getpixel((2, 250)) == RED != new.getpixel((250, 250)),
    "add a #ff0001 star in the top right": lambda _, new: middle_of(new, (255, 0, 1))[0] > 0.6,
    "pixelate": lambda _, new: new.getpixel((0, 0)) == new.getpixel((11, 0)),
    "blur it": lambda old, new: ImageStat.Stat(new).stddev[0] < ImageStat.Stat(old).stddev[0],
    "in the manner of nobody": lambda old, new: (
        brightness(new.crop((0, 0, 40, 40))) < brightness(old.crop((0, 0, 40, 40)))
    ),
}


def near(first, second):
    return max(abs(a - b) for a, b in zip(first, second, strict=True)) <= 3


@pytest.mark.parametrize("prompt", EDITS)
def test_an_edit_does_what_it_says(prompt):
    old = Image.open(io.BytesIO(PHOTO))
    assert EDITS[prompt](old, picture_of(prompt, images=[PHOTO]))


def test_an_edit_keeps_the_shape_of_the_picture_unless_another_is_asked_for():
    assert picture_of("sepia", images=[PHOTO]).size == (512, 512)
    assert picture_of("crop it", images=[PHOTO], aspect_ratio="16:9").size == (1376, 768)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (3000, 2)], ids=str)
def test_a_picture_of_any_shape_can_be_edited(size):
    data = png(Image.new("RGB", size, BLUE))
    for prompt in [*EDITS, "make it a pencil sketch", "rotate it 17 degrees", "sharpen", "posterize"]:
        assert picture_of(prompt, images=[data]).mode == "RGB"


def test_a_sliver_of_a_picture_is_not_covered_by_the_mark():
    sliver = png(Image.new("RGB", (5000, 20), BLUE))
    assert share(picture_of("flip it", images=[sliver]), BLUE) == 1


def test_a_picture_of_too_many_pixels_is_not_decoded():
    out = io.BytesIO()
    Image.new("1", (10_000, 5_001)).save(out, "PNG")
    with pytest.raises(edits.UnreadableImageError, match="50 megapixels"):
        picture_of("sepia", images=[out.getvalue()])


def test_several_pictures_are_set_side_by_side():
    red, blue = (png(Image.new("RGB", (300, 200), colour)) for colour in (RED, BLUE))
    image = picture_of("combine these", images=[red, blue])
    assert middle_of(image, RED)[0] < 0.5 < middle_of(image, BLUE)[0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_pictures_of_every_mode_can_be_edited(mode):
    out = io.BytesIO()
    Image.new(mode, (40, 30)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert picture_of("sepia", images=[out.getvalue()]).mode == "RGB"


@pytest.mark.parametrize(
    "data", [b"", b"no picture", PHOTO[:200], b"\x89PNG\r\n\x1a\n" + b"\0" * 60], ids=len
)
def test_a_picture_that_cannot_be_opened_is_said_to_be_so(data):
    with pytest.raises(edits.UnreadableImageError):
        picture_of("sepia", images=[data])
