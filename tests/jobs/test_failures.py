"""Errors of rows that are not among a job's results, in words."""

from __future__ import annotations

import pytest

from gemini_nb.jobs.failures import error_without_result
from gemini_nb.jobs.wire import JobStatus


@pytest.mark.parametrize("problem", ["It took too long", "It took too long."])
def test_what_the_provider_says_of_a_job_ends_in_one_stop(problem):
    error = error_without_result(JobStatus("batches/1", state="EXPIRED", problem=problem), "google")
    assert error.args[0] == "The job expired before this picture was made: It took too long."
    assert not error.may_be_billed
