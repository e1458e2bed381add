"""Bodies of jobs, and what is read of a job's state and of the rows of its results."""

from __future__ import annotations

import json

import pytest
from google.genai import types

from gemini_nb import ImageRequest
from gemini_nb.jobs import wire
from gemini_nb.jobs.results import ResultReceiver, read_rows
from support.jobs import SMALL


def test_a_line_of_a_file_holds_the_body_of_the_single_request():
    request = ImageRequest("a red square", provider="google", **SMALL)
    line = wire.encode_row(request.digest, request.encode())
    assert json.loads(line) == {"key": request.digest, "request": request.body}
    assert request.encode() in line


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"])
def test_states_are_read_as_they_read_them(state):
    operation = {"name": "batches/1", "metadata": {"state": f"BATCH_STATE_{state}"}}
    assert wire.read_status(operation).state == state
    assert types.JobState(f"JOB_STATE_{state}")


def test_counts_come_as_text_and_as_numbers():
    for made, failed, counts in (("10", 7, (10, 7)), (7, "nonsense", (7, 0))):
        stats = {"successfulRequestCount": made, "failedRequestCount": failed}
        status = wire.read_status({"name": "batches/1", "metadata": {"batchStats": stats}})
        assert (status.made, status.failed) == counts


@pytest.mark.parametrize("name", [None, "batches/", "batches/../x", "models/x", "batches/a?key=b"])
def test_an_operation_without_the_name_of_a_job_is_none(name):
    assert wire.read_status({"name": name}) is None


def test_a_row_of_results_is_read_with_its_key_in_either_place(tmp_path):
    receiver = ResultReceiver(tmp_path, is_file=True)
    for line in (
        b'{"key":"a","response":{"x":1}}',
        b'{"metadata":{"key":"a"},"response":{"x":1}}',
        b'{"key":"a","error":{"code":13}}',
        b'{"key":',
    ):
        list(receiver.take(line + b"\n"))
    first, second, failed, broken = read_rows(receiver.file)
    assert [(row.key, json.loads(row.reply.raw())) for row in (first, second)] == [("a", {"x": 1})] * 2
    assert (failed.key, failed.error) == ("a", {"code": 13})
    assert (broken.broken.raw(), broken.is_cut) == (b'{"key":', False)
    receiver.close()
