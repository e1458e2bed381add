from __future__ import annotations

import io
import pickle
import struct
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemini_nb import errors
from gemini_nb.images import image
from gemini_nb.images.image import GeneratedImage
from support.images import PNG_END, PNG_START, chunk, encoded, gif, jpeg, noise_png, png, webp

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA", "L", "P"),
    "GIF": ("1", "L", "P", "RGB"),
}
SIZES = ((1, 1), (7, 3), (1, 300))


def ihdr(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def huge_png(width: int, height: int) -> bytes:
    """A PNG that says it is this large and holds next to nothing."""
    return PNG_START + ihdr(width, height) + chunk(b"IDAT", b"x\x9c\x03\x00\x00\x00\x00\x01") + PNG_END


def huge_jpeg(width: int, height: int) -> bytes:
    data = jpeg()
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def gif_with(screen: tuple[int, int], frame: tuple[int, int, int, int]) -> bytes:
    """A GIF whose first frame lies at left, top with width, height, whatever its screen is."""
    data = gif()
    at = data.index(b",\0\0\0\0")
    return (
        data[:6]
        + struct.pack("<HH", *screen)
        + data[10 : at + 1]
        + struct.pack("<4H", *frame)
        + data[at + 9 :]
    )


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(k + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for k, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8x(width: int, height: int) -> tuple[bytes, bytes]:
    return b"VP8X", b"\0" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


VALID = {
    f"{kind} {mode} {width} by {height}": (encoded(kind, width, height, mode=mode), TYPES[kind], width,
        height)
    for kind, modes in MODES.items()
    for mode in modes
    for width, height in SIZES
} | {
    "APNG": (encoded("PNG", 5, 4, frames=3), "image/png", 5, 4),
    "animated GIF": (encoded("GIF", 5, 4, frames=3), "image/gif", 5, 4),
    "animated WebP": (encoded("WEBP", 5, 4, frames=3), "image/webp", 5, 4),
    "lossless WebP": (webp(5, 4, lossless=True), "image/webp", 5, 4),
    "WebP with EXIF": (webp(5, 4, exif=b"Exif\0\0"), "image/webp", 5, 4),
    "progressive JPEG": (encoded("JPEG", 50, 40, progressive=True), "image/jpeg", 50, 40),
    "JPEG with a comment": (encoded("JPEG", 5, 4, comment=b"x" * 999), "image/jpeg", 5, 4),
    "JPEG with data behind it": (jpeg(5, 4) + b"more", "image/jpeg", 5, 4),
    "JPEG with fill bytes": (jpeg(5, 4).replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1), "image/jpeg", 5, 4),
    "JPEG with provenance in APP11": (
        jpeg(5, 4)[:2] + b"\xff\xeb\x00\x06\xff\xd9\xff\xd9" + jpeg(5, 4)[2:], "image/jpeg", 5, 4),
    "PNG with data behind it": (png(5, 4) + b"more", "image/png", 5, 4),
    "PNG of noise": (noise_png(100_000), "image/png", 1, 1),
    "interlaced PNG with text": (png(5, 4)[:-12] + chunk(b"tEXt", b"a\0b") + PNG_END, "image/png", 5, 4),
    "GIF frame inside its screen": (gif_with((10, 10), (1, 1, 4, 4)), "image/gif", 10, 10),
}  # fmt: skip


def thumbnail_then_nothing() -> bytes:
    """A JPEG that ends before its scan but has an end of image in a segment."""
    data = jpeg()
    return b"\xff\xd8\xff\xe1\x00\x04\xff\xd9" + data[2 : data.index(b"\xff\xda") + 20]


REFUSED = {
    "nothing": b"",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "SVG behind a declaration": b"<?xml version='1.0'?>\n<!-- x -->\n<svg/>",
    "HTML": b"<!DOCTYPE html><html><body>not found</body></html>",
    "HTML that holds a PNG": b"<html>" + png(),
    "XML": b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    "JSON": b'{"error": "expired"}',
    "text": b"Gone.",
    "PDF": b"%PDF-1.7\n",
    "ZIP": b"PK\x03\x04\x14\x00",
    "gzip": b"\x1f\x8b\x08\x00",
    "BMP": encoded("BMP", 4, 4),
    "TIFF": encoded("TIFF", 4, 4),
    "ICO": encoded("ICO", 16, 16),
    "PPM": encoded("PPM", 4, 4),
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0",
    "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0",
    "MP4": b"\0\0\0\x18ftypisom\0\0\0\0",
    "WAV": b"RIFF\x24\0\0\0WAVEfmt ",
    "space before a PNG": b"\n" + png(),
    "NULs": b"\0" * 100,
    "PNG signature only": PNG_START,
    "PNG without IHDR": PNG_START + chunk(b"IDAT", b"") + PNG_END,
    "PNG without IDAT": PNG_START + ihdr(4, 4) + PNG_END,
    "PNG without IEND": png()[:-12],
    "PNG with a short IHDR": PNG_START + chunk(b"IHDR", b"\0" * 8) + png()[33:],
    "PNG with a chunk past its end": png()[:33] + b"\x7f\xff\xff\xff" + png()[37:],
    "PNG of width 0": huge_png(0, 4),
    "PNG of height 0": huge_png(4, 0),
    "PNG of 50 000 001 pixels": huge_png(50_000_001, 1),
    "PNG of 30000 by 30000": huge_png(30_000, 30_000),
    "PNG of 2 ** 32 - 1": huge_png(2**32 - 1, 2**32 - 1),
    "PNG after a CRLF accident": png().replace(b"\r\n", b"\n"),
    "JPEG start only": b"\xff\xd8\xff",
    "JPEG of width 0": huge_jpeg(0, 4),
    "JPEG of height 0": huge_jpeg(4, 0),
    "JPEG of 65535 by 65535": huge_jpeg(65_535, 65_535),
    "JPEG without its end": jpeg()[:-2],
    "JPEG that ends in a thumbnail": thumbnail_then_nothing(),
    "JPEG without a frame": jpeg().replace(b"\xff\xc0", b"\xff\xc4"),
    "JPEG of broken markers": jpeg()[:2] + b"\xff\xe0\x00\x04\0\0oops" + jpeg()[2:],
    "JPEG of fill bytes": b"\xff\xd8" + b"\xff" * 1_000_000,
    "JPEG of segments without end": b"\xff\xd8" + b"\xff\xe0\x00\x02" * 500_000,
    "WebP start only": b"RIFF\0\0\0\0WEBP",
    "WebP of nothing but a canvas": riff(vp8x(4, 4)),
    "WebP of a huge canvas": riff(vp8x(16_000, 16_000), (b"VP8L", b"\x2f\x03\xc0\0\0\0")),
    "WebP of a frame larger than its canvas": riff(vp8x(4, 4), (b"VP8L", b"\x2f\xff\xff\xff\x0f\0")),
    "WebP of a broken VP8": riff((b"VP8 ", b"\0" * 20)),
    "WebP of a broken VP8L": riff((b"VP8L", b"\0" * 20)),
    "WebP of a length past its end": webp()[:4] + b"\xff\xff\xff\x7f" + webp()[8:],
    "WebP of a chunk past its end": webp()[:16] + b"\xff\xff\xff\x7f" + webp()[20:],
    "WebP of chunks without end": riff(*[(b"ABCD", b"")] * 500_000),
    "GIF start only": b"GIF89a",
    "GIF of no frame": gif()[:13] + b";",
    "GIF of an unknown block": gif()[:10] + b"\0\0\0" + b"?" * 20,
    "GIF of a zero frame": gif_with((4, 4), (0, 0, 0, 4)),
    "GIF of a frame larger than its screen": gif_with((4, 4), (0, 0, 60_000, 60_000)),
    "GIF of a frame far outside": gif_with((4, 4), (60_000, 60_000, 4, 4)),
    "GIF of comments without end": b"GIF89a\4\0\4\0\0\0\0" + b"!\xfe" + b"\1x" * 1_000_000,
}


@pytest.mark.parametrize(("data", "mime_type", "width", "height"), VALID.values(), ids=VALID)
def test_a_valid_picture_is_told_by_its_bytes_and_decodes(data, mime_type, width, height):
    made = GeneratedImage.from_bytes(data, source="inlineData", declared_mime_type="image/x")
    assert (made.mime_type, made.width, made.height) == (mime_type, width, height)
    assert made.data == data
    made.pil.convert("RGBA")


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused(data):
    with pytest.raises(errors.ImageRefusedError) as caught:
        image.inspect(data)
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 300


SAID = {"SVG": "SVG", "HTML": "HTML", "JSON": "JSON", "text": "text", "PDF": "PDF", "ZIP": "ZIP",
    "HEIC": "HEIC",
        "AVIF": "AVIF", "nothing": "nothing", "NULs": "unknown bytes", "MP4": "video", "XML": "XML",
        "PNG of height 0": "4 by 0", "PNG without IEND": "cut short",
        "GIF of comments without end": "too many blocks"}  # fmt: skip


@pytest.mark.parametrize(("name", "words"), SAID.items(), ids=SAID)
def test_the_refusal_says_what_came_instead(name, words):
    with pytest.raises(errors.ImageRefusedError, match=words):
        image.inspect(REFUSED[name])


WHOLE = {"PNG": png(20, 20), "JPEG": jpeg(20, 20), "WebP": webp(20, 20), "GIF": gif(20, 20)}
CUTS = [
    (name, size) for name, data in WHOLE.items() for size in range(0, len(data) - 1, max(1, len(data) // 15))
]


@pytest.mark.parametrize(("name", "size"), CUTS, ids=[f"{name} at {size}" for name, size in CUTS])
def test_a_truncated_picture_is_refused(name, size):
    with pytest.raises(errors.ImageRefusedError):
        image.inspect(WHOLE[name][:size])


def test_there_are_at_least_150_pictures():
    assert len(VALID) + len(REFUSED) + len(CUTS) >= 150


def test_a_picture_of_32_mebibytes_is_taken_and_one_byte_more_is_not():
    data = noise_png(image.MAX_IMAGE_BYTES)
    assert image.inspect(data).mime_type == "image/png"
    with pytest.raises(errors.TooLargeError):
        image.inspect(data + b"\0")


def test_fifty_million_pixels_are_taken():
    assert image.inspect(huge_png(50_000_000, 1)).width == 50_000_000


def broken() -> bytes:
    """A PNG whose structure is whole and whose pixels are not."""
    return PNG_START + ihdr(4, 4) + chunk(b"IDAT", b"not deflated") + PNG_END


DAMAGED = {
    "PNG of broken pixels": broken(),
    "PNG of missing pixels": huge_png(400, 400),
    "PNG of a wrong checksum": png().replace(png()[-20:-12], b"\0" * 8),
    "WebP of broken pixels": webp(64, 64)[:30] + b"\xff" * (len(webp(64, 64)) - 30),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_picture_that_does_not_decode_is_refused_without_a_trace_of_pillow(data):
    made = GeneratedImage.from_bytes(data, source="data URI")
    with pytest.raises(errors.ImageRefusedError) as caught:
        made.pil  # noqa: B018
    assert caught.value.__context__ is None


# Pillow warns of these frames that are none.
ODD_APNG = png()[:33] + chunk(b"acTL", bytes(8)) + png()[33:]


@pytest.mark.parametrize(
    "data", [png(), broken(), gif(), jpeg(), ODD_APNG], ids=["PNG", "broken PNG", "GIF", "JPEG", "odd APNG"]
)
def test_the_verdict_does_not_depend_on_the_users_settings(data, monkeypatch):
    from PIL import Image, ImageFile

    def verdict() -> str:
        try:
            return GeneratedImage.from_bytes(data, source="data URI").pil.mode
        except errors.ImageRefusedError as error:
            return str(error)

    before = verdict()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verdict() == before
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES) == (1, True)


def test_only_the_first_frame_is_decoded():
    made = GeneratedImage.from_bytes(encoded("GIF", 4, 4, frames=3), source="inlineData")
    assert made.pil.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_a_jpeg_can_be_decoded_straight_to_a_smaller_size():
    assert image.decode(jpeg(800, 400), "image/jpeg", at_least=(100, 50)).size == (100, 50)
    assert image.decode(png(80, 40), "image/png", at_least=(10, 5)).size == (80, 40)


def test_an_image_is_a_value_that_pickles_and_whose_repr_is_short():
    made = GeneratedImage.from_bytes(
        noise_png(5000), source="hosted URL", url="https://h.example/?sig=" + "s" * 900
    )
    assert made.sha256 == pickle.loads(pickle.dumps(made)).sha256
    assert pickle.loads(pickle.dumps(made)) == made
    assert len(repr(made)) < 150
    assert "sig" not in repr(made)


def test_the_suffix_is_that_of_the_bytes():
    kinds = [png(), jpeg(), webp(), gif()]
    made = [
        GeneratedImage.from_bytes(data, source="openai", declared_mime_type="image/png") for data in kinds
    ]
    assert [one.suffix for one in made] == [".png", ".jpg", ".webp", ".gif"]


def test_an_image_saves_the_bytes_it_was_made_of(tmp_path):
    made = GeneratedImage.from_bytes(jpeg(), source="inlineData")
    path = made.save(tmp_path / "photo", sidecar={"prompt": "a red square"})
    assert path == tmp_path / "photo.jpg"
    assert path.read_bytes() == made.data
    assert "a red square" in (tmp_path / "photo.jpg.json").read_text()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*WHOLE.values()]), st.data())
def test_any_damage_is_accepted_or_refused(data, draw):
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        damaged[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        GeneratedImage.from_bytes(bytes(damaged), source="inlineData").pil.convert("RGB").save(
            io.BytesIO(), "PNG"
        )
    except errors.ImageRefusedError as error:
        trace = error.__context__
    else:
        return
    assert trace is None


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([data[:12] for data in WHOLE.values()]), st.binary(max_size=100))
def test_any_bytes_are_accepted_or_refused(start, rest):
    try:
        image.inspect(start + rest)
    except errors.ImageRefusedError as error:
        trace = error.__context__
    else:
        return
    assert trace is None
