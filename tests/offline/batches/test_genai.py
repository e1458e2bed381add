"""google-genai's own `client.batches` and `client.files` work against the imitation."""

from __future__ import annotations

import io
import json

import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from gemini_nb.offline.server import OfflineServer
from support.batches import ended, rows_of
from support.offline import FLASH

SIZE = types.GenerateContentConfig(
    response_modalities=["IMAGE"], image_config=types.ImageConfig(image_size="512")
)


@pytest.fixture(scope="module")
def server():
    with OfflineServer(batch_seconds=0.05) as running:
        yield running


@pytest.fixture
def client(server):
    with genai.Client(api_key="any", http_options={"base_url": server.url}) as client:
        yield client


def inline_rows(*keys):
    return [
        types.InlinedRequest(contents=f"a red square, {key}", config=SIZE, metadata={"key": key})
        for key in keys
    ]


def upload(client, *keys):
    config = {"mime_type": "application/jsonl", "display_name": "rows"}
    return client.files.upload(file=io.BytesIO(rows_of(*keys)), config=config)


def is_picture(response):
    (data,) = [part.inline_data.data for part in response.parts]
    return Image.open(io.BytesIO(data)).size == (512, 512)


def test_inline_requests_become_inline_responses_in_their_order(client):
    job = client.batches.create(model=FLASH, src=inline_rows("a", "b"), config={"display_name": "two"})
    assert (job.display_name, job.model) == ("two", f"models/{FLASH}")
    done = ended(lambda: client.batches.get(name=job.name))
    assert done.state == types.JobState.JOB_STATE_SUCCEEDED
    assert done.end_time >= done.create_time
    responses = done.dest.inlined_responses
    assert [response.metadata["key"] for response in responses] == ["a", "b"]
    assert all(is_picture(response.response) for response in responses)


def test_an_uploaded_file_becomes_a_file_of_results(client):
    file = upload(client, "a", "b", "c")
    job = client.batches.create(model=FLASH, src=file.name, config={"display_name": "three"})
    done = ended(lambda: client.batches.get(name=job.name))
    lines = client.files.download(file=done.dest.file_name).splitlines()
    assert [json.loads(line)["key"] for line in lines] == ["a", "b", "c"]
    assert all(is_picture(types.GenerateContentResponse(**json.loads(line)["response"])) for line in lines)


def test_jobs_are_listed_the_newest_first_page_by_page(client):
    names = [client.batches.create(model=FLASH, src=inline_rows("a")).name for _ in range(3)]
    listed = [job.name for job in client.batches.list(config={"page_size": 2})]
    assert listed[:3] == names[::-1]


def test_a_job_can_be_cancelled_and_deleted():
    with (
        OfflineServer(batch_seconds=600) as server,
        genai.Client(api_key="any", http_options={"base_url": server.url}) as client,
    ):
        job = client.batches.create(model=FLASH, src=inline_rows("a"))
        client.batches.cancel(name=job.name)
        done = ended(lambda: client.batches.get(name=job.name))
        assert done.state == types.JobState.JOB_STATE_CANCELLED
        client.batches.delete(name=job.name)
        with pytest.raises(errors.ClientError, match="404"):
            client.batches.get(name=job.name)


def test_a_file_is_described_listed_and_deleted(client):
    file = upload(client, "a")
    assert (file.mime_type, file.display_name, file.state) == ("application/jsonl", "rows", "ACTIVE")
    assert file.size_bytes == len(rows_of("a"))
    assert file.name in [listed.name for listed in client.files.list(config={"page_size": 1})]
    client.files.delete(name=file.name)
    with pytest.raises(errors.ClientError, match="403"):
        client.files.get(name=file.name)


def test_a_file_of_several_pieces_arrives_whole(client, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\n" * (8 * 2**20 + 1) + rows_of("a"))  # google-genai sends pieces of 8 MiB
    file = client.files.upload(file=path, config={"mime_type": "application/jsonl"})
    assert file.size_bytes == path.stat().st_size


def test_an_uploaded_file_cannot_be_downloaded(client):
    file = upload(client, "a")
    with pytest.raises(errors.ClientError, match="Only generated files"):
        client.files.download(file=file.name)
