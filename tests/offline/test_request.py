"""A request's body is read as Google reads it, in a conversation too, or refused in Google's words."""

from __future__ import annotations

import base64

import pytest

from support.offline import (
    FLASH,
    ask,
    config_body,
    conversation,
    inline,
    near,
    parts,
    picture,
    prompt_body,
    small,
    turn,
)


def test_snake_case_fields_are_read(gateway):
    config = {"response_modalities": ["IMAGE"], "image_config": {"aspect_ratio": "16:9", "image_size": "512"}}
    (part,) = parts(gateway, FLASH, prompt_body(generation_config=config))
    assert picture(part).size == (688, 384)


def test_an_input_picture_is_edited(gateway):
    body = conversation(turn("user", inline(small()), {"text": "make it black and white"}))
    assert near(picture(parts(gateway, FLASH, body)[0]), (76, 76, 76))


def test_input_pictures_may_be_snake_case_and_url_safe_and_unpadded(gateway):
    data = base64.urlsafe_b64encode(small("blue")).decode().rstrip("=")
    part = {"inline_data": {"mime_type": "image/png", "data": data}}
    body = conversation(turn("user", part, {"text": "black and white"}))
    assert near(picture(parts(gateway, FLASH, body)[0]), (29, 29, 29))


@pytest.mark.parametrize(
    "shown",
    [
        inline(small("blue")),
        {"text": f"Here: ![image](data:image/png;base64,{base64.b64encode(small('blue')).decode()})\n"},
    ],
    ids=["inlineData", "data URI"],
)
def test_the_newest_picture_of_the_conversation_is_edited(gateway, shown):
    draft = inline(small("green")) | {"thought": True}
    body = conversation(
        turn("user", inline(small("red")), {"text": "paint it blue"}),
        turn("model", shown, draft),
        turn("user", {"text": "flip it"}),
    )
    assert near(picture(parts(gateway, FLASH, body)[0]), (0, 0, 255))


def test_a_conversation_continues_from_a_hosted_picture(gateway):
    first = parts(gateway, "gemini-2.5-flash-image-preview", prompt_body("blue on a blue background"))
    body = conversation(
        turn("user", {"text": "x"}), turn("model", *first), turn("user", {"text": "black and white"})
    )
    assert near(picture(parts(gateway, FLASH, body)[0]), (29, 29, 29))


def test_only_the_last_user_turn_is_the_prompt(gateway):
    body = conversation(
        turn("user", {"text": "make it blocked by safety"}), turn("user", {"text": "a red square"})
    )
    assert near(picture(parts(gateway, FLASH, body)[0]), (255, 0, 0))


WITHOUT_EFFECT = {
    "search": {"tools": [{"googleSearch": {"searchTypes": {"imageSearch": {}}}}]},
    "search in snake case": {"tools": [{"google_search": {}}]},
    "thinking": {"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}}},
    "system": {"systemInstruction": {"parts": [{"text": "paint a blue circle"}]}},
    "safety": {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}]},
    "settings": {"generationConfig": {"temperature": 0.4, "topK": 4}},
    "nothing": {"tools": None, "systemInstruction": None, "safetySettings": []},
}


@pytest.mark.parametrize("case", WITHOUT_EFFECT)
def test_what_a_painter_has_no_use_for_is_accepted(gateway, case):
    body = prompt_body("a red square on white", **WITHOUT_EFFECT[case])
    assert near(picture(parts(gateway, FLASH, body)[0]), (255, 0, 0))


def test_a_seed_changes_what_the_prompt_leaves_open_and_nothing_else(gateway):
    def painted(prompt, **config):
        image_config = {"imageSize": "512"}
        body = prompt_body(prompt, generationConfig={"imageConfig": image_config, **config})
        return picture(parts(gateway, FLASH, body)[0]).tobytes()

    seeds = ({}, {"seed": 1}, {"seed": 2}, {"seed": 1})
    lakes = [painted("a lake in the mountains", **seed) for seed in seeds]
    assert (len(set(lakes)), lakes[1]) == (3, lakes[3])
    assert len({painted("a red square on white", **seed) for seed in seeds}) == 1


BAD = {
    "no JSON": (b"{", "Invalid JSON"),
    "a list": (b"[]", "Invalid value"),
    "not UTF-8": (b'{"contents": "\xff"}', "Invalid JSON"),
    "too deep": (b"[" * 100_000, "Invalid JSON"),
    "no contents": ({}, "contents is not specified"),
    "contents of another type": ({"contents": 7}, "Invalid value at 'contents'"),
    "content of another type": ({"contents": ["a"]}, "Invalid value at 'contents'"),
    "part of another type": ({"contents": [{"parts": ["a"]}]}, "Invalid value at 'contents.parts'"),
    "text of another type": ({"contents": [{"parts": [{"text": 7}]}]}, "TYPE_STRING"),
    "a role nobody has": ({"contents": [{"role": "judge", "parts": [{"text": "a"}]}]}, "valid role"),
    "nothing said": ({"contents": [{"parts": [{"text": " "}]}]}, "text parameter"),
    "null parts": ({"contents": [{"parts": None}]}, "text parameter"),
    "an aspect ratio": (config_body(imageConfig={"aspectRatio": "5:7"}), "aspect_ratio"),
    "an aspect ratio of another type": (config_body(imageConfig={"aspectRatio": 1}), "aspect_ratio"),
    "an image size": (config_body(imageConfig={"imageSize": "1k"}), "image_size"),
    "an image size of another type": (config_body(imageConfig={"imageSize": ["1K"]}), "image_size"),
    "candidates": (config_body(candidateCount=2), "Multiple candidates"),
    "a modality": (config_body(responseModalities=["VIDEO"]), "modality"),
    "an unknown field": (config_body(imageOutputOptions={}), 'Unknown name "imageOutputOptions"'),
    "an unknown inner field": (
        config_body(imageConfig={"imageOutputOptions": {}}),
        'Unknown name "imageOutputOptions"',
    ),
    "a seed that is a text": (config_body(seed="7"), "seed' (TYPE_INT32)"),
    "a seed that is a truth": (config_body(seed=True), "seed' (TYPE_INT32)"),
    "a seed of 64 bits": (config_body(seed=2**31), "seed' (TYPE_INT32)"),
    "thinking of another type": (config_body(thinkingConfig="high"), "thinking_config"),
    "a system instruction that is a text": (prompt_body(systemInstruction="be brief"), "system_instruction"),
    "tools that are no list": (prompt_body(tools={"googleSearch": {}}), "Invalid value at 'tools'"),
    "safety settings of another type": (prompt_body(safetySettings=["none"]), "'safety_settings'"),
    "a wrong label": (
        conversation(turn("user", inline(small(), "image/jpeg"))),
        "Unable to process input image",
    ),
    "no picture": (conversation(turn("user", inline(b"GIF89a"))), "Unsupported MIME type"),
    "a broken picture": (conversation(turn("user", inline(small()[:40]))), "Unable to process input image"),
    "no base64": (
        conversation(turn("user", {"inlineData": {"mimeType": "image/png", "data": "!"}})),
        "Base64",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_gets_googles_error(gateway, case):
    body, message = BAD[case]
    status, reply = ask(gateway, FLASH, body)
    assert (status, reply["error"]["code"], reply["error"]["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert message in reply["error"]["message"]


@pytest.mark.parametrize(("model", "most"), [("nano-banana", 3), (FLASH, 14), ("someone-elses-model", 14)])
def test_a_model_takes_so_many_pictures_and_no_more(gateway, model, most):
    statuses = [
        ask(gateway, model, conversation(turn("user", *[inline(small())] * count, {"text": "combine"})))[0]
        for count in (most, most + 1)
    ]
    assert statuses == [200, 400]


def test_a_model_without_sizes_takes_none(gateway):
    assert ask(gateway, "nano-banana", config_body(imageConfig={"imageSize": "1K"}))[0] == 400


@pytest.mark.parametrize(("ratio", "status"), [("7:5", 200), ("9:1", 400), ("0:1", 400), ("a:b", 400)])
def test_a_model_that_is_not_known_takes_any_sensible_ratio(gateway, ratio, status):
    body = config_body(imageConfig={"aspectRatio": ratio, "imageSize": "512"}, responseModalities=["IMAGE"])
    assert ask(gateway, "someone-elses-model", body)[0] == status
