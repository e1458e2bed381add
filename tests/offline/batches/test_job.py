"""A batch job as it is when it is asked for, with a thread of its own and, as in a browser, without one."""

from __future__ import annotations

import json
import threading

import pytest

from gemini_nb.offline.batches.files import Files
from gemini_nb.offline.batches.job import BatchJob, JobOrder
from gemini_nb.offline.responses import json_response
from support.batches import rows_of
from support.request_log import WAIT_SECONDS


@pytest.fixture
def begin(tmp_path):
    """A job of three rows that takes so many seconds and is not started in a thread."""

    def begin(seconds, answer=lambda row, number: json_response(200, {"row": number, "key": row.key})):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(rows_of("a", "b", "c"))
        order = JobOrder(
            model="any",
            display_name="job",
            path=path,
            count=3,
            is_inline=False,
            seconds=seconds,
            answer=answer,
        )
        return BatchJob(order, files)

    files = Files()
    begin.files = files
    return begin


def state(job):
    job.catch_up()
    return job.operation()["metadata"]["state"].removeprefix("BATCH_STATE_")


def test_what_is_due_is_made_when_the_job_is_asked_for(begin):
    job = begin(0)
    assert state(job) == "SUCCEEDED"
    lines = begin.files.find(f"batch-{job.id}").path.read_text().splitlines()
    assert [json.loads(line)["response"]["row"] for line in lines] == [0, 1, 2]


def test_what_is_not_due_is_not_made(begin):
    job = begin(600)
    assert state(job) == "PENDING"
    assert job.operation()["metadata"]["batchStats"]["pendingRequestCount"] == "3"


def test_a_cancelled_job_ends_with_the_next_question(begin):
    job = begin(600)
    assert job.cancel()
    assert state(job) == "CANCELLED"
    assert not job.cancel()


def test_a_cancellation_in_a_thread_waits_for_the_row_under_way(begin):
    is_under_way, may_end, found = threading.Event(), threading.Event(), []

    def answer(row, number):
        is_under_way.set()
        may_end.wait(WAIT_SECONDS)
        return json_response(200, {})

    def cancel():
        found.append((job.cancel(), job.has_ended))

    job = begin(0, answer)
    job.start()
    assert is_under_way.wait(WAIT_SECONDS)
    cancelling = threading.Thread(target=cancel)
    cancelling.start()
    assert job._stop.wait(WAIT_SECONDS)
    may_end.set()
    cancelling.join()
    assert found == [(True, True)]
    assert job.operation()["metadata"]["state"] == "BATCH_STATE_CANCELLED"
