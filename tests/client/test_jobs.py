"""`client.jobs()`, and what an interrupt leaves: jobs that go on, and are found again."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from gemini_nb import Cancelled, Client
from gemini_nb.client.jobs import describe_state
from gemini_nb.errors import APIError, ArgumentError, MissingKeyError
from gemini_nb.offline.server import OfflineServer
from gemini_nb.store.jobs import JobFolder
from support import paths
from support.jobs import SMALL, generate, make_client, make_many
from support.left_jobs import interrupting, leave

pytestmark = pytest.mark.filterwarnings("ignore:.*was shut down")
ROWS = 4


@pytest.fixture
def slow():
    """A server whose jobs take an hour."""
    with OfflineServer(batch_seconds=3600) as server:
        yield server


def test_an_interrupt_leaves_the_job_running_and_says_how_to_come_back(slow, tmp_path):
    client = make_client(slow, tmp_path)
    cancelled = leave(client, ROWS)
    assert "1 batch job goes on at google. %gemini jobs, client.jobs() or `gemini-nb jobs list`" in str(
        cancelled
    )
    assert cancelled.batch.summary == "4 pictures: 0 made, 4 in batch jobs"
    assert {row["status"] for row in cancelled.batch.rows()} == {"in a job"}
    (job,) = client.jobs().list()
    assert (job.state, job.said, job.rows) == ("created", "PENDING", ROWS)


def test_without_a_key_the_list_tells_what_was_known_last(slow, tmp_path):
    leave(make_client(slow, tmp_path), ROWS)
    keyless = Client("google", base_url=slow.url, store=tmp_path / "store")
    (job,) = keyless.jobs().list()
    assert (job.state, job.rows) == ("created", ROWS)
    with pytest.raises(MissingKeyError):
        keyless.jobs().wait()


def test_cancel_keeps_and_counts_what_was_made(tmp_path):
    with OfflineServer(batch_seconds=20) as server:
        client = make_client(server, tmp_path)
        leave(client, ROWS)
        while not make_many(server)[0]:
            time.sleep(0.05)
        client.jobs().cancel()
        batch = client.jobs().wait()
        made, most = make_many(server)
    assert most == 1
    assert len(batch.generations) == made > 0
    assert all(one.tier == "batch" and not one.replayed for one in batch.generations)
    assert {type(one) for one in batch.errors} == {APIError}
    assert all("The job was cancelled before this picture was made" in str(one) for one in batch.errors)
    assert "by estimate" in batch.heading


def test_an_interrupted_wait_gives_what_has_come_and_failures_that_nobody_saw_are_told_again(slow, tmp_path):
    client = make_client(slow, tmp_path)
    leave(client, ROWS)
    (first,) = client.jobs().cancel()
    with interrupting(client.store, two_are_sent), pytest.raises(Cancelled):
        client.generate_many(["another", "and another"], tier="batch", **SMALL)
    with interrupting(client.store, one_is_over), pytest.raises(Cancelled) as stopped:
        client.jobs().wait()
    assert stopped.value.batch.summary == "6 pictures: 0 made, 4 failed, 2 in batch jobs"
    assert "2 batch jobs go on" in str(stopped.value)
    assert client.jobs().fetch(first.name).summary == "4 pictures: 0 made, 4 failed"
    (known,) = (job for job in client.jobs().list() if job.name == first.name)
    assert (known.is_told, describe_state(known)) == (True, "fetched, 4 rows failed")


def two_are_sent(records):
    return [record.state for record in records] == ["created"] * 2


def one_is_over(records):
    return any(record.state == "over" for record in records)


def test_fetch_leaves_what_is_not_over_alone(slow, tmp_path):
    client = make_client(slow, tmp_path)
    leave(client, ROWS)
    assert client.jobs().fetch().summary == "4 pictures: 0 made, 4 in batch jobs"
    assert client.jobs().list()[0].state == "created"


def test_another_process_fetches_by_name_what_this_one_has_sent(tmp_path):
    with OfflineServer(batch_seconds=1) as server:
        leave(make_client(server, tmp_path), ROWS)
        other = make_client(server, tmp_path)
        (job,) = other.jobs().list()
        batch = other.jobs().wait(job.name)
        assert [one.prompt for one in batch.generations] == [one.prompt for one in batch.requests]
        assert len(batch.generations) == ROWS
        again = generate(other, ROWS)
        assert all(one.replayed for one in again.generations)
        assert len(server.batches.created) == 1


def test_a_job_that_nobody_knows_is_dropped_by_cancel_and_its_rows_are_sent_again(tmp_path):
    with OfflineServer(batch_seconds=3600) as server:
        client = make_client(server, tmp_path)
        leave(client, ROWS)
        folder = JobFolder(client.store)
        record = folder.records()[0]
    with OfflineServer(batch_seconds=0, port=int(server.url.rpartition(":")[2])) as server:
        assert record.base_url == server.url
        client = make_client(server, tmp_path)
        batch = generate(client, ROWS)
        assert all("It may have been sent with another key" in str(one) for one in batch.errors)
        assert not server.batches.created
        assert len(client.jobs().cancel()) == 0
        assert len(generate(client, ROWS).generations) == ROWS


def test_a_store_without_jobs_says_so_and_no_name_is_guessed(slow, tmp_path):
    client = make_client(slow, tmp_path)
    assert "There are no batch jobs in this store." in str(client.jobs().list())
    with pytest.raises(ArgumentError, match="There is no batch job 'x' in this store"):
        client.jobs().wait("x")


def test_without_a_store_there_are_no_jobs():
    with pytest.raises(ArgumentError, match="needs a store"):
        Client("google", api_key="k").jobs().list()


def test_two_processes_whose_frames_share_rows_send_each_once(tmp_path):
    code = (
        f"import sys, warnings; sys.path.insert(0, {str(paths.TESTS)!r})\n"
        "warnings.simplefilter('ignore')\n"
        "from gemini_nb import Client\n"
        "from support.jobs import generate\n"
        "client = Client('google', api_key='k', base_url=sys.argv[1], store=sys.argv[2])\n"
        "print(len(generate(client, int(sys.argv[3]), progress=False).generations))\n"
    )
    with OfflineServer(batch_seconds=1, delay=0.2) as server:
        command = [sys.executable, "-c", code, server.url, str(tmp_path / "store")]
        sizes = ["120", "120", "125"]
        children = [subprocess.Popen([*command, size], stdout=subprocess.PIPE, text=True) for size in sizes]
        assert [child.communicate(timeout=60)[0].strip() for child in children] == sizes
        assert make_many(server) == (125, 1)


def test_another_frame_with_some_of_the_rows_waits_for_them_and_sends_the_others(tmp_path):
    with OfflineServer(batch_seconds=1) as server:
        client = make_client(server, tmp_path)
        leave(client, ROWS)
        assert len(generate(client, ROWS + 2).generations) == ROWS + 2
        assert make_many(server) == (ROWS + 2, 1)
        assert len(server.batches.created) == 2


def test_a_second_store_finds_the_job_in_the_providers_list(tmp_path):
    with OfflineServer(batch_seconds=1) as server:
        leave(make_client(server, tmp_path / "one"), ROWS)
        assert len(generate(make_client(server, tmp_path / "two"), ROWS).generations) == ROWS
        assert (len(server.batches.created), make_many(server)) == (1, (ROWS, 1))


def test_refresh_makes_all_anew_and_its_price_is_that_of_a_batch(tmp_path):
    with OfflineServer(batch_seconds=0) as server:
        generate(make_client(server, tmp_path), ROWS)
        batch = generate(make_client(server, tmp_path, replay="refresh"), ROWS)
        assert not any(one.replayed for one in batch.generations)
        assert make_many(server) == (2 * ROWS, 2)
    assert "batch price" in batch.generations[0].caption


def test_refresh_does_not_take_what_another_store_had_made(tmp_path):
    with OfflineServer(batch_seconds=0) as server:
        generate(make_client(server, tmp_path / "one"), ROWS)
        generate(make_client(server, tmp_path / "two", replay="refresh"), ROWS)
        assert make_many(server) == (2 * ROWS, 2)


def test_only_replay_sends_nothing(slow, tmp_path):
    batch = generate(make_client(slow, tmp_path, replay="only"), ROWS)
    assert [type(one).__name__ for one in batch.errors] == ["ReplayMissError"] * ROWS
    assert not slow.batches.created
