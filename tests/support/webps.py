"""Animated WebP files, put together of the frames of others."""

from __future__ import annotations

from support.image_cases import riff, vp8x


def pixels_of(data: bytes) -> tuple[bytes, bytes]:
    """The chunk of a simple WebP: its type and its data."""
    return data[12:16], data[20 : 20 + int.from_bytes(data[16:20], "little")]


def inside(*chunks: tuple[bytes, bytes]) -> bytes:
    return riff(*chunks)[12:]


def frame(box: tuple[int, int, int, int], *chunks: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A frame of an animated WebP: left, top, width, height, and what is in it."""
    left, top, width, height = box
    numbers = (left // 2, top // 2, width - 1, height - 1)
    return b"ANMF", b"".join(n.to_bytes(3, "little") for n in numbers) + bytes(4) + inside(*chunks)


def animation(canvas: tuple[int, int], *frames: tuple[bytes, bytes]) -> bytes:
    kind, flags = vp8x(*canvas)
    return riff((kind, b"\2" + flags[1:]), (b"ANIM", bytes(6)), *frames)
