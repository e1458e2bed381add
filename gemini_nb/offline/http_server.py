"""The HTTP server of the offline provider: connections, keys, byte caps, delays, broken deliveries, the log.

What is answered is `provider`'s; this is HTTP/1.1 with keep-alive, and nothing else of it.
"""

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
from gemini_nb.offline.provider import OfflineGateway, parse_model_path
from gemini_nb.offline.responses import Response, error_response, to_gateway_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gemini_nb.offline.responses import Delivery

Dialect = Literal["google", "gateway"]
DIALECTS: tuple[Dialect, ...] = ("google", "gateway")

REJECTED_KEY = "rejected-key"
"""The one key that is answered as Google answers a wrong one; any other that is not empty will do."""

MAX_BODY_BYTES = 64 * 2**20
"""A request whose body is longer is refused before it is read."""

DRIP_SECONDS = 0.1
"""How long a dripping delivery waits after each byte."""

# SO_LINGER for no time: closing the socket then resets the connection and drops what was not sent yet
_LINGER_FOR_NO_TIME = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Listener(ThreadingHTTPServer):
    """A listening socket with a thread for each connection; `posts` counts the POSTs that have come.

    `delay` is the seconds that a call of a model takes. `to_reset` holds the connections that are to end
    with a reset instead of a close.
    """

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
        super().__init__((host, port), _Connection)
        # Links to hosted pictures use this, never the Host header, which is the caller's word.
        self.port: int = self.server_address[1]
        self.origin = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a connection that was accepted, so that it can be dropped, and serve it in a thread."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that has been served, with a reset if that was asked for."""
        self._connections.discard(request)
        if request in self.to_reset:
            self.to_reset.discard(request)
            self.close_request(request)  # a shutdown would send a FIN before the reset
        else:
            super().shutdown_request(request)

    def count_post(self) -> None:
        """Count a POST; connections do so from their own threads."""
        with self._count:
            self.posts += 1

    def pause(self, share: float = 1) -> None:
        """Wait for a share (0 to 1) of the delay, or until the server stops."""
        self._stopping.wait(self.delay * share)

    def drop_connections(self) -> None:
        """Shut down every open connection and wake whoever waits out a delay."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._stopping.set()  # last, so that a thread that wakes up cannot send any more

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about a client that went away; anything else is printed with its traceback."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    """One connection of a client, whose requests are answered in turn."""

    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds, after which an idle connection is closed
    server: Listener

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.command == "POST":
            self.server.count_post()
        body, error = self._read_body(headers)
        response = respond(
            self.command,
            self.path,
            headers,
            body,
            gateway=self.server.gateway,
            origin=self.server.origin,
            dialect=self.server.dialect,
            error=error,
        )
        path = urlsplit(self.path).path
        self._send(response, path=path, delayed=bool(parse_model_path(unquote(path))[1]))

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that http.server calls

    def _read_body(self, headers: Mapping[str, str]) -> tuple[bytes, Response | None]:
        """Read the body, or return an error; a connection with its body left unread is closed afterwards."""
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
            self.close_connection = True
            return b"", error_response(411, "A Content-Length is required.", status="INVALID_ARGUMENT")
        length = length.lstrip("0") or "0"
        if int(length[:20]) > MAX_BODY_BYTES:
            self.close_connection = True
            message = f"The request is larger than {MAX_BODY_BYTES} bytes."
            return b"", error_response(413, message, status="INVALID_ARGUMENT")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionResetError("the client went away while sending")
        return body, None

    def _send(self, response: Response, *, path: str, delayed: bool = False) -> None:
        chunked = bool(response.events) and self.request_version == "HTTP/1.1"
        whole = response.delivery == "whole"
        self.close_connection = self.close_connection or not whole
        if delayed and not (chunked and whole):
            self.server.pause()
        if response.delivery != "unanswered":
            self._send_head(response, chunked=chunked)
        self._log(response.status, path)
        if not whole:
            if response.delivery in ("reset", "unanswered"):
                self.server.to_reset.add(self.connection)
            wire = b"".join(map(chunk, response.events))
            pieces, length = (iter([wire]), len(wire)) if chunked else (response.pieces(), response.length)
            break_off(self.connection, pieces, length, response.delivery)
        elif chunked:
            send_chunks(self.connection, response.events, self.server.pause)
        elif self.command != "HEAD":
            for piece in response.pieces():
                self.wfile.write(piece)

    def _send_head(self, response: Response, *, chunked: bool) -> None:
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            if not (chunked and name == "content-length"):
                self.send_header(name, value)
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer in JSON what http.server refuses by itself, such as methods that it does not know."""
        self.close_connection = True
        code = 405 if code == 501 else code
        response = error_response(code, message or "Bad request.", status="INVALID_ARGUMENT")
        path = getattr(self, "path", "").partition("?")[0]
        self._send(in_dialect(response, None, self.server.dialect), path=path)

    def _log(self, status: int, path: str) -> None:
        """Log one line: never the query string, which may hold a key."""
        if not self.server.quiet:
            sys.stderr.write(f"{self.command} {ascii(path)[1:-1][:200]} {status}\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in http.server
        """Write nothing, not even that an idle connection timed out; `_log` is the log."""


def respond(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    gateway: OfflineGateway,
    origin: str,
    dialect: Dialect,
    error: Response | None = None,
) -> Response:
    """Return the answer to a request: `error`, else that of a key that will not do, else the gateway's.

    `target` is the path and the query as they came; `headers` have names in lower case.
    """
    url = urlsplit(target)
    query = dict(parse_qsl(url.query))
    # the address of an upload is a secret of its own, as that of a hosted picture is
    if not url.path.startswith("/images/") and "upload_id" not in query:
        error = error or check_key(headers, query)
    response = error or gateway.answer(method, url.path, query, body, origin=origin, headers=headers)
    return in_dialect(response, replies.stream_form(parse_model_path(unquote(url.path))[1], query), dialect)


def in_dialect(response: Response, form: replies.Form | None, dialect: Dialect) -> Response:
    """Put an error into a server's dialect; only Google puts that of a stream into an array."""
    if dialect == "gateway":
        return to_gateway_error(response)
    return replies.stream_error(response, form)


def check_key(headers: Mapping[str, str], query: Mapping[str, str]) -> Response | None:
    """Return Google's error for a key that is missing or wrong; None for one that will do.

    It is looked for where clients put it: `x-goog-api-key`, `?key=`, `Authorization: Bearer`.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token if scheme.lower() == "bearer" else ""
    key = (headers.get("x-goog-api-key") or query.get("key") or bearer).strip()
    if not key:
        return error_response(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API.",
        )
    if key != REJECTED_KEY:
        return None
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    return error_response(400, "API key not valid. Please pass a valid API key.", details=[detail])


def send_chunks(connection: socket.socket, pieces: Sequence[bytes], pause: Callable[[float], None]) -> None:
    """Send each piece as a chunk; before each, `pause` is called with its share of the whole wait."""
    for piece in pieces:
        pause(1 / len(pieces))
        connection.sendall(chunk(piece))
    connection.sendall(chunk(b""))


def chunk(piece: bytes) -> bytes:
    """Return a piece as a chunk of HTTP's chunked transfer coding; an empty one ends the body."""
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def break_off(connection: socket.socket, pieces: Iterator[bytes], length: int, delivery: Delivery) -> None:
    """Send the part of a body of `length` bytes that a broken delivery sends; the caller then closes."""
    if delivery == "drip":
        for byte in (piece[at : at + 1] for piece in pieces for at in range(len(piece))):
            connection.sendall(byte)  # raises soon after the client has left
            time.sleep(DRIP_SECONDS)
        return
    left = 0 if delivery == "unanswered" else length // 2
    while left > 0:
        piece = next(pieces)[:left]
        connection.sendall(piece)
        left -= len(piece)
    if delivery in ("reset", "unanswered"):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_NO_TIME)
    elif delivery == "stall":
        connection.settimeout(None)
        while connection.recv(4096):
            pass
