"""A long batch: peak memory with few pictures and with many, every file checked, and a run that is killed.

Pictures of 1.5 MB, each another one, from a gateway in the benchmark's own process; the batch runs in one of
its own, whose peak is the kernel's word. It writes up to 9 GB into /var/tmp, and removes them.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Table, command

from support.clients import KEY
from support.gateway import Answer, Gateway, Request
from support.images import noise_png
from support.numbered_pictures import prompt_of
from support.processes import TESTS
from support.replies import body, inline, reply

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE_BYTES = 1_500_000
COUNTS, QUICK = (50, 2_000), (4, 12)
CONCURRENCY = 8
MARK = b"0123456789ab"  # twelve bytes of the picture, sixteen of its base64, which tell whose it is
AT = 600_000

CHILD = (
    f"import sys; sys.path.insert(0, {TESTS!r})"
    + """
import time
from hashlib import sha256
from gemini_nb import Client
from support.peak_memory import peak_mib
url, key, store, manifest, count, concurrency = sys.argv[1:]
with Client(base_url=url, api_key=key, store=store or False) as client:
    prompts = (f"picture {number}" for number in range(int(count)))
    started = time.perf_counter()
    batch = client.generate_many(prompts, concurrency=int(concurrency), manifest=manifest)
    seconds = time.perf_counter() - started
peak = peak_mib()
right = sum(sha256(made.image.data).hexdigest() == made.image.sha256 for made in batch.generations)
print(right, peak, seconds)
"""
)


class Painter:
    """Answers each prompt with a picture of its own, at the cost of joining three strings."""

    def __init__(self) -> None:
        picture = bytearray(noise_png(IMAGE_BYTES))
        picture[AT : AT + len(MARK)] = MARK
        self._before, self._after = bytes(picture[:AT]), bytes(picture[AT + len(MARK) :])
        answer, mark = body(reply(inline(bytes(picture)))), b64encode(MARK)
        self._head, self._tail = answer.split(mark)

    def __call__(self, request: Request) -> Answer:
        if not request.body:  # whoever sent it was killed meanwhile
            return Answer()
        mark = b64encode(_mark(prompt_of(request)))
        return Answer(b"".join((self._head, mark, self._tail)))

    def digest(self, prompt: str) -> str:
        return sha256(b"".join((self._before, _mark(prompt), self._after))).hexdigest()


def _mark(prompt: str) -> bytes:
    return sha256(prompt.encode()).digest()[: len(MARK)]


def run(quick: bool) -> Iterator[Table]:
    counts, painter = QUICK if quick else COUNTS, Painter()
    with tempfile.TemporaryDirectory(dir="/var/tmp" if Path("/var/tmp").is_dir() else None) as folder:
        os.environ["TMPDIR"] = folder  # where pictures go that no store keeps
        yield memory(painter, Path(folder), counts)
        yield killed(painter, Path(folder), counts[1])


def memory(painter: Painter, folder: Path, counts: tuple[int, int]) -> Table:
    rows = []
    for where in ("in a store", "in a temporary folder"):
        base = None
        for count in counts:
            rows.append(_row(painter, folder / f"{where} {count}", where, count, base))
            base = rows[-1][2] if base is None else base
    columns = ("pictures", "where", "peak MiB", "MiB above the few", "pictures/s", "made", "digests right")
    return Table(f"{IMAGE_BYTES / 1e6:g} MB pictures, concurrency {CONCURRENCY}", columns, tuple(rows))


def _row(painter: Painter, folder: Path, where: str, count: int, base: float | None) -> tuple:
    folder.mkdir()
    with Gateway(painter) as gateway:
        started = _start(gateway, folder, count, is_stored=where == "in a store")
        made, peak, seconds = started.communicate()[0].split()
    right = _right(painter, folder)
    peak = float(peak)
    return (
        count,
        where,
        peak,
        None if base is None else peak - base,
        count / float(seconds),
        int(made),
        right,
    )


def _start(gateway: Gateway, folder: Path, count: int, *, is_stored: bool) -> subprocess.Popen:
    store = str(folder / "store") if is_stored else ""
    arguments = [gateway.url, KEY, store, str(folder / "run.jsonl"), str(count), str(CONCURRENCY)]
    return subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True)


def _right(painter: Painter, folder: Path) -> int:
    """How many of the last run's pictures are what the gateway painted, by their files if they are stored."""
    return sum(_found(folder, line) == painter.digest(line["prompt"]) for line in _last_run(folder))


def _last_run(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    return [line for line in lines if line["run"] == lines[-1]["run"]]


def _found(folder: Path, line: dict) -> str:
    return sha256((folder / line["path"]).read_bytes()).hexdigest() if line["path"] else line["sha256"]


def killed(painter: Painter, folder: Path, count: int) -> Table:
    """Kill a batch at a random moment, run it again, and count what the gateway saw."""
    folder, after = folder / "killed", random.randrange(count // 4, 3 * count // 4)
    folder.mkdir()
    with Gateway(painter) as gateway:
        first = _start(gateway, folder, count, is_stored=True)
        while gateway.posts < after:
            time.sleep(0.001)
        first.kill()
        first.wait()
        before = gateway.posts
        stored = len(list((folder / "store" / "records").glob("*.json")))
        again = _start(gateway, folder, count, is_stored=True)
        made = int(again.communicate()[0].split()[0])
        posts = Counter(prompt_of(request) for request in gateway.requests if request.body)
    columns = (
        "pictures", "killed after POST", "stored then", "asked the second time", "asked twice",
        "made in the end", "digests right",
    )  # fmt: skip
    twice = sum(number > 1 for number in posts.values())
    asked = sum(not line["replayed"] for line in _last_run(folder))
    row = (count, before, stored, asked, twice, made, _right(painter, folder))
    return Table(f"killed with kill -9 and run again, {CONCURRENCY} under way at a time", columns, (row,))


if __name__ == "__main__":
    command(run)
