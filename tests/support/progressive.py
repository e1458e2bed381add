"""JPEGs of one colour with as many scans as wanted: each costs a walk over all pixels and a few bytes."""

from __future__ import annotations

import struct

_BLOCKS_OF_A_RUN = 2**15 - 1  # blocks that end here, in one code of Huffman's and 14 bits


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def frame_header(width: int, height: int, *, marker: int = 0xC2) -> bytes:
    return segment(marker, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")


def scan_header(first: int, last: int, bits: int) -> bytes:
    return segment(0xDA, bytes([1, 1, 0, first, last, bits]))


def progressive_jpeg(width: int, height: int, scans: int, *, between: bytes = b"", bits: int = 0x10) -> bytes:
    """A JPEG whose scans behind the first refine what is not there; `between` stands in front of each."""
    tables = segment(0xDB, b"\0" + b"\1" * 64)
    tables += b"".join(
        segment(0xC4, bytes([kind, 1, *[0] * 15, code])) for kind, code in ((0, 0), (16, 0xE0))
    )
    blocks = -(-width // 8) * -(-height // 8)
    first = scan_header(0, 0, 0) + bytes(-(-blocks // 8))
    runs = "".join("0" + "1" * 14 for _ in range(-(-blocks // _BLOCKS_OF_A_RUN)))
    runs += "1" * (-len(runs) % 8)
    packed = int(runs, 2).to_bytes(len(runs) // 8, "big").replace(b"\xff", b"\xff\0")
    more = between + scan_header(1, 63, bits) + packed
    return b"\xff\xd8" + tables + frame_header(width, height) + first + more * (scans - 1) + b"\xff\xd9"
