"""The first picture in a fresh kernel, and later ones: everything but the model's own time.

The gateway answers at once from a process of its own, so that what is left is the client's; `floor` is what
the sockets and the gateway take. "shown" includes the preview that the notebook keeps.
"""

from __future__ import annotations

import statistics
from functools import partial
from typing import TYPE_CHECKING

import fresh_kernel
import loopback
import peers
from measuring import Table, command, interleaved
from photographs import photograph

from support.replies import body, inline, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LATER = 8
ROUNDS = 5
FLOOR = """
import json, socket
from urllib.parse import urlsplit
def ask():
    content = json.dumps({"contents": [{"parts": [{"text": "a red square"}]}]}).encode()
    with socket.create_connection((urlsplit(URL).hostname, urlsplit(URL).port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(content) + content)
        while connection.recv(2**18):
            pass
"""
NAIVE = """
def ask():
    import base64, httpx
    parts = [{"text": "a red square"}]
    reply = httpx.post(URL + "/v1beta/models/m:generateContent", json={"contents": [{"parts": parts}]})
    base64.b64decode(reply.json()["candidates"][0]["content"]["parts"][0]["inlineData"]["data"])
"""
GENAI = """
client = None
def ask():
    global client
    from google import genai
    client = client or genai.Client(api_key="k", http_options={"base_url": URL})
    reply = client.models.generate_content(model="m", contents="a red square")
    reply.candidates[0].content.parts[0].inline_data.data
"""
OURS = """
client = None
def ask():
    global client
    import gemini_nb
    client = client or gemini_nb.Client(api_key="k", base_url=URL)
    client.generate("a red square").image.data
"""
CELL = """
from itertools import count
numbers = count()
get_ipython().run_line_magic("load_ext", "gemini_nb")
def ask():
    done = get_ipython().run_cell("%%gemini_image OPTION\\na red square, number " + str(next(numbers)))
    done.raise_error()
"""
# what is measured: the code, and the package whose environment it runs in
WAYS = {
    "floor: sockets": (FLOOR, ""),
    "gemini_nb.Client": (OURS, ""),
    "%%gemini_image -q, kept in the store": (CELL.replace("OPTION", "-q"), ""),
    "%%gemini_image, kept and shown": (CELL.replace("OPTION", ""), ""),
    "naive: httpx + json + base64": (NAIVE, ""),
    "google-genai": (GENAI, "google-genai"),
}


def run(quick: bool) -> Iterator[Table]:
    data = photograph(128 if quick else 900, "PNG")
    ways, notes = peers.available(WAYS, quick=quick)
    if quick:
        ways = {name: ways[name] for name in ("floor: sockets", "%%gemini_image, kept and shown")}
    with loopback.serving(body(reply(inline(data)))) as url:
        runs = interleaved(
            {name: partial(once, *way, url, 1 if quick else LATER) for name, way in ways.items()},
            1 if quick else ROUNDS + 1,
        )
    yield table(f"A picture of {len(data) / 1e6:.1f} MB", {n: v[not quick :] for n, v in runs.items()}, notes)


def once(code: str, python: Path | str, url: str, later: int) -> list[fresh_kernel.Spent]:
    """What the first picture in a fresh kernel takes, and each later one."""
    variables = {"CRAZYROUTER_API_KEY": "k", "GEMINI_NB_BASE_URL": url}
    asks = ["ask()"] * (1 + later)
    return fresh_kernel.measured(python, *asks, before=f"URL = {url!r}\n{code}", **variables)


def table(title: str, runs: dict[str, list[list[fresh_kernel.Spent]]], notes: tuple[str, ...]) -> Table:
    rows = tuple((name, *medians([run[:1] for run in found]), *medians([run[1:] for run in found]))
                 for name, found in runs.items())  # fmt: skip
    columns = ("asked by", "first, ms", "CPU ms", "later, ms", "CPU ms each")
    return Table(title, columns, rows, notes)


def medians(runs: list[list[fresh_kernel.Spent]]) -> tuple[float, float]:
    spent = [one for run in runs for one in run]
    return statistics.median(one.milliseconds for one in spent), statistics.median(one.cpu for one in spent)


if __name__ == "__main__":
    command(run)
