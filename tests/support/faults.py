"""Named ways to break HTTP, each a fault for a connection of the raw-socket server.

    with FaultServer(reset_after_request) as server: …          one fault for every connection
    with FaultServer(short_body(), answer()) as server: …       one for each; the last one repeats

Names in lower case without a call are faults; the others make one. Servers that keep to HTTP: gateway.py.
"""

from __future__ import annotations

import base64
import functools
import socket
import zlib
from contextlib import contextmanager, suppress
from itertools import repeat
from typing import TYPE_CHECKING, Literal

from support.raw_server import ClientLeftError, Fault, FaultServer, Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ClientLeftError", "Fault", "FaultServer", "Visit"]

REPLY = b'{"candidates": [{"content": {"parts": [{"text": "no picture"}]}, "finishReason": "STOP"}]}'
DRIP_SECONDS = 0.05
BLOCK_BYTES = 64 * 1024
BOMB_BYTES = 128 * 1024 * 1024

# Made with brotli 1.x from BOMB_BYTES zeros, so that no test needs brotli.
_BROTLI_BOMB = base64.b64decode(
    "y///P/gnAOKxQCD3/o///3/wTwDEYRGA7v0f////4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P//B/8E"
    "QBwWAOje//H//w/+CYA4LADQvf/j//8f/BMAcVgAoHv/x///P/gnAOKwAED3/o///3/wTwDEYQGA7v0f////4J8AiMMCAN37"
    "P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P//B/8EQBwWAOje//H//w/+CYA4LADQvf/j//8f/BMAcVgAoHv/Nw=="
)


def head(*lines: bytes, status: int = 200) -> bytes:
    """Return a status line, a JSON content type and these header lines."""
    first = (b"HTTP/1.1 %d Whatever" % status, b"Content-Type: application/json")
    return b"\r\n".join([*first, *lines, b"", b""])


def sized(length: int) -> bytes:
    return head(b"Content-Length: %d" % length)


CHUNKED = head(b"Transfer-Encoding: chunked")


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def raw(content: bytes) -> Fault:
    """Send these bytes in answer to a whole request, and close."""

    def fault(visit: Visit) -> None:
        visit.read_request()
        visit.send(content)

    return fault


def then_stall(content: bytes) -> Fault:
    """Send these bytes in answer to a whole request, and nothing more until the client leaves."""

    def fault(visit: Visit) -> None:
        raw(content)(visit)
        visit.pause()

    return fault


def endless(start: bytes, pieces: Iterable[bytes], *, seconds: float = 0.0) -> Fault:
    """Send `start`, then the pieces, which should not end, `seconds` apart."""

    def fault(visit: Visit) -> None:
        raw(start)(visit)
        for piece in pieces:
            visit.send(piece)
            if seconds:
                visit.pause(seconds)

    return fault


def answer(content: bytes = REPLY, *, status: int = 200) -> Fault:
    """Answer as one should, and close."""
    return raw(head(b"Content-Length: %d" % len(content), status=status) + content)


def byte_by_byte(content: bytes) -> Fault:
    """Answer a whole request with each byte in a packet of its own."""

    def fault(visit: Visit) -> None:
        visit.read_request()
        for at in range(len(content)):
            visit.send(content[at : at + 1])

    return fault


# Closed too early.


def accept_and_close(visit: Visit) -> None:
    """Close at once. A client may meet this while connecting, sending or reading."""


def close_after_request(visit: Visit) -> None:
    visit.read_request()


def reset_on_accept(visit: Visit) -> None:
    """Reset at once. A client may meet this while connecting, sending or reading."""
    visit.reset()


def reset_after_head(visit: Visit) -> None:
    visit.read_head()
    visit.reset()


def reset_after_request(visit: Visit) -> None:
    visit.read_request()
    visit.reset()


def reset_mid_body(visit: Visit) -> None:
    raw(sized(len(REPLY)) + REPLY[: len(REPLY) // 2])(visit)
    visit.reset()


def stale_keep_alive(visit: Visit) -> None:
    """Answer well and keep the connection, then reset it when a second request comes over it."""
    answer()(visit)
    with suppress(ClientLeftError):
        visit.read_head()
        visit.reset()


def short_body(content: bytes = REPLY, *, missing: int = 10) -> Fault:
    """Promise more bytes than are sent: `content` is whole JSON, so only the length tells."""
    return raw(sized(len(content) + missing) + content)


def long_body(content: bytes = REPLY, *, extra: bytes = b"HTTP/1.1 200 OK\r\n\r\nmore") -> Fault:
    """Send more bytes than were promised."""
    return raw(sized(len(content)) + content + extra)


# Too slow.

stall_before_head = then_stall(b"")
stall_in_head = then_stall(b"HTTP/1.1 200 OK\r\nContent-Ty")
stall_after_head = then_stall(sized(len(REPLY)))
stall_mid_body = then_stall(sized(len(REPLY)) + REPLY[: len(REPLY) // 2])
drip = endless(sized(10**9) + b"{", repeat(b" "), seconds=DRIP_SECONDS)
drip_head = endless(b"HTTP/1.1 200 OK\r\nX-Slow: ", repeat(b"s"), seconds=DRIP_SECONDS)
drip_chunks = endless(CHUNKED, repeat(chunk(b" ")), seconds=DRIP_SECONDS)


# Too much.


def endless_stream(block: bytes = b" " * BLOCK_BYTES) -> Fault:
    """Send JSON white space, or another block, in chunks for ever."""
    return endless(CHUNKED, repeat(chunk(block)))


endless_headers = endless(b"HTTP/1.1 200 OK\r\n", repeat(b"X-More: and on\r\n" * 1000))
endless_header_line = endless(b"HTTP/1.1 200 OK\r\nX-Long: ", repeat(b"l" * BLOCK_BYTES))
endless_interim = endless(b"", repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), seconds=DRIP_SECONDS)


def bomb(coding: Literal["gzip", "deflate", "br", "zstd"]) -> Fault:
    """Send a small body that unpacks to `BOMB_BYTES`, whether or not the client accepts the coding."""

    def fault(visit: Visit) -> None:
        body = bomb_body(coding)
        lines = b"Content-Encoding: " + coding.encode(), b"Content-Length: %d" % len(body)
        raw(head(*lines) + body)(visit)

    return fault


@functools.cache
def bomb_body(coding: str) -> bytes:
    """Return zeros in the content coding named."""
    if coding == "br":
        return _BROTLI_BOMB
    if coding == "zstd":
        return _zstd_bomb()
    packer = zlib.compressobj(1, zlib.DEFLATED, 31 if coding == "gzip" else 15)
    block = bytes(1024 * 1024)
    packed = b"".join(packer.compress(block) for _ in range(BOMB_BYTES // len(block)))
    return packed + packer.flush()


def _zstd_bomb() -> bytes:
    """Return a frame (RFC 8878) of run-length blocks: four bytes for 128 KiB of zeros each."""
    size, count = 128 * 1024, BOMB_BYTES // (128 * 1024)
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([7 << 3])  # magic, descriptor, a window of 128 KiB
    blocks = [(size << 3 | 1 << 1 | (n == count - 1)).to_bytes(3, "little") + b"\x00" for n in range(count)]
    return frame + b"".join(blocks)


# Not HTTP, or bad HTTP.


def junk(content: bytes = b"SSH-2.0-OpenSSH_9.6\r\n\x00\xff\xfe\r\n\r\n") -> Fault:
    """Send something that is not HTTP."""
    return raw(content)


bad_chunk_end = raw(CHUNKED + b"%x\r\n%s" % (len(REPLY), REPLY) + b"no line end here\r\n0\r\n\r\n")
bad_chunk_size = raw(CHUNKED + b"zz\r\n" + REPLY + b"\r\n0\r\n\r\n")
negative_chunk_size = raw(CHUNKED + b"-5\r\n" + REPLY + b"\r\n0\r\n\r\n")
huge_chunk_size = raw(CHUNKED + b"f" * 30 + b"\r\n" + REPLY)
unfinished_chunks = raw(CHUNKED + chunk(REPLY))
header_injection = raw(head(b"X-Bare: a\rInjected: b", b"Content-Length: 0"))
header_with_nul = raw(head(b"X-Nul: a\x00b", b"Content-Length: 0"))
oversize_header = raw(head(b"X-Large: " + b"l" * 1024 * 1024, b"Content-Length: 0"))
two_lengths = raw(head(b"Content-Length: 2", b"Content-Length: 5") + b"{}   ")
negative_length = raw(sized(-1) + REPLY)


def plain_for_tls(visit: Visit) -> None:
    """Answer a TLS hello in plain text: meet it at `server.https_url`."""
    visit.read_some()
    visit.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


tls_for_plain = raw(b"\x15\x03\x01\x00\x02\x02\x0a")  # the alert "unexpected message"


# Unusual and allowed, or to be refused on sight.


def redirect(location: str, status: int = 302) -> Fault:
    """Redirect there, with the status 301, 302, 303, 307 or 308."""
    return raw(head(b"Location: " + location.encode(), b"Content-Length: 0", status=status))


def http_1_0(content: bytes = REPLY) -> Fault:
    """Answer in HTTP/1.0 without a length: the body ends with the connection."""
    return raw(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + content)


def interim(status: int, content: bytes = REPLY) -> Fault:
    """Send 100 Continue or 103 Early Hints before the answer."""
    hint = b"HTTP/1.1 %d Interim\r\nLink: </style.css>; rel=preload\r\n\r\n" % status
    return raw(hint + sized(len(content)) + content)


def bodyless(status: int) -> Fault:
    """Answer 204 or 304, which have no body."""
    return raw(b"HTTP/1.1 %d Bodyless\r\n\r\n" % status)


# No server at all.


@contextmanager
def refusing() -> Iterator[str]:
    """Give the URL of a port that refuses connections, kept from others as long as the block lasts."""
    with socket.socket() as unlistened:
        unlistened.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unlistened.getsockname()[1]}"


@contextmanager
def unanswered() -> Iterator[str]:
    """Give a URL where connecting hangs: a listener that never accepts and whose queue is full (Linux)."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, socket.socket() as first:
        first.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
