"""PNG files made by hand: every depth, colour type, filter and interlacing, with random pixels."""

from __future__ import annotations

import random
import struct
import zlib

from support.images import PNG_END, PNG_START, chunk

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
KINDS = [(depth, colour) for colour, depths in
         {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items()
         for depth in depths]  # fmt: skip
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def header(width: int, height: int, depth: int, colour: int, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def random_png(
    width: int, height: int, depth: int = 8, colour: int = 2, *, interlace: int = 0, clear: bool = False
) -> bytes:
    """A PNG of random bytes, each row with one of the five filters: whatever they are, they decode."""
    rng = random.Random(f"{width} {height} {depth} {colour}")
    passes = ADAM7 if interlace else ((0, 0, 1, 1),)
    rows = []
    for left, top, across, down in passes:
        pixels, count = -(-(width - left) // across), -(-(height - top) // down)
        length = (pixels * depth * CHANNELS[colour] + 7) // 8
        rows += [bytes([rng.randrange(5)]) + rng.randbytes(length) for _ in range(count) if pixels > 0]
    return assembled(width, height, depth, colour, b"".join(rows), interlace=interlace, clear=clear)


def assembled(
    width: int, height: int, depth: int, colour: int, rows: bytes, *, interlace: int = 0, clear: bool = False
) -> bytes:
    """A PNG of filtered rows; with `clear` some of its palette, or one of its colours, is transparent."""
    chunks = [PNG_START, header(width, height, depth, colour, interlace)]
    if colour == 3:
        chunks.append(chunk(b"PLTE", random.Random(1).randbytes(3 * 2**depth)))
    if clear:
        chunks.append(chunk(b"tRNS", bytes(range(0, 250, 25)) if colour == 3 else b"\0\1" * CHANNELS[colour]))
    return b"".join([*chunks, chunk(b"IDAT", zlib.compress(rows, 1)), PNG_END])


def plain_png(width: int, height: int, depth: int = 8, colour: int = 2, *, interlace: int = 0) -> bytes:
    """A PNG of one colour, which may be large: it is made in little memory."""
    packer, packed = zlib.compressobj(1), []
    for left, top, across, down in ADAM7 if interlace else ((0, 0, 1, 1),):
        pixels, count = -(-(width - left) // across), -(-(height - top) // down)
        length = (pixels * depth * CHANNELS[colour] + 7) // 8 + 1
        size = length * count if pixels > 0 else 0
        rows = (b"\0" + b"\x60" * (length - 1)) * max(1, 2**20 // length)
        packed += [packer.compress(rows[: size - start]) for start in range(0, size, len(rows))]
    palette = chunk(b"PLTE", bytes(range(256)) * 3) if colour == 3 else b""
    data = chunk(b"IDAT", b"".join([*packed, packer.flush()]))
    return PNG_START + header(width, height, depth, colour, interlace) + palette + data + PNG_END
