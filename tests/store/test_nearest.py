from __future__ import annotations

from dataclasses import replace

import pytest

from gemini_nb.images.inputs import InputImage
from gemini_nb.request import ImageRequest
from gemini_nb.store import nearest
from support.generations import answer
from support.images import png

ASKED = ImageRequest("a red square on white", model="gemini-3-pro-image", aspect_ratio="1:1")


MODELS = "model: gemini-3.1-flash-image, stored gemini-3-pro-image"


NEAREST = {
    "model": (replace(ASKED, model="gemini-3.1-flash-image"), (MODELS,)),
    "aspect ratio": (replace(ASKED, aspect_ratio="16:9"), ("aspect ratio: 16:9, stored 1:1",)),
    "image size": (replace(ASKED, image_size="2K"), ("image size: 2K, stored none",)),
    "take": (replace(ASKED, take=2), ("take: 2, stored 0",)),
    "settings": (replace(ASKED, text=True), ("settings",)),
    "seed": (replace(ASKED, seed=7), ("seed: 7, stored none",)),
    "options": (
        replace(ASKED, search="web", system="Be brief."),
        ("search: web, stored none", "system: Be brief., stored none"),
    ),
    "a setting": (replace(ASKED, config={"topK": 4}), ("settings",)),
    "input image": (
        replace(ASKED, images=(InputImage(png(), "image/png"),)),
        ("input image: 1 given, stored with 0",),
    ),
    "prompt": (
        replace(ASKED, prompt="a red square on grey"),
        ("prompt: …'ed square on grey', stored …'ed square on white'",),
    ),
    "two": (
        replace(ASKED, take=1, image_size="4K"),
        ("image size: 4K, stored none", "take: 1, stored 0"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "differences"), NEAREST.values(), ids=NEAREST)
def test_the_nearest_record_is_named_with_what_differs(store, request_, differences):
    store.keep(answer("quite another picture"))
    store.keep(answer(ASKED))
    found, told = nearest.find(request_, store.records())
    assert (found.digest, told) == (ASKED.digest, differences)


def test_another_input_image_of_the_same_number_is_a_difference(store):
    store.keep(answer(replace(ASKED, images=(InputImage(png(1, 1), "image/png"),))))
    asked = replace(ASKED, images=(InputImage(png(2, 2), "image/png"),))
    assert nearest.find(asked, store.records())[1] == ("input image",)


def test_a_request_whose_picture_was_damaged_is_told_so(store):
    store.keep(answer(ASKED))
    next((store.folder / "images").iterdir()).unlink()
    assert nearest.find(ASKED, store.records())[1] == ("its picture is missing or was altered",)


def test_what_differs_fits_a_message_whatever_the_prompts(store):
    store.keep(answer("\n\x1b[31m\u202e" * 100_000))
    _, (told,) = nearest.find(ImageRequest("\x00" * 300_000), store.records())
    assert len(told) < 600
    assert told.isprintable()
