"""Headers of picture files: type, size in pixels, and whether the end is there.

Nothing is decoded and nothing is believed but the bytes; Pillow is not asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gemini_nb.images.file_bytes import FileView

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ANMF_HEADER_BYTES = 16  # of a frame of an animation; its chunks come behind
MAX_SCANS = 64  # of a progressive JPEG: each is a walk over all of its pixels; encoders write 20 at most
_MAX_MARKERS = 2**20  # in scans: noise of 32 MiB has an eighth
_MAX_CHUNKS = 65_536
_MAX_FRAMES = 10_000  # of an animated WebP
_MAX_SEGMENTS = 4096  # in front of a JPEG's first scan; 32 MiB of provenance are 512
_MAX_BLOCKS = 150_000  # a GIF of 32 MiB has 131,590 if they are full
_RUN_BYTES = 1024  # less than a `FileView` reads ahead
_CHOPPED = "it is split into too many blocks"


class Malformed(Exception):  # noqa: N818 - never leaves the package: `image` words the error
    """The header is not that of a whole picture; the text says what is wrong."""


def sniff(data: bytes | FileView) -> str | None:
    """Return the MIME type of PNG, JPEG, WebP or GIF bytes, None for anything else."""
    if data.startswith(PNG_SIGNATURE):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return None


def read_size(data: bytes | FileView, mime_type: str) -> tuple[int, int]:
    """Return width and height of a picture, of which a decoder reads the same size.

    Raises Malformed where the header contradicts itself, the file is cut short, or decoding it would take
    out of all proportion to its pixels.
    """
    try:
        return _SIZES[mime_type](data)
    except IndexError:
        raise Malformed("it is cut short") from None


def _png(data: bytes | FileView) -> tuple[int, int]:
    chunks = png_chunks(data)
    kind, start, length = next(chunks, (b"", 0, 0))
    if kind != b"IHDR" or length != 13:
        raise Malformed("its first chunk is not IHDR")
    has_data = False
    for kind, _, _ in chunks:
        has_data |= kind == b"IDAT"
        if kind == b"IHDR":  # decoders take the last one
            raise Malformed("it has a second header")
    if not has_data:
        raise Malformed("it holds no picture data")
    return _big(data, start, 4), _big(data, start + 4, 4)


def png_chunks(data: bytes | FileView) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type, start and length of every chunk up to IEND, which must be there."""
    position, end = len(PNG_SIGNATURE), len(data)
    for _ in range(_MAX_CHUNKS):
        if position + 12 > end:
            break
        head = data[position : position + 8]
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if position + 12 + length > end:
            break
        if kind == b"IEND":
            return
        yield kind, position + 8, length
        position += 12 + length
    else:
        raise Malformed(_CHOPPED)
    raise Malformed("it is cut short")


_STANDALONE = {0x01, *range(0xD0, 0xD8)}  # TEM and RSTn carry no length
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOFn; the others are DHT, JPG and DAC
_SEQUENTIAL = {0xC0, 0xC1, 0xC9}  # one scan of all components is all that is decoded
_SCAN = 0xDA
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")  # between a scan's data: not RSTn, no stuffed zero


def _jpeg(data: bytes | FileView) -> tuple[int, int]:
    width = height = frame = components = start = 0
    for marker, start, length in jpeg_segments(data):
        if marker in _FRAMES and length >= 6:
            if frame:
                raise Malformed("it has a second header")
            height, width = _big(data, start + 1, 2), _big(data, start + 3, 2)
            frame, components = marker, data[start + 5]
    # Only behind the first scan: a thumbnail in front of it has an end of its own.
    if data.rfind(b"\xff\xd9", start) < 0:
        raise Malformed("it is cut short")
    is_one_scan = frame in _SEQUENTIAL and data[start] == components
    if not is_one_scan and data.count(b"\xff\xda", start) >= MAX_SCANS:  # a film behind it has some as well
        _check_scans(data[start:])
    return width, height


def _check_scans(data: bytes) -> None:
    """Count the scans behind the first one as a decoder meets them."""
    count = position = 0
    is_over = data.count(b"\xff") > _MAX_MARKERS
    while not is_over and (found := _MARKER.search(data, position)) and found[1] != b"\xd9":
        count += found[1][0] == _SCAN
        position = found.end() + (0 if found[1] == b"\x01" else _big(data, found.end(), 2))
        is_over = count >= MAX_SCANS
    if is_over:
        raise Malformed(f"it has more than {MAX_SCANS} scans")


def jpeg_segments(data: bytes | FileView) -> Iterator[tuple[int, int, int]]:
    """Yield the marker, start and length of every segment up to the header of the first scan."""
    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker = data[position + 1]
        if data[position] != 0xFF or marker in (0x00, 0xD8, 0xD9):
            raise Malformed("its markers are broken")
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        length = 0 if marker in _STANDALONE else _big(data, position + 2, 2)
        if length == 1 or (length == 0 and marker not in _STANDALONE):
            raise Malformed("its markers are broken")
        yield marker, position + 4, max(0, length - 2)
        if marker == _SCAN:
            return
        position += 2 + length
    raise Malformed(_CHOPPED)


def _webp(data: bytes | FileView) -> tuple[int, int]:
    size, is_animated, frames = (0, 0), False, 0
    for number, (kind, start, length) in enumerate(webp_chunks(data)):
        if kind == b"VP8X" and length >= 10:
            if number:
                raise Malformed("it has a second header")
            size = 1 + _little(data, start + 4, 3), 1 + _little(data, start + 7, 3)
            is_animated = bool(data[start] & 2)
        elif kind in (b"VP8 ", b"VP8L"):
            frame = _webp_frame_size(data, kind, start, length)
            if is_animated or frames or (size != frame and number):
                raise Malformed("its chunks disagree")
            size, frames = frame, 1
        elif kind == b"ANMF":
            if not is_animated:
                raise Malformed("its chunks disagree")
            frames += 1
            if frames > _MAX_FRAMES:
                raise Malformed("it has too many frames")
            _check_animation_frame(data, start, length, size)
    if not frames:
        raise Malformed("it holds no picture data")
    return size


def webp_chunks(
    data: bytes | FileView, start: int = 12, end: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type, start and length of every chunk of a file, or of a frame from `start` to `end`."""
    end = 8 + _little(data, 4, 4) if end is None else end
    if end > len(data):
        raise Malformed("it is cut short")
    position = start
    for _ in range(_MAX_CHUNKS):
        if position + 8 > end:
            return
        head = data[position : position + 8]
        length = int.from_bytes(head[4:], "little")
        if position + 8 + length > end:
            raise Malformed("it is cut short")
        yield head[:4], position + 8, length
        position += 8 + length + length % 2
    raise Malformed(_CHOPPED)


def _check_animation_frame(data: bytes | FileView, start: int, length: int, canvas: tuple[int, int]) -> None:
    if length < ANMF_HEADER_BYTES:
        raise Malformed("its chunks disagree")
    head = data[start : start + 12]
    left, top, width, height = (int.from_bytes(head[at : at + 3], "little") for at in (0, 3, 6, 9))
    right, bottom = 2 * left + width + 1, 2 * top + height + 1
    sizes = [
        _webp_frame_size(data, kind, at, size)
        for kind, at, size in webp_chunks(data, start + ANMF_HEADER_BYTES, start + length)
        if kind in (b"VP8 ", b"VP8L")
    ]
    if sizes != [(width + 1, height + 1)] or right > canvas[0] or bottom > canvas[1]:
        raise Malformed("its chunks disagree")


def _webp_frame_size(data: bytes | FileView, kind: bytes, start: int, length: int) -> tuple[int, int]:
    head = data[start : start + 10]
    if kind == b"VP8L" and length >= 5 and head[0] == 0x2F:
        bits = int.from_bytes(head[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and length >= 10 and head[3:6] == b"\x9d\x01\x2a":
        width, height = head[6] + (head[7] << 8), head[8] + (head[9] << 8)
        return width & 0x3FFF, height & 0x3FFF
    raise Malformed("its picture data is broken")


def _gif(data: bytes | FileView) -> tuple[int, int]:
    width, height = _little(data, 6, 2), _little(data, 8, 2)
    frame = gif_frame(data).start
    left, top, across, down = (_little(data, frame + at, 2) for at in (1, 3, 5, 7))
    if across == 0 or down == 0:
        return 0, 0
    if left + across > width or top + down > height:
        raise Malformed("its frame lies beyond its screen")
    return width, height


class GIFFrame(NamedTuple):
    """Where the first frame of a GIF begins and ends, and its graphic control extension, which may be 0."""

    control: int
    start: int
    end: int


def gif_frame(data: bytes | FileView) -> GIFFrame:
    """Find the first frame behind any extensions; it must be whole."""
    position, blocks, control = gif_extensions(data), 0, 0
    while (block := data[position]) == 0x21:
        control = position if data[position + 1 : position + 3] == b"\xf9\x04" else control
        position, blocks = _sub_blocks(data, position + 2, blocks)
    if block != 0x2C:
        raise Malformed("it holds no frame")
    # Past the descriptor, the colour table and the code size stands the frame.
    end, _ = _sub_blocks(data, position + 11 + _colour_table(data[position + 9]), blocks)
    return GIFFrame(control, position, end)


def gif_extensions(data: bytes | FileView) -> int:
    """Return where the header of a GIF ends, its colour table included."""
    return 13 + _colour_table(data[10])


def _colour_table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _sub_blocks(data: bytes | FileView, position: int, blocks: int) -> tuple[int, int]:
    """Return where a run of GIF sub-blocks ends and how many were read so far; full ones go fast."""
    while length := data[position]:
        full = 0
        if length == 255:
            lengths = data[position : position + _RUN_BYTES][::256]
            full = len(lengths) - len(lengths.lstrip(b"\xff"))
        position += 256 * full or 1 + length
        blocks += full or 1
        if blocks > _MAX_BLOCKS:
            raise Malformed(_CHOPPED)
    return position + 1, blocks


def _big(data: bytes | FileView, start: int, length: int) -> int:
    return int.from_bytes(_read(data, start, length), "big")


def _little(data: bytes | FileView, start: int, length: int) -> int:
    return int.from_bytes(_read(data, start, length), "little")


def _read(data: bytes | FileView, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise Malformed("it is cut short")
    return data[start : start + length]


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
    b"RIFF": "RIFF data that is not WebP",
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
