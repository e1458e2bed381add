"""A proxy between client and server that stops at a chosen request, so that the client dies just there."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

NOT_FORWARDED = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}
PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Moment:
    """The `count`th request whose path matches, `before` it reaches the server or `after`: no answer comes.

    At `half` of the answer is sent, and the rest is not.
    """

    path: str
    when: str = "after"
    count: int = 1


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_words):
        """Say nothing."""

    def do_GET(self):
        self.server.proxy.handle(self)

    do_POST = do_DELETE = do_GET  # noqa: N815 - names of http.server


class TrapProxy:
    """Forwards everything; at its `moment` it sets `is_trapped` and waits until `let_go`."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.proxy = self
        self._lock = threading.Lock()
        self._seen = 0
        self._moment: Moment | None = None
        self.is_trapped, self._over = threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def set(self, moment: Moment | None) -> None:
        """Stop at this moment from now on, and let go of what was stopped before."""
        with self._lock:
            self._over.set()
            self._over, self.is_trapped = threading.Event(), threading.Event()
            self._moment, self._seen = moment, 0

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Forward one request, or stop at it."""
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        when = self._phase(request.path)
        if when == "before":
            return self._stop(request)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in NOT_FORWARDED}
        url = f"{self._target}{request.path}"
        with httpx.stream(request.command, url, headers=headers, content=body, timeout=60) as answer:
            if when == "after":
                answer.read()
                return self._stop(request)
            self._send(request, answer, is_half=when == "half")
        return self._stop(request) if when else None

    def _phase(self, path: str) -> str:
        with self._lock:
            if self._moment is None or not re.search(self._moment.path, path):
                return ""
            self._seen += 1
            return self._moment.when if self._seen == self._moment.count else ""

    def _stop(self, request: BaseHTTPRequestHandler) -> None:
        over = self._over
        self.is_trapped.set()
        over.wait(120)
        request.close_connection = True

    def _send(self, request: BaseHTTPRequestHandler, answer: httpx.Response, *, is_half: bool) -> None:
        length = int(answer.headers.get("content-length") or 0)
        left = length // 2 if is_half else length
        try:
            request.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in ("connection", "date", "server"):
                    request.send_header(name, value)
            request.end_headers()
            for piece in answer.iter_raw(PIECE_BYTES):
                request.wfile.write(piece[:left])
                left -= min(left, len(piece))
                if not left:
                    break
            request.wfile.flush()
        except OSError:  # the client is gone
            return
