"""Two workers of each kind of cluster that people have, started here and killed on the way."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from gemini_nb import ArgumentError, Client, ImageRequest, OutcomeUnknownError
from support import clusters
from support.clients import KEY
from support.executors import Held, asked_more_than_once, painted, prompts, widths
from support.gateway import Gateway

COUNT = 24


@pytest.fixture(scope="module", params=clusters.KINDS, ids=lambda kind: kind.__name__)
def cluster(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRAZYROUTER_API_KEY", KEY)
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        with request.param(2) as started:
            yield started


def test_workers_without_the_package_are_told_what_they_lack(cluster, tmp_path):
    cluster.everywhere("import sys; sys.modules['gemini_nb'] = None")
    with Client(store=tmp_path) as client:
        (error,) = client.generate_many(["0"], executor=cluster.executor).errors
    cluster.everywhere("import sys; del sys.modules['gemini_nb']")
    assert isinstance(error, ArgumentError)
    assert "gemini_nb is not installed where the workers run" in str(error)


def test_a_cluster_makes_every_picture_once(cluster, tmp_path):
    with Gateway(painted) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        batch = client.generate_many(prompts(COUNT), executor=cluster.executor)
        assert widths(batch) == list(range(1, COUNT + 1))
        assert gateway.posts == COUNT


def test_a_killed_worker_loses_what_it_had_begun_and_nothing_else(cluster, tmp_path):
    held, victim = Held(COUNT // 3), cluster.processes()[0]
    with Gateway(held) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:

        def kill_one():
            try:
                held.wait_for(2)
                os.kill(victim, signal.SIGKILL)
                assert gateway.wait_for_disconnects(1)
            finally:
                held.let_go.set()

        killer = threading.Thread(target=kill_one)
        killer.start()
        batch = client.generate_many(prompts(COUNT), executor=cluster.executor)
        killer.join()
        (error,) = batch.errors
        lost = str(error).split("'")[1]
        assert isinstance(error, OutcomeUnknownError)
        assert lost in held.prompts
        assert ImageRequest(lost).digest[:12] in str(error)
        assert len(batch.generations) == COUNT - 1
        assert gateway.posts == COUNT
        again = client.generate_many(prompts(COUNT), executor=cluster.executor)
        assert widths(again) == list(range(1, COUNT + 1))
        assert asked_more_than_once(gateway) == {lost: 2}
        assert gateway.posts == COUNT + 1
