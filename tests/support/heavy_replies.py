"""Replies that keep whoever reads them busy: each is large, and a trap for one step of the reading."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from support.clients import KEY
from support.faults import CHUNKED, answer, chunk, head, raw
from support.images import PNG_END, PNG_START, noise_png, png
from support.images import chunk as png_chunk
from support.replies import body, inline, openai, reply, text_body

if TYPE_CHECKING:
    from support.raw_server import Fault

MIB = 2**20
JUNK_BYTES = 62 * 10**6
TEXT_BYTES = 7 * MIB
SSE = head(b"Content-Type: text/event-stream")


def filled(unit, size: int = TEXT_BYTES):
    return unit * (size // len(unit))


def junk(unit: bytes, size: int = 12 * MIB) -> Fault:
    return answer(filled(unit, size))


def text(unit: str) -> Fault:
    """A reply whose one text is filled with `unit`."""
    return answer(text_body(filled(unit)))


def byte_by_byte(content: bytes, *, status: int = 200) -> Fault:
    """Each byte is a chunk of its own; all come at once."""
    lines = head(b"Transfer-Encoding: chunked", status=status)
    return raw(lines + b"".join(chunk(bytes([byte])) for byte in content) + chunk(b""))


def packed(content: bytes) -> Fault:
    content = gzip.compress(content, 1)
    return raw(head(b"Content-Encoding: gzip", b"Content-Length: %d" % len(content)) + content)


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def json_in_json(levels: int) -> str:
    inner = "words"
    for _ in range(levels):
        inner = json.dumps({"result": inner})
    return inner


def png_of_many_chunks() -> bytes:
    return PNG_START + png(1, 1)[8:33] + png_chunk(b"noIz", b"") * 600_000 + PNG_END


# What a call comes to, by the reply. Each is made when it is needed: together they are large.
HEAVY = {
    "words": ("TooLargeError", lambda: junk(b"no JSON at all ", JUNK_BYTES)),
    "backslashes": ("TooLargeError", lambda: junk(b"\\", JUNK_BYTES)),
    "percent-encoding": ("TooLargeError", lambda: junk(b"%41")),
    "entities": ("TooLargeError", lambda: junk(b"&#65;")),
    "quotes": ("TooLargeError", lambda: junk(b'"')),
    "beginnings of base64": ("TooLargeError", lambda: junk(b'"data":"')),
    "junk that comes compressed": ("TooLargeError", lambda: packed(filled(b"no JSON ", 12 * MIB))),
    "events without JSON": ("BadResponseError", lambda: raw(SSE + b"data:1\n\n" * 60_000)),
    "tiny events": ("NoImageError", lambda: raw(SSE + b"data:{}\n\n" * 30_000)),
    "tiny events in chunks": (
        "NoImageError",
        lambda: raw(CHUNKED + chunk(b"data:{}\n\n") * 20_000 + chunk(b"")),
    ),
    "comments": ("TooLargeError", lambda: raw(SSE + b"data:1\n" + b":\n" * 900_000)),
    "one event of many lines": ("BadResponseError", lambda: raw(SSE + b"data:1\n" * 150_000)),
    "one byte a chunk": ("picture", lambda: byte_by_byte(body(reply(inline(noise_png(6000)))))),
    "an error, one byte a chunk": (
        "APIError",
        lambda: byte_by_byte(b'{"error":{"message":"%s"}}' % (b"no " * 6000), status=400),
    ),
    "an error of many tags": ("APIError", lambda: answer(b"<html>" + b"<p>x" * 250_000, status=400)),
    "an error of many lines": ("APIError", lambda: answer(b'{"a":1}\n' * 120_000, status=400)),
    "an error of many events": ("APIError", lambda: answer(b'data:{"a":1}\n\n' * 70_000, status=400)),
    "an error that is nested": ("APIError", lambda: answer(nested(100_000), status=400)),
    "nesting": ("TooLargeError", lambda: answer(nested(600_000))),
    "lines of JSON": ("NoImageError", lambda: answer(b'{"a":1}\n' * 30_000)),
    "many links": ("LinkRefusedError", lambda: answer(text_body(filled("http://a.example/x.png ", 2 * MIB)))),
    "brackets that open": ("NoImageError", lambda: text("![x](some words of no link ")),
    "data URIs of nothing": (
        "ImageRefusedError",
        lambda: answer(text_body(filled("data:image/png;base64,AAAA ", MIB))),
    ),
    "almost base64": ("NoImageError", lambda: text("-iVBORw0KGgo")),
    "the key again and again": ("NoImageError", lambda: answer(text_body(filled(f"{KEY} ", MIB // 2)))),
    "many parts": ("NoImageError", lambda: answer(body(reply(*["a"] * 120_000)))),
    "many tiny pictures": ("picture", lambda: answer(body(reply(*[inline(png())] * 30_000)))),
    "many pictures": (
        "picture",
        lambda: answer(body(reply(*(inline(noise_png(1200, seed=n)) for n in range(3000))))),
    ),
    "two large pictures": (
        "picture",
        lambda: answer(body(reply(*(inline(noise_png(20 * MIB, seed=n)) for n in range(2))))),
    ),
    "base64 that does not end": ("TooLargeError", lambda: answer(b'{"data":"' + b"QUJD" * (15 * MIB))),
    "base64 that is none in the end": (
        "TooLargeError",
        lambda: answer(b'{"data":"' + b"QUJD" * (14 * MIB) + b'\\b"}'),
    ),
    "lines of base64 that do not end": (
        "TooLargeError",
        lambda: answer(b'{"data":"' + (b"QUJD" * 19 + b"\\r\\n") * (9 * MIB // 16)),
    ),
    "a picture of many chunks": (
        "ImageRefusedError",
        lambda: answer(body(reply(inline(png_of_many_chunks())))),
    ),
    "JSON in JSON in JSON": ("NoImageError", lambda: answer(body({"x": [json_in_json(9)] * 2000}))),
    "an unknown shape": (
        "ImageRefusedError",
        lambda: answer(body({"x": [{"y": ["iVBORw0KGgo" + "A" * 1500] * 10}] * 40})),
    ),
    "links in fields": (
        "LinkRefusedError",
        lambda: answer(body(openai(*[{"url": "https://10.0.0.1/a.png"}] * 50_000))),
    ),
}
