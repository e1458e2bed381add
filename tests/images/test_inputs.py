from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from gemini_nb import ArgumentError, Client
from gemini_nb.images.inputs import InputImage, read
from support.images import encoded, gif, jpeg, png, webp


def opened(source):
    """The picture that an input becomes."""
    return Image.open(io.BytesIO(read(source).data))


@pytest.mark.parametrize("data", [png(), jpeg(), webp()], ids=["PNG", "JPEG", "WebP"])
def test_bytes_are_sent_as_they_are(data):
    assert read(data).data == data


def heif(*brands):
    """The beginning of a HEIF file: its major brand and the compatible ones."""
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return (len(box) + 4).to_bytes(4, "big") + box + b"\0\0\0\x08mdat"


HEIF = {
    "heic": (heif(b"heic", b"mif1", b"heic"), "image/heic"),
    "heix": (heif(b"heix"), "image/heic"),
    "hevc": (heif(b"hevc", b"msf1"), "image/heic"),
    "hevx": (heif(b"hevx"), "image/heic"),
    "heim": (heif(b"heim"), "image/heic"),
    "heis": (heif(b"heis"), "image/heic"),
    "hevm": (heif(b"hevm"), "image/heic"),
    "hevs": (heif(b"hevs"), "image/heic"),
    "mif1": (heif(b"mif1"), "image/heif"),
    "mif1 of an iPhone": (heif(b"mif1", b"heic"), "image/heif"),
    "msf1": (heif(b"msf1"), "image/heif"),
    "heic among others": (heif(b"MiHE", b"miaf", b"heic"), "image/heic"),
    "mif1 among others": (heif(b"miaf", b"MiHB", b"mif1"), "image/heif"),
    "brands cut short": (heif(b"heic", b"mif1")[:18], "image/heic"),
}


@pytest.mark.parametrize("brand", HEIF)
def test_heif_is_told_by_its_brands_and_sent_as_it_is(brand):
    data, mime_type = HEIF[brand]
    assert (read(data).mime_type, read(data).data) == (mime_type, data)


OTHERS = {
    "AVIF": (heif(b"avif", b"mif1"), "an AVIF picture"),
    "AVIF that moves": (heif(b"avis", b"msf1"), "an AVIF picture"),
    "AVIF that calls itself HEIF": (heif(b"mif1", b"avif"), "an AVIF picture"),
    "AVIF among others": (heif(b"miaf", b"mif1", b"avif"), "an AVIF picture"),
    "video": (heif(b"isom", b"mp42"), "a video file"),
    "BMP": (encoded("BMP", 4, 4), "a BMP picture"),
    "TIFF": (encoded("TIFF", 4, 4), "a TIFF picture"),
    "PDF": (b"%PDF-1.7", "a PDF document"),
    "page": (b"<!doctype html><p>", "an HTML page"),
    "JSON": (b'{"error": 404}', "JSON text"),
    "nothing": (b"", "nothing at all"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_sent_instead_of_a_picture_is_told_by_its_bytes(kind):
    data, words = OTHERS[kind]
    with pytest.raises(ArgumentError, match=f"it looks like {words}") as caught:
        read(data)
    assert ("Image.open" in caught.value.hint) is words.endswith("picture")


def test_the_type_is_told_by_the_bytes_and_not_by_the_name(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(jpeg())
    assert read(path).mime_type == read(str(path)).mime_type == "image/jpeg"


def test_a_gif_becomes_the_png_of_its_first_frame():
    assert read(gif(7, 5)).mime_type == "image/png"
    assert opened(gif(7, 5)).size == (7, 5)


ARRAYS = {
    "uint8": np.full((4, 6, 3), 200, np.uint8),
    "float": np.full((4, 6, 3), 200 / 255),
    "grey": np.full((4, 6), 200, np.uint8),
    "grey with an axis": np.full((4, 6, 1), 200, np.uint8),
    "with alpha": np.full((4, 6, 4), 200, np.uint8),
    "not contiguous": np.full((6, 4, 3), 200, np.uint8).transpose(1, 0, 2),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_is_height_by_width(kind):
    picture = opened(ARRAYS[kind])
    assert picture.size == (6, 4)
    assert picture.convert("RGB").getpixel((0, 0)) == (200, 200, 200)


def test_a_boolean_array_is_black_and_white():
    assert opened(np.array([[True, False]])).convert("L").getpixel((0, 0)) == 255


def test_a_figure_is_drawn():
    from matplotlib.figure import Figure

    assert opened(Figure(figsize=(2, 1), dpi=50)).size == (100, 50)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_a_pil_image_of_any_mode_becomes_a_png(mode):
    assert read(Image.new(mode, (3, 2))).mime_type == "image/png"


def test_an_earlier_result_is_its_original_bytes():
    generation = Client("offline").generate("a red square")
    assert read(generation).data == read(generation.image).data == generation.image.data


BAD = {
    "text": b"hello",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "broken GIF": b"GIF89a" + bytes(10),
    "missing file": "no/such/file.png",
    "NUL in a name": "a\0b.png",
    "array of one axis": np.zeros(4, np.uint8),
    "array of five channels": np.zeros((4, 4, 5), np.uint8),
    "array of NaN": np.full((4, 4, 3), np.nan),
    "array past 1": np.full((4, 4, 3), 2.0),
    "array of int64": np.zeros((4, 4, 3), np.int64),
    "empty array": np.zeros((0, 4, 3), np.uint8),
    "number": 7,
    "None": None,
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_picture_is_a_clear_error(case):
    with pytest.raises(ArgumentError):
        read(BAD[case])


def test_a_folder_is_a_clear_error(tmp_path):
    with pytest.raises(ArgumentError, match="directory"):
        read(tmp_path)


def test_the_repr_shows_no_bytes():
    assert repr(InputImage(bytes(1000), "image/png")) == "InputImage(image/png, 1000 bytes)"


def test_bytes_that_may_change_are_copied():
    data = bytearray(png())
    image = InputImage(data, "image/png")
    data[-1] ^= 1
    assert image.data == png()


def test_a_figure_is_its_pixels_whichever_version_drew_it(monkeypatch):
    figure = drawn_figure()
    today = read(figure)
    with monkeypatch.context() as patch:
        patch.setattr("matplotlib.__version__", "99.0")
        assert read(figure).sha256 == today.sha256
    assert b"Software" not in today.data
    figure.axes[0].set_title("another")
    assert read(figure).sha256 != today.sha256


def test_a_figure_keeps_the_pixels_that_savefig_draws():
    figure, saved = drawn_figure(), io.BytesIO()
    figure.savefig(saved, format="png")
    with Image.open(saved) as expected:
        assert opened(figure).tobytes() == expected.convert("RGBA").tobytes()


def drawn_figure():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), dpi=50)
    figure.subplots().plot([1, 3, 2])
    return figure
