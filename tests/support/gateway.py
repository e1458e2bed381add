"""A well-behaved HTTP/1.1 server on loopback whose answers are scripted and whose visitors are recorded.

POSTs are answered by the script, GETs from `files` and `redirects`. It keeps connections alive, as real
gateways do, so a test can see by `Request.connection` whether a client came back on an old one.
Servers that break HTTP are in faults.py.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

from support.request_log import WAIT_SECONDS, Visitors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message
    from types import TracebackType

WATCH_SECONDS = 0.005


@dataclass(frozen=True)
class Answer:
    """One scripted answer: sent once `delay` seconds have passed and `hold`, if any, is set.

    A `body` that is not bytes or str is sent as JSON. `headers` replace the automatic ones of the same name.
    """

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    hold: threading.Event | None = None

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Request:
    """One request as it came: `target` is the raw path and query, `at` is `time.monotonic()`.

    `headers` ignores case and gives None for a missing name; `connection` counts connections from 1.
    """

    method: str
    target: str
    headers: Message
    body: bytes
    connection: int
    at: float

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Answer | Callable[[Request], Answer]
NOTHING_SCRIPTED = Answer({"error": {"code": 500, "message": "no answer is scripted"}}, status=500)
NOT_FOUND = Answer({"error": {"code": 404, "message": "no such file"}}, status=404)


class Gateway(Visitors):
    """A context manager: `with Gateway(Answer({...}), Answer({...}, status=429)) as gateway: …`.

    Answers are given in order and the last one repeats; one may be a function of the request. `files` maps
    a path to bytes and content type, or to an answer; `redirects` a path to a location. `most_at_once` is
    how many requests were under way at the same time.
    """

    def __init__(self, *answers: Script) -> None:
        super().__init__()
        self.files: dict[str, tuple[bytes, str] | Script] = {}
        self.redirects: dict[str, str] = {}
        self.most_at_once = 0
        self._answers = answers or (NOTHING_SCRIPTED,)
        self._under_way = 0
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(WATCH_SECONDS,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self._thread.join()
        if self._server.errors and error is None:
            raise self._server.errors[0]

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        return self._server.accepted

    def wait_until_idle(self) -> bool:
        """Wait until no connection is open, and tell whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._server.open, WAIT_SECONDS)

    def closed(self) -> None:
        """Tell those who wait that a connection was closed."""
        with self._changed:
            self._changed.notify_all()

    def answer_to(self, request: Request) -> Answer:
        """Record the request and return what is scripted for it."""
        with self._changed:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        number = self.came(request)
        if request.method == "GET":
            return self._file(request)
        scripted = self._answers[min(number, len(self._answers) - 1)]
        return scripted if isinstance(scripted, Answer) else scripted(request)

    def done(self) -> None:
        """Take one request off the number of those under way."""
        with self._changed:
            self._under_way -= 1

    def _file(self, request: Request) -> Answer:
        if request.path in self.redirects:
            return Answer(status=302, headers={"Location": self.redirects[request.path]})
        found = self.files.get(request.path, NOT_FOUND)
        if isinstance(found, tuple):
            return Answer(found[0], headers={"Content-Type": found[1]})
        return found if isinstance(found, Answer) else found(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing joins them
    request_queue_size = 128

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.gateway = gateway
        self.stopping = threading.Event()
        self.errors: list[BaseException] = []
        self.accepted = 0
        self.open: dict[socket.socket, int] = {}

    def stop(self) -> None:
        self.shutdown()
        self.stopping.set()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.accepted += 1
        self.open[request] = self.accepted
        super().process_request(request, client_address)

    def number_of(self, connection: socket.socket) -> int:
        return self.open[connection]

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.open.pop(request, None)
        self.gateway.closed()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep an error that is not the client's leaving for the end of the `with` block."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.errors.append(error)


class _Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        self.number = self.server.number_of(self.request)
        super().setup()

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_GET  # noqa: N815 - the standard library's naming

    def _serve(self) -> None:
        request = Request(
            self.command, self.path, self.headers, self._read_body(), self.number, time.monotonic()
        )
        answer = self._scripted(request)
        patient = self._wait(answer)
        self.server.gateway.done()  # before the last byte, whose reader may come back at once
        if not (patient and self._send(answer)):
            self.close_connection = True
            if not self.server.stopping.is_set():
                self.server.gateway.left()

    def _scripted(self, request: Request) -> Answer:
        try:
            return self.server.gateway.answer_to(request)
        except Exception as error:  # noqa: BLE001 - whatever the script raises is the test's to see
            self.server.errors.append(error)
            return Answer({"error": {"code": 500, "message": repr(error)}}, status=500)

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline() or b"0", 16):  # an empty line: the client left
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _wait(self, answer: Answer) -> bool:
        """Wait until the answer may go, watching whether the client is still there to get it."""
        due = time.monotonic() + answer.delay
        while time.monotonic() < due or (answer.hold and not answer.hold.is_set()):
            if self.server.stopping.is_set() or _has_left(self.connection):
                return False
        return True

    def _send(self, answer: Answer) -> bool:
        bodyless = answer.status in (204, 304)
        headers = {} if bodyless else {"Content-Type": "application/json"}
        headers |= {} if bodyless else {"Content-Length": str(len(answer.content))}
        given = {name.lower() for name in answer.headers}
        self.send_response_only(answer.status)
        for name, value in headers.items():
            if name.lower() not in given:
                self.send_header(name, value)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        try:
            self.end_headers()
            self.wfile.write(b"" if bodyless else answer.content)
        except ConnectionError:
            return False
        return True

    def log_message(self, *arguments: Any) -> None:
        """Say nothing: a test's output is its assertions."""


def _has_left(connection: socket.socket) -> bool:
    """Watch the connection for a moment and tell whether its client closed it."""
    if not select.select([connection], [], [], WATCH_SECONDS)[0]:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except ConnectionError:
        return True
