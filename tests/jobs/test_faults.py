"""Batch jobs that go wrong: what comes of each, how many jobs and rows are paid, and what is said.

Few rows go in the body of a job, many in a file. A second run then shows that only what failed is sent again.
"""

from __future__ import annotations

import pytest

from gemini_nb.errors import (
    APIError,
    BadResponseError,
    BlockedError,
    ConnectionFailedError,
    OutcomeUnknownError,
    RateLimitError,
)
from gemini_nb.offline.server import OfflineServer
from support.jobs import generate, make_client, make_many

FEW, MANY = 4, 104

# fault, rows, pictures, jobs created, rows made by the server, the error of the others and its words
TABLE = [
    ("lost-creation", FEW, FEW, 1, FEW, None, ""),
    ("unavailable-creation", FEW, FEW, 1, FEW, None, ""),
    ("failed-creation", FEW, FEW, 1, FEW, None, ""),
    ("late-list", FEW, FEW, 1, FEW, None, ""),
    ("dropped-creation-once", FEW, FEW, 1, FEW, None, ""),
    ("dropped-creation", FEW, 0, 0, 0, OutcomeUnknownError, "the list is asked before anything is sent"),
    ("refused-creation", FEW, 0, 0, 0, RateLimitError, "Nothing was made or billed"),
    ("lost-piece", MANY, MANY, 1, MANY, None, ""),
    ("poll-unavailable", FEW, FEW, 1, FEW, None, ""),
    ("fails", FEW, 0, 1, 0, APIError, "google says that the job failed: An internal error"),
    ("expires", FEW, 0, 1, 0, APIError, "expired before this picture was made"),
    ("expires-partly", FEW, 2, 1, 2, APIError, "Nothing was billed for it"),
    ("expires-partly", MANY, 52, 1, 52, APIError, "Nothing was billed for it"),
    ("row-errors", FEW, 2, 1, 2, OutcomeUnknownError, "google answered 500"),
    ("row-refusals", FEW, 2, 1, 4, BlockedError, "SAFETY"),
    ("partial", FEW, 2, 1, 4, OutcomeUnknownError, "its results do not hold this picture"),
    ("rows-twice", MANY, MANY, 1, MANY, None, ""),
    ("out-of-order", FEW, FEW, 1, FEW, None, ""),
    ("out-of-order", MANY, MANY, 1, MANY, None, ""),
    ("rows-without-keys", FEW, FEW, 1, FEW, None, ""),
    ("rows-without-keys", MANY, MANY, 1, MANY, None, ""),
    ("empty-rows", FEW, 2, 1, 4, OutcomeUnknownError, "its results do not hold this picture"),
    ("broken-rows", FEW, 0, 1, 4, BadResponseError, "the job goes on"),
    ("results-truncated", MANY, 52, 1, MANY, ConnectionFailedError, "52 of 104 are missing"),
    ("results-reset", MANY, None, 1, MANY, ConnectionFailedError, "the provider keeps them for two days"),
    ("results-reset-once", MANY, MANY, 1, MANY, None, ""),
    ("results-gone", MANY, 0, 1, MANY, OutcomeUnknownError, "does not have the results of this job any more"),
    ("results-gone", FEW, 0, 1, FEW, APIError, "It may have been sent with another key"),
]


pytestmark = pytest.mark.filterwarnings("ignore:.*was shut down")  # of the model that is quickly painted


@pytest.mark.parametrize(
    ("fault", "rows", "pictures", "jobs", "made", "error", "words"),
    TABLE,
    ids=[f"{fault}, {rows} rows" for fault, rows, *_ in TABLE],
)
def test_the_table_of_faults(fault, rows, pictures, jobs, made, error, words, tmp_path):  # noqa: PLR0917 - columns
    with OfflineServer(batch_seconds=0.05, fault=fault) as server:
        batch = generate(make_client(server, tmp_path, timeout=10), rows)
        assert len(server.batches.created) == jobs
        assert make_many(server) == (made, min(made, 1))
    assert pictures in (None, len(batch.generations))
    assert len(batch.generations) + len(batch.errors) == rows
    assert {type(one) for one in batch.errors} == ({error} if error else set())
    assert all(words in str(one) for one in batch.errors)


def test_what_was_not_asked_for_is_kept_and_told(tmp_path):
    with OfflineServer(batch_seconds=0.05, fault="rows-not-asked-for") as server:
        client = make_client(server, tmp_path)
        with pytest.warns(UserWarning, match="google sent 4 results that cannot be told to belong to a row"):
            batch = generate(client, FEW)
    assert len(batch.generations) == FEW
    assert len(list(client.store.unread.glob("*.reply"))) == FEW


def test_lines_that_are_no_json_are_kept_and_told(tmp_path):
    with OfflineServer(batch_seconds=0.05, fault="broken-rows") as server:
        client = make_client(server, tmp_path)
        with pytest.warns(UserWarning, match="google sent 52 results"):
            assert len(generate(client, MANY).generations) == MANY // 2


def test_results_that_came_cut_short_are_fetched_by_the_next_run_and_nothing_is_sent(tmp_path):
    with OfflineServer(batch_seconds=0.05, fault="results-truncated-once") as server:
        assert len(generate(make_client(server, tmp_path), MANY).generations) == MANY
    with OfflineServer(batch_seconds=0.05, fault="results-truncated") as server:
        client = make_client(server, tmp_path / "other")
        first, second = generate(client, MANY), generate(client, MANY)
        assert len(server.batches.created) == 1
    assert len(first.generations) == len(second.generations) == MANY // 2


def test_what_failed_is_told_once_and_only_that_is_sent_again(tmp_path):
    with OfflineServer(batch_seconds=0.05, fault="expires-partly-once") as server:
        client = make_client(server, tmp_path)
        first = generate(client, FEW)
        assert len(server.batches.created) == 1
        second = generate(client, FEW)
        assert make_many(server) == (FEW, 1)
        assert len(server.batches.created) == 2
    assert [len(first.errors), len(second.errors)] == [2, 0]
    assert [one.replayed for one in second.generations] == [True, True, False, False]
