"""What Pillow is given: the first frame, and nothing that takes time or fails before its pixels."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import pytest
from PIL import Image, ImageCms

from gemini_nb.images.first_frame import read_first_frame
from gemini_nb.images.image import GeneratedImage
from support.images import chunk, encoded, gif, jpeg, png, webp
from support.progressive import segment
from support.webps import animation, frame, pixels_of

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MEGABYTES = 8 * 2**20


def with_chunks(*chunks: bytes) -> bytes:
    return png()[:33] + b"".join(chunks) + png()[33:]


def bomb(size: int = MEGABYTES) -> bytes:
    return zlib.compress(bytes(size), 9)


def apng(*extras: bytes) -> bytes:
    return with_chunks(chunk(b"acTL", struct.pack(">II", 3000, 0)), control(0), *extras)


def control(number: int, width: int = 4) -> bytes:
    return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, 4, 0, 0, 1, 10, 0, 0))


def with_segments(*segments: bytes) -> bytes:
    return jpeg()[:2] + b"".join(segments) + jpeg()[2:]


def many_frames(kind: str) -> bytes:
    """An animation of 2,000 frames of 4 by 4 pixels."""
    first, *more = (Image.new("RGB", (4, 4), (255, n % 200, 0)) for n in range(2000))
    into = io.BytesIO()
    first.save(into, kind, save_all=True, append_images=more, lossless=True, quality=0, method=0)
    return into.getvalue()


EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\0"
MP = b"MPF\0MM\0*\0\0\0\x08\0\1\xb0\1\0\4\0\0\0\1\0\0\0\2"
FRAME = gif().index(b",")

SLOW = {
    "PNG of a giant text": with_chunks(chunk(b"tEXt", b"a\0" + b"x" * MEGABYTES)),
    "PNG of a packed text": with_chunks(chunk(b"zTXt", b"a\0\0" + bomb())),
    "PNG of an international packed text": with_chunks(chunk(b"iTXt", b"a\0\1\0\0\0" + bomb())),
    "PNG of many packed texts": with_chunks(*[chunk(b"zTXt", b"a\0\0" + bomb(10**6))] * 200),
    "PNG of many packed profiles": with_chunks(*[chunk(b"iCCP", b"a\0\0" + bomb(10**6))] * 5000),
    "PNG of a packed profile": with_chunks(chunk(b"iCCP", b"a\0\0" + bomb())),
    "PNG of an unknown packing": with_chunks(chunk(b"zTXt", b"a\0\7x"), chunk(b"iCCP", b"a\0\7x")),
    "PNG of a text that is called transparency": with_chunks(chunk(b"tEXt", b"transparency\0abc")),
    "PNG of a giant EXIF": with_chunks(chunk(b"eXIf", b"MM\0*" + bytes(MEGABYTES))),
    "APNG of thousands of frames": apng(
        *(control(2 * n + 1) + chunk(b"fdAT", struct.pack(">I", 2 * n + 2) + b"x") for n in range(3000))
    ),
    "APNG of frames in no order": apng(control(7)),
    "APNG of a frame beyond its canvas": apng(control(1, width=400)),
    "APNG that is announced twice": apng(chunk(b"acTL", bytes(8))),
    "APNG cut short": with_chunks(chunk(b"acTL", b"x"), chunk(b"fcTL", b"x")),
    "JPEG of thousands of EXIF segments": with_segments(
        *[segment(0xE1, EXIF + bytes(4000))] * 2000
    ),
    "JPEG of thousands of comments": with_segments(*[segment(0xFE, bytes(4000))] * 2000),
    "JPEG of several pictures that are not there": with_segments(segment(0xE2, MP)),
    "JPEG of a profile in hundreds of parts": with_segments(
        *(segment(0xE2, b"ICC_PROFILE\0" + bytes([n, 255]) + bytes(60_000)) for n in range(1, 100))
    ),
    "JPEG of a broken EXIF": with_segments(segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff")),
    "WebP of a giant profile": webp(icc_profile=bytes(MEGABYTES)),
    "WebP of giant XMP": webp(xmp=bytes(MEGABYTES)),
    "animated WebP of thousands of frames": many_frames("WEBP"),
    "animated GIF of thousands of frames": many_frames("GIF"),
    "GIF of a comment of megabytes": gif()[:FRAME]
    + b"!\xfe" + (b"\xff" + b"x" * 255) * (MEGABYTES // 256) + b"\0" + gif()[FRAME:],
    "GIF of thousands of extensions": gif()[:FRAME]
    + b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0" * 9000 + gif()[FRAME:],
}  # fmt: skip


@pytest.mark.parametrize("data", SLOW.values(), ids=SLOW)
def test_nothing_but_the_first_frame_is_decoded(data):
    made = GeneratedImage.from_bytes(data, source="inlineData")
    first = made.first_frame()
    assert len(first.data) < 2000
    assert sum(map(len, first.info.values())) <= 2**20
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = made.pil
    assert picture.size == (4, 4)
    red, green, blue = picture.convert("RGB").getpixel((1, 1))
    assert red > 250
    assert max(green, blue) < 5


@pytest.mark.parametrize("data", SLOW.values(), ids=SLOW)
def test_whatever_stands_beside_the_first_frame_it_is_shown(data):
    made = GeneratedImage.from_bytes(data, source="inlineData")
    assert {"text/html", "image/jpeg"} <= made._repr_mimebundle_().keys()


def exif() -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = 6  # how it lies
    return made


MARKED = {
    kind: encoded(kind, 4, 4, icc_profile=PROFILE, exif=exif(), dpi=(300, 300))
    for kind in ("PNG", "JPEG", "WEBP")
}


@pytest.mark.parametrize("data", MARKED.values(), ids=MARKED)
def test_a_pil_image_has_its_colour_profile_and_exif(data):
    picture = GeneratedImage.from_bytes(data, source="inlineData").pil
    assert picture.info["icc_profile"] == PROFILE
    assert picture.getexif()[0x0112] == 6


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_pil_image_has_its_resolution(kind):
    picture = GeneratedImage.from_bytes(MARKED[kind], source="inlineData").pil
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=1)


PLAIN = {kind: encoded(kind, 40, 30) for kind in ("PNG", "JPEG", "WEBP", "GIF")}
ODD = {
    "CMYK": encoded("JPEG", 40, 30, mode="CMYK"),
    "transparent palette": encoded("PNG", 40, 30, mode="P", transparency=b"\0\x80"),
    "transparent GIF": encoded("GIF", 40, 30, mode="P", transparency=0),
    "transparent WebP": encoded("WEBP", 40, 30, mode="RGBA"),
    "APNG": encoded("PNG", 40, 30, frames=3),
    "animated GIF": encoded("GIF", 40, 30, frames=3),
    "animated WebP": encoded("WEBP", 40, 30, frames=3),
}


@pytest.mark.parametrize("data", (PLAIN | ODD).values(), ids=PLAIN | ODD)
def test_the_first_frame_has_the_pixels_of_the_file(data):
    made = GeneratedImage.from_bytes(data, source="inlineData")
    with Image.open(io.BytesIO(data)) as whole:
        assert made.pil.convert("RGBA").tobytes() == whole.convert("RGBA").tobytes()


def test_a_frame_that_is_smaller_than_its_canvas_lies_where_it_belongs():
    data = animation((9, 8), frame((2, 4, 4, 4), pixels_of(webp())), frame((0, 0, 4, 4), pixels_of(webp())))
    made = GeneratedImage.from_bytes(data, source="inlineData")
    with Image.open(io.BytesIO(data)) as whole:
        assert made.pil.convert("RGBA").tobytes() == whole.convert("RGBA").tobytes()
    assert made.pil.convert("RGB").getpixel((3, 5))[0] > 250


def test_a_plain_picture_is_given_as_it_is():
    assert read_first_frame(png(), "image/png").data == png()
