"""Headers that say one size and decode to another, or to a picture that takes for ever, are refused."""

from __future__ import annotations

import io
from hashlib import sha256

import pytest
from PIL import Image

from gemini_nb.errors import ImageRefusedError
from gemini_nb.images import header
from gemini_nb.images.file_bytes import FileBytes
from gemini_nb.images.image import GeneratedImage, inspect
from support.image_cases import REFUSED, VALID, gif_with, ihdr, riff, vp8x
from support.images import PNG_END, PNG_START, chunk, encoded, jpeg, png, webp
from support.progressive import frame_header, progressive_jpeg, segment
from support.webps import animation, frame, pixels_of

SMALL, LARGE = pixels_of(webp(4, 4)), pixels_of(webp(400, 400))
LOSSLESS = pixels_of(webp(400, 400, lossless=True))
BEFORE_SCAN = jpeg().index(b"\xff\xda")
AT_FRAME = jpeg().index(b"\xff\xc0")

CONTRADICTIONS = {
    "PNG of a second, larger header": PNG_START + ihdr(1, 1) + png(400, 400)[8:],
    "PNG of a second, smaller header": PNG_START + ihdr(400, 400) + png(1, 1)[8:],
    "PNG of the same header twice": png()[:33] + png()[8:],
    "PNG of a second header behind its pixels": png()[:-12] + ihdr(400, 400) + PNG_END,
    "PNG of a second header of another length": png()[:33] + chunk(b"IHDR", bytes(14)) + png()[33:],
    "JPEG of a second, larger frame": jpeg()[:AT_FRAME] + frame_header(400, 400) + jpeg()[AT_FRAME:],
    "JPEG of a second, smaller frame": jpeg()[:BEFORE_SCAN] + frame_header(1, 1) + jpeg()[BEFORE_SCAN:],
    "JPEG of a second frame of another kind": jpeg()[:BEFORE_SCAN]
    + frame_header(4, 4, marker=0xC1)
    + jpeg()[BEFORE_SCAN:],
    "JPEG of a frame header of no length": jpeg()[:BEFORE_SCAN] + b"\xff\xe5\0\0" + jpeg()[BEFORE_SCAN:],
    "WebP of a frame larger than its canvas": riff(vp8x(4, 4), LARGE),
    "WebP of a lossless frame larger than its canvas": riff(vp8x(4, 4), LOSSLESS),
    "WebP of a frame smaller than its canvas": riff(vp8x(400, 400), SMALL),
    "WebP of two frames": riff(vp8x(4, 4), SMALL, LARGE),
    "simple WebP of two frames": riff(SMALL, LARGE),
    "WebP of two canvases": riff(vp8x(4, 4), vp8x(400, 400), LARGE),
    "WebP of a canvas behind its frame": riff(SMALL, vp8x(400, 400)),
    "WebP of a frame behind an unknown chunk": riff((b"ABCD", b"x"), SMALL),
    "WebP of a still frame and an animation": riff(vp8x(4, 4), SMALL, frame((0, 0, 4, 4), SMALL)),
    "WebP of an animation that is not announced": riff(vp8x(4, 4), frame((0, 0, 4, 4), SMALL)),
    "animated WebP of a still frame": animation((4, 4), SMALL),
    "animated WebP of a frame beyond its canvas": animation((4, 4), frame((0, 0, 400, 400), LARGE)),
    "animated WebP of a frame that lies outside": animation((4, 4), frame((2, 2, 4, 4), SMALL)),
    "animated WebP of a frame larger than its box": animation((400, 400), frame((0, 0, 4, 4), LARGE)),
    "animated WebP of a later frame that is larger": animation(
        (4, 4), frame((0, 0, 4, 4), SMALL), frame((0, 0, 4, 4), LARGE)
    ),
    "animated WebP of a frame without pixels": animation((4, 4), frame((0, 0, 4, 4))),
    "animated WebP of a frame of two pictures": animation((4, 4), frame((0, 0, 4, 4), SMALL, SMALL)),
    "animated WebP of a frame of no header": animation((4, 4), (b"ANMF", bytes(15))),
    "GIF of a frame wider than its screen": gif_with((4, 4), (0, 0, 400, 4)),
    "GIF of a frame higher than its screen": gif_with((4, 4), (0, 0, 4, 400)),
    "GIF of a frame that begins beyond its screen": gif_with((4, 4), (1, 1, 4, 4)),
    "GIF of no screen": gif_with((0, 0), (0, 0, 4, 4)),
}

TOO_MANY = {
    "JPEG of hundreds of scans": progressive_jpeg(40, 40, 300),
    "JPEG of one scan too many": progressive_jpeg(40, 40, header.MAX_SCANS + 1),
    "JPEG of scans behind comments": progressive_jpeg(40, 40, 200, between=segment(0xFE, b"\xff\xd9")),
    "JPEG of scans behind fill bytes": progressive_jpeg(40, 40, 200, between=b"\xff" * 9),
    "JPEG of scans behind junk": progressive_jpeg(40, 40, 200, between=b"junk\xff\0\xff\xd3"),
    "PNG of chunks without end": png()[:33] + chunk(b"tEXt", b"") * 70_000 + png()[33:],
    "animated WebP of too many frames": animation((4, 4), *[frame((0, 0, 4, 4), SMALL)] * 10_001),
    "JPEG of segments without end": jpeg()[:2] + segment(0xFE, b"x") * 5000 + jpeg()[2:],
}
WRONG = CONTRADICTIONS | TOO_MANY
RIGHT = {
    "JPEG of as many scans as there may be": progressive_jpeg(40, 40, header.MAX_SCANS),
    "JPEG whose comments look like scans": progressive_jpeg(
        40, 40, 9, between=segment(0xFE, b"\xff\xda" * 99)
    ),
    "JPEG with a film behind it": jpeg(5, 4) + b"\xff\xda\0\x08" * 500 + b"\xff\xd9",
    "animated WebP of a frame inside its canvas": animation((8, 8), frame((2, 2, 4, 4), SMALL)),
    "GIF of full blocks": encoded("GIF", 300, 300, mode="P"),
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG)
def test_what_would_decode_to_another_size_or_without_end_is_refused(data):
    with pytest.raises(ImageRefusedError, match="is refused"):
        inspect(data)


@pytest.mark.parametrize("data", RIGHT.values(), ids=RIGHT)
def test_what_only_looks_like_that_is_taken_and_decodes(data):
    made = GeneratedImage.from_bytes(data, source="inlineData")
    assert made.pil.size == (made.width, made.height)


def verdict(data) -> object:
    try:
        return inspect(data)
    except ImageRefusedError as error:
        return str(error)


ALL = WRONG | RIGHT | REFUSED | {name: case[0] for name, case in VALID.items()}


def test_the_verdict_is_the_same_in_memory_and_in_a_file(tmp_path):
    for number, data in enumerate(ALL.values()):
        path = tmp_path / str(number)
        path.write_bytes(data)
        in_file = FileBytes(size=len(data), sha256=sha256(data).hexdigest(), path=path)
        assert verdict(in_file) == verdict(data)


def test_pillow_reads_the_size_that_was_announced():
    for name, data in (WRONG | RIGHT | REFUSED).items():
        facts = verdict(data)
        if not isinstance(facts, str):
            with Image.open(io.BytesIO(data)) as picture:
                assert picture.size == (facts.width, facts.height), name


def test_a_decoder_that_finds_another_size_is_not_let_decode():
    """What the header reader does not know of is seen before any pixel is decoded."""
    data = png(400, 400)
    made = GeneratedImage(data, "image/png", 4, 4, "inlineData")
    with pytest.raises(ImageRefusedError, match="400 by 400 pixels and says 4 by 4"):
        made.pil  # noqa: B018
    assert "400 by 400" in made._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 500, 8191])
def test_full_blocks_of_a_gif_are_walked_like_others(length):
    """Runs of full blocks are skipped at once; short ones before, between and behind them are not."""
    blocks = b"\xff" * 256 * length + b"\1x" + b"\xff" * 256 * length + b"\3xyz"
    comment = b"!\xfe" + blocks + b"\0"
    data = encoded("GIF", 4, 4)
    at = data.index(b",")
    assert inspect(data[:at] + comment + data[at:]).width == 4
    with pytest.raises(ImageRefusedError, match=r"cut short|no frame"):
        inspect(data[:at] + comment[:-1])
