"""What a reply cost by its own usage: tokens of each kind, searches, pictures that a gateway leaves out."""

from __future__ import annotations

import json

import pytest

from gemini_nb.generation import Grounding
from gemini_nb.models.usage import price_usage
from support.generations import answer
from support.paths import ROOT
from support.replies import read_raw

RECORDED = ROOT.parent / "shared" / "recorded"
FLASH, PRO, NANO = "gemini-3.1-flash-image-preview", "nano-banana-pro", "gemini-nano-banana-2.1"
USAGES = {
    "words": (FLASH, {"promptTokenCount": 500, "candidatesTokenCount": 250}, 0.001),
    "another model": (PRO, {"promptTokenCount": 500, "candidatesTokenCount": 250}, 0.004),
    "a prompt that was blocked": (FLASH, {"promptTokenCount": 1000, "totalTokenCount": 1000}, 0.0005),
    "thoughts": (
        FLASH, {"promptTokenCount": 0, "candidatesTokenCount": 0, "thoughtsTokenCount": 1000}, 0.003,
    ),
    "thoughts in the total": (
        FLASH, {"promptTokenCount": 1000, "thoughtsTokenCount": 1000, "totalTokenCount": 3000}, 0.0065,
    ),
    "tools": (
        FLASH, {"promptTokenCount": 500, "toolUsePromptTokenCount": 500, "candidatesTokenCount": 0}, 0.0005,
    ),
    "a picture that was held back": (
        FLASH,
        {
            "promptTokenCount": 0,
            "candidatesTokenCount": 1220,
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}, None, {}],
        },
        0.0675,
    ),
    "more pictures than output": (
        FLASH,
        {
            "promptTokenCount": 0,
            "candidatesTokenCount": 100,
            "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 10**12}],
        },
        0.006,
    ),
    "OpenAI's words": (FLASH, {"prompt_tokens": 500, "completion_tokens": 250}, 0.001),
    "a gateway's words": (FLASH, {"prompt_token_count": 500, "candidates_token_count": 250}, 0.001),
    "nothing at all": (FLASH, {"promptTokenCount": 0, "candidatesTokenCount": 0}, 0.0),
}  # fmt: skip
UNKNOWN = {
    "no usage": (FLASH, {}),
    "an unknown model": ("somebody/elses", {"promptTokenCount": 500, "candidatesTokenCount": 250}),
    "no output": (FLASH, {"promptTokenCount": 500}),
    "no prompt": (FLASH, {"candidatesTokenCount": 500}),
    "text": (FLASH, {"promptTokenCount": "500", "candidatesTokenCount": 250}),
    "below nothing": (FLASH, {"promptTokenCount": -500, "candidatesTokenCount": 250}),
    "true": (FLASH, {"promptTokenCount": True, "candidatesTokenCount": 250}),
    "a number without end": (FLASH, {"promptTokenCount": 10**400, "candidatesTokenCount": 250}),
    "null": (FLASH, {"promptTokenCount": None, "candidatesTokenCount": None}),
}


@pytest.mark.parametrize("case", USAGES)
def test_a_reply_without_a_picture_costs_what_its_usage_says(case):
    model, usage, dollars = USAGES[case]
    assert price_usage(model, usage) == pytest.approx(dollars)


@pytest.mark.parametrize("case", UNKNOWN)
def test_promise_5_a_usage_that_does_not_say_is_unknown_and_never_0(case):
    assert price_usage(*UNKNOWN[case]) is None


IMAGE_1120 = {"candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}]}
# List prices of a million tokens: input 1.50, text and thinking 7.50, pictures 30; of 1,000 searches 14.
WITH_PICTURES = {
    "a picture alone": ({"promptTokenCount": 0, "candidatesTokenCount": 1120, **IMAGE_1120}, {}, 0.0336),
    "words beside it": ({"promptTokenCount": 0, "candidatesTokenCount": 1220, **IMAGE_1120}, {}, 0.03435),
    "thinking": (
        {"promptTokenCount": 1000, "candidatesTokenCount": 1120, "thoughtsTokenCount": 900, **IMAGE_1120},
        {},
        0.04185,
    ),
    "three searches": (
        {"promptTokenCount": 0, "candidatesTokenCount": 1120, **IMAGE_1120}, {"queries": 3}, 0.0756,
    ),
    "input pictures": ({"promptTokenCount": 2064, "candidatesTokenCount": 1120, **IMAGE_1120}, {}, 0.036696),
    "a picture that is not listed": ({"promptTokenCount": 0, "candidatesTokenCount": 1220}, {}, 0.03435),
    "a picture that is not counted": ({"promptTokenCount": 0, "candidatesTokenCount": 100}, {}, 0.03435),
    "two pictures that are not listed": (
        {"promptTokenCount": 0, "candidatesTokenCount": 2240}, {"pictures": 2}, 0.0672,
    ),
    "a large picture that is not listed": (
        {"promptTokenCount": 0, "candidatesTokenCount": 3780}, {"image_size": "4K"}, 0.1134,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WITH_PICTURES)
def test_a_reply_with_pictures_costs_what_its_usage_says(case):
    usage, facts, dollars = WITH_PICTURES[case]
    assert price_usage(NANO, usage, **{"pictures": 1, **facts}) == pytest.approx(dollars)


def test_promise_5_searches_at_an_unknown_price_are_unknown():
    usage = {"promptTokenCount": 0, "candidatesTokenCount": 1120, **IMAGE_1120}
    assert price_usage("gemini-3.1-flash-lite-image", usage, pictures=1) == pytest.approx(0.0336)
    assert price_usage("gemini-3.1-flash-lite-image", usage, pictures=1, queries=1) is None


def test_an_answer_costs_what_it_says_or_else_what_such_a_picture_does():
    usage = {"promptTokenCount": 0, "candidatesTokenCount": 1120, "thoughtsTokenCount": 1000, **IMAGE_1120}
    plain, thinking = answer(), answer(usage=usage)
    assert plain.estimated_cost == plain.request.estimated_cost == 0.067
    assert thinking.estimated_cost == pytest.approx(0.0672 + 0.003)
    searched = answer(usage=usage, grounding=Grounding(("a", "b")))
    assert searched.estimated_cost == pytest.approx(thinking.estimated_cost + 0.028)
    assert answer(usage=usage, provider="offline").estimated_cost == 0


RECORDED_PRICES = {
    "google-2.5-flash-jpeg.json": ("gemini-2.5-flash-image", 0.039),
    "google-2.5-flash-text-then-png.json": ("gemini-2.5-flash-image", 0.039),
    "google-3.1-flash-lite-signed-jpeg.json": ("gemini-3.1-flash-lite-image", 0.034),
}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded replies are not beside the checkout")
@pytest.mark.parametrize("name", RECORDED_PRICES)
def test_a_recorded_reply_costs_what_the_price_table_says(name):
    model, dollars = RECORDED_PRICES[name]
    usage = read_raw(json.dumps(json.loads((RECORDED / name).read_text())).encode()).usage
    assert price_usage(model, usage, pictures=1) == pytest.approx(dollars, rel=0.02)
