"""Options of a request: one body and one digest, however they are written, and no silent contradiction."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest

from gemini_nb import ArgumentError, GeminiWarning, ImageRequest

MODEL = "gemini-3.1-flash-image-preview"
HARASSMENT = "HARM_CATEGORY_HARASSMENT"
CATEGORIES = (HARASSMENT, *(f"HARM_CATEGORY_{name}" for name in (
    "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")))  # fmt: skip


def body_of(**options):
    body = ImageRequest("x", MODEL, **options).body
    del body["contents"], body["generationConfig"]["responseModalities"]
    return body if body["generationConfig"] else {k: v for k, v in body.items() if k != "generationConfig"}


def config(**settings):
    return {"generationConfig": settings}


def searching(**types):
    return {"tools": [{"googleSearch": {"searchTypes": types} if types else {}}]}


def safety(**thresholds):
    rows = [{"category": f"HARM_CATEGORY_{name}", "threshold": value} for name, value in thresholds.items()]
    return {"safetySettings": rows}


ALL_NONE = {"safetySettings": [{"category": name, "threshold": "BLOCK_NONE"} for name in CATEGORIES]}
WRITTEN = {
    "search of the web": ({"search": "web"}, searching()),
    "search of images": ({"search": "image"}, searching(imageSearch={})),
    "search of both": ({"search": "both"}, searching(webSearch={}, imageSearch={})),
    "search in capitals": ({"search": " WEB"}, searching()),
    "thinking level": ({"thinking": "high"}, config(thinkingConfig={"thinkingLevel": "HIGH"})),
    "thinking level as the API has it": (
        {"thinking": "MINIMAL"}, config(thinkingConfig={"thinkingLevel": "MINIMAL"}),
    ),
    "thinking budget": ({"thinking": 512}, config(thinkingConfig={"thinkingBudget": 512})),
    "thinking budget of the model": ({"thinking": -1}, config(thinkingConfig={"thinkingBudget": -1})),
    "thinking budget as text": ({"thinking": "512"}, config(thinkingConfig={"thinkingBudget": 512})),
    "thinking beside thoughts": (
        {"thinking": "high", "config": {"thinkingConfig": {"includeThoughts": True}}},
        config(thinkingConfig={"thinkingLevel": "HIGH", "includeThoughts": True}),
    ),
    "system": ({"system": " Be\nbrief. "}, {"systemInstruction": {"parts": [{"text": " Be\nbrief. "}]}}),
    "seed": ({"seed": 7}, config(seed=7)),
    "seed of 0": ({"seed": 0}, config(seed=0)),
    "seed below 0": ({"seed": -(2**31)}, config(seed=-(2**31))),
    "seed of NumPy": ({"seed": np.int64(7)}, config(seed=7)),
    "safety for all": ({"safety": "none"}, ALL_NONE),
    "safety as the API has it": ({"safety": "BLOCK_NONE"}, ALL_NONE),
    "safety of one category": ({"safety": {"harassment": "only-high"}}, safety(HARASSMENT="BLOCK_ONLY_HIGH")),
    "safety of the API's category": ({"safety": {HARASSMENT: "OFF"}}, safety(HARASSMENT="OFF")),
    "safety as words": (
        {"safety": ["none", "hate_speech=low_and_above"]},
        {"safetySettings": [row | {"threshold": "BLOCK_LOW_AND_ABOVE"} if "HATE" in row["category"] else row
                            for row in ALL_NONE["safetySettings"]]},
    ),
    "safety in another order": (
        {"safety": {"image_hate": "off", "harassment": "off"}}, safety(HARASSMENT="OFF", IMAGE_HATE="OFF"),
    ),
    "nothing": (dict.fromkeys(("search", "thinking", "system", "seed", "safety")), {}),
    "empty": ({"search": "", "thinking": "", "system": " ", "safety": []}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN)
def test_an_option_is_written_as_the_api_has_it(case):
    options, expected = WRITTEN[case]
    assert body_of(**options) == expected


@pytest.mark.parametrize("case", WRITTEN)
def test_an_option_and_the_settings_that_say_it_are_one_request(case):
    options, expected = WRITTEN[case]
    extra = {name: value for name, value in expected.items() if name != "generationConfig"}
    asked = ImageRequest("x", MODEL, **options)
    again = ImageRequest("x", MODEL, config=expected.get("generationConfig"), extra=extra)
    assert (again, again.digest) == (asked, asked.digest)
    assert ImageRequest("x", MODEL, **dict(zip(("config", "extra"), asked.settings, strict=True))) == asked


@pytest.mark.parametrize("case", WRITTEN)
def test_an_option_can_be_replaced_in_a_request(case):
    asked = ImageRequest("x", MODEL, **WRITTEN[case][0])
    assert replace(asked, take=3, seed=9).body["generationConfig"]["seed"] == 9
    assert replace(asked) == asked


DEEP = [{}]
for _ in range(200):
    DEEP.append({"a": DEEP[-1]})
UNUSUAL = {
    "no settings": {},
    "level in small letters": {"config": {"thinkingConfig": {"thinkingLevel": "high"}}},
    "level and budget": {"config": {"thinkingConfig": {"thinkingLevel": "HIGH", "thinkingBudget": 1}}},
    "empty thinking": {"config": {"thinkingConfig": {}}},
    "no thinking": {"config": {"thinkingConfig": None}},
    "snake case": {"config": {"thinking_config": {"thinking_level": "LOW"}}},
    "seed that is a float": {"config": {"seed": 7.0}},
    "seed that is a bool": {"config": {"seed": True}},
    "seed that is a text": {"config": {"seed": "7"}},
    "seed of 64 bits": {"config": {"seed": 2**40}},
    "no seed": {"config": {"seed": None}},
    "two tools": {"extra": {"tools": [{"googleSearch": {}}, {"urlContext": {}}]}},
    "no tools": {"extra": {"tools": []}},
    "tool in snake case": {"extra": {"tools": [{"google_search": {}}]}},
    "system with a role": {"extra": {"systemInstruction": {"role": "system", "parts": [{"text": "brief"}]}}},
    "system of spaces": {"extra": {"systemInstruction": {"parts": [{"text": " "}]}}},
    "system without parts": {"extra": {"systemInstruction": {"parts": []}}},
    "safety with a method": {
        "extra": {"safetySettings": [{"category": HARASSMENT, "threshold": "OFF", "method": "SEVERITY"}]}
    },
    "safety in another order": {
        "extra": {"safetySettings": [{"category": name, "threshold": "OFF"} for name in CATEGORIES[::-1]]}
    },
    "safety that is no list": {"extra": {"safetySettings": {"category": HARASSMENT}}},
    "a generationConfig in extra": {
        "config": {"seed": 2, "imageConfig": {"aspectRatio": "1:1"}},
        "extra": {"generationConfig": {"seed": 1, "imageConfig": {"imageSize": "4K"}}},
    },
    "a generationConfig that is none": {"config": {"seed": 2}, "extra": {"generationConfig": None}},
    "deep settings": {"config": DEEP[-1], "extra": {"tools": DEEP[-1], "labels": DEEP[-1]}},
    "options among others": {
        "config": {"seed": 1, "topK": 4},
        "extra": {"tools": [{"googleSearch": {}}], "labels": {"a": "b"}},
    },
}


def merged(into, more):
    both = {
        key for key in into if key in more and isinstance(into[key], dict) and isinstance(more[key], dict)
    }
    return {**into, **more, **{key: merged(into[key], more[key]) for key in both}}


@pytest.mark.parametrize("case", UNUSUAL)
def test_promise_3_the_digest_of_settings_stays_what_it_was(case):
    """The formula of 0.1.0: what was stored under it must be found."""
    settings = UNUSUAL[case]
    body = {
        "contents": [{"role": "user", "parts": [{"text": "x"}]}],
        "generationConfig": merged({"responseModalities": ["IMAGE"]}, settings.get("config", {})),
    }
    facts = {"body": merged(body, settings.get("extra", {})), "model": MODEL, "take": 0}
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    request = ImageRequest("x", MODEL, **settings)
    assert request.digest == sha256(canonical.encode()).hexdigest()
    assert replace(request, take=0).digest == request.digest
    config, extra = request.settings
    assert ImageRequest("x", MODEL, config=config, extra=extra).digest == request.digest


def test_promise_3_digests_of_0_1_0():
    assert ImageRequest("a red square", MODEL).digest.startswith("c2a5257affcaa00c")
    settings = {"seed": 7, "temperature": 0.5}
    assert ImageRequest("x", MODEL, config=settings).digest.startswith("2fc3ad2582381821")
    assert ImageRequest("x", MODEL, search="web").digest.startswith("aab5f498ac8c35a2")


BAD = {
    "search": ["wbe", "web,image", 1, True, ["web"]],
    "thinking": ["hihg", "medium high", True, 1.5, -2, 10**9, "9" * 5000, [], {}],
    "system": [7, b"brief", ["brief"]],
    "seed": ["seven", 1.0, True, 2**31, -(2**31) - 1, 10**5000, "1" * 5000, float("nan"), [1]],
    "safety": ["high", "strict", {"rudeness": "none"}, {"harassment": "never"}, {"harassment": None},
               ["harassment"], ["=none="], 7, [7], {None: "none"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, values in BAD.items() for number in range(len(values))]
)
def test_a_value_that_cannot_be_is_refused_and_the_option_named(name, number):
    value = BAD[name][number]
    with pytest.raises(ArgumentError, match=name) as refused:
        ImageRequest("x", MODEL, **{name: value})
    assert len(str(refused.value)) < 400


CONFLICTS = {
    "seed": ({"seed": 7, "config": {"seed": 2}}, "config says seed: 2"),
    "seed in extra": ({"seed": 7, "extra": {"generationConfig": {"seed": 2}}}, "says seed: 2"),
    "seed in no object": ({"seed": 7, "extra": {"generationConfig": None}}, "generationConfig: None"),
    "seed in snake case": ({"seed": 7, "extra": {"generation_config": {"seed": 7.5}}}, "says seed: 7.5"),
    "level": (
        {"thinking": "high", "config": {"thinkingConfig": {"thinkingLevel": "LOW"}}}, "thinkingLevel: 'LOW'",
    ),
    "level and budget": (
        {"thinking": "high", "config": {"thinkingConfig": {"thinkingBudget": 1}}}, "thinkingBudget: 1",
    ),
    "level in snake case": (
        {"thinking": "high", "config": {"thinking_config": {"thinking_level": "HIGH"}}}, "thinking_level: ",
    ),
    "thinking that is no object": ({"thinking": 1, "config": {"thinkingConfig": 5}}, "thinkingConfig: 5"),
    "tools": ({"search": "web", "extra": {"tools": [{"urlContext": {}}]}}, "extra says tools: "),
    "another search": ({"search": "web", "extra": searching(imageSearch={})}, "extra says tools: "),
    "system": ({"system": "a", "extra": {"systemInstruction": {"parts": [{"text": "b"}]}}}, "says system"),
    "system in snake case": (
        {"system": "a", "extra": {"system_instruction": {"parts": [{"text": "a"}]}}}, "system_instruction: ",
    ),
    "safety": ({"safety": "none", "extra": {"safetySettings": []}}, "extra says safetySettings: []"),
    "deep": ({"safety": "none", "extra": {"safetySettings": DEEP[-1]}}, "extra says safetySettings"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFLICTS)
def test_what_contradicts_an_option_is_an_error_that_names_both(case):
    options, other = CONFLICTS[case]
    (name,) = options.keys() - {"config", "extra"}
    with pytest.raises(ArgumentError) as refused:
        ImageRequest("x", MODEL, **options)
    assert f"{name} says " in str(refused.value)
    assert other in str(refused.value)


def test_what_says_the_same_twice_is_no_contradiction():
    twice = ImageRequest("x", MODEL, seed=7, search="web", config={"seed": 7}, extra=searching())
    assert twice == ImageRequest("x", MODEL, seed=7, search="web")


UNKNOWN = {
    "level of a model with two": ({"thinking": "low"}, MODEL, "low is not a known thinking level of"),
    "level of a model that does not think": ({"thinking": "high"}, "gemini-2.5-flash-image", "it takes none"),
    "budget of a model that does not think": ({"thinking": 5}, "gemini-2.5-flash-image", "it takes none"),
    "level said by config": (
        {"config": {"thinkingConfig": {"thinkingLevel": "LOW"}}}, MODEL, "low is not a known thinking level",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Crazyrouter had the billing")
@pytest.mark.parametrize("case", UNKNOWN)
def test_what_a_model_is_not_known_to_take_is_passed_on_with_a_warning(case):
    options, model, words = UNKNOWN[case]
    with pytest.warns(GeminiWarning, match=words):
        assert "thinkingConfig" in ImageRequest("x", model, **options).body["generationConfig"]


@pytest.mark.parametrize("count", [0, 2, "2", [1]])
def test_several_candidates_are_warned_of(count):
    with pytest.warns(GeminiWarning, match="one candidate at a time"):
        ImageRequest("x", MODEL, config={"candidateCount": count})
    assert ImageRequest("x", MODEL, config={"candidateCount": 1, "topK": 4}).config["topK"] == 4


@pytest.mark.parametrize("options", [{"thinking": "low"}, {"thinking": 5}, {"search": "both"}, {"seed": 7}])
def test_of_what_is_not_known_of_a_model_nothing_is_said(options):
    assert ImageRequest("x", "gemini-3-pro-image-preview", **options).options == options
