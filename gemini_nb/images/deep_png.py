"""PNG pictures of 16 bits, which Pillow reads as 8 unless they are grey: their lower bytes, and a writer.

The writer takes 8 bits too: what it writes does not depend on the version of Pillow.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

from gemini_nb.images.header import PNG_SIGNATURE

if TYPE_CHECKING:
    import PIL.Image

    from gemini_nb.images.image import GeneratedImage

RGB, RGBA = 2, 6
_COLOURS = {"L": 0, "RGB": RGB, "RGBA": RGBA}
_UP = 2  # the filter that writes each byte as its difference to the one above


def read_type(data: bytes) -> tuple[int, int]:
    """Return bits per channel and colour type of a PNG; 8 and RGB for any other picture."""
    return (data[24], data[25]) if data.startswith(PNG_SIGNATURE) else (8, RGB)


def split_grey(picture: PIL.Image.Image) -> tuple[PIL.Image.Image, PIL.Image.Image]:
    """Return the upper and the lower bytes of a PIL image of 16-bit grey, as two of mode L."""
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

    samples = picture.convert("I;16").tobytes("raw", "I;16B")
    high, low = (Image.frombytes("L", picture.size, samples[at::2]) for at in (0, 1))
    return high, low


def decode_low_bytes(image: GeneratedImage) -> PIL.Image.Image:
    """Return the lower bytes of a PNG of RGB or RGBA in 16 bits, in that mode.

    Pillow has the decoder for it: what is big-endian in a PNG is read as if it were little-endian.
    """
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

    frame = image.first_frame()
    picture = Image.open(io.BytesIO(frame.data), formats=["PNG"])
    (codec, extents, offset, mode), *_ = picture.tile
    picture.tile = [(codec, extents, offset, str(mode).replace(";16B", ";16L"))]  # type: ignore[list-item]
    picture.load()
    picture.info.update(frame.info)
    return picture


def encode(high: PIL.Image.Image, low: PIL.Image.Image, *, profile: bytes = b"", level: int = 6) -> bytes:
    """Return the PNG in 16 bits of two images of mode L, RGB or RGBA: the upper and the lower bytes."""
    from PIL import Image, ImageChops  # noqa: PLC0415 - Pillow is loaded when a picture is

    samples = bytearray(2 * len(high.getbands()) * high.width * high.height)
    samples[0::2], samples[1::2] = high.tobytes(), low.tobytes()
    rows = Image.frombytes("L", (len(samples) // high.height, high.height), bytes(samples))
    above = Image.new("L", rows.size)
    above.paste(rows, (0, 1))
    filtered = Image.new("L", (rows.width + 1, rows.height), _UP)
    filtered.paste(ImageChops.subtract_modulo(rows, above), (1, 0))
    return write(filtered.tobytes(), high.size, high.mode, depth=16, profile=profile, level=level)


def write(
    rows: bytes, size: tuple[int, int], mode: str, *, depth: int, profile: bytes = b"", level: int = 6
) -> bytes:
    """Return the PNG of rows in mode L, RGB or RGBA, each behind the byte that says how it is filtered."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", *size, depth, _COLOURS[mode], 0, 0, 0))]
    chunks += [(b"iCCP", b"ICC\0\0" + zlib.compress(profile))] if profile else []
    chunks += [(b"IDAT", zlib.compress(rows, level)), (b"IEND", b"")]
    written = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return PNG_SIGNATURE + b"".join(written)
