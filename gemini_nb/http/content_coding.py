"""Content codings (RFC 9110, 8.4): which labels compress, and gzip and deflate unpacked piece by piece.

Labels are often wrong: S3 serves an empty one or `aws-chunked`, frameworks write `utf-8`, gateways compress
without a label or leave the label on what they unpacked. So the bytes count for more than the label.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

import anyio.lowlevel

from gemini_nb.http.turns import Turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence

BLOCK_BYTES = 256 * 1024  # unpacked at a time

_GZIP = b"\x1f\x8b\x08"
_UNPACKED = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
_NOT_UNPACKED = {
    *("br", "zstd", "compress", "x-compress", "dcb", "dcz", "bzip2", "xz", "lz4", "exi", "pack200-gzip")
}
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8")
# How a body begins that is not compressed, whatever its label says; no deflate stream of JSON or of a picture
# begins so.
_PLAIN = (b"{", b"[", b'"', b"<", b" ", b"\t", b"\r", b"\n", b"\xef\xbb\xbf", b"data:", b"event:", *_PICTURES)
_LOOK_BYTES = 6
_GZIP_WINDOW, _ZLIB_WINDOW, _RAW_WINDOW = 31, 15, -15

Block = bytes | memoryview


class UnpackError(ValueError):
    """The body is damaged, or ends early; the message completes a sentence."""


class OversizeError(Exception):
    """The body is larger than allowed, as it came or unpacked."""


class Body:
    """A body of at most `max_bytes` as it comes over the network, under its `Content-Encoding`.

    A token that names no known compression counts as identity, and so does one that the bytes belie; gzip is
    unpacked without a label too. `unknown` is a compression that cannot be unpacked here, or None: such a
    body passes as it is.
    """

    def __init__(self, label: str, *, max_bytes: int) -> None:
        tokens = [token.strip().lower() for token in label.split(",")]
        self.unknown = next((token for token in tokens if token in _NOT_UNPACKED), None)
        codings = [_UNPACKED[token] for token in reversed(tokens) if token in _UNPACKED] or ["gzip"]
        self._layers = [] if self.unknown else [_Layer(coding) for coding in codings]
        self._max_bytes = max_bytes
        self._packed = io.BytesIO()

    @property
    def is_packed(self) -> bool:
        """Whether what comes is compressed, and is unpacked."""
        return bool(self._layers) and self._layers[0].is_packed

    @property
    def packed(self) -> bytes:
        """What has come of a body that is unpacked, as it came; empty for any other."""
        return self._packed.getvalue()

    def take_head(self) -> bytes:
        """Return the first bytes of a body that broke off before it could be told what it is."""
        return self._layers[0].take_head() if self._layers else b""

    async def unpack(self, pieces: AsyncIterable[Block]) -> AsyncIterator[Block]:
        """Yield the body unpacked; other tasks run between the blocks, however fast and small they come.

        Raises `UnpackError`, and `OversizeError` past the allowed size, as it came or unpacked.
        """
        left, turn = self._max_bytes, Turn()
        async for piece in pieces:
            for block in self._read(piece):
                left -= len(block)
                if left < 0:
                    raise OversizeError
                yield block
                await (anyio.lowlevel.checkpoint() if self.is_packed else turn.give_way())
        for layer in self._layers:
            layer.check_end()
            if head := layer.take_head():
                yield head

    def _read(self, piece: Block) -> Iterator[Block]:
        if not self._layers:
            return iter((piece,))
        piece = self._layers[0].look(piece)
        if self.is_packed:
            self._packed.write(piece)
            if self._packed.tell() > self._max_bytes:
                raise OversizeError
        return _unpack(self._layers, piece)


def _unpack(layers: Sequence[_Layer], piece: Block) -> Iterator[Block]:
    """Yield what a piece unpacks to through several layers; the first one has looked at it."""
    for block in layers[0].unpack(piece):
        if layers[1:]:
            yield from _unpack(layers[1:], layers[1].look(block))
        else:
            yield block


class _Layer:
    """Undoes one coding; a body that does not begin like it passes as it is."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._head = b""
        self._is_decided = False
        self._window = 0
        self._stream: zlib._Decompress | None = None
        self._behind = b""  # what came behind a member of gzip, as long as another one may begin with it

    @property
    def is_packed(self) -> bool:
        """Whether the body begins like this coding."""
        return self._stream is not None

    def look(self, piece: Block) -> Block:
        """Return what may be unpacked next: nothing as long as too little is known of the body."""
        if self._is_decided:
            return piece
        self._head += piece
        if len(self._head) < _LOOK_BYTES:
            return b""
        piece, self._is_decided = self.take_head(), True
        self._window = _window(piece, self._coding)
        if self._window:
            self._stream = zlib.decompressobj(self._window)
        return piece

    def unpack(self, data: Block) -> Iterator[Block]:
        """Yield what a piece unpacks to, in blocks."""
        if self._stream is None:
            if data:
                yield data
            return
        while True:
            if self._stream.eof:
                data = self._next_member(bytes(data))
                if not data:
                    return
                self._stream = zlib.decompressobj(self._window)
            block = self._inflate(self._stream, data)
            if block:
                yield block
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            if not data and len(block) < BLOCK_BYTES:
                return

    def _inflate(self, stream: zlib._Decompress, data: Block) -> bytes:
        try:
            return stream.decompress(data, BLOCK_BYTES)
        except zlib.error:
            pass
        raise UnpackError(f"its {self._coding} body is damaged")

    def _next_member(self, data: bytes) -> bytes:
        """Return the beginning of gzip's next member, or nothing: padding is passed over."""
        behind, self._behind = self._behind + data, b""
        if self._window == _GZIP_WINDOW and behind.startswith(_GZIP):
            return behind
        if _GZIP.startswith(behind):
            self._behind = behind
        else:
            self._window = 0
        return b""

    def take_head(self) -> bytes:
        """Return the bytes that wait to be looked at; a body that ends with them is not compressed."""
        head, self._head = self._head, b""
        return head

    def check_end(self) -> None:
        """Raise `UnpackError` for a body that has ended, and its coding has not."""
        if self._stream is not None and not self._stream.eof:
            raise UnpackError(f"its {self._coding} body ends early")


def _window(head: bytes, coding: str) -> int:
    """Return the window bits for zlib, 0 where the bytes are not of this coding."""
    if head.startswith(_GZIP):
        return _GZIP_WINDOW
    if coding != "deflate" or head.startswith(_PLAIN):
        return 0
    # "deflate" is zlib's format (RFC 9110, 8.4.1.2); some servers leave zlib's two bytes out.
    is_zlib = head[0] & 0x8F == 0x08 and (head[0] << 8 | head[1]) % 31 == 0
    return _ZLIB_WINDOW if is_zlib else _RAW_WINDOW


def content_length(headers: Mapping[str, str]) -> int:
    """Return the announced body length in bytes, 0 where none is."""
    text = headers.get("content-length", "")
    return int(text[:20]) if text.isascii() and text.isdigit() else 0


def is_picture(head: bytes) -> bool:
    """Whether bytes begin like a picture, whatever compression their label names."""
    return head.startswith(_PICTURES)
