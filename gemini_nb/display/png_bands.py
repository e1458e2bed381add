"""PNG decoded in bands of rows, or a very wide one in pieces of rows.

Pillow decodes a PNG whole: 4 bytes for each pixel, 8 for each row and two buffers as long as a row, 600 MB
for a picture of 1 × 50,000,000 pixels. Here zlib inflates the rows, and Pillow's "zip" codec undoes the
filters of a band that begins with the last row of the band before. Filters work on bytes, whatever they mean:
a band is decoded as 8-bit pixels of as many bytes, then read in its own mode.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import PIL.Image
    import PIL.ImageFile

_MAX_WHOLE_BYTES = 100 * 2**20  # to decode whole takes two thirds of the time
_BAND_BYTES = 2 * 2**20
_MAX_ROW_BYTES = 2 * 2**20
_PIECE_BYTES = 64 * 1024
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_CODECS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # 8-bit modes by bytes of a pixel
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def read(picture: PIL.ImageFile.ImageFile, data: bytes, size: tuple[int, int]) -> Bands | None:
    """Return the bands of an open PNG, whose file is `data`; None where it has to be or can be decoded whole.

    An interlaced one is read from its last pass, which is every other row, if twice the height of `size` is
    there.
    """
    width, height = picture.size
    depth, colour, interlace = data[24], data[25], data[28]
    bits = depth * _CHANNELS[colour]
    if 4 * width * height + 8 * height + 2 * _row_bytes(width, bits) < _MAX_WHOLE_BYTES:
        return None
    stream = _Inflated(_iter_data(data))
    if not interlace:
        return Bands(picture, stream, picture.size, depth, bits)
    sizes = [(-(-(width - left) // across), -(-(height - top) // down)) for left, top, across, down in _ADAM7]
    last = 6 if height >= 2 else 5
    if height < 2 * size[1] and last == 6:
        return None
    stream.skip(sum(rows * (1 + _row_bytes(pixels, bits)) for pixels, rows in sizes[:last] if pixels > 0))
    return Bands(picture, stream, sizes[last], depth, bits)


def _row_bytes(pixels: int, bits: int) -> int:
    return (pixels * bits + 7) // 8


def _iter_data(data: bytes) -> Iterator[memoryview]:
    """Yield the compressed data piece by piece."""
    view, position = memoryview(data), 8
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"IDAT":
            for start in range(0, length, _PIECE_BYTES):
                yield view[position + 8 + start : position + 8 + min(length, start + _PIECE_BYTES)]
        position += 12 + length


class _Inflated:
    """Bytes that are inflated as they are read."""

    def __init__(self, pieces: Iterator[memoryview]) -> None:
        self._pieces = pieces
        self._inflate = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """Return so many bytes; raise OSError where there are fewer, zlib.error where they are broken."""
        parts = []
        while size:
            piece = self._inflate.unconsumed_tail or next(self._pieces, b"")
            part = self._inflate.decompress(piece, size)
            if not part and not piece:
                raise OSError("image file is truncated")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Read so many bytes and drop them."""
        for start in range(0, size, _BAND_BYTES):
            self.read(min(_BAND_BYTES, size - start))


@dataclass
class Bands:
    """The pixels of an open PNG in reading order, `size` of them; each can be read once."""

    picture: PIL.ImageFile.ImageFile
    stream: _Inflated
    size: tuple[int, int]
    depth: int
    bits: int  # of a pixel

    @property
    def is_wide(self) -> bool:
        """Whether a row is too long to be decoded at once."""
        return _row_bytes(self.size[0], self.bits) > _MAX_ROW_BYTES

    def tiles(self, factors: tuple[int, int]) -> Iterator[tuple[int, int, PIL.Image.Image]]:
        """Yield left, top and pixels of tiles, multiples of the factors across and down but for the last."""
        return self._pieces(factors[0]) if self.is_wide else self._bands(factors[1])

    def _bands(self, multiple: int) -> Iterator[tuple[int, int, PIL.Image.Image]]:
        width, height = self.size
        length = _row_bytes(width, self.bits)
        rows = max(1, _BAND_BYTES // max(length + 1, width) // multiple) * multiple
        previous = b""
        for top in range(0, height, rows):
            count = min(rows, height - top)
            filtered = _drop_low_bytes(self.stream.read(count * (length + 1)), length + 1, self.depth)
            decoded = self._unfilter(previous + filtered, count + bool(previous))
            pixels = decoded.crop((0, 1, *decoded.size)) if previous else decoded
            previous = b"\0" + decoded.crop((0, decoded.height - 1, *decoded.size)).tobytes()
            yield 0, top, self._interpret(pixels, (width, count))

    def _pieces(self, multiple: int) -> Iterator[tuple[int, int, PIL.Image.Image]]:
        """Read a row in pieces, each of which begins with the last pixel of the piece before."""
        width, height = self.size
        pixels = 8 * multiple * max(1, _BAND_BYTES // (8 * multiple))
        step = self._pixel_bytes
        length = _row_bytes(width, self.bits) // (2 if self.depth == 16 else 1)
        above = bytearray(step + length if height > 1 else 0)
        for top in range(height):
            kind = self.stream.read(1)
            at, pixel_above, pixel = step, bytes(step), bytes(step)
            for left in range(0, width, pixels):
                count = min(pixels, width - left)
                filtered = self.stream.read(_row_bytes(count, self.bits))[:: 2 if self.depth == 16 else 1]
                end = at + len(filtered)
                first = pixel_above + (above[at:end] or bytes(len(filtered)))
                rows = b"\0" + first + kind + _refilter(kind, pixel, pixel_above) + filtered
                decoded = self._unfilter(rows, 2)
                raw = decoded.crop((0, 1, *decoded.size)).tobytes()
                pixel_above, pixel = first[-step:], raw[-step:]
                if height > 1:
                    above[at:end] = raw[step:]
                at = end
                yield left, top, self._interpret(decoded.crop((1, 1, *decoded.size)), (count, 1))

    @property
    def _pixel_bytes(self) -> int:
        """The bytes from a byte to the one of the pixel before it, in the decoded mode."""
        return max(1, (self.bits // 2 if self.depth == 16 else self.bits) // 8)

    def _unfilter(self, rows: bytes, count: int) -> PIL.Image.Image:
        from PIL import Image  # noqa: PLC0415 - Pillow is not loaded with the package

        mode = _CODECS[self._pixel_bytes]
        width = (len(rows) // count - 1) // self._pixel_bytes
        return Image.frombytes(mode, (width, count), zlib.compress(rows, 0), "zip", mode, 0)

    def _interpret(self, decoded: PIL.Image.Image, size: tuple[int, int]) -> PIL.Image.Image:
        """Return decoded bytes as a picture of so many pixels in the mode of the PNG."""
        from PIL import Image  # noqa: PLC0415

        mode = self.picture.mode
        if self.depth == 16:
            return decoded  # its colours' upper bytes, without the one colour that may be clear
        if self.depth < 8:
            codec = "1" if mode == "1" else f"{mode};{self.depth}"
            decoded = Image.frombytes(mode, size, decoded.tobytes(), "raw", codec)
        elif mode == "P":
            decoded = Image.frombytes(mode, size, decoded.tobytes())
        if mode == "P":
            if self.picture.palette is None:
                raise ValueError("it has no palette")
            kind, colours = self.picture.palette.getdata()
            decoded.putpalette(colours, kind)
        decoded.info = self.picture.info
        return decoded


def _drop_low_bytes(rows: bytes, length: int, depth: int) -> bytes:
    """Return rows of 16-bit samples, each behind a byte for its filter, as rows of 8-bit samples."""
    if depth < 16:
        return rows
    short, count = length // 2 + 1, len(rows) // length
    kept = bytearray(short * count)
    if count < short:
        for row in range(count):
            start = row * length
            kept[row * short] = rows[start]
            kept[row * short + 1 : (row + 1) * short] = rows[start + 1 : start + length : 2]
    else:
        for column in range(short):
            kept[column::short] = rows[max(0, 2 * column - 1) :: length]
    return bytes(kept)


def _refilter(kind: bytes, pixel: bytes, above: bytes) -> bytes:
    """Return what a pixel at the beginning of a row is filtered to, below `above`."""
    part = {b"\2": 1, b"\3": 2, b"\4": 1}.get(kind)  # Up, Average, Paeth, with nothing to the left
    if part is None:
        return pixel
    return bytes((value - other // part) % 256 for value, other in zip(pixel, above, strict=True))
