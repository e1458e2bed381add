"""The batch API on the wire: bodies, limits, uploads, and what is refused."""

from __future__ import annotations

import json
import threading

import httpx
import pytest

from gemini_nb.offline.batches import api
from gemini_nb.offline.provider import OfflineGateway
from gemini_nb.offline.server import OfflineServer
from support.batches import (
    call,
    create_from_file,
    create_inline,
    results,
    row_request,
    rows_of,
    send_piece,
    start_upload,
    upload,
    wait,
)
from support.offline import FLASH, HOSTED, ORIGIN, post_prompt, prompt_body

CREATE = f"/v1beta/models/{FLASH}:batchGenerateContent"
PIECE = 256 * 1024


@pytest.fixture(scope="module")
def server():
    with OfflineServer(batch_seconds=0) as running:
        yield running


# Jobs


def test_a_new_job_is_an_operation_with_the_facts_of_a_batch():
    with OfflineServer(batch_seconds=600) as server:
        operation = create_inline(server, "a", "b", name="mine").json()
        batch = operation["metadata"]
        assert operation["name"] == batch["name"]
        assert "done" not in operation
        assert batch["state"] == "BATCH_STATE_PENDING"
        assert batch["batchStats"] == {"requestCount": "2", "pendingRequestCount": "2"}
        assert (batch["displayName"], batch["model"]) == ("mine", f"models/{FLASH}")


def test_a_jobs_results_stand_in_the_batch_and_in_the_response(server):
    job = wait(server, create_inline(server, "a").json()["name"])
    inline = job["response"]["inlinedResponses"]
    assert job["metadata"]["output"]["inlinedResponses"] == inline
    (result,) = inline["inlinedResponses"]
    assert result["metadata"] == {"key": "a"}


def test_a_row_is_answered_as_a_single_request_is(server):
    job = wait(server, create_from_file(server, "a").json()["name"])
    (line,) = results(server, job)
    path = f"/v1beta/models/{FLASH}:generateContent"
    single = call(server, "POST", path, json=row_request("a red square, a")).json()
    del line["response"]["responseId"], single["responseId"]  # of the very bytes of a request
    assert line["response"] == single


def test_pictures_of_rows_are_never_mere_links(server):
    batch = {"input_config": {"requests": {"requests": [{"request": prompt_body("a cat")}]}}}
    path = f"/v1beta/models/{HOSTED}:batchGenerateContent"
    job = wait(server, call(server, "POST", path, json={"batch": batch}).json()["name"])
    (result,) = job["response"]["inlinedResponses"]["inlinedResponses"]
    assert "inlineData" in result["response"]["candidates"][0]["content"]["parts"][0]


def test_a_fault_in_a_prompt_is_the_rows_own(server):
    keys = ["[fault: rate-limit]", "[fault: blocked]", "as usual"]
    job = wait(server, create_from_file(server, *keys).json()["name"])
    limited, blocked, usual = results(server, job)
    assert limited["error"]["code"] == 8
    assert "promptFeedback" in blocked["response"]
    assert "candidates" in usual["response"]
    assert job["metadata"]["batchStats"]["failedRequestCount"] == "1"


def test_a_cancelled_job_keeps_what_was_made():
    with OfflineServer(batch_seconds=2) as server:
        name = create_from_file(server, *map(str, range(400))).json()["name"]
        while not server.batches.rows_made.total():
            call(server, "GET", f"/v1beta/{name}")
        assert call(server, "POST", f"/v1beta/{name}:cancel").json() == {}
        job = call(server, "GET", f"/v1beta/{name}").json()
        assert job["metadata"]["state"] == "BATCH_STATE_CANCELLED"
        assert 0 < len(results(server, job)) == server.batches.rows_made.total() < 400


def test_a_job_that_has_ended_cannot_be_cancelled(server):
    name = create_inline(server, "a").json()["name"]
    wait(server, name)
    answer = call(server, "POST", f"/v1beta/{name}:cancel")
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "FAILED_PRECONDITION")


def test_a_list_has_the_jobs_without_their_inline_results(server):
    name = create_inline(server, "a").json()["name"]
    wait(server, name)
    first = call(server, "GET", "/v1beta/batches?pageSize=1").json()
    assert [job["name"] for job in first["operations"]] == [name]
    assert first["operations"][0]["done"] is True
    assert "inlinedResponses" not in json.dumps(first)


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"key": "b"}'])
def test_a_line_that_is_no_request_fails_the_job(server, line):
    name = upload(server, rows_of("a") + line)
    batch = {"batch": {"inputConfig": {"fileName": name}}}
    job = wait(server, call(server, "POST", CREATE, json=batch).json()["name"])
    assert job["metadata"]["state"] == "BATCH_STATE_FAILED"
    assert job["error"]["message"].startswith("Line 2 of the input")


@pytest.mark.parametrize("given", [{}, {"fileName": ""}, {"requests": {"requests": []}}, {"requests": 1}])
def test_a_job_without_requests_is_refused(server, given):
    answer = call(server, "POST", CREATE, json={"batch": {"inputConfig": given}})
    assert answer.status_code in (400, 403)


def test_a_job_with_a_file_that_is_not_there_is_refused(server):
    answer = call(server, "POST", CREATE, json={"batch": {"inputConfig": {"fileName": "files/none"}}})
    assert answer.status_code == 403


def test_rows_beyond_20_mb_belong_into_a_file(server):
    answer = call(server, "POST", CREATE, content=b" " * (api.MAX_INLINE_BYTES + 1))
    assert answer.status_code == 400
    assert "exceeds the limit" in answer.json()["error"]["message"]


def test_empty_lines_of_a_file_are_no_rows(server):
    batch = {"batch": {"inputConfig": {"fileName": upload(server, b"\n\n" + rows_of("a") + b"\n")}}}
    job = wait(server, call(server, "POST", CREATE, json=batch).json()["name"])
    assert job["metadata"]["batchStats"] == {"requestCount": "1", "successfulRequestCount": "1"}


def test_a_job_ends_with_its_server():
    before = set(threading.enumerate())
    with OfflineServer(batch_seconds=600) as server:
        create_inline(server, "a")
        threads = {thread for thread in threading.enumerate() if "batch" in thread.name} - before
    for thread in threads:
        thread.join(60)
    assert [thread.is_alive() for thread in threads] == [False]


def test_a_job_needs_a_key(server):
    assert httpx.post(f"{server.url}{CREATE}", json={}, timeout=60).status_code == 403


def test_single_requests_go_on_beside_a_job(server):
    create_inline(server, *map(str, range(50)))
    assert post_prompt(server, "a red square").status_code == 200


def test_a_gateway_without_a_server_does_jobs_too():
    gateway = OfflineGateway(batch_seconds=0)
    batch = {"inputConfig": {"requests": {"requests": [{"request": row_request("a cat")}]}}}
    body = json.dumps({"batch": batch}).encode()
    answer = gateway.answer("POST", CREATE, {}, body, origin=ORIGIN)
    (said,) = answer.parts
    path = f"/v1beta/{json.loads(said)['name']}"
    told = {}
    while not told.get("done"):
        told = json.loads(b"".join(gateway.answer("GET", path, {}, b"", origin=ORIGIN).pieces()))
    assert told["metadata"]["state"] == "BATCH_STATE_SUCCEEDED"


# Uploads


def test_an_upload_goes_on_where_it_was(server):
    content = rows_of("a").ljust(PIECE + 10)
    address = start_upload(server, len(content), file={"displayName": "mine"})
    assert send_piece(address, "upload", 0, content[:PIECE]).headers["x-goog-upload-status"] == "active"
    assert send_piece(address, "query").headers["x-goog-upload-size-received"] == str(PIECE)
    done = send_piece(address, "upload, finalize", PIECE, content[PIECE:])
    assert done.headers["x-goog-upload-status"] == "final"
    file = done.json()["file"]
    assert (file["sizeBytes"], file["displayName"]) == (str(len(content)), "mine")


@pytest.mark.parametrize(
    ("command", "offset", "length"),
    [
        ("upload", 1, PIECE),
        ("upload", 0, 100),
        ("upload, finalize", 0, 5),
        ("upload", 0, 4 * PIECE),
        ("cancel", 0, 0),
    ],
    ids=["offset", "granularity", "too short", "too long", "command"],
)
def test_a_piece_that_does_not_fit_is_refused(server, command, offset, length):
    address = start_upload(server, 2 * PIECE)
    assert send_piece(address, command, offset, b"x" * length).status_code == 400
    assert send_piece(address, "query").headers["x-goog-upload-size-received"] == "0"


def test_an_upload_of_more_than_2_gb_is_refused(server):
    headers = {"x-goog-upload-command": "start", "x-goog-upload-header-content-length": str(2**31 + 1)}
    answer = OfflineGateway().answer("POST", "/upload/v1beta/files", {}, b"", origin=ORIGIN, headers=headers)
    assert answer.status == 400


def test_what_is_not_there_is_not_found(server):
    assert call(server, "GET", "/v1beta/batches/none").status_code == 404
    assert call(server, "GET", "/v1beta/files/none").status_code == 403
    assert send_piece(f"{server.url}/upload/v1beta/files?upload_id=none", "query").status_code == 404


@pytest.mark.parametrize("path", ["/v1beta/batches", "/v1beta/files", "/upload/v1beta/files"])
def test_a_method_that_means_nothing_is_refused(server, path):
    assert call(server, "DELETE", path).status_code == 405
