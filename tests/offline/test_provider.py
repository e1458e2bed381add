"""The offline gateway finds models and hosted pictures, and answers Google's error where nothing is."""

from __future__ import annotations

import base64
import io
import json

import pytest
from PIL import Image

from gemini_nb import models
from gemini_nb.offline.provider import HostedImages
from support.offline import FLASH, IMAGE_ONLY, ORIGIN, ask, near, parts, picture, prompt_body
from support.pixels import png


def test_a_hosted_picture_is_served_under_its_link(gateway):
    (part,) = parts(gateway, "gemini-2.5-flash-image-preview", prompt_body(generationConfig=IMAGE_ONLY))
    path = part["text"].removeprefix(f"![Image]({ORIGIN}").removesuffix(")")
    answer = gateway.answer("GET", path, {}, b"", origin=ORIGIN)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.body)).size == (1024, 1024)


def test_the_oldest_hosted_pictures_are_forgotten(monkeypatch):
    monkeypatch.setattr(HostedImages, "MAX_PICTURES", 2)
    hosted = HostedImages()
    for name in "abc":
        hosted.add(name, b"1")
    assert [hosted.find(name) for name in "abc"] == [None, b"1", b"1"]


def test_hosted_pictures_are_bounded_in_bytes_and_the_newest_is_kept(monkeypatch):
    monkeypatch.setattr(HostedImages, "MAX_BYTES", 10)
    hosted = HostedImages()
    for name in "ab":
        hosted.add(name, b"12345678")
    assert [hosted.find(name) for name in "ab"] == [None, b"12345678"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1beta/models/:generateContent", 404),
        ("POST", "/v1beta/models/%20:generateContent", 404),
        ("POST", "/v1beta/models/a%2Fb:generateContent", 404),
        ("POST", f"/v1beta/models/{FLASH}:countTokens", 404),
        ("POST", "/v1/images/generations", 404),
        ("GET", "/v1beta/models/nobody", 404),
        ("GET", f"/images/{'0' * 64}.png", 404),
        ("GET", "/images/../../etc/passwd", 404),
        ("GET", "/", 404),
        ("DELETE", "/v1beta/models", 405),
    ],
)
def test_what_is_not_there_is_googles_error(gateway, method, path, status):
    answer = gateway.answer(method, path, {}, b"{}", origin=ORIGIN)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (status, status)


def test_models_are_listed_and_described(gateway):
    listed = json.loads(gateway.answer("GET", "/v1beta/models", {}, b"", origin=ORIGIN).body)["models"]
    assert [entry["name"] for entry in listed] == [f"models/{row.id}" for row in models.CATALOGUE]
    one = gateway.answer("GET", f"/v1beta/models/{FLASH}", {}, b"", origin=ORIGIN)
    assert json.loads(one.body) == listed[0]
    assert listed[0]["supportedGenerationMethods"] == ["generateContent", "batchGenerateContent"]


def test_a_picture_that_was_painted_here_is_known_when_it_comes_back(gateway):
    def edit(picture):
        turn = {"role": "user", "parts": [picture, {"text": "remove the square"}]}
        _, reply = ask(gateway, FLASH, {"contents": [turn], "generationConfig": IMAGE_ONLY})
        return reply["candidates"][0]

    (part,) = parts(gateway, FLASH, prompt_body("a red square on white", generationConfig=IMAGE_ONLY))
    known = edit({"inlineData": part["inlineData"]})
    assert "finishMessage" not in known
    assert near(picture(known["content"]["parts"][0]), (255, 255, 255))
    data = base64.b64encode(png(picture(part))).decode()
    unknown = edit({"inlineData": {"mimeType": "image/png", "data": data}})
    assert unknown["finishMessage"] == "Offline painter left out: remove square"


def test_models_differ_in_what_a_prompt_leaves_open_and_only_there(gateway):
    def painted(model, prompt):
        return picture(parts(gateway, model, prompt_body(prompt, generationConfig=IMAGE_ONLY))[0]).tobytes()

    both = (FLASH, "gemini-3.1-flash-lite-image")
    assert len({painted(model, "mountains at sunset") for model in both}) == 2
    assert len({painted(model, "a red square on white") for model in both}) == 1
