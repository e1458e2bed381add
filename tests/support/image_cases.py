"""Pictures by name: valid ones of every kind with their type and size, and bytes that are refused."""

from __future__ import annotations

import struct

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
