"""Headers of picture files: type, size in pixels, and whether the end is there.

Nothing is decoded and nothing is believed but the bytes; Pillow is not asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gemini_nb.images.file_bytes import FileView

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}

_PNG = b"\x89PNG\r\n\x1a\n"
_MAX_BLOCKS = 400_000  # a GIF of 32 MiB whose blocks are full has a third of that, other types far fewer
_CHOPPED = "it is chopped into too many blocks"


class Malformed(Exception):  # noqa: N818 - never leaves the package: `image` words the error
    """The header is not that of a whole picture; the text says what is wrong."""


def sniff(data: bytes | FileView) -> str | None:
    """Return the MIME type of PNG, JPEG, WebP or GIF bytes, None for anything else."""
    if data.startswith(_PNG):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return None


def read_size(data: bytes | FileView, mime_type: str) -> tuple[int, int]:
    """Return width and height of the largest picture in a file whose structure is whole.

    Raises Malformed where the header contradicts itself or the file is cut short.
    """
    try:
        return _SIZES[mime_type](data)
    except IndexError:
        raise Malformed("it is cut short") from None


def _png(data: bytes | FileView) -> tuple[int, int]:
    chunks = _png_chunks(data)
    kind, start, length = next(chunks, (b"", 0, 0))
    if kind != b"IHDR" or length != 13:
        raise Malformed("its first chunk is no IHDR")
    kinds = {kind for kind, _, _ in chunks}
    if b"IDAT" not in kinds:
        raise Malformed("it holds no picture data")
    return _big(data, start, 4), _big(data, start + 4, 4)


def _png_chunks(data: bytes | FileView) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type, start and length of every chunk up to IEND, which must be there."""
    position, end = len(_PNG), len(data)
    for _ in range(_MAX_BLOCKS):
        if position + 12 > end:
            break
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        if position + 12 + length > end:
            break
        if kind == b"IEND":
            return
        yield kind, position + 8, length
        position += 12 + length
    raise Malformed("it is cut short")


_STANDALONE = {0x01, *range(0xD0, 0xD8)}  # TEM and RSTn carry no length
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOFn; the others are DHT, JPG and DAC


def _jpeg(data: bytes | FileView) -> tuple[int, int]:
    width = height = 0
    position = 2
    for _ in range(_MAX_BLOCKS):
        marker = data[position + 1]
        if marker == 0xDA:
            break
        if data[position] != 0xFF or marker in (0x00, 0xD8, 0xD9):
            raise Malformed("its markers are broken")
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        length = 0 if marker in _STANDALONE else _big(data, position + 2, 2)
        if marker in _FRAMES and length >= 8:
            height = max(height, _big(data, position + 5, 2))
            width = max(width, _big(data, position + 7, 2))
        position += 2 + length
    else:
        raise Malformed(_CHOPPED)
    # Only behind the first scan: a thumbnail in front of it has an end of its own.
    if data.rfind(b"\xff\xd9", position) < 0:
        raise Malformed("it is cut short")
    return width, height


def _webp(data: bytes | FileView) -> tuple[int, int]:
    end = 8 + _little(data, 4, 4)
    if end > len(data):
        raise Malformed("it is cut short")
    width = height = 0
    has_frame = False
    position = 12
    for _ in range(_MAX_BLOCKS):
        if position + 8 > end:
            break
        kind, length = data[position : position + 4], _little(data, position + 4, 4)
        if position + 8 + length > end:
            raise Malformed("it is cut short")
        found = _webp_chunk(kind, data, position + 8, length)
        has_frame |= kind in (b"VP8 ", b"VP8L", b"ANMF")
        width, height = max(width, found[0]), max(height, found[1])
        position += 8 + length + length % 2
    else:
        raise Malformed(_CHOPPED)
    if not has_frame:
        raise Malformed("it holds no picture data")
    return width, height


def _webp_chunk(kind: bytes, data: bytes | FileView, start: int, length: int) -> tuple[int, int]:
    if kind == b"VP8X" and length >= 10:
        return 1 + _little(data, start + 4, 3), 1 + _little(data, start + 7, 3)
    if kind == b"ANMF" and length >= 16:
        return 1 + _little(data, start + 6, 3), 1 + _little(data, start + 9, 3)
    if kind == b"VP8L" and length >= 5 and data[start] == 0x2F:
        bits = _little(data, start + 1, 4)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and length >= 10 and data[start + 3 : start + 6] == b"\x9d\x01\x2a":
        return _little(data, start + 6, 2) & 0x3FFF, _little(data, start + 8, 2) & 0x3FFF
    if kind in (b"VP8 ", b"VP8L"):
        raise Malformed("its picture data is broken")
    return 0, 0


def _gif(data: bytes | FileView) -> tuple[int, int]:
    width, height = _little(data, 6, 2), _little(data, 8, 2)
    position = 13 + _colour_table(data[10])
    blocks = 0
    while (block := data[position]) == 0x21:
        position, blocks = _sub_blocks(data, position + 2, blocks)
    if block != 0x2C:
        raise Malformed("it holds no frame")
    left, top, across, down = (_little(data, position + at, 2) for at in (1, 3, 5, 7))
    if across == 0 or down == 0:
        return 0, 0
    # Past the descriptor, the colour table and the code size stands the frame, which must be whole.
    _sub_blocks(data, position + 11 + _colour_table(data[position + 9]), blocks)
    return max(width, left + across), max(height, top + down)


def _colour_table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _sub_blocks(data: bytes | FileView, position: int, blocks: int) -> tuple[int, int]:
    """Return where a run of GIF sub-blocks ends and how many were read so far."""
    while length := data[position]:
        position += 1 + length
        blocks += 1
        if blocks > _MAX_BLOCKS:
            raise Malformed(_CHOPPED)
    return position + 1, blocks


def _big(data: bytes | FileView, start: int, length: int) -> int:
    return _number(data, start, length, "big")


def _little(data: bytes | FileView, start: int, length: int) -> int:
    return _number(data, start, length, "little")


def _number(data: bytes | FileView, start: int, length: int, order: str) -> int:
    if start + length > len(data):
        raise Malformed("it is cut short")
    return int.from_bytes(data[start : start + length], "big" if order == "big" else "little")


_SIZES: dict[str, Callable[[bytes | FileView], tuple[int, int]]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
    "image/gif": _gif,
}

_BRANDS = {
    b"avif": "an AVIF picture",
    b"avis": "an AVIF picture",
    b"heic": "a HEIC picture",
    b"heix": "a HEIC picture",
    b"mif1": "a HEIF picture",
    b"msf1": "a HEIF picture",
}
_STARTS = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "gzip data",
    b"BM": "a BMP picture",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
    b"\x00\x00\x01\x00": "an ICO icon",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000 picture",
    b"\xff\x0a": "a JPEG XL picture",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL picture",
    b"RIFF": "RIFF data that is no WebP",
}


def describe(data: bytes | FileView) -> str:
    """Return in a few words what bytes that are no picture of ours look like."""
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "a video file")
    for start, words in _STARTS.items():
        if data.startswith(start):
            return words
    return _describe_text(data)


def _describe_text(data: bytes | FileView) -> str:
    head = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = head.lower()
    if b"<svg" in lower:
        return "an SVG document"
    if lower.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if lower.startswith(b"<"):
        return "an XML document"
    if head.startswith((b"{", b"[")):
        return "JSON text"
    if head and all(byte >= 0x20 or byte in b"\t\r\n" for byte in head):
        return "text"
    return f"unknown bytes ({data[:8].hex(' ')} …)" if data else "nothing at all"
