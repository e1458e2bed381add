"""Replies as `alt=sse` streams them, and servers that send one step by step."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from gemini_nb.errors import GeminiError
from gemini_nb.reply.stream_receiver import StreamedReply
from support.clients import PICTURE, client_of
from support.faults import chunk, endless, then_stall
from support.gateway import Answer, Gateway
from support.replies import body, inline, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.raw_server import Visit

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
SSE = {"Content-Type": "text/event-stream"}
WORDS = ("Here is ", "a red ", "square.")


def event(value, end: bytes = b"\r\n\r\n") -> bytes:
    return b"data: " + body(value) + end


def words(text: str, **more) -> bytes:
    """An event that brings a piece of text."""
    return event(reply(text, finish_reason=None), **more)


def picture(data: bytes = PICTURE, **more) -> bytes:
    """The last event, with the picture and the facts."""
    facts = {"usageMetadata": {"totalTokenCount": 9}, "modelVersion": "v7"}
    return event(reply(inline(data), **facts), **more)


def stream(*texts: str, **more) -> bytes:
    """A whole stream: text in deltas, then the picture."""
    return b"".join([*(words(text, **more) for text in texts or WORDS), picture(**more)])


def receive(*pieces: bytes, take_parts=lambda *_: None, **options) -> StreamedReply:
    """What has taken a stream that came in these pieces."""
    received = StreamedReply(take_parts, **options)
    for piece in pieces:
        for _ in received.take(piece):
            pass
    return received


class Steps:
    """A fault that sends `first`, and each of `later` once `go` was called once more.

    A step may be a fault as well, with which it ends.
    """

    def __init__(self, first: bytes, *later: bytes | Callable[[Visit], None]) -> None:
        self._first = first
        self._later = later
        self._gone = threading.Semaphore(0)

    def go(self) -> None:
        self._gone.release()

    def __call__(self, visit: Visit) -> None:
        visit.read_request()
        visit.send(HEAD + chunk(self._first))
        for step in self._later:
            assert self._gone.acquire(timeout=60), "the test did not go on"
            if not isinstance(step, bytes):
                step(visit)
                return
            visit.send(chunk(step))
        visit.send(chunk(b""))


STALLS = {
    "stalls": then_stall(HEAD + chunk(words("A "))),
    "drips": endless(HEAD + chunk(words("A ")), iter(lambda: chunk(b":"), None), seconds=0.05),
}


def streamed(url: str, prompt: str = "a red square", **settings):
    return client_of(url, **settings).generate(prompt, text=True, stream=True)


def pieces_of(content: bytes, **answer) -> tuple[list, object]:
    """All pieces of a body, and the result."""
    with Gateway(Answer(content, headers=SSE, **answer)) as gateway, streamed(gateway.url) as stream:
        return list(stream), stream.generation


def kinds(pieces) -> list:
    return [piece if isinstance(piece, str) else type(piece) for piece in pieces]


def failure_of(url: str, **settings) -> tuple[list, GeminiError]:
    """What came before a stream's error, and the error."""
    came = []
    with pytest.raises(GeminiError) as caught, streamed(url, **settings) as stream:
        came.extend(stream)
    return came, caught.value
