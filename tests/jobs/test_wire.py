"""google-genai's own client and ours create equal jobs of equal requests, and read each other's."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from google import genai
from google.genai import types

from gemini_nb import ImageRequest
from gemini_nb.jobs import wire
from gemini_nb.jobs.results import read_row
from gemini_nb.offline.server import OfflineServer
from support.jobs import SMALL, generate, make_client, prompts

MODEL = SMALL["model"]
CONFIG = types.GenerateContentConfig(
    response_modalities=["IMAGE"], image_config=types.ImageConfig(image_size="512")
)


class Recorder(BaseHTTPRequestHandler):
    """Accepts every job, and notes what was sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((self.path, json.loads(body)))
        answer = json.dumps({"name": "batches/1", "metadata": {"state": "BATCH_STATE_PENDING"}}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_words):
        """Say nothing."""


@contextmanager
def recorder():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def their_body(source, name):
    with recorder() as (server, url), genai.Client(api_key="k", http_options={"base_url": url}) as client:
        client.batches.create(model=MODEL, src=source, config={"display_name": name})
        ((path, body),) = server.seen
        assert re.fullmatch(rf"/v1(beta)?/models/{MODEL}:batchGenerateContent", path)
        return body


def our_lines(count):
    requests = [ImageRequest(prompt, provider="google", **SMALL) for prompt in prompts(count)]
    return [wire.encode_row(request.digest, request.encode()) for request in requests]


def test_a_job_with_its_rows_in_the_body_is_theirs_byte_for_byte_as_json():
    keys = [json.loads(line)["key"] for line in our_lines(3)]
    rows = [
        types.InlinedRequest(contents=prompt, config=CONFIG, metadata={"key": key})
        for prompt, key in zip(prompts(3), keys, strict=True)
    ]
    assert json.loads(wire.inline_body("a name", our_lines(3))) == their_body(rows, "a name")


def test_a_job_of_an_uploaded_file_is_theirs():
    assert json.loads(wire.file_body("a name", "files/abc")) == their_body("files/abc", "a name")


def test_a_line_of_a_file_holds_the_body_of_the_single_request():
    request = ImageRequest("a red square", provider="google", **SMALL)
    line = wire.encode_row(request.digest, request.encode())
    assert json.loads(line) == {"key": request.digest, "request": request.body}
    assert request.encode() in line


def test_they_read_the_job_that_we_have_sent(tmp_path):
    with OfflineServer(batch_seconds=0.05) as server:
        client = make_client(server, tmp_path)
        generate(client, 3)
        record = client.jobs().list()[0]
        with genai.Client(api_key="k", http_options={"base_url": server.url}) as theirs:
            job = theirs.batches.get(name=record.job)
    assert (job.display_name, job.state) == (record.name, types.JobState.JOB_STATE_SUCCEEDED)
    assert len(job.dest.inlined_responses) == 3


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"])
def test_states_are_read_as_they_read_them(state):
    operation = {"name": "batches/1", "metadata": {"state": f"BATCH_STATE_{state}"}}
    assert wire.read_status(operation).state == state
    assert types.JobState(f"JOB_STATE_{state}")


def test_counts_come_as_text_and_as_numbers():
    stats = {"requestCount": "10", "successfulRequestCount": 7, "failedRequestCount": "nonsense"}
    status = wire.read_status({"name": "batches/1", "metadata": {"batchStats": stats}})
    assert status.counts == wire.Counts(rows=10, made=7, failed=0)


@pytest.mark.parametrize("name", [None, "batches/", "batches/../x", "models/x", "batches/a?key=b"])
def test_an_operation_without_the_name_of_a_job_is_none(name):
    assert wire.read_status({"name": name}) is None


def test_a_row_of_results_is_read_with_its_key_in_either_place():
    for line in (b'{"key":"a","response":{"x":1}}', b'{"metadata":{"key":"a"},"response":{"x":1}}'):
        row = read_row(line)
        assert (row.key, json.loads(row.reply)) == ("a", {"x": 1})
    assert read_row(b'{"key":"a","error":{"code":13}}').error == {"code": 13}
    assert read_row(b'{"key":').line == b'{"key":'
