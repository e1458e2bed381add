"""Pictures converted to what a file's name asks for."""

from __future__ import annotations

import io
import warnings

import pytest
from PIL import Image, ImageCms

from gemini_nb.errors import GeminiWarning, SaveError
from gemini_nb.images.image import GeneratedImage
from support.images import PNG_END, chunk, encoded, jpeg, png
from support.warned import ours

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CAME = {
    "JPEG": encoded("JPEG", 9, 5, (200, 30, 60)),
    "PNG": encoded("PNG", 9, 5, (200, 30, 60)),
    "WEBP": encoded("WEBP", 9, 5, (200, 30, 60), lossless=True),
    "GIF": encoded("GIF", 9, 5, (200, 30, 60)),
}
NAMES = {"PNG": "a.png", "JPEG": "a.JPG", "WEBP": "a.webp", "GIF": "a.gif"}
PAIRS = [(came, wanted) for came in CAME for wanted in NAMES if came != wanted]


def picture(data: bytes) -> GeneratedImage:
    return GeneratedImage.from_bytes(data, source="inlineData")


def save(data: bytes, path) -> Image.Image:
    """Save and open again; the warning is for other tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeminiWarning)
        path = picture(data).save(path)
    return Image.open(io.BytesIO(path.read_bytes()))


@pytest.mark.parametrize(("came", "wanted"), PAIRS)
def test_the_suffix_says_which_type_is_written(tmp_path, came, wanted):
    saved = save(CAME[came], tmp_path / NAMES[wanted])
    assert (saved.format, saved.size) == (wanted, (9, 5))
    colour = saved.convert("RGB").getpixel((4, 2))
    assert all(abs(one - other) <= 6 for one, other in zip(colour, (200, 30, 60), strict=True))


LOSSLESS = {
    "JPEG": CAME["JPEG"],
    "grey JPEG": encoded("JPEG", 9, 5, mode="L"),
    "WebP with transparency": encoded("WEBP", 9, 5, (1, 2, 3, 77), mode="RGBA"),
    "GIF": CAME["GIF"],
}


@pytest.mark.parametrize("kind", LOSSLESS)
def test_png_keeps_every_pixel(tmp_path, kind):
    image = picture(LOSSLESS[kind])
    saved = save(LOSSLESS[kind], tmp_path / "a.png")
    assert saved.convert("RGBA").tobytes() == image.pil.convert("RGBA").tobytes()


def test_a_colour_profile_is_kept(tmp_path):
    for name in ("a.png", "a.webp"):
        saved = save(encoded("JPEG", 9, 5, icc_profile=SRGB), tmp_path / name)
        assert saved.info["icc_profile"] == SRGB


def test_a_profile_of_other_channels_is_not_kept(tmp_path):
    grey = SRGB[:16] + b"GRAY" + SRGB[20:]
    saved = save(encoded("JPEG", 9, 5, mode="L", icc_profile=grey), tmp_path / "a.webp")
    assert "icc_profile" not in saved.info
    saved = save(encoded("JPEG", 9, 5, mode="L", icc_profile=SRGB), tmp_path / "a.png")
    assert "icc_profile" not in saved.info  # a PNG of greys must have no other


def test_a_picture_is_turned_as_its_exif_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    saved = save(encoded("JPEG", 9, 5, exif=exif), tmp_path / "a.png")
    assert saved.size == (5, 9)
    assert saved.getexif().get(0x0112, 1) == 1


def test_cmyk_becomes_rgb(tmp_path):
    assert save(encoded("JPEG", 9, 5, mode="CMYK"), tmp_path / "a.png").mode == "RGB"


def see_through() -> bytes:
    """A PNG that is red on the left and transparent on the right."""
    drawn = Image.new("RGBA", (8, 8), (255, 0, 0, 255))
    drawn.paste((0, 0, 0, 0), (4, 0, 8, 8))
    into = io.BytesIO()
    drawn.save(into, "PNG")
    return into.getvalue()


def test_transparency_is_laid_on_white_for_jpeg_and_that_is_said(tmp_path):
    with pytest.warns(GeminiWarning, match="on white where it was transparent"):
        path = picture(see_through()).save(tmp_path / "a.jpg")
    with Image.open(path) as saved:
        assert min(saved.getpixel((7, 4))) > 240
        assert saved.getpixel((0, 4))[0] > 240 > saved.getpixel((0, 4))[1]


def test_it_is_said_in_one_line_without_a_line_of_source(tmp_path):
    with pytest.warns(GeminiWarning) as caught:
        picture(jpeg()).save(tmp_path / "boat.png")
    (warning,) = ours(caught)
    shown = warnings.formatwarning(warning.message, warning.category, warning.filename, warning.lineno)
    assert shown == (
        "gemini_nb:0: GeminiWarning: boat.png was converted from the JPEG that came. "
        "Name it .jpg to save the original bytes.\n"
    )


@pytest.mark.filterwarnings("error")
def test_a_warning_that_is_an_error_costs_no_file(tmp_path):
    with Image.open(picture(jpeg()).save(tmp_path / "boat.png")) as saved:
        assert saved.format == "PNG"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a", "a.tif", "folder/"])
def test_without_another_types_suffix_the_bytes_are_what_came(tmp_path, name):
    assert picture(jpeg()).save(f"{tmp_path}/{name}").read_bytes() == jpeg()


BROKEN = png()[:33] + chunk(b"IDAT", b"no pixels") + PNG_END
CANNOT = {
    "more pixels in a row than WebP takes": (png(16_384, 1), "a.webp", "16,383 pixels"),
    "what does not decode": (BROKEN, "a.jpg", "cannot be decoded"),
}


@pytest.mark.parametrize(("data", "name", "problem"), CANNOT.values(), ids=CANNOT)
def test_what_cannot_be_converted_is_a_save_error_that_holds_the_picture(tmp_path, data, name, problem):
    image = picture(data)
    with pytest.raises(SaveError, match=problem) as caught:
        image.save(tmp_path / name)
    assert caught.value.image is image
    assert list(tmp_path.iterdir()) == []


def test_an_original_that_lies_in_the_way_of_its_own_conversion_is_kept(tmp_path):
    (tmp_path / "a.png").write_bytes(jpeg())
    with pytest.raises(SaveError):
        picture(jpeg()).save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == jpeg()
