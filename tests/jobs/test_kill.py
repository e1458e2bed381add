"""A client that is killed (`kill -9`) finds its jobs again: every row is made once, by the server's count."""

from __future__ import annotations

from gemini_nb.offline.server import OfflineServer
from support.killed_jobs import CREATION, RESULTS, kill_at, run, try_kills
from support.trap_proxy import Moment, TrapProxy

ROWS = 200  # two hundred go in an uploaded file
MOMENTS = [
    Moment("/upload/.*upload_id", "after"),
    Moment(CREATION, "before"),
    Moment(CREATION, "after"),
    Moment(RESULTS, "half"),
]


def test_every_row_is_made_once_though_the_client_is_killed_four_times(tmp_path):
    met, said, made, jobs = try_kills(MOMENTS, tmp_path / "store", ROWS)
    assert said["pictures"] == ROWS
    assert len(made) == ROWS
    assert set(made.values()) == {1}
    assert (met, jobs) == (len(MOMENTS), 1)


def test_a_job_that_never_reached_the_server_is_sent_once_the_list_has_had_time(tmp_path):
    met, said, made, jobs = try_kills([Moment(CREATION, "before")], tmp_path / "store", 3)
    assert (met, said["pictures"], set(made.values()), jobs) == (1, 3, {1}, 1)


def left_at(moment, folder):
    """A job of many rows whose client is killed at a moment; then another asks for three of them."""
    with OfflineServer(batch_seconds=0.1) as server, TrapProxy(server.url) as proxy:
        assert kill_at(proxy, moment, folder, ROWS)
        said = run(proxy.url, folder, 3)
        return said["pictures"], sum(server.batches.rows_made.values()), len(server.batches.created)


def test_of_a_job_that_was_never_created_only_what_is_asked_for_now_is_sent(tmp_path):
    assert left_at(Moment("/upload/.*upload_id", "before"), tmp_path / "uploading") == (3, 3, 1)
    assert left_at(Moment(CREATION, "before"), tmp_path / "creating") == (3, 3, 1)


def test_of_a_job_that_was_created_a_part_is_asked_for_and_all_is_kept(tmp_path):
    assert left_at(Moment(CREATION, "after"), tmp_path) == (3, ROWS, 1)
    assert len(list((tmp_path / "records").iterdir())) == ROWS
