"""Many pictures at once: images per second, CPU per image and peak memory, against a gateway on loopback.

The gateway and each client are processes of their own; every POST has a fresh connection. Rows of one table
are interleaved. CPU and memory are those of the client's process alone. Before that: how long a cell with
`--each` takes to plan its requests, which nobody sees the progress of.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import loopback
import peers
from measuring import Table, command, interleaved, median_seconds, ratio

from gemini_nb.prompts.plan import make_plan
from gemini_nb.request import ImageRequest
from support.images import noise_png
from support.replies import body, inline, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS = str(Path(__file__).with_name("loopback_clients.py"))
WAYS = {
    "floor: sockets + pybase64": ("floor", ""),
    "floor, kept: SHA-256, two files, two syncs": ("floor_kept", ""),
    "gemini_nb": ("ours", ""),
    "gemini_nb, kept in a store": ("ours_kept", ""),
    "gemini_nb, kept and read again": ("ours_stored", ""),
    "naive: httpx + json + base64": ("naive", ""),
    "google-genai, threads": ("genai_threads", "google-genai"),
    "google-genai, async": ("genai_async", "google-genai"),
}
KEPT = ("gemini_nb, kept in a store", "gemini_nb")
FLOOR_KEPT = ("floor, kept: SHA-256, two files, two syncs", "floor: sockets + pybase64")
BEST_PEER = ("google-genai, threads", "google-genai, async")
ROUNDS = 3


@dataclass(frozen=True)
class Load:
    """How many pictures of how many bytes, so many at a time, from a server that takes `delay` seconds."""

    concurrency: int
    images: int
    delay: float = 0.0
    size: int = 1_500_000

    @property
    def title(self) -> str:
        wait = f"a server of {self.delay * 1e3:.0f} ms" if self.delay else "no delay"
        return f"{self.size / 1e6:g} MB at concurrency {self.concurrency}, {wait}"

    @property
    def note(self) -> str:
        return f"The server allows {self.concurrency / self.delay:.0f} images/s." if self.delay else ""


LOADS = (
    Load(1, 40), Load(8, 160), Load(32, 160),
    Load(1, 8, 0.2), Load(8, 64, 0.2), Load(32, 256, 0.2),
    Load(4, 16, size=20_000_000),
)  # fmt: skip
QUICK = (Load(2, 4, size=50_000),)
PLANNED_ROWS, QUICK_ROWS = (5_000, 100_000), (50,)


def run(quick: bool) -> Iterator[Table]:
    yield planning(QUICK_ROWS if quick else PLANNED_ROWS, 1 if quick else ROUNDS)
    ways, notes = peers.available(WAYS, quick=quick)
    for load in QUICK if quick else LOADS:
        with loopback.serving(answer(load.size), delay=load.delay) as url:
            runs = interleaved(
                {name: partial(once, *way, url, load) for name, way in ways.items()}, 1 if quick else ROUNDS
            )
        yield table(load, runs, (*notes, *([load.note] if load.note else [])))


def answer(size: int) -> bytes:
    return body(reply(inline(noise_png(size))))


def once(way: str, python: Path | str, url: str, load: Load) -> dict:
    """Run one client to its end; its pictures must all have come whole."""
    with tempfile.TemporaryDirectory() as folder:
        command = [python, CLIENTS, way, url, load.images, load.concurrency, folder]
        done = subprocess.run(
            [str(word) for word in command],
            env=peers.environment(PYTHONPATH=str(Path(__file__).parents[2])),
            capture_output=True, text=True, check=False, cwd=folder,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{way}: {done.stderr[-2000:]}")
    said: dict = json.loads(done.stdout.splitlines()[-1])
    assert said["bytes"] == load.images * load.size, way
    return said


def planning(counts: tuple[int, ...], rounds: int) -> Table:
    """Rows of a table, filled into a prompt, to requests; nothing is read or sent."""
    tables = {
        count: [{"city": f"city {number}", "sky": "grey"} for number in range(count)] for count in counts
    }
    found = median_seconds({str(count): partial(plan, rows) for count, rows in tables.items()}, rounds)
    rows = tuple((f"{count:,}", found[str(count)] * 1e3, found[str(count)] / count * 1e6) for count in counts)
    return Table("A plan of a table, one request a row", ("rows of it", "ms", "µs a row"), rows)


def plan(rows: list[dict[str, str]]) -> None:
    made = make_plan(
        "{{city}} under a {{sky}} sky", models=["nano-banana-2"], count=1, vary=[], each="t", raw=False,
        names={"t": rows}, request=ImageRequest,
    )  # fmt: skip
    assert len(made.requests) == len(rows)


def table(load: Load, runs: dict[str, list[dict]], notes: tuple[str, ...]) -> Table:
    def median(name: str, what: str) -> float:
        return statistics.median(run[what] for run in runs[name])

    peer = [load.images / median(name, "seconds") for name in BEST_PEER if name in runs]
    best = max(peer, default=None)
    least = min((median(name, "cpu") for name in BEST_PEER if name in runs), default=None)
    rows = tuple(
        (
            name,
            load.images / median(name, "seconds"),
            ratio(load.images / median(name, "seconds"), best),
            median(name, "cpu") / load.images * 1e3,
            ratio(median(name, "cpu"), least),
            max((run["peak"] for run in runs[name] if run["peak"]), default=None),
        )
        for name in runs
    )
    kept, floor = (
        (median(name, "cpu") - median(base, "cpu")) / load.images * 1e3 for name, base in (KEPT, FLOOR_KEPT)
    )
    cost = f"Keeping costs {kept:.3g} ms of CPU beyond holding in memory; its floor costs {floor:.3g}."
    columns = ("client", "images/s", "× google-genai's best", "CPU ms/image", "× its least CPU", "peak MiB")
    return Table(load.title, columns, rows, (*notes, cost))


if __name__ == "__main__":
    command(run)
