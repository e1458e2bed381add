"""The offline server is started and stopped, counts its POSTs, and is not opened with what makes no sense."""

from __future__ import annotations

import re
import socket
import subprocess
import sys

import httpx
import pytest

from gemini_nb.errors import ArgumentError
from gemini_nb.offline.http_server import REJECTED_KEY
from gemini_nb.offline.server import OfflineServer
from support.offline import FLASH, image_body, post_fault, post_prompt
from support.paths import ROOT


def test_a_stopped_server_closes_its_connections():
    with OfflineServer() as server:
        wire = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        wire.sendall(b"GET /v1beta/models?key=k HTTP/1.1\r\nHost: a\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 200")
    while wire.recv(65536):
        pass
    wire.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_a_host_that_is_not_loopback_is_refused(host):
    with pytest.raises(ArgumentError, match="any key"):
        OfflineServer(host=host)


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf")])
def test_a_delay_that_is_none_is_refused(delay):
    with pytest.raises(ArgumentError, match="delay"):
        OfflineServer(delay=delay)


def test_a_dialect_that_nobody_speaks_is_refused():
    with pytest.raises(ArgumentError, match="google and gateway"):
        OfflineServer(dialect="klingon")


def test_posts_are_counted_refused_ones_too():
    with OfflineServer() as server:
        post_fault(server, "quota")
        post_prompt(server, "a cat", key=REJECTED_KEY)
        httpx.get(f"{server.url}/v1beta/models?key=k", timeout=60)
        assert server.posts == 2


def test_the_commands_server_says_where_it_is_and_what_fails():
    code = "from gemini_nb.offline.server import OfflineServer as Server, serve; "
    code += "serve(Server(quiet=False, fault='quota', dialect='gateway'))"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            first = run.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+", first)[0]
            path = f"/v1beta/models/{FLASH}:generateContent"
            statuses = [
                httpx.post(f"{url}{path}?key={key}", json=image_body(), timeout=60).status_code
                for key in ("k", "")
            ]
        finally:
            run.terminate()
        second = run.stdout.read()
    assert second == "Every call is answered with the fault 'quota'.\n"
    assert statuses == [403, 401]
