"""Batch jobs of the offline server, asked over HTTP as a client without a library would."""

from __future__ import annotations

import json
import time

import httpx

from support.offline import FLASH, IMAGE_ONLY

SMALL = IMAGE_ONLY | {"imageConfig": {"imageSize": "512"}}
KEY = {"x-goog-api-key": "k"}


def row_request(prompt):
    """The body of one request for a small picture."""
    contents = [{"role": "user", "parts": [{"text": prompt}]}]
    return {"contents": contents, "generationConfig": SMALL}


def rows_of(*keys):
    """A JSON Lines file with a row for each key."""
    rows = [{"key": key, "request": row_request(f"a red square, {key}")} for key in keys]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def call(server, method, path, **more):
    """The response to a request with a key."""
    return httpx.request(method, f"{server.url}{path}", headers=KEY, timeout=60, **more)


def create_inline(server, *keys, name="job"):
    """The response to a new job whose rows are in the request."""
    rows = [{"metadata": {"key": key}, "request": row_request(f"a red square, {key}")} for key in keys]
    batch = {"displayName": name, "inputConfig": {"requests": {"requests": rows}}}
    return call(server, "POST", f"/v1beta/models/{FLASH}:batchGenerateContent", json={"batch": batch})


def create_from_file(server, *keys, name="job"):
    """The response to a new job whose rows are in a file."""
    batch = {"displayName": name, "inputConfig": {"fileName": upload(server, rows_of(*keys))}}
    return call(server, "POST", f"/v1beta/models/{FLASH}:batchGenerateContent", json={"batch": batch})


def start_upload(server, size, **more):
    """The address at which an upload of so many bytes goes on."""
    headers = {
        **KEY,
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-length": str(size),
        "x-goog-upload-header-content-type": "application/jsonl",
    }
    answer = httpx.post(f"{server.url}/upload/v1beta/files", headers=headers, json=more, timeout=60)
    assert answer.headers["x-goog-upload-status"] == "active"
    return answer.headers["x-goog-upload-url"]


def send_piece(address, command, offset=None, content=b""):
    """The response to a piece of an upload, or to a query how far it is."""
    offsets = {} if offset is None else {"x-goog-upload-offset": str(offset)}
    headers = {"x-goog-upload-command": command, **offsets}
    return httpx.post(address, headers=headers, content=content, timeout=60)


def upload(server, content):
    """The name of a file that was uploaded in one piece."""
    answer = send_piece(start_upload(server, len(content)), "upload, finalize", 0, content)
    return answer.json()["file"]["name"]


def ended(get, seconds=60):
    """Ask for a job until it has ended; `get` returns google-genai's job, or the API's JSON."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job = get()
        if job.get("done") if isinstance(job, dict) else job.done:
            return job
        time.sleep(0.02)
    raise AssertionError(f"the job has not ended: {job}")


def wait(server, name):
    """A job by its name, once it has ended."""
    return ended(lambda: call(server, "GET", f"/v1beta/{name}").json())


def newest(server):
    """The name of the job that the server lists first; None where it lists none."""
    listed = call(server, "GET", "/v1beta/batches").json()["operations"]
    return listed[0]["name"] if listed else None


def download(server, job):
    """The response with the file of a job's results."""
    name = job["metadata"]["output"]["responsesFile"]
    return call(server, "GET", f"/download/v1beta/{name}:download", params={"alt": "media"})


def results(server, job):
    """The lines of a job's file of results."""
    return [json.loads(line) for line in download(server, job).content.splitlines()]
