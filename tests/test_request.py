from __future__ import annotations

import json

import pytest

from gemini_nb import ArgumentError, GeminiWarning, ImageRequest
from gemini_nb.images.inputs import InputImage
from support.images import png

PICTURE = InputImage(png(), "image/png")


def test_a_plain_request_is_the_documented_body():
    assert ImageRequest("a red square").body == {
        "contents": [{"role": "user", "parts": [{"text": "a red square"}]}],
        "generationConfig": {"responseModalities": ["IMAGE"]},
    }


def test_settings_take_the_apis_own_names():
    config = ImageRequest("x", aspect_ratio="16:9", image_size="2k", text=True).body["generationConfig"]
    assert config == {
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
    }


def test_input_images_follow_the_prompt_with_the_type_of_their_bytes():
    parts = ImageRequest("x", images=(PICTURE,)).body["contents"][0]["parts"]
    assert parts[0] == {"text": "x"}
    assert parts[1]["inlineData"]["mimeType"] == "image/png"


def test_config_and_extra_are_merged_and_win():
    body = ImageRequest(
        "x",
        aspect_ratio="1:1",
        config={"temperature": 0.5, "imageConfig": {"imageSize": "4K"}},
        extra={"tools": [{"googleSearch": {}}]},
    ).body
    assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "1:1", "imageSize": "4K"}
    assert body["generationConfig"]["temperature"] == 0.5
    assert body["tools"] == [{"googleSearch": {}}]


@pytest.mark.parametrize(
    ("alias", "model"),
    [
        ("nano-banana", "gemini-2.5-flash-image"),
        ("nano-banana-2", "gemini-3.1-flash-image-preview"),
        ("nano-banana-pro", "gemini-3-pro-image-preview"),
        ("models/gemini-3-pro-image", "gemini-3-pro-image"),
    ],
)
@pytest.mark.filterwarnings("ignore:Crazyrouter had the billing")
def test_an_alias_is_its_model(alias, model):
    assert ImageRequest("x", model=alias).model == model


SAME = ImageRequest("x", aspect_ratio="1:1", images=(PICTURE,))
OTHERS = {
    "prompt": ImageRequest("y", aspect_ratio="1:1", images=(PICTURE,)),
    "model": ImageRequest("x", aspect_ratio="1:1", images=(PICTURE,), model="nano-banana-pro"),
    "aspect ratio": ImageRequest("x", aspect_ratio="3:2", images=(PICTURE,)),
    "input image": ImageRequest("x", aspect_ratio="1:1", images=(InputImage(png(5, 5), "image/png"),)),
    "take": ImageRequest("x", aspect_ratio="1:1", images=(PICTURE,), take=1),
    "config": ImageRequest("x", aspect_ratio="1:1", images=(PICTURE,), config={"seed": 1}),
}


@pytest.mark.parametrize("change", OTHERS)
def test_the_digest_covers(change):
    assert OTHERS[change].digest != SAME.digest


def test_the_digest_is_the_same_for_the_same_request():
    again = ImageRequest("x", aspect_ratio="1:1", images=(PICTURE,), model="nano-banana-2")
    assert again.digest == SAME.digest


BAD = {
    "empty": {"prompt": ""},
    "blank": {"prompt": " \n\t"},
    "no text": {"prompt": 7},
    "no model": {"model": ""},
    "model with a query": {"model": "m?key=1"},
    "model that climbs": {"model": "../../v1/files"},
    "malformed ratio": {"aspect_ratio": "16x9"},
    "ratio of nothing": {"aspect_ratio": "0:1"},
    "malformed size": {"image_size": "big"},
    "negative take": {"take": -1},
    "contents in extra": {"extra": {"contents": []}},
    "too many images": {"images": (PICTURE,) * 15},
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_argument_is_a_clear_error(case):
    with pytest.raises(ArgumentError) as caught:
        ImageRequest(**{"prompt": "x", **BAD[case]})
    assert len(str(caught.value).splitlines()) <= 3


def test_what_is_no_json_is_a_clear_error():
    with pytest.raises(ArgumentError, match="not JSON"):
        ImageRequest("x", config={"temperature": float("nan")}).encode()


@pytest.mark.parametrize(
    "settings", [{"model": "gemini-9-image"}, {"image_size": "8K"}, {"aspect_ratio": "7:5"}]
)
def test_what_the_catalogue_does_not_know_is_passed_on_with_a_warning(settings):
    with pytest.warns(GeminiWarning, match="passed on"):
        request = ImageRequest("x", **settings)
    assert next(iter(settings.values())) in f"{request.model} {json.dumps(request.body)}"


def four_requests(change):
    """The loop that anybody writes: one dict, changed for each request."""
    settings = {"seed": 0, "imageConfig": {"imageSize": "1K"}, "stop": [{"n": 0}]}
    for seed in range(4):
        change(settings, seed)
        yield ImageRequest("x", config=settings, extra={"labels": settings})


CHANGES = {
    "a value": lambda settings, seed: settings.update(seed=seed),
    "a value further in": lambda settings, seed: settings["imageConfig"].update(imageSize=f"{seed}K"),
    "a dict in a list": lambda settings, seed: settings["stop"][0].update(n=seed),
    "a longer list": lambda settings, seed: settings["stop"].append(seed),
}


@pytest.mark.parametrize("change", CHANGES)
def test_requests_through_one_dict_are_as_many_requests(change):
    requests = list(four_requests(CHANGES[change]))
    assert len({request.digest for request in requests}) == 4
    assert len({request.encode() for request in requests}) == 4


def test_what_a_caller_changes_later_changes_no_request():
    turn = {"role": "user", "parts": [{"text": "a house"}]}
    config, extra, images = {"a": {"b": 1}}, {"tools": [{}]}, [PICTURE]
    request = ImageRequest("x", config=config, extra=extra, images=images, history=(turn,))
    before, digest = request.encode(), request.digest
    config["a"]["b"], turn["parts"][0]["text"] = 2, "another"
    extra["tools"].append({})
    images.clear()
    assert request.encode() == before
    assert ImageRequest("x", config={"a": {"b": 1}}, extra={"tools": [{}]}).config == request.config
    assert request.digest == digest


def test_settings_that_hold_themselves_are_a_clear_error():
    config = {}
    config["again"] = config
    with pytest.raises(ArgumentError, match="not JSON"):
        ImageRequest("x", config=config).encode()


@pytest.mark.parametrize("settings", ["seed=1", 7, [1]])
def test_settings_that_are_no_dict_are_a_clear_error(settings):
    with pytest.raises(ArgumentError, match="config must be a dict"):
        ImageRequest("x", config=settings)


def test_no_settings_may_be_written_as_none():
    assert ImageRequest("x", config=None, extra=None).digest == ImageRequest("x").digest
