"""The offline painter is judged by its pixels: colours, places, counts, sizes, and edits."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from gemini_nb.offline.painter import layout, paint, scene

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


def share(image: Image.Image, colour: tuple[int, int, int]) -> float:
    """The part of the picture that has exactly this colour."""
    counts = image.getcolors(image.width * image.height) or []
    return sum(count for count, found in counts if found == colour) / (image.width * image.height)


def blobs(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """How many separate areas have this colour, seen on a coarse grid."""
    small = image.resize((256, 256), Image.Resampling.NEAREST)
    left = {(x, y) for x in range(256) for y in range(256) if small.getpixel((x, y)) == colour}
    found = 0
    while left:
        found, edge = found + 1, [left.pop()]
        while edge:
            x, y = edge.pop()
            near = {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            edge += near
    return found


def middle_of(image: Image.Image, colour: tuple[int, int, int]) -> tuple[float, float]:
    """The centre of a colour, as shares of the width and height."""
    bands = ImageChops.difference(image, Image.new("RGB", image.size, colour)).split()
    mask = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2]).point(
        lambda v: 255 * (v == 0)
    )
    left, top, right, bottom = mask.getbbox() or pytest.fail(f"{colour} is nowhere")
    return (left + right) / 2 / image.width, (top + bottom) / 2 / image.height


def png(image: Image.Image) -> bytes:
    return paint.encode(image, "image/png")


PHOTO = png(paint.paint("a house in a meadow", image_size="512"))


def test_the_documented_first_prompt_is_a_pure_red_square_in_the_middle_of_pure_white():
    image = paint.paint(
        "Generate an IMAGE of a simple red square on a white background. Return image output."
    )
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
        assert paint.paint(prompt).tobytes() == paint.paint(prompt).tobytes()


def test_different_unknown_prompts_give_different_pictures():
    pictures = {paint.paint(f"notion number {word}", image_size="512").tobytes() for word in "abcdefgh"}
    assert len(pictures) == 8


@pytest.mark.parametrize(
    ("prompt", "colour", "count"),
    [
        ("three blue circles on a white background", BLUE, 3),
        ("5 red stars on white", RED, 5),
        ("a pair of red hearts", RED, 2),
        ("a dozen green dots on a pale yellow background", GREEN, 12),
        ("red, green and blue circles", GREEN, 1),
        ("a red circle and two green triangles on a pale yellow background", GREEN, 2),
        ("a circle, coloured red, on white", RED, 1),
        ("a red triangle below a green square", GREEN, 1),
        ("six red and blue squares", BLUE, 3),
        ("1000000 red dots", RED, layout.MAX_FIGURES),
    ],
)
def test_as_many_shapes_are_painted_as_were_asked_for(prompt, colour, count):
    assert blobs(paint.paint(prompt), colour) == count


@pytest.mark.parametrize(
    ("place", "x", "y"),
    [
        ("in the top left corner", -1, -1),
        ("in the bottom right", 1, 1),
        ("on the left", -1, 0),
        ("at the top", 0, -1),
        ("at the centre", 0, 0),
        ("in the lower left corner", -1, 1),
    ],
)
def test_a_shape_stands_where_the_prompt_puts_it(place, x, y):
    at = middle_of(paint.paint(f"a red circle {place} on white", aspect_ratio="16:9"), RED)
    assert [(share_ > 0.6) - (share_ < 0.4) for share_ in at] == [x, y]


@pytest.mark.parametrize(
    ("prompt", "axis", "first"),
    [
        ("a red square next to a blue circle", 0, RED),
        ("a red square to the right of a blue circle", 0, BLUE),
        ("a red square above a blue circle", 1, RED),
        ("a red square below a blue circle", 1, BLUE),
    ],
)
def test_shapes_stand_to_each_other_as_the_prompt_says(prompt, axis, first):
    image = paint.paint(prompt)
    second = BLUE if first == RED else RED
    assert middle_of(image, first)[axis] < middle_of(image, second)[axis] - 0.1


@pytest.mark.parametrize(
    "prompt",
    [
        "a blue square inside a red circle",
        "a red circle with a blue square inside",
        "blue square in a red circle",
    ],
)
def test_one_shape_inside_another_is_painted_over_it(prompt):
    image = paint.paint(prompt)
    assert image.getpixel((512, 512)) == BLUE
    assert share(image, RED) > share(image, BLUE)


def test_a_colour_does_not_pass_from_a_thing_that_cannot_be_drawn_to_the_next():
    assert scene.read("a red dragon, a star").items[0].colours == ()
    assert scene.read("a red dragon and a star").items[0].colours == ()


def test_the_number_of_figures_is_bounded_for_each_item_and_for_all():
    assert scene.read("9999 red dots in the corner").items[0].count == layout.MAX_FIGURES
    crowd = scene.read("40 red dots and 40 blue dots").items
    assert len(layout.arrange(crowd, 1024, 1024)) == layout.MAX_FIGURES


def test_a_ring_lets_the_background_through():
    image = paint.paint("a red ring on white")
    assert (image.getpixel((512, 512)), image.getpixel((300, 512))) == (WHITE, RED)


def test_sizes_are_told_apart():
    areas = [
        share(paint.paint(f"a {size} red circle"), RED) for size in ("tiny", "small", "", "large", "huge")
    ]
    assert areas == sorted(areas)
    assert len(set(areas)) == 5


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
    assert paint.paint(prompt).getpixel((4, 4)) == colour


def test_light_and_dark_are_lighter_and_darker():
    greys = [
        sum(paint.paint(f"a {shade} purple circle").getpixel((512, 512)))
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
    image = paint.paint(prompt)
    assert (image.getpixel((10, 0)), image.getpixel((10, 1023))) == (RED, BLUE)
    red, _, blue = image.getpixel((10, 512))
    assert abs(red - blue) < 4


@pytest.mark.parametrize("shape", sorted({*scene.words.vocabulary.NOUNS}))
def test_every_shape_is_read_and_seen(shape):
    phrase = scene.words.vocabulary.NOUNS[shape].split(", ")[0]
    assert [item.shape for item in scene.read(f"a {phrase}").items] == [shape]
    image = paint.paint(f"a {phrase} on a #010203 background", image_size="512")
    assert 0.01 < 1 - share(image, (1, 2, 3)) < 0.7


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
    assert paint.paint("a red square on white", aspect_ratio=ratio, image_size=size).size == pixels


def test_four_k_is_four_thousand_ninety_six_pixels():
    assert paint.pixel_size("1:1", "4K") == (4096, 4096)


@pytest.mark.parametrize(
    "prompt", ["", " ", "\x00\ud800", "🙂" * 50, "of the and, . on in with", "red " * 9000, "#" * 9000]
)
def test_any_text_gives_a_picture(prompt):
    assert paint.paint(prompt, image_size="512").size == (512, 512)


def test_edges_are_smooth():
    image = paint.paint("a red circle on white")
    edge = {colour for _, colour in image.crop((256, 256, 512, 512)).getcolors(70000) or []} - {RED, WHITE}
    assert len(edge) >= 12


def test_the_mark_is_in_the_corner_and_nowhere_else():
    plain = Image.new("RGB", (1024, 1024), WHITE)
    bounds = ImageChops.difference(paint.paint("a white background"), plain).getbbox()
    assert bounds is not None
    assert bounds[0] > 800
    assert bounds[1] > 960
    assert bounds[2] < 1024
    assert bounds[3] < 1024


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


def mean(image):
    return ImageStat.Stat(image).mean


def brightness(image):
    return sum(mean(image))


@pytest.mark.parametrize("prompt", EDITS)
def test_an_edit_does_what_it_says(prompt):
    old = Image.open(io.BytesIO(PHOTO))
    assert EDITS[prompt](old, paint.paint(prompt, images=[PHOTO]))


def test_an_edit_keeps_the_shape_of_the_picture_unless_another_is_asked_for():
    assert paint.paint("sepia", images=[PHOTO]).size == (512, 512)
    assert paint.paint("crop it", images=[PHOTO], aspect_ratio="16:9").size == (1376, 768)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (3000, 2)], ids=str)
def test_a_picture_of_any_shape_can_be_edited(size):
    data = png(Image.new("RGB", size, BLUE))
    for prompt in [*EDITS, "make it a pencil sketch", "rotate it 17 degrees", "sharpen", "posterize"]:
        assert paint.paint(prompt, images=[data]).mode == "RGB"


def test_a_sliver_of_a_picture_is_not_covered_by_the_mark():
    sliver = png(Image.new("RGB", (5000, 20), BLUE))
    assert share(paint.paint("flip it", images=[sliver]), BLUE) == 1


def test_a_picture_of_too_many_pixels_is_not_decoded():
    out = io.BytesIO()
    Image.new("1", (10_000, 5_001)).save(out, "PNG")
    with pytest.raises(paint.UnreadableImageError, match="50 megapixels"):
        paint.paint("sepia", images=[out.getvalue()])


def test_several_pictures_are_set_side_by_side():
    red, blue = (png(Image.new("RGB", (300, 200), colour)) for colour in (RED, BLUE))
    image = paint.paint("combine these", images=[red, blue])
    assert middle_of(image, RED)[0] < 0.5 < middle_of(image, BLUE)[0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_pictures_of_every_mode_can_be_edited(mode):
    out = io.BytesIO()
    Image.new(mode, (40, 30)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert paint.paint("sepia", images=[out.getvalue()]).mode == "RGB"


@pytest.mark.parametrize(
    "data", [b"", b"no picture", PHOTO[:200], b"\x89PNG\r\n\x1a\n" + b"\0" * 60], ids=len
)
def test_a_picture_that_cannot_be_opened_is_said_to_be_so(data):
    with pytest.raises(paint.UnreadableImageError):
        paint.paint("sepia", images=[data])


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_pictures_are_encoded_as_asked(kind):
    data = paint.encode(Image.new("RGB", (20, 20), RED), f"image/{kind}")
    assert Image.open(io.BytesIO(data)).format == kind.upper()
