"""Small pictures as bytes, and payloads of a given size, for tests that need real ones."""

from __future__ import annotations

import io
import random
import struct
import zlib

RED = (255, 0, 0)


def png(width: int = 4, height: int = 4, colour: tuple[int, int, int] = RED) -> bytes:
    """A plain RGB PNG, made by hand."""
    row = b"\0" + bytes(colour) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG_START + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * height)) + PNG_END


def noise_png(size: int, *, seed: int = 0) -> bytes:
    """A 1 × 1 PNG of exactly `size` bytes, the rest of them noise in a private chunk."""
    small = png(1, 1)
    if size < len(small) + 12:
        raise ValueError(f"no PNG is as small as {size} bytes")
    noise = random.Random(seed).randbytes(size - len(small) - 12)
    return small[: -len(PNG_END)] + chunk(b"noIz", noise) + PNG_END


def bytes_of(data) -> bytes:
    """A picture's data, whether they are held in memory or in a file."""
    return data if isinstance(data, bytes) else data.read()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_END = chunk(b"IEND", b"")


def jpeg(width: int = 4, height: int = 4, colour: tuple[int, int, int] = RED) -> bytes:
    return encoded("JPEG", width, height, colour)


def webp(width: int = 4, height: int = 4, colour: tuple[int, int, int] = RED, **options) -> bytes:
    return encoded("WEBP", width, height, colour, **options)


def gif(width: int = 4, height: int = 4, colour: tuple[int, int, int] = RED) -> bytes:
    return encoded("GIF", width, height, colour)


def encoded(
    kind: str, width: int, height: int, colour=RED, *, mode: str = "RGB", frames: int = 1, **options
) -> bytes:
    """A picture as Pillow writes it; further frames differ from the first."""
    from PIL import Image

    first, *others = (
        Image.new("RGB", (width, height), tuple((c + 90 * n) % 256 for c in colour)).convert(mode)
        for n in range(frames)
    )
    into = io.BytesIO()
    if others:
        options |= {"save_all": True, "append_images": others}
    first.save(into, kind, **options)
    return into.getvalue()


def padded_png(width: int, height: int, noise: int) -> bytes:
    """A PNG of that size in pixels with a private chunk of so many random bytes."""
    data = chunk(b"noIz", random.Random(width).randbytes(noise))
    return png(width, height).removesuffix(PNG_END) + data + PNG_END
