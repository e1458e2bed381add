"""The first frame of a picture file, without texts and further frames: what Pillow is given to decode.

A decoder reads whatever else stands in a file before the pixels, at any cost: comments that are joined one by
one, texts and profiles that unpack to megabytes, thousands of frames.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from gemini_nb.display.preview import Frame
from gemini_nb.images import header

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PROFILE_BYTES = 2**20  # a colour profile for print has half of that
_MAX_EXIF_BYTES = 64 * 1024
_APP0, _APP1, _APP2, _APP14, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_ICC = b"ICC_PROFILE\0"
_EXIF = b"Exif\0\0"

_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"gAMA", b"cHRM", b"sRGB", b"pHYs"}
_PNG_END = b"\0\0\0\0IEND\xaeB\x60\x82"
_ALPHA, _ANIMATION = 0x10, 0x02  # flags of a VP8X chunk


def read_first_frame(data: bytes, mime_type: str) -> Frame:
    """Return the bytes of the first frame alone, and the file's colour profile and EXIF if they are small.

    Raises `header.Malformed` or IndexError where the file is not whole.
    """
    return _READERS[mime_type](data)


def _png(data: bytes) -> Frame:
    info: dict[str, bytes] = {}
    kept: list[bytes] = [header.PNG_SIGNATURE]
    for kind, start, length in header.png_chunks(data):
        if kind in _PNG_KEPT:
            kept.append(data[start - 8 : start + length + 4])
        elif kind == b"iCCP" and "icc_profile" not in info:
            info["icc_profile"] = _unpack_profile(data[start : start + length])
        elif kind == b"eXIf" and length <= _MAX_EXIF_BYTES:
            info["exif"] = _EXIF + data[start : start + length]
    return Frame(b"".join([*kept, _PNG_END]), info)


def _unpack_profile(chunk: bytes) -> bytes:
    """Return the profile of an iCCP chunk, b"" if it is broken or too large."""
    unpack = zlib.decompressobj()
    try:
        profile = unpack.decompress(chunk.partition(b"\0")[2][1:], _MAX_PROFILE_BYTES)
    except zlib.error:
        return b""
    return profile if unpack.eof else b""


def _jpeg(data: bytes) -> Frame:
    """Keep the tables, JFIF's density and Adobe's word on colours; all is kept from the first scan on."""
    kept, seen = [data[:2]], set[int]()
    info, profile = dict[str, bytes](), dict[int, bytes]()
    start = 0
    for marker, start, length in header.jpeg_segments(data):
        segment = data[start : start + length]
        if marker == _APP1 and segment.startswith(_EXIF):
            info.setdefault("exif", segment)
        elif marker == _APP2 and segment.startswith(_ICC) and length > len(_ICC) + 2:
            profile.setdefault(segment[len(_ICC)], segment[len(_ICC) + 2 :])
        is_extra = 0xE0 <= marker <= 0xEF or marker == _COMMENT
        if not is_extra or (marker in (_APP0, _APP14) and marker not in seen):
            kept.append(data[start - 4 : start + length])
        seen.add(marker)
    if 0 < sum(map(len, profile.values())) <= _MAX_PROFILE_BYTES:
        info["icc_profile"] = b"".join(profile[number] for number in sorted(profile))
    return Frame(b"".join([*kept[:-1], data[start - 4 :]]), info)


def _webp(data: bytes) -> Frame:
    """Keep the canvas and the first frame, an animation's as a still picture if it fills the canvas."""
    info: dict[str, bytes] = {}
    kept: list[bytes] = []
    for kind, start, length in header.webp_chunks(data):
        chunk = data[start : start + length]
        if kind == b"VP8X":
            kept.append(_riff_chunk(kind, bytes([chunk[0] & (_ALPHA | _ANIMATION)]) + chunk[1:]))
        elif kind == b"ICCP" and length <= _MAX_PROFILE_BYTES:
            info["icc_profile"] = chunk
        elif kind == b"EXIF" and length <= _MAX_EXIF_BYTES:
            info["exif"] = chunk
        elif kind in (b"ALPH", b"VP8 ", b"VP8L", b"ANIM"):
            kept.append(_riff_chunk(kind, chunk))
        elif kind == b"ANMF":
            kept = _to_still(kept[0], chunk) or [*kept, _riff_chunk(kind, chunk)]
            break
    body = b"WEBP" + b"".join(kept)
    return Frame(b"RIFF" + len(body).to_bytes(4, "little") + body, info)


def _to_still(canvas: bytes, frame: bytes) -> list[bytes]:
    """Return the chunks of a still picture of an animation's frame; none if it does not fill the canvas."""
    if frame[6:12] != canvas[12:18]:  # width and height, written alike in both
        return []
    inside = header.webp_chunks(frame, header.ANMF_HEADER_BYTES, len(frame))
    kept = [(kind, frame[start : start + length]) for kind, start, length in inside]
    pixels = [_riff_chunk(kind, chunk) for kind, chunk in kept if kind in (b"ALPH", b"VP8 ", b"VP8L")]
    return [canvas[:8] + bytes([canvas[8] & _ALPHA]) + canvas[9:], *pixels]


def _riff_chunk(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)


def _gif(data: bytes) -> Frame:
    """Keep the frame, and the extension that says which of its colours is clear."""
    frame = header.gif_frame(data)
    control = data[frame.control : frame.control + 8] if frame.control else b""
    return Frame(data[: header.gif_extensions(data)] + control + data[frame.start : frame.end] + b";", {})


_READERS: dict[str, Callable[[bytes], Frame]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
    "image/gif": _gif,
}
