"""Each fault of batch jobs is what its table says, on the wire."""

from __future__ import annotations

import json
from collections import Counter

import httpx
import pytest

from gemini_nb.offline.batches.faults import BATCH_FAULTS
from gemini_nb.offline.server import OfflineServer
from support.batches import (
    call,
    create_from_file,
    create_inline,
    download,
    newest,
    results,
    rows_of,
    send_piece,
    start_upload,
    wait,
)
from support.paths import ROOT

PAGE = ROOT / "gemini_nb" / "offline" / "README.md"
ONCE = Counter(a=1, b=1, c=1, d=1)


def serve(fault, seconds=0.05):
    return OfflineServer(fault=fault, batch_seconds=seconds)


def is_reset(create):
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        create()


# Creation


def test_an_accepted_job_whose_creation_is_lost_is_in_the_list():
    with serve("lost-creation") as server:
        is_reset(lambda: create_inline(server, "a"))
        assert wait(server, newest(server))["metadata"]["displayName"] == "job"
        assert server.batches.rows_made == {"a": 1}


@pytest.mark.parametrize(("fault", "status"), [("unavailable-creation", 503), ("failed-creation", 500)])
def test_an_accepted_job_is_answered_by_an_error(fault, status):
    with serve(fault) as server:
        assert create_inline(server, "a").status_code == status
        assert server.batches.created == ["job"]
        assert newest(server)


def test_a_job_comes_late_to_the_list():
    with serve("late-list") as server:
        is_reset(lambda: create_inline(server, "a"))
        assert [bool(newest(server)) for _ in range(3)] == [False, False, True]


def test_nothing_is_accepted_when_the_connection_is_dropped():
    with serve("dropped-creation") as server:
        is_reset(lambda: create_inline(server, "a"))
        assert (newest(server), server.batches.created) == (None, [])


def test_nothing_is_accepted_when_a_job_is_refused():
    with serve("refused-creation") as server:
        assert create_inline(server, "a").status_code == 429
        assert (newest(server), server.batches.created) == (None, [])


def test_once_is_the_first_job_only():
    with serve("failed-creation-once") as server:
        assert [create_inline(server, "a").status_code for _ in range(3)] == [500, 200, 200]


def test_a_piece_of_an_upload_arrives_without_an_answer():
    with serve("lost-piece-once") as server:
        content = rows_of("a")
        address = start_upload(server, len(content))
        is_reset(lambda: send_piece(address, "upload, finalize", 0, content))
        answer = send_piece(address, "query")
        assert answer.headers["x-goog-upload-status"] == "final"
        assert answer.json()["file"]["sizeBytes"] == str(len(content))


# On the way


def test_a_job_stays_pending_until_it_is_cancelled():
    with serve("stays-pending", 0) as server:
        name = create_inline(server, "a").json()["name"]
        states = [call(server, "GET", f"/v1beta/{name}").json()["metadata"]["state"] for _ in range(5)]
        assert set(states) == {"BATCH_STATE_PENDING"}
        call(server, "POST", f"/v1beta/{name}:cancel")
        assert wait(server, name)["metadata"]["state"] == "BATCH_STATE_CANCELLED"


def test_every_other_question_after_a_job_is_answered_by_503():
    with serve("poll-unavailable") as server:
        name = create_inline(server, "a").json()["name"]
        statuses = [call(server, "GET", f"/v1beta/{name}").status_code for _ in range(4)]
        assert statuses == [503, 200, 503, 200]


# Its end


@pytest.mark.parametrize(
    ("fault", "state", "made"),
    [("fails", "FAILED", 0), ("expires", "EXPIRED", 0), ("expires-partly", "EXPIRED", 2)],
)
def test_a_job_ends_early_with_what_was_made(fault, state, made):
    with serve(fault) as server:
        job = wait(server, create_from_file(server, "a", "b", "c", "d").json()["name"])
        assert job["metadata"]["state"] == f"BATCH_STATE_{state}"
        assert job["error"]["message"]
        assert "response" not in job
        found = results(server, job) if "output" in job["metadata"] else []
        assert [line["key"] for line in found] == ["a", "b", "c", "d"][:made]
        assert job["metadata"]["batchStats"]["pendingRequestCount"] == str(4 - made)
        assert server.batches.rows_made.total() == made


# Its results


def run(fault):
    """The keys of the results in their order, the results, and the count of the rows made."""
    with serve(fault) as server:
        job = wait(server, create_from_file(server, "a", "b", "c", "d").json()["name"])
        found = results(server, job)
        return "".join(line.get("key", "-") for line in found), found, server.batches.rows_made


KEYS = {
    "partial": "bd",
    "rows-twice": "aabbccdd",
    "out-of-order": "dcba",
    "rows-without-keys": "-b-d",
    "rows-not-asked-for": "".join(key + "0" * 64 for key in "abcd"),
}


@pytest.mark.parametrize("fault", KEYS)
def test_results_name_their_rows_wrongly(fault):
    keys, found, made = run(fault)
    assert keys == KEYS[fault]
    assert all("response" in line for line in found)
    assert made == ONCE


def test_every_other_row_is_an_error_and_is_not_counted_as_made():
    _, found, made = run("row-errors")
    assert [line.get("error", {}).get("code") for line in found] == [13, None, 13, None]
    assert made == Counter(b=1, d=1)


def test_every_other_row_is_refused():
    _, found, _ = run("row-refusals")
    assert ["promptFeedback" in line["response"] for line in found] == [True, False, True, False]


def test_every_other_result_says_nothing():
    _, found, made = run("empty-rows")
    assert [sorted(line) for line in found] == [["key"], ["key", "response"]] * 2
    assert made == ONCE


def test_every_other_result_is_cut_short():
    with serve("broken-rows") as server:
        job = wait(server, create_from_file(server, "a", "b").json()["name"])
        broken, whole = download(server, job).content.splitlines()
        assert broken.startswith(b'{"key": "a", "response"')
        assert not broken.endswith(b"}")
        assert json.loads(whole)["key"] == "b"


@pytest.mark.parametrize("fault", ["results-truncated", "results-reset"])
@pytest.mark.parametrize("create", [create_from_file, create_inline])
def test_results_break_off_the_first_time(fault, create):
    with serve(f"{fault}-once", 0) as server:
        name = create(server, "a", "b").json()["name"]

        def fetch():
            job = wait(server, name)
            return download(server, job).content if create is create_from_file else json.dumps(job).encode()

        is_reset(fetch)
        assert fetch().count(b'"candidates"') == (2 if create is create_from_file else 4)


def test_results_are_gone():
    with serve("results-gone") as server:
        job = wait(server, create_from_file(server, "a").json()["name"])
        assert download(server, job).status_code == 404


# The page


def test_the_page_lists_every_fault_in_the_words_of_the_table():
    rows = [f"| `{name}` | {fault.effect} |" for name, fault in BATCH_FAULTS.items()]
    page = PAGE.read_text()
    assert [row for row in rows if row not in page] == []
