"""The HTTP of the offline server: connections, methods, byte caps, waits, the log."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from gemini_nb.offline import replies
from gemini_nb.offline.responses import Answer, failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gemini_nb.offline.responses import Delivery


from gemini_nb.offline.provider import OfflineGateway, model_call
from gemini_nb.offline.responses import in_gateway_words

if TYPE_CHECKING:
    from collections.abc import Mapping

Dialect = Literal["google", "gateway"]
DIALECTS: tuple[Dialect, ...] = ("google", "gateway")

MAX_BODY_BYTES = 64 * 2**20

_IDLE_SECONDS = 60


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(
        self, host: str, port: int, *, quiet: bool, gateway: OfflineGateway, delay: float, dialect: Dialect
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.gateway = gateway
        self.quiet = quiet
        self.delay = delay
        self.dialect = dialect
        self.posts = 0
        self._count = threading.Lock()
        self._stopping = threading.Event()
        self._connections: set[Any] = set()
        self.to_reset: set[Any] = set()
        super().__init__((host, port), _Exchange)
        named = f"[{host}]" if ":" in host else host
        # Links to hosted pictures use this, never the Host header, which is the caller's word.
        self.origin = f"http://{named}:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        if request in self.to_reset:
            self.to_reset.discard(request)
            self.close_request(request)  # without the farewell that would come before the reset
        else:
            super().shutdown_request(request)

    def count_post(self) -> None:
        with self._count:
            self.posts += 1

    def pause(self, share: float = 1) -> None:
        """Wait for a share of the delay, or until the server stops."""
        self._stopping.wait(self.delay * share)

    def drop_connections(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._stopping.set()  # after that, so that who wakes up sends nothing more

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about a client that went away; anything else is printed with its traceback."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "gemini_nb-offline"
    sys_version = ""
    timeout = _IDLE_SECONDS
    server: Listener

    def _exchange(self) -> None:
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.command == "POST":
            self.server.count_post()
        body, refused = self._read_body(headers)
        if not url.path.startswith("/images/"):
            refused = refused or refuse_key(headers, query)
        answer = refused or self.server.gateway.answer(
            self.command, url.path, headers, query, body, origin=self.server.origin
        )
        verb = model_call(unquote(url.path))[1]
        self._send(self._worded(answer, replies.stream_form(verb, query)), path=url.path, paused=bool(verb))

    do_GET = do_POST = _exchange  # noqa: N815 - the names that http.server calls

    def _read_body(self, headers: Mapping[str, str]) -> tuple[bytes, Answer | None]:
        """Read the body, or say why not; a connection whose body was left unread is closed."""
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
            self.close_connection = True
            return b"", failure(411, "A Content-Length is required.", status="INVALID_ARGUMENT")
        if int(length[:20]) > MAX_BODY_BYTES:
            self.close_connection = True
            return b"", failure(
                413, f"The request is larger than {MAX_BODY_BYTES} bytes.", status="INVALID_ARGUMENT"
            )
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionResetError("the client went away while sending")
        return body, None

    def _worded(self, answer: Answer, form: replies.Form | None) -> Answer:
        """Return an answer in the server's dialect; a stream's failure is in an array at Google's only."""
        if self.server.dialect == "gateway":
            return in_gateway_words(answer)
        return replies.stream_failure(answer, form)

    def _send(self, answer: Answer, *, path: str, paused: bool = False) -> None:
        chunked = bool(answer.events) and self.request_version == "HTTP/1.1"
        whole = answer.delivery == "whole"
        self.close_connection = self.close_connection or not whole
        if paused and not (chunked and whole):
            self.server.pause()
        self._send_head(answer, chunked=chunked)
        self._note(answer.status, path)
        if not whole:
            wire = b"".join(map(chunk, answer.events)) if chunked else answer.body
            if answer.delivery == "reset":
                self.server.to_reset.add(self.connection)
            break_off(self.connection, wire, answer.delivery)
        elif chunked:
            send_chunks(self.connection, answer.events, self.server.pause)
        elif self.command != "HEAD":
            self.wfile.write(answer.body)

    def _send_head(self, answer: Answer, *, chunked: bool) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if not (chunked and name == "content-length"):
                self.send_header(name, value)
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what http.server refuses by itself, unknown methods among it, in JSON."""
        self.close_connection = True
        code = 405 if code == 501 else code
        answer = failure(code, message or "Bad request.", status="INVALID_ARGUMENT")
        self._send(self._worded(answer, None), path=getattr(self, "path", "").partition("?")[0])

    def _note(self, status: int, path: str) -> None:
        """Log one line: never the query string, which may hold a key."""
        if not self.server.quiet:
            sys.stderr.write(f"{self.command} {ascii(path)[1:-1][:200]} {status}\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in http.server
        """Say nothing, of idle connections that time out least of all; `_note` is the log."""


REJECTED_KEY = "rejected-key"
"""The one key that is answered as Google answers a wrong one; any other that is not empty will do."""


def refuse_key(headers: Mapping[str, str], query: Mapping[str, str]) -> Answer | None:
    """Return Google's refusal of a key that is missing or wrong; None for one that will do."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token if scheme.lower() == "bearer" else ""
    key = (headers.get("x-goog-api-key") or query.get("key") or bearer).strip()
    if not key:
        return failure(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API.",
        )
    return _key_invalid() if key == REJECTED_KEY else None


def _key_invalid() -> Answer:
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    return failure(400, "API key not valid. Please pass a valid API key.", details=[detail])


DRIP_SECONDS = 0.1

# With this, closing resets the connection and drops what was not sent yet.
_LINGER_FOR_NO_TIME = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


def send_chunks(connection: socket.socket, pieces: Sequence[bytes], pause: Callable[[float], None]) -> None:
    """Send each piece as a chunk; before each, `pause` is called with its share of the whole wait."""
    for piece in pieces:
        pause(1 / len(pieces))
        connection.sendall(chunk(piece))
    connection.sendall(chunk(b""))


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def break_off(connection: socket.socket, wire: bytes, delivery: Delivery) -> None:
    """Send what a broken delivery sends of a body; the connection is to be closed afterwards."""
    if delivery == "drip":
        _drip(connection, wire)
        return
    connection.sendall(wire[: len(wire) // 2])
    if delivery == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_NO_TIME)
    elif delivery == "stall":
        connection.settimeout(None)
        while connection.recv(4096):
            pass


def _drip(connection: socket.socket, wire: bytes) -> None:
    for at in range(len(wire)):
        connection.sendall(wire[at : at + 1])  # raises soon after the client has left
        time.sleep(DRIP_SECONDS)
