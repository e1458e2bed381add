"""Pictures that are at Google already: named to it in `fileData`, and refused in words for anybody else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gemini_nb import ArgumentError, Client, GeneratedImage
from gemini_nb.images import inputs
from support.clients import KEY, OK, client_of
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import b64
from support.shells import a_shell

FILES_API = "https://generativelanguage.googleapis.com/v1beta/files/abc-123"
REFERENCES = {
    "gs://bucket/folder/cat.png": {"mimeType": "image/png", "fileUri": "gs://bucket/folder/cat.png"},
    "gs://bucket/cat.JPEG": {"mimeType": "image/jpeg", "fileUri": "gs://bucket/cat.JPEG"},
    "gs://bucket/cat.heic": {"mimeType": "image/heic", "fileUri": "gs://bucket/cat.heic"},
    "gs://bucket/cat": {"fileUri": "gs://bucket/cat"},
    FILES_API: {"fileUri": FILES_API},
}


def google(gateway, **settings):
    return client_of(gateway.url, provider="google", **settings)


def parts_of(request):
    return request.json["contents"][-1]["parts"][1:]


@pytest.mark.parametrize(("source", "sent"), REFERENCES.items(), ids=REFERENCES)
def test_google_is_given_the_address(source, sent):
    with Gateway(Answer(OK)) as gateway, google(gateway) as client:
        client.generate("a cat", images=[source, png()])
        (post,) = gateway.requests
    assert parts_of(post)[0] == {"fileData": sent}
    assert parts_of(post)[1]["inlineData"]["data"] == b64(png())


def test_a_file_of_google_genai_is_one():
    file = SimpleNamespace(uri=FILES_API, mime_type="image/png", name="files/abc-123")
    with Gateway(Answer(OK)) as gateway, google(gateway) as client:
        client.generate("a cat", images=file)
        assert parts_of(gateway.requests[0]) == [{"fileData": {"fileUri": FILES_API}}]


@pytest.mark.parametrize("source", REFERENCES)
@pytest.mark.parametrize("provider", ["crazyrouter", "offline"])
def test_nobody_else_is(provider, source):
    with Gateway(Answer(OK)) as gateway:
        client = Client(provider, base_url=gateway.url, api_key=KEY)
        with pytest.raises(ArgumentError, match=r"Only Google can read(.|\n)*provider google"):
            client.generate("a cat", images=[source])
        assert gateway.requests == []


@pytest.mark.parametrize(
    "source",
    ["gs://", "gs://b c/x.png", "https://generativelanguage.googleapis.com.evil.example/v1beta/files/a",
     "http://generativelanguage.googleapis.com/v1beta/files/a", FILES_API + "/../x", FILES_API + "?key=a"],
)  # fmt: skip
def test_what_only_looks_like_one_is_none(source):
    assert inputs.find_reference(source) is None


def test_the_address_is_the_request_and_replay_costs_nothing(tmp_path):
    with Gateway(Answer(OK)) as gateway, google(gateway, store=tmp_path / "store") as client:
        client.generate("a cat", images=["gs://bucket/cat.png"])
        assert client.generate("a cat", images=["gs://bucket/cat.png"]).replayed
        assert not client.generate("a cat", images=["gs://bucket/dog"]).replayed
        assert client.generate("a cat", images=["gs://bucket/dog"]).replayed
        assert gateway.posts == 2


def test_a_batch_and_a_chat_name_it_too():
    with Gateway(Answer(OK)) as gateway, google(gateway) as client:
        batch = client.generate_many(iter([client.request("a", images="gs://bucket/cat.png")]))
        chat = client.chat()
        chat.send("a cat", images=["gs://bucket/cat.png"])
        chat.send("at night")
        bodies = [request.json["contents"] for request in gateway.requests]
    assert isinstance(batch.generations[0].image, GeneratedImage)
    named = {"fileData": REFERENCES["gs://bucket/folder/cat.png"] | {"fileUri": "gs://bucket/cat.png"}}
    assert [contents[0]["parts"][1] for contents in bodies] == [named] * 3


def test_a_cell_takes_it_and_its_code_says_it_again(monkeypatch):
    with Gateway(Answer(OK)) as gateway, a_shell(gateway.url) as shell:
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        shell.run("%config GeminiMagics.provider = 'google'")
        assert shell.run("%%gemini_image -i gs://bucket/cat.png\na cat").error is None
        assert "fileData" in parts_of(gateway.requests[0])[0]
        assert 'images=["gs://bucket/cat.png"]' in shell.printed("%gemini code")
