"""The offline provider over loopback HTTP, for any client of the Gemini API.

What only a network has sits here: keys, byte caps, methods, the log. Answers come from `provider`.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from gemini_nb.errors import ArgumentError
from gemini_nb.offline.provider import Answer, OfflineGateway, failure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

MAX_BODY_BYTES = 64 * 2**20
REJECTED_KEY = "rejected-key"
"""The one key that is answered as Google answers a wrong one; any other that is not empty will do."""

_IDLE_SECONDS = 60


class OfflineServer:
    """The offline provider on a port of its own, in a daemon thread, for the length of a `with`.

    `port=0` picks a free one; `url` and `port` say which. A host that is not loopback is refused
    unless `allow_remote`, since any key is accepted.

    >>> with OfflineServer() as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, quiet: bool = True, allow_remote: bool = False
    ) -> None:
        if not allow_remote and not _is_loopback(host):
            raise ArgumentError(
                f"The offline server accepts any key, so it is not opened on {host!r}.",
                hint="Use 127.0.0.1, or pass allow_remote=True if that is what you want.",
            )
        self._listener = _Listener(host, port, quiet=quiet)
        self.port: int = self._listener.server_address[1]
        self.url = self._listener.origin
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.run, name="gemini_nb offline server", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown()
        self.close()
        if self._thread is not None:
            self._thread.join()

    def run(self) -> None:
        """Answer requests until the `with` ends or the thread is interrupted."""
        self._listener.serve_forever(poll_interval=0.02)

    def close(self) -> None:
        """Close the port and every open connection."""
        self._listener.server_close()
        self._listener.drop_connections()


def serve(
    *, host: str = "127.0.0.1", port: int = 8765, quiet: bool = False, allow_remote: bool = False
) -> None:
    """Answer requests on `port` until interrupted; the command line's `serve`."""
    server = OfflineServer(host=host, port=port, quiet=quiet, allow_remote=allow_remote)
    sys.stdout.write(f"Painting offline at {server.url} (any key will do). Ctrl-C stops it.\n")
    sys.stdout.flush()
    try:
        with suppress(KeyboardInterrupt):
            server.run()
    finally:
        server.close()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, *, quiet: bool) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.gateway = OfflineGateway()
        self.quiet = quiet
        self._connections: set[Any] = set()
        super().__init__((host, port), _Exchange)
        named = f"[{host}]" if ":" in host else host
        # Links to hosted pictures use this, never the Host header, which is the caller's word.
        self.origin = f"http://{named}:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about a client that went away; anything else is printed with its traceback."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "gemini_nb-offline"
    sys_version = ""
    timeout = _IDLE_SECONDS
    server: _Listener

    def _exchange(self) -> None:
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body, refused = self._read_body(headers)
        refused = refused or _refuse_key(url.path, headers, query)
        self._send(
            refused
            or self.server.gateway.answer(
                self.command, url.path, headers, query, body, origin=self.server.origin
            ),
            path=url.path,
        )

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

    def _send(self, answer: Answer, *, path: str) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self._note(answer.status, path)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer what http.server refuses by itself, unknown methods among it, in JSON."""
        self.close_connection = True
        code = 405 if code == 501 else code
        self._send(failure(code, message or "Bad request.", status="INVALID_ARGUMENT"), path="")

    def _note(self, status: int, path: str) -> None:
        """Log one line: never the query string, which may hold a key."""
        if not self.server.quiet:
            sys.stderr.write(f"{self.command} {ascii(path)[1:-1][:200]} {status}\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in http.server
        """Say nothing, of idle connections that time out least of all; `_note` is the log."""


def _refuse_key(path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> Answer | None:
    if path.startswith("/images/"):
        return None
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
