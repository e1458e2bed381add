"""A job is answered in the shape that its model was last seen to send, with the parts it asks for."""

from __future__ import annotations

import pytest

from support.offline import FLASH, IMAGE_ONLY, ORIGIN, ask, near, parts, picture, prompt_body


@pytest.mark.parametrize("model", ["nano-banana-2", FLASH, "gemini-3-pro-image", "someone-elses-model"])
def test_inline_data_is_the_shape_of_a_model_that_was_seen_to_send_it_or_never_seen(gateway, model):
    (part,) = parts(gateway, model, prompt_body(generationConfig=IMAGE_ONLY))
    assert part["inlineData"]["mimeType"] == "image/jpeg"
    assert picture(part).format == "JPEG"
    assert near(picture(part), (255, 0, 0))


@pytest.mark.parametrize(
    ("model", "start"),
    [
        ("gemini-3-pro-image-preview", "![image](data:image/jpeg;base64,/9j/"),
        ("nano-banana-pro", "![image](data:image/jpeg;base64,/9j/"),
        ("gemini-2.5-flash-image", "![image](data:image/png;base64,iVBOR"),
        ("gemini-2.5-flash-image-preview", f"![Image]({ORIGIN}/images/"),
    ],
)
def test_markdown_is_the_shape_of_the_models_that_were_seen_to_send_it(gateway, model, start):
    (part,) = parts(gateway, model, prompt_body(generationConfig=IMAGE_ONLY))
    assert part["text"].startswith(start)
    assert part["text"].endswith(")")


@pytest.mark.parametrize(
    ("modalities", "kinds"),
    [
        (["IMAGE"], ["inlineData"]),
        (["TEXT", "IMAGE"], ["inlineData", "text"]),
        (["TEXT"], ["text"]),
        (None, ["inlineData", "text"]),
    ],
)
def test_modalities_choose_the_parts(gateway, modalities, kinds):
    found = parts(gateway, FLASH, prompt_body(generationConfig={"responseModalities": modalities}))
    assert [next(kind for kind in ("inlineData", "text") if kind in part) for part in found] == kinds


def test_gemini_3_signs_its_pictures_and_2_5_does_not(gateway):
    signed = [
        "thoughtSignature" in parts(gateway, name, prompt_body(generationConfig=IMAGE_ONLY))[0]
        for name in (FLASH, "gemini-2.5-something-new")
    ]
    assert signed == [True, False]


def test_the_documented_phrase_is_refused_as_a_policy_would(gateway):
    status, reply = ask(gateway, FLASH, prompt_body("Something Blocked by Safety"))
    assert (status, reply["promptFeedback"]) == (200, {"blockReason": "SAFETY"})
    assert "candidates" not in reply


@pytest.mark.parametrize("config", [IMAGE_ONLY, {}], ids=["image", "text and image"])
@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("a horse, in watercolor", "Offline painter left out: horse, watercolor"),
        ("a red square on white", None),
    ],
)
def test_what_is_left_out_is_said_where_the_api_says_how_it_ended(gateway, config, prompt, message):
    _, reply = ask(gateway, FLASH, prompt_body(prompt, generationConfig=config))
    (candidate,) = reply["candidates"]
    assert (candidate["finishReason"], candidate.get("finishMessage")) == ("STOP", message)
