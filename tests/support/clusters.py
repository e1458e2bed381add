"""Local clusters for tests, started and stopped: each with its client, its executor and its processes."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor


@dataclass(frozen=True)
class Cluster:
    """`processes()` are the ids of the workers' processes, `everywhere(code)` runs code in each."""

    executor: Executor
    processes: Callable[[], list[int]]
    everywhere: Callable[[str], object]


@contextmanager
def ipyparallel(count: int):
    library = pytest.importorskip("ipyparallel", reason="pip install gemini-nb[cluster]")
    cluster = library.Cluster(n=count, log_level=40)
    client = cluster.start_and_connect_sync()
    try:
        workers = client[:]
        yield Cluster(
            client.executor(),
            lambda: workers.apply_sync(os.getpid),
            lambda code: workers.apply_sync(exec, code),
        )
    finally:
        cluster.stop_cluster_sync()
        client.close()


@contextmanager
def dask(count: int):
    library = pytest.importorskip("distributed", reason="pip install gemini-nb[cluster]")
    free_port = "127.0.0.1:0"  # without one the scheduler warns when another cluster has its usual port
    with (
        library.LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=free_port) as cluster,
        library.Client(cluster) as client,
    ):
        yield Cluster(
            client.get_executor(),
            lambda: list(client.run(os.getpid).values()),
            lambda code: client.run(exec, code),
        )


KINDS = (ipyparallel, dask)
