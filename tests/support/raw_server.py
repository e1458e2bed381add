"""A loopback server on raw sockets: one thread a connection, each playing what its fault tells it.

The faults are in faults.py, where tests import this server from too.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from support.request_log import Visitors

if TYPE_CHECKING:
    from types import TracebackType

BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Seen:
    """One request as it came, `body` as far as it was read; `at` is `time.monotonic()`."""

    head: bytes
    body: bytes
    connection: int
    at: float

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode("latin-1")


class FaultServer(Visitors):
    """A context manager whose nth connection meets the nth fault; the last one repeats.

    `requests` holds a `Seen` for each request head that was read. `sent` counts the bytes written to all
    clients. Use `https_url` to expect TLS of a server that has none.
    """

    def __init__(self, *faults: Fault) -> None:
        super().__init__()
        self.connections = 0
        self.sent = 0
        self._faults = faults
        self._threads: list[threading.Thread] = []
        self._visits: list[Visit] = []
        self._stopping = threading.Event()
        self._errors: list[Exception] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.https_url = f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        with suppress(OSError):  # wakes the thread that accepts; not every system lets one shut a listener
            socket.create_connection(("127.0.0.1", self.port)).close()
        self._threads[0].join()
        self._listener.close()
        for visit in self._visits:
            visit.hang_up()
        for thread in self._threads[1:]:
            thread.join()
        if self._errors and error is None:
            raise self._errors[0]

    def amend(self, seen: Seen, body: bytes) -> None:
        """Put the body to a request whose head is on record, so that a head alone counts as a POST."""
        with self._changed:
            place = next(i for i, other in enumerate(self.requests) if other is seen)
            self.requests[place] = Seen(seen.head, body, seen.connection, seen.at)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._stopping.is_set():
                connection.close()
                return
            self.connections += 1
            visit = Visit(self, connection, self.connections)
            self._visits.append(visit)
            self._start(self._play, visit, self._faults[min(visit.number, len(self._faults)) - 1])

    def _play(self, visit: Visit, fault: Fault) -> None:
        try:
            fault(visit)
        except (ClientLeftError, ConnectionError):
            if not self._stopping.is_set():
                self.left()
        except Exception as error:  # noqa: BLE001 - a fault with a fault is for the test to see
            self._errors.append(error)
        finally:
            visit.close()


class ClientLeftError(Exception):
    """The client closed its side while the fault was still at work."""


class Visit:
    """One connection: what a fault may do with it. Its methods raise once the client has left."""

    def __init__(self, server: FaultServer, connection: socket.socket, number: int) -> None:
        self.server = server
        self.number = number
        self._socket = connection
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""
        self._closing = threading.Lock()

    def read_some(self) -> bytes:
        """Return whatever comes next."""
        received = self._socket.recv(BLOCK_BYTES)
        if not received:
            raise ClientLeftError
        return received

    def read_head(self) -> Seen:
        """Read one request's head and record it."""
        while b"\r\n\r\n" not in self._unread:
            self._unread += self.read_some()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        seen = Seen(head, b"", self.number, time.monotonic())
        self.server.came(seen)
        return seen

    def read_request(self) -> None:
        """Read one request, head and body, and record it."""
        seen = self.read_head()
        length = _content_length(seen.head)
        while len(self._unread) < length:
            self._unread += self.read_some()
        self.server.amend(seen, self._unread[:length])
        self._unread = self._unread[length:]

    def send(self, content: bytes) -> None:
        self._socket.sendall(content)
        self.server.sent += len(content)

    def pause(self, seconds: float | None = None) -> None:
        """Let time pass, or with None wait until the client has left."""
        due = None if seconds is None else time.monotonic() + seconds
        while due is None or due > time.monotonic():
            remaining = None if due is None else max(0.0, due - time.monotonic())
            if select.select([self._socket], [], [], remaining)[0]:
                self.read_some()

    def reset(self) -> None:
        """Close with a TCP reset, not an orderly end."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def hang_up(self) -> None:
        """Wake a thread that reads or writes here; called from another thread."""
        with self._closing, suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._closing:
            self._socket.close()


Fault = Callable[[Visit], None]


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
