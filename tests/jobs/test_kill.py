"""A client that is killed (`kill -9`) finds its jobs again: every row is made once, by the server's count."""

from __future__ import annotations

from support.killed_jobs import CREATION, RESULTS, try_kills
from support.trap_proxy import Moment

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
