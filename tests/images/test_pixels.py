"""PIL images, arrays and figures as the PNG that is sent: what a person sees, or an error."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from gemini_nb import ArgumentError
from gemini_nb.images.inputs import read
from support.images import PNG_END, PNG_START, chunk, encoded, gif

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def opened(source):
    """The picture that an input becomes."""
    return Image.open(io.BytesIO(read(source).data))


def corners(picture):
    """The size and the corners' colours, clockwise from the top left."""
    width, height = picture.size
    pixels = picture.convert("RGB")
    places = ((0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1))
    return picture.size, [pixels.getpixel(place) for place in places]


def four_corners(width=6, height=4):
    """A picture whose corners differ: red, green, blue, white, clockwise from the top left."""
    picture = Image.new("RGB", (width, height), "grey")
    for place, colour in zip(
        ((0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)),
        (RED, GREEN, BLUE, WHITE),
        strict=True,
    ):
        picture.putpixel(place, colour)
    return picture


LYING = {  # how the pixels of an upright picture lie in a file with this orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def lying(orientation, kind="PNG", picture=None, **options):
    """A file whose pixels lie as the orientation says, and the PIL image that opens it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = (picture or four_corners()).transpose(LYING[orientation])
    into = io.BytesIO()
    stored.save(into, kind, exif=exif, **options)
    return Image.open(into)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", LYING)
def test_a_pil_image_is_turned_upright(orientation, kind):
    photo = lying(orientation, kind, **({"lossless": True} if kind == "WEBP" else {}))
    sent = opened(photo)
    assert corners(sent) == corners(four_corners())
    assert 0x0112 not in sent.getexif()


CHANGED = {
    "resized": lambda photo: photo.resize((photo.width * 2, photo.height * 2), Image.Resampling.NEAREST),
    "copied": Image.Image.copy,
    "in another mode": lambda photo: photo.convert("RGBA"),
    "turned upright already": ImageOps.exif_transpose,
}


@pytest.mark.parametrize("change", CHANGED)
def test_what_is_made_of_a_photo_is_turned_with_it(change):
    size, colours = corners(opened(CHANGED[change](lying(6))))
    assert (size[0] > size[1], colours) == (True, corners(four_corners())[1])


def test_the_callers_image_is_left_as_it_was():
    photo = lying(6)
    before = photo.copy().tobytes()
    read(photo)
    assert (photo.tobytes(), photo.getexif()[0x0112]) == (before, 6)


def test_a_photos_file_keeps_its_bytes_and_its_orientation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    four_corners().save(tmp_path / "photo.jpg", exif=exif)
    data = (tmp_path / "photo.jpg").read_bytes()
    assert read(tmp_path / "photo.jpg").data == read(data).data == data


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b""])
@pytest.mark.filterwarnings("ignore:.*EXIF:UserWarning")
def test_broken_exif_turns_nothing(exif):
    picture = four_corners()
    picture.info["exif"] = exif
    assert corners(opened(picture)) == corners(four_corners())


def sixteen_bits(*values, mode="I;16"):
    """One row of 16-bit greys, in the byte order of the mode."""
    order = ">" if mode.endswith("B") else "<"
    return Image.frombytes(mode, (len(values), 1), struct.pack(f"{order}{len(values)}H", *values))


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B"])
def test_sixteen_bits_are_scaled_and_not_clipped(mode):
    values = [0, 128, 129, 257, 32768, 40000, 65535]
    sent = opened(sixteen_bits(*values, mode=mode))
    assert list(sent.tobytes()) == [0, 0, 1, 1, 128, 156, 255]


def test_a_png_of_sixteen_bits_looks_the_same_opened_as_by_its_path(tmp_path):
    greys = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    Image.fromarray(greys).save(tmp_path / "x-ray.png")
    sent = np.asarray(opened(Image.open(tmp_path / "x-ray.png")), int)
    assert np.abs(sent - greys / 257).max() <= 0.5


def test_the_transparent_grey_of_sixteen_bits_stays_transparent():
    picture = sixteen_bits(0, 500, 501, 65535)
    picture.info["transparency"] = 500
    assert opened(picture).getchannel("A").tobytes() == bytes([255, 0, 255, 255])


def test_the_transparent_colour_of_a_file_of_sixteen_bits_stays_transparent():
    pixels = b"\0" + struct.pack(">6H", 0x80FF, 0, 0, 0, 65535, 0)
    file = PNG_START + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0))
    file += chunk(b"tRNS", struct.pack(">3H", 0x80FF, 0, 0)) + chunk(b"IDAT", zlib.compress(pixels)) + PNG_END
    sent = opened(Image.open(io.BytesIO(file))).convert("RGBA")
    assert [sent.getpixel((x, 0)) for x in range(2)] == [(128, 0, 0, 0), (0, 255, 0, 255)]


def of_mode(mode, *values):
    """One row of numbers in a mode of PIL."""
    return Image.fromarray(np.array([values], {"I": np.int32, "F": np.float32}[mode]))


def test_floats_from_0_to_1_are_scaled_as_arrays_are():
    values = [0, 0.1, 0.25, 0.5, 0.999, 1]
    assert opened(of_mode("F", *values)).tobytes() == opened(np.array([values])).tobytes()


def test_integers_are_scaled_as_sixteen_bits_are():
    assert opened(of_mode("I", 0, 257, 40000, 65535)).tobytes() == bytes([0, 1, 156, 255])


NO_PICTURES = {
    "floats from 0 to 255": of_mode("F", 0, 128, 255),
    "floats past 1": of_mode("F", 0, 1.5),
    "floats below 0": of_mode("F", -0.5, 1),
    "NaN": of_mode("F", 0, np.nan, 1),
    "NaN first": of_mode("F", np.nan, 0, 1),
    "infinity": of_mode("F", 0, np.inf),
    "integers past 65535": of_mode("I", 0, 65536),
    "integers below 0": of_mode("I", -1, 5),
}


@pytest.mark.parametrize("case", NO_PICTURES)
def test_what_would_be_clipped_is_refused(case):
    with pytest.raises(ArgumentError, match="cannot be sent as it is") as caught:
        read(NO_PICTURES[case])
    assert caught.value.hint


def with_alpha(mode):
    """Half-transparent red beside opaque blue, in a mode with transparency."""
    picture = Image.new("RGBA", (2, 1), (255, 0, 0, 128))
    picture.putpixel((1, 0), (0, 0, 255, 255))
    return picture.convert(mode)


def in_palette():
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((1, 0), 1)
    picture.info["transparency"] = bytes([128, 255])
    return picture


TRANSPARENT = {
    "RGBA": with_alpha("RGBA"),
    "RGBa": with_alpha("RGBa"),
    "PA": in_palette().convert("PA"),
    "P": in_palette(),
    "P, turned": lying(6, picture=in_palette()),
}


@pytest.mark.parametrize("mode", TRANSPARENT)
def test_transparency_is_kept(mode):
    sent = opened(TRANSPARENT[mode]).convert("RGBA")
    assert [sent.getpixel((x, 0)) for x in range(2)] == [(255, 0, 0, 128), (0, 0, 255, 255)]


@pytest.mark.parametrize("mode", ["LA", "La"])
def test_the_transparency_of_greys_is_kept(mode):
    sent = opened(Image.new("LA", (1, 1), (200, 128)).convert(mode))
    grey, alpha = sent.getpixel((0, 0))
    assert abs(grey - 200) <= 1
    assert alpha == 128


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "HSV", "LAB", "RGBX"])
def test_another_colour_space_becomes_rgb(mode):
    sent = opened(Image.new("RGB", (2, 2), (200, 100, 50)).convert(mode))
    assert sent.mode == "RGB"
    assert max(abs(a - b) for a, b in zip(sent.getpixel((0, 0)), (200, 100, 50), strict=True)) <= 3


def test_the_same_lab_picture_is_the_same_request():
    picture = Image.new("RGB", (2, 2), (200, 100, 50)).convert("LAB")
    assert "icc_profile" not in opened(picture).info  # Pillow's holds the second in which it was made


def test_a_profile_that_is_broken_or_of_another_space_does_not_stop_a_cmyk_picture():
    picture = Image.new("RGB", (2, 2), RED).convert("CMYK")
    for profile in (b"garbage", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        picture.info["icc_profile"] = profile
        sent = opened(picture)
        assert sent.getpixel((0, 0)) == RED
        assert "icc_profile" not in sent.info  # it would say that RGB is something else


def test_an_rgb_pictures_profile_goes_with_it():
    picture = Image.new("RGB", (2, 2), RED)
    picture.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert opened(picture).info["icc_profile"] == picture.info["icc_profile"]


def test_the_frame_that_a_pil_image_is_at_is_sent():
    picture = Image.open(io.BytesIO(encoded("GIF", 4, 4, RED, frames=3)))
    picture.seek(2)
    assert opened(picture).convert("RGB").getpixel((0, 0)) == picture.convert("RGB").getpixel((0, 0)) != RED


def truncated():
    return Image.open(io.BytesIO(encoded("JPEG", 64, 64)[:-50]))


def closed():
    picture = Image.open(io.BytesIO(encoded("PNG", 4, 4)))
    picture.close()
    return picture


UNREADABLE = {"cut short": truncated, "closed": closed, "empty": lambda: Image.new("RGB", (0, 4))}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_pil_image_that_cannot_be_decoded_is_a_clear_error(case):
    with pytest.raises(ArgumentError, match="The PIL image cannot be read") as caught:
        read(UNREADABLE[case]())
    assert caught.value.__cause__ is caught.value.__context__ is None


def huge_gif():
    """A GIF of 65535 × 65535 pixels in some hundred bytes."""
    data = bytearray(gif(8, 8))
    data[6:10] = struct.pack("<HH", 65535, 65535)
    return bytes(data)


def gif_with_a_huge_frame():
    data = bytearray(gif(8, 8))
    frame = data.index(b"\x2c\0\0\0\0\x08\0\x08\0")
    data[frame + 5 : frame + 9] = struct.pack("<HH", 20000, 20000)
    return bytes(data)


def huge_figure():
    from matplotlib.figure import Figure

    return Figure(figsize=(100, 100), dpi=100)


HUGE = {
    "PIL image": lambda: Image.new("1", (10_000, 5001)),
    "array": lambda: np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (10_000, 5001, 3)),
    "array of floats": lambda: np.broadcast_to(np.zeros((1, 1)), (10_000, 5001)),
    "GIF": huge_gif,
    "figure": huge_figure,
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", HUGE)
def test_more_than_50_megapixels_are_refused_before_they_are_decoded_or_drawn(kind):
    with pytest.raises(ArgumentError, match="at most 50 million are allowed") as caught:
        read(HUGE[kind]())
    assert caught.value.hint == "Make it smaller."


def test_a_gif_whose_frame_is_larger_than_its_screen_is_refused():
    with pytest.raises(ArgumentError, match="cannot be read"):
        read(gif_with_a_huge_frame())


def test_exactly_50_megapixels_are_taken():
    assert opened(Image.new("1", (10_000, 5000))).size == (10_000, 5000)


def test_a_large_array_of_floats_is_scaled_in_strips_as_a_small_one_is():
    values = np.random.default_rng(0).random((1500, 1100, 3))
    assert opened(values).tobytes() == np.rint(values * 255).astype(np.uint8).tobytes()


def test_the_figure_of_an_axes_that_cannot_be_drawn_is_a_clear_error():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().set_title(r"$\frac{1}{$")
    with pytest.raises(ArgumentError, match="The Figure could not be drawn"):
        read(figure)
