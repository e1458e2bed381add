"""What a test server remembers of those who came: their requests, and when they left without an answer."""

from __future__ import annotations

import threading
import time
from typing import Any

WAIT_SECONDS = 60.0  # until a wait is given up; passing tests wait for a moment


class Visitors:
    """The record that gateway.py and faults.py keep, safe to read while their threads write.

    `requests` are in the order they came, each with a `method`. `disconnects` holds the `time.monotonic()`
    of each client that left before it had its answer. `arrived` is set by the first POST, `disconnected`
    by the first client that left.
    """

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.disconnects: list[float] = []
        self.arrived = threading.Event()
        self.disconnected = threading.Event()
        self._changed = threading.Condition()

    @property
    def posts(self) -> int:
        return self._count("POST")

    @property
    def gets(self) -> int:
        return self._count("GET")

    def wait_for_posts(self, count: int, timeout: float = WAIT_SECONDS) -> bool:
        """Wait until `count` POSTs have come, and tell whether they did."""
        with self._changed:
            return self._changed.wait_for(lambda: self.posts >= count, timeout)

    def wait_for_disconnects(self, count: int, timeout: float = WAIT_SECONDS) -> bool:
        """Wait until `count` clients have left without their answer, and tell whether they did."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.disconnects) >= count, timeout)

    def came(self, request: Any) -> int:
        """Record the request and return how many of its method came before it."""
        with self._changed:
            before = self._count(request.method)
            self.requests.append(request)
            if request.method == "POST":
                self.arrived.set()
            self._changed.notify_all()
        return before

    def left(self) -> None:
        """Record that a client left before it had its answer."""
        with self._changed:
            self.disconnects.append(time.monotonic())
            self.disconnected.set()
            self._changed.notify_all()

    def _count(self, method: str) -> int:
        return sum(request.method == method for request in list(self.requests))
