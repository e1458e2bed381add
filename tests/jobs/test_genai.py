"""The same requests become the same job, whether google-genai sends them or we do; each reads the other's."""

from __future__ import annotations

import io
import json

import pytest
from google import genai
from google.genai import types

from gemini_nb import Client
from gemini_nb.offline.server import OfflineServer
from support.batches import ended
from support.gateway import Answer, Gateway
from support.images import png
from support.offline import FLASH

PROMPTS = ["a red square", "Łódź at night"]
PICTURE = png(6, 6)
FAILED = {
    "name": "batches/one",
    "done": True,
    "metadata": {"state": "BATCH_STATE_FAILED"},
    "error": {"code": 13, "message": "An internal error has occurred."},
}
OPTIONS = {"model": FLASH, "aspect_ratio": "16:9", "image_size": "2K", "system": "Paint in oil.", "seed": 7}
CONFIG = types.GenerateContentConfig(
    response_modalities=["IMAGE"],
    image_config=types.ImageConfig(aspect_ratio="16:9", image_size="2K"),
    system_instruction=types.Content(parts=[types.Part(text="Paint in oil.")]),
    seed=7,
)


@pytest.fixture
def gateway():
    with Gateway(Answer(FAILED)) as gateway:
        gateway.files |= {
            "/v1beta/batches": Answer({}),
            "/v1beta/batches/one": Answer(FAILED),
        }
        yield gateway


def google(url):
    return genai.Client(api_key="k", http_options={"base_url": url, "api_version": "v1beta"})


def send_ours(gateway, folder, images=()):
    with Client("google", api_key="k", base_url=gateway.url, store=folder / "store") as client:
        client.generate_many(PROMPTS, tier="batch", images=images, **OPTIONS)
        return [client.request(prompt, images=images, **OPTIONS) for prompt in PROMPTS]


def posted(gateway):
    """The creations that came: path and body. google-genai writes one name of a picture as `mime_type`."""
    posts = [request for request in gateway.requests if request.method == "POST"]
    return [(post.path, json.loads(post.body.replace(b'"mime_type"', b'"mimeType"'))) for post in posts]


@pytest.mark.parametrize("images", [(), (PICTURE,)], ids=["words", "with a picture"])
def test_both_clients_send_the_same_job(gateway, tmp_path, images):
    requests = send_ours(gateway, tmp_path, images)
    ((path, ours),) = posted(gateway)
    pictures = [types.Part.from_bytes(data=data, mime_type="image/png") for data in images]
    rows = [
        types.InlinedRequest(
            contents=types.Content(role="user", parts=[types.Part(text=request.prompt), *pictures]),
            config=CONFIG,
            metadata={"key": request.digest},
        )
        for request in requests
    ]
    with google(gateway.url) as theirs:
        theirs.batches.create(model=FLASH, src=rows, config={"display_name": ours["batch"]["displayName"]})
    assert posted(gateway)[1] == (path, ours)


def test_a_rows_request_is_the_body_of_a_single_request(gateway, tmp_path):
    requests = send_ours(gateway, tmp_path)
    ((_, ours),) = posted(gateway)
    rows = ours["batch"]["inputConfig"]["requests"]["requests"]
    assert [row["request"] for row in rows] == [request.body for request in requests]
    assert [row["metadata"]["key"] for row in rows] == [request.digest for request in requests]


def test_each_finds_and_reads_the_job_of_the_other(tmp_path):
    with OfflineServer(batch_seconds=0) as server, google(server.url) as theirs:
        client = Client("google", api_key="k", base_url=server.url, store=tmp_path / "store")
        made = client.generate_many(PROMPTS, tier="batch", model=FLASH, image_size="512").generations
        (listed,) = theirs.batches.list()
        answers = theirs.batches.get(name=listed.name).dest.inlined_responses
        pictures = [answer.response.parts[0].inline_data.data for answer in answers]
        assert pictures == [one.image.data for one in made]
        assert [answer.metadata["key"] for answer in answers] == [one.digest for one in made]


def test_the_file_of_a_large_job_is_what_google_genai_uploads(tmp_path):
    """More rows than go into a body: a line of the file is read by google-genai as it is by us."""
    prompts = [f"{number} boats" for number in range(101)]
    with OfflineServer(batch_seconds=0) as server, google(server.url) as theirs:
        client = Client("google", api_key="k", base_url=server.url, store=tmp_path / "store")
        made = client.generate_many(prompts, tier="batch", model=FLASH, image_size="512").generations
        lines = [json.dumps({"key": one.digest, "request": one.request.body}) for one in made[:3]]
        (listed,) = theirs.batches.list()
        ours = theirs.files.download(file=listed.dest.file_name)
        file = theirs.files.upload(
            file=io.BytesIO("\n".join(lines).encode()), config={"mime_type": "application/jsonl"}
        )
        job = theirs.batches.create(model=FLASH, src=file.name)
        done = ended(lambda: theirs.batches.get(name=job.name))
        again = theirs.files.download(file=done.dest.file_name)
        assert pictures_of(again).items() <= pictures_of(ours).items()
        assert len(server.batches.created) == 2


def pictures_of(results):
    """The picture of each row of a file of results, by its key."""
    rows = [json.loads(line) for line in results.splitlines()]
    return {
        row["key"]: row["response"]["candidates"][0]["content"]["parts"][0]["inlineData"]["data"]
        for row in rows
    }
