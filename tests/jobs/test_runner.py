"""`generate_many(tier="batch")`: pictures of batch jobs, as if they had been asked for one by one."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gemini_nb import AsyncClient, Client
from gemini_nb.batch.feed import CallerIterator
from gemini_nb.errors import ArgumentError
from gemini_nb.jobs.split import Limits, Planner
from gemini_nb.jobs.wire import encode_row
from gemini_nb.offline.server import OfflineServer
from gemini_nb.store.jobs import JobFolder
from gemini_nb.store.lock import StoreLock
from support.disks import full_disk
from support.images import png
from support.jobs import SMALL, generate, make_client

KEY = "AIzaSyNotAKeyOfAnybody0123456789abcdef"
PROMPTS = ["a red square", "a blue circle", "a green hill"]

pytestmark = pytest.mark.filterwarnings("ignore:.*was shut down")


@pytest.fixture
def server():
    with OfflineServer(batch_seconds=0.05) as running:
        yield running


def test_pictures_of_a_job_are_stored_and_replayed(server, tmp_path):
    client = make_client(server, tmp_path)
    batch = client.generate_many(PROMPTS, tier="batch", **SMALL)
    assert [outcome.prompt for outcome in batch] == PROMPTS
    assert all(not one.replayed and one.tier == "batch" for one in batch.generations)
    assert client.generate(PROMPTS[0], **SMALL).replayed
    again = client.generate_many(PROMPTS, tier="batch", **SMALL)
    assert all(one.replayed for one in again.generations)
    assert len(server.batches.created) == 1


def test_the_asynchronous_client_does_it_too(server, tmp_path):
    async def main():
        async with AsyncClient("google", api_key="k", base_url=server.url, store=tmp_path) as client:
            return await client.generate_many(PROMPTS, tier="batch", **SMALL)

    assert len(asyncio.run(main()).generations) == len(PROMPTS)


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (lambda folder: Client("crazyrouter", api_key="k", store=folder), 'Client("google", store=True)'),
        (lambda folder: Client("offline", store=folder), 'Client("google", store=True)'),
        (lambda _: Client("google", api_key="k"), "needs a store"),
        (lambda folder: Client("google", api_key="k", store=folder, replay="off"), "needs a store"),
    ],
    ids=["crazyrouter", "offline", "without a store", "store off"],
)
def test_what_cannot_be_a_batch_job_is_refused_with_the_way(client, words, tmp_path):
    with pytest.raises(ArgumentError, match=r"batch") as refusal:
        client(tmp_path).generate_many(PROMPTS, tier="batch")
    assert words in str(refusal.value)


def test_rows_of_a_job_are_as_those_of_single_requests(server, tmp_path):
    client = make_client(server, tmp_path)
    batch = client.generate_many(PROMPTS, tier="batch", manifest=tmp_path / "run.jsonl", **SMALL)
    rows = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    single = [client.request(prompt, **SMALL).digest for prompt in PROMPTS]
    assert [row["digest"] for row in sorted(rows, key=lambda row: row["index"])] == single
    assert list(batch.to_frame()["status"]) == ["ok"] * 3


def test_pictures_of_an_iterator_are_let_go_once_they_are_in_the_file_that_is_sent(server, tmp_path):
    client = make_client(server, tmp_path)
    requests = (client.request(f"{colour} please", images=[png(6, 6)], **SMALL) for colour in ("red", "blue"))
    feed, held = CallerIterator(requests), []
    progress = client.asynchronous.batch_progress(feed)
    progress.listeners.append(lambda _index, request, _outcome: held.append(repr(request.images[0])))
    assert len(client.run_batch(progress, tier="batch", feed=feed).generations) == 2
    assert held == ["InputImage(image/png, sent and let go)"] * 2
    again = client.generate("red please", images=[png(6, 6)], **SMALL)
    assert again.replayed


@pytest.mark.parametrize("error", [RuntimeError, FileNotFoundError])
def test_an_iterator_that_fails_sends_nothing(server, tmp_path, error):
    def prompts():
        yield "a red square"
        raise error("the table is gone")

    client = make_client(server, tmp_path)
    with pytest.raises(error, match="the table is gone"):
        client.generate_many(prompts(), tier="batch", **SMALL)
    assert not server.batches.created
    assert len(client.jobs().list()) == 0


def test_edits_with_a_mask_are_composed_as_single_ones_are(server, tmp_path):
    client = make_client(server, tmp_path)
    edit = {"images": [png(64, 64)], "mask": (8, 8, 16, 16), **SMALL}
    (edited,) = client.generate_many(["make it blue"], tier="batch", **edit).generations
    assert (edited.image.width, edited.image.source) == (64, "composed")
    assert client.generate("make it blue", **edit).replayed


def test_the_store_is_sound_and_cleared_whole_and_knows_no_key(server, tmp_path):
    client = Client("google", api_key=KEY, base_url=server.url, store=tmp_path / "store")
    client.generate_many([*PROMPTS, f"paint {KEY}"], tier="batch", **SMALL)
    files = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert {"sending.lock"} < {path.name for path in files}
    assert not any(KEY.encode() in path.read_bytes() for path in files)
    assert client.store.verify().ok
    client.store.clear()
    assert list(tmp_path.iterdir()) == []


def test_large_frames_are_split_by_rows_each_part_a_job_with_its_record(server, tmp_path):
    client = make_client(server, tmp_path)
    requests = [client.request(prompt, **SMALL) for prompt in PROMPTS]
    sizes = sorted(len(encode_row(request.digest, request.encode())) for request in requests)
    folder = JobFolder(client.store)
    folder.prepare()
    for limits, jobs in ((Limits(rows=2), 2), (Limits(file_bytes=sizes[1] + sizes[2]), 2), (Limits(), 1)):
        planner = Planner(folder, client.provider, None, lambda base: f"{base}-1", limits)
        for request in requests:
            planner.add(request)
        records = planner.finish()
        assert (len(records), sum(record.rows for record in records)) == (jobs, 3)
    assert not Limits(inline_rows=2).is_inline(records[0])
    assert not Limits(inline_bytes=10).is_inline(records[0])


def test_a_disk_that_fills_up_while_rows_are_written_is_said_and_nothing_is_sent(server, tmp_path):
    client = make_client(server, tmp_path)
    prompts = [f"{prompt} " * 5000 for prompt in PROMPTS]
    with full_disk(100_000), pytest.raises(ArgumentError, match="cannot be written: file too large"):
        client.generate_many(prompts, tier="batch", **SMALL)
    assert (JobFolder(client.store).names(), len(server.batches.created)) == ([], 0)
    assert len(client.generate_many(prompts, tier="batch", **SMALL).generations) == len(prompts)


def test_failures_that_nobody_was_told_of_are_told_by_the_next_run_and_not_sent(tmp_path):
    with OfflineServer(batch_seconds=0, fault="expires-partly-once") as server:
        client = make_client(server, tmp_path)
        errors = [str(one) for one in generate(client, 4).errors]
        folder = JobFolder(client.store)
        (record,) = folder.records()
        folder.write(replace(record, is_told=False))  # as a process leaves it that dies before it tells them
        assert [str(one) for one in generate(client, 4).errors] == errors
        assert len(server.batches.created) == 1
        assert not generate(client, 4).errors
        assert len(server.batches.created) == 2


def test_what_came_into_the_store_while_another_had_the_lock_is_not_sent(server, tmp_path):
    client, other = make_client(server, tmp_path), make_client(server, tmp_path)
    folder = JobFolder(client.store)
    folder.prepare()
    with StoreLock(folder.folder / "sending.lock") as lock, ThreadPoolExecutor(1) as pool:
        assert lock.acquire()
        progress = client.asynchronous.batch_progress([client.request(PROMPTS[0], **SMALL)])
        future = pool.submit(client.run_batch, progress, tier="batch")
        while "another process is sending" not in progress.call.words:
            assert not future.done()
        other.generate(PROMPTS[0], **SMALL)
        lock.release()
        assert future.result(timeout=60).generations[0].replayed
    assert not server.batches.created
