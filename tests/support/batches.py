"""Batch jobs of the offline server: the rows of one, and its end."""

from __future__ import annotations

import json
import time

from support.offline import IMAGE_ONLY

SMALL = IMAGE_ONLY | {"imageConfig": {"imageSize": "512"}}


def row_request(prompt):
    """The body of one request for a small picture."""
    contents = [{"role": "user", "parts": [{"text": prompt}]}]
    return {"contents": contents, "generationConfig": SMALL}


def rows_of(*keys):
    """A JSON Lines file with a row for each key."""
    rows = [{"key": key, "request": row_request(f"a red square, {key}")} for key in keys]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def ended(get, seconds=60):
    """Ask for a job until it has ended; `get` may return google-genai's job or its JSON."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job = get()
        if job["done"] if isinstance(job, dict) and "done" in job else getattr(job, "done", False):
            return job
        time.sleep(0.02)
    raise AssertionError(f"the job has not ended: {job}")
