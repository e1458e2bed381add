"""Executors: 200 pictures by two workers of each kind, then 200 others with one worker killed on the way.

Counts are what a loopback gateway saw; it answers at once, so the seconds are what executor and store cost.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from measuring import Table, command

from gemini_nb import Client, OutcomeUnknownError
from support import clusters
from support.clients import KEY
from support.executors import Held, asked_more_than_once, processes, prompts, widths
from support.gateway import Gateway
from support.numbered_pictures import painted

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES, QUICK_IMAGES = 200, 8
WORKERS = 2
COLUMNS = (
    "executor",
    "images",
    "seconds",
    "POSTs",
    "with a kill: made",
    "unknown",
    "not sent",
    "made after a re-run",
    "POSTs in all",
    "asked twice",
)


@contextmanager
def pool(count: int) -> Iterator[clusters.Cluster]:
    """A pool of processes, which one that is killed breaks: it is made anew for the re-run."""
    with processes(count) as executor:
        executor.submit(os.getpid).result()
        yield clusters.Cluster(executor, lambda: list(executor._processes), lambda _code: None)


KINDS = {"processes": pool, "ipyparallel": clusters.ipyparallel, "Dask": clusters.dask}


def run(quick: bool) -> Iterator[Table]:
    os.environ["CRAZYROUTER_API_KEY"] = KEY  # the workers' environment
    rows, notes = [], []
    for name, kind in KINDS.items():
        if quick and kind is not pool:
            continue  # a cluster takes seconds to start
        try:
            row, note = measured(name, kind, QUICK_IMAGES if quick else IMAGES)
        except pytest.skip.Exception as missing:
            notes.append(f"{name}: left out, {missing}.")
        else:
            rows.append(row)
            notes.append(note)
    yield Table(f"pictures by {WORKERS} workers", COLUMNS, tuple(rows), tuple(notes))


def measured(name: str, kind, images: int) -> tuple[tuple, str]:
    with ExitStack() as stack:
        cluster = stack.enter_context(kind(WORKERS))
        seconds, posts = plain(cluster, images)
        with tempfile.TemporaryDirectory() as folder, Gateway(held := Held(images // 2)) as gateway:
            client = stack.enter_context(Client(base_url=gateway.url, store=folder))
            batch = killing(client, cluster, gateway, held)
            unknown = [error for error in batch.errors if isinstance(error, OutcomeUnknownError)]
            fresh = stack.enter_context(pool(WORKERS)) if kind is pool else cluster
            again = client.generate_many(prompts(images), executor=fresh.executor, progress=False)
            assert widths(again) == list(range(1, images + 1))
            row = (name, images, seconds, posts, len(batch.generations), len(unknown))
            left = len(batch.errors) - len(unknown)
            row += (left, len(again.generations), gateway.posts, len(asked_more_than_once(gateway)))
            note = f"{name}: asked twice {sorted(asked_more_than_once(gateway))}; the first run had said "
            return row, f"{note}“{'”, “'.join(str(error.args[0]) for error in unknown)}”"


def plain(cluster: clusters.Cluster, images: int) -> tuple[float, int]:
    """Seconds and POSTs of a batch that nothing befalls, on workers that have made pictures before."""
    with tempfile.TemporaryDirectory() as folder, Gateway(painted) as gateway:
        with Client(base_url=gateway.url, store=folder) as client:
            client.generate_many(["500", "501"], executor=cluster.executor, progress=False)
            before, start = gateway.posts, time.perf_counter()
            batch = client.generate_many(prompts(images), executor=cluster.executor, progress=False)
            seconds = time.perf_counter() - start
        assert widths(batch) == list(range(1, images + 1))
        return seconds, gateway.posts - before


def killing(client: Client, cluster: clusters.Cluster, gateway: Gateway, held: Held):
    """A batch of twice as many as are let through, with a worker killed when both hold one that is not."""
    victim = cluster.processes()[0]

    def kill() -> None:
        try:
            held.wait_for(WORKERS)
            os.kill(victim, signal.SIGKILL)
            assert gateway.wait_for_disconnects(1)
        finally:
            held.let_go.set()

    with ThreadPoolExecutor(1) as killer:
        killed = killer.submit(kill)
        batch = client.generate_many(prompts(2 * held.first), executor=cluster.executor, progress=False)
        killed.result()
    return batch


if __name__ == "__main__":
    command(run)
