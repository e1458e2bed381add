"""Composition: outside of a mask each pixel is the source's, inside of it the reply's."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from gemini_nb.errors import ArgumentError, ImageRefusedError
from gemini_nb.images import composition, deep_png, inputs
from gemini_nb.images.image import GeneratedImage
from gemini_nb.images.mask import MAX_FEATHER
from support.images import PNG_START
from support.masks import CHANGED, MASKS, SIZE, SOURCES, encoded, inside, photo, rotated
from support.pngs import random_png


def as_shown(data):
    """A picture as a person sees it, by Pillow alone: upright, with its transparency."""
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if picture.mode.startswith("I"):
        return np.asarray(picture)
    return np.asarray(picture.convert("RGBA"))


def reply_of(size, colour=CHANGED):
    return GeneratedImage.from_bytes(encoded(Image.new("RGB", size, colour)), source="inlineData")


def compose(source, given, *, feather=0, reply=None):
    source = inputs.read(source)
    mask = composition.read_mask(given, source, feather=feather)
    image, notes = composition.compose(source, mask, reply or reply_of(mask.decode().size))
    return image, inside(mask), notes


def upright_size(data):
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).size


GREY = 257 * Image.new("RGB", (1, 1), CHANGED).convert("L").getpixel((0, 0))


@pytest.mark.parametrize("kind", SOURCES)
def test_every_mask_holds_on(kind):
    source = SOURCES[kind]()
    before, size = as_shown(source), upright_size(source)
    for shape, draw in MASKS.items():
        image, white, _ = compose(source, draw(size))
        after = as_shown(image.data)
        assert image.mime_type == "image/png", shape
        assert white.any(), shape
        assert (after[~white] == before[~white]).all(), shape
        assert (after[white] == ((*CHANGED, 255) if after.ndim == 3 else GREY)).all(), shape


@pytest.mark.parametrize("colour", [2, 6])
def test_the_lower_bytes_of_16_bits_are_kept(colour):
    source = random_png(*SIZE, 16, colour)
    image, white, _ = compose(source, (0, 0, 10, 10))
    before, after = (low_bytes(data) for data in (source, image.data))
    assert image.data[24] == 16
    assert (before[~white] == after[~white]).all()
    assert (after[white][:, :3] == CHANGED).all()


def low_bytes(data):
    return np.asarray(deep_png.decode_low_bytes(GeneratedImage.from_bytes(data, source="inlineData")))


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (7, 3), (300, 200)])
@pytest.mark.parametrize("feather", [0, 1, 2, 9, 100, MAX_FEATHER])
def test_a_feather_lies_inside_of_the_mask(size, feather):
    source = encoded(Image.new("RGB", size, (200, 0, 100)))
    box = (size[0] // 4, size[1] // 4, max(1, size[0] // 2), max(1, size[1] // 2))
    image, white, _ = compose(source, box, feather=feather)
    after = as_shown(image.data)
    assert (after[~white] == (200, 0, 100, 255)).all()
    assert (after[white] == (*CHANGED, 255)).all(axis=1).any()  # in the middle the change is whole
    if feather == 0:
        assert (after[white] == (*CHANGED, 255)).all()


def test_a_feather_rises_over_its_pixels():
    source = encoded(Image.new("RGB", (100, 20), (0, 0, 0)))
    reply = reply_of((100, 20), (255, 255, 255))
    image, *_ = compose(source, (20, 0, 60, 20), feather=10, reply=reply)
    row = as_shown(image.data)[10, :, 0].astype(int)
    assert (np.diff(row[19:31]) > 0).all()
    assert row[:20].max() == 0
    assert row[30] == 255
    assert (row == row[::-1]).all()


def test_there_is_no_feather_where_the_picture_ends():
    image, *_ = compose(encoded(Image.new("RGB", (50, 50))), (0, 0, 50, 25), feather=8)
    assert (np.asarray(image.pil)[:15] == CHANGED).all()


def test_a_reply_of_another_size_is_scaled_and_that_is_said():
    image, white, notes = compose(encoded(photo()), (5, 5, 20, 20), reply=reply_of((90, 31)))
    assert "The reply came as 90 × 31 and was scaled to the source's 60 × 40." in notes
    assert (np.asarray(image.pil)[white] == CHANGED).all()


def test_what_was_changed_is_said():
    *_, notes = compose(encoded(photo()), (0, 0, 30, 40))
    assert notes == ("Changed only inside the mask (50% of the picture); all other pixels are the source's.",)
    *_, notes = compose(encoded(photo()), (0, 0, 1, 1))
    assert "less than 1%" in notes[0]
    *_, notes = compose(encoded(photo()), (0, 0, *SIZE))
    assert notes == ("The mask allowed all of the picture to change.",)


def test_16_bits_that_cannot_be_kept_are_spoken_of():
    *_, notes = compose(random_png(*SIZE, 16, 4), (0, 0, 30, 40))
    assert "The source's 16 bits became 8." in notes


def profile(name="sRGB", **options):
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name, **options)).tobytes()


def test_the_colour_profile_is_kept():
    icc = profile()
    image, *_ = compose(encoded(photo(), icc_profile=icc), (0, 0, 5, 5))
    assert image.pil.info["icc_profile"] == icc
    image, *_ = compose(deep_with_profile(icc), (0, 0, 5, 5))
    assert image.pil.info["icc_profile"] == icc


def deep_with_profile(icc):
    return deep_png.encode(photo(seed=2), photo(seed=3), profile=icc)


def test_a_grey_source_with_a_profile_of_grey_stays_grey():
    icc = profile()
    grey = icc[:16] + b"GRAY" + icc[20:]
    image, white, notes = compose(encoded(photo(mode="L"), icc_profile=grey), (0, 0, 5, 5))
    assert image.pil.mode == "L"
    assert image.pil.info["icc_profile"] == grey
    assert "The source is grey, so the change is grey too." in notes
    assert (np.asarray(image.pil)[~white] == np.asarray(photo(mode="L"))[~white]).all()


def test_a_reply_is_shown_in_the_colours_of_its_source():
    """A profile in which red and green are swapped: what came as red must be green there."""
    icc = bytearray(profile())
    red, green = (icc.index(tag) for tag in (b"rXYZ", b"gXYZ"))
    icc[red : red + 4], icc[green : green + 4] = b"gXYZ", b"rXYZ"
    described = bytes(icc).replace(b"s\0R\0G\0B", b"s\0w\0a\0p")
    source = encoded(photo(), icc_profile=described)
    image, white, _ = compose(source, (0, 0, 5, 5), reply=reply_of(SIZE, (255, 0, 0)))
    red, green, _ = np.asarray(image.pil)[white].mean(axis=0)
    assert green > 200
    assert red < 50


def test_transparency_inside_of_the_mask_is_the_replys():
    reply = GeneratedImage.from_bytes(encoded(Image.new("RGBA", SIZE, (1, 2, 3, 4))), source="inlineData")
    image, white, _ = compose(encoded(photo(mode="RGBA")), (0, 0, 5, 5), reply=reply)
    assert (as_shown(image.data)[white] == (1, 2, 3, 4)).all()
    image, white, _ = compose(encoded(photo()), (0, 0, 5, 5), reply=reply)
    assert image.pil.mode == "RGB"
    assert np.asarray(image.pil)[white].min() > 245  # a fleck of dark on white


def test_a_mask_on_its_side_fits_a_source_on_its_side():
    exif = Image.Exif()
    exif[0x0112] = 6
    mask = encoded(Image.new("L", SIZE, 255), exif=exif)
    assert compose(rotated(6), mask)[1].shape == (60, 40)


def test_a_source_that_cannot_be_opened_is_refused_before_anything_is_sent():
    broken = encoded(photo())[:-400]
    for source in (broken + b"\0\0\0\0IEND\xaeB\x60\x82", PNG_START + b"\0" * 50):
        with pytest.raises(ArgumentError, match="under the mask cannot be opened"):
            compose(inputs.InputImage(source, "image/png"), (0, 0, 1, 1))


def test_an_address_is_no_source():
    source = inputs.ReferencedImage("gs://bucket/cat.png")
    with pytest.raises(ArgumentError, match="the picture itself"):
        composition.read_mask((0, 0, 1, 1), source)


def test_a_source_too_large_to_be_kept_without_loss_is_refused_before_anything_is_sent(monkeypatch):
    monkeypatch.setattr(composition, "MAX_IMAGE_BYTES", 7_000)
    with pytest.raises(ArgumentError, match="too large: its 60 by 40 pixels"):
        compose(encoded(photo()), (0, 0, 1, 1))
    compose(encoded(Image.new("RGB", SIZE)), (0, 0, 1, 1))  # as large, and packed well


def test_what_goes_wrong_with_a_picture_of_a_reply_is_said_beside_the_others():
    source = inputs.read(encoded(photo()))
    mask = composition.read_mask((0, 0, 1, 1), source)
    damaged = bytearray(encoded(photo()))
    damaged[200] ^= 255
    broken = GeneratedImage.from_bytes(bytes(damaged), source="inlineData")
    composed = composition.compose_all(source, mask, [broken, reply_of(SIZE)])
    assert len(composed.images) == len(composed.received) == 1
    assert isinstance(composed.failures[0], ImageRefusedError)
