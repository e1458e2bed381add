"""Replies as `alt=sse` streams them, and servers that send one step by step."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from support.clients import PICTURE
from support.faults import chunk
from support.replies import body, inline, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.raw_server import Visit

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
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
