from __future__ import annotations

import pytest

from gemini_nb import errors
from gemini_nb.reply.errors.no_image import no_image_error
from support.clients import client_of
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import body, chat, inline, read_raw, reply

RED = png()


def read(value):
    return read_raw(body(value))


BLOCKED = {
    **{
        reason: {"promptFeedback": {"blockReason": reason}}
        for reason in ("SAFETY", "OTHER", "JAILBREAK", "NEW_ONE")
    },
    **{
        reason: {"candidates": [{"content": {}, "finishReason": reason}]}
        for reason in (
            *("PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY"),
            *("IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "ESCALATION"),
        )
    },
    "content_filter": chat({"content": None}, finish_reason="content_filter"),
}


@pytest.mark.parametrize(("reason", "value"), BLOCKED.items(), ids=BLOCKED)
def test_a_policy_is_a_blocked_error_with_its_reason(reason, value):
    error = no_image_error(read(value))
    assert isinstance(error, errors.BlockedError)
    assert error.reason == reason
    assert reason in str(error)


NO_IMAGE = {
    "parts null": (
        {"candidates": [{"content": {"parts": None}, "finishReason": "IMAGE_OTHER"}]},
        "IMAGE_OTHER",
    ),
    "content absent": ({"candidates": [{"finishReason": "NO_IMAGE"}]}, "NO_IMAGE"),
    "content empty": ({"candidates": [{"content": {}, "finishReason": "OTHER"}]}, "OTHER"),
    "an unknown reason": (reply(finish_reason="SOMETHING_NEW"), "SOMETHING_NEW"),
    "text only": (reply("I cannot."), "STOP"),
    "no reason": (reply("I cannot.", finish_reason=None), None),
    "nothing": ({}, None),
    "no candidates": ({"candidates": []}, None),
    "MAX_TOKENS": (reply(finish_reason="MAX_TOKENS"), "MAX_TOKENS"),
}


@pytest.mark.parametrize(("value", "reason"), NO_IMAGE.values(), ids=NO_IMAGE)
def test_anything_else_without_an_image_is_a_no_image_error(value, reason):
    error = no_image_error(read(value))
    assert isinstance(error, errors.NoImageError)
    assert error.reason == reason
    assert len(str(error).splitlines()) <= 3


# reason: a word of what happened, a word of what to do
NEW_REASONS = {
    "PUP_LIMITED_DISABLED": ("account is limited", "another account's key"),
    "CONTINUATION": ("token limit of one request", "continuationToken"),
    "TOO_MANY_TOOL_CALLS": ("too often", "fewer tools"),
    "UNEXPECTED_TOOL_CALL": ("did not offer", "tools"),
    "MALFORMED_FUNCTION_CALL": ("malformed", "without tools"),
    "MAX_TOKENS": ("ran out of tokens", "maxOutputTokens"),
    "error": ("failed", "another model"),
}


@pytest.mark.parametrize(("reason", "words"), NEW_REASONS.items(), ids=NEW_REASONS)
def test_a_finish_reason_has_words_and_says_what_to_do(reason, words):
    error = no_image_error(read(reply(finish_reason=reason)))
    assert (type(error), error.reason) == (errors.NoImageError, reason)
    happened, hint = str(error).splitlines()
    assert words[0] in happened
    assert words[1] in hint


def test_a_model_that_refuses_in_openais_words_has_blocked_it():
    error = no_image_error(read(chat({"content": None, "refusal": "I will not draw this"})))
    assert (type(error), error.reason, error.text) == (errors.BlockedError, "refusal", "I will not draw this")
    assert "I will not draw this" in str(error)


def test_the_servers_words_are_told_where_the_model_says_nothing():
    error = no_image_error(read({"candidates": [], "code": 0, "msg": "the picture is not ready"}))
    assert isinstance(error, errors.NoImageError)
    assert "the picture is not ready" in str(error)


def test_the_error_holds_what_the_model_said():
    value = {"candidates": [{"finishReason": "IMAGE_OTHER", "finishMessage": "Try\nanother."}]}
    error = no_image_error(read(value))
    assert (error.text, "Try another." in str(error)) == ("Try\nanother.", True)


def test_a_reply_of_drafts_only_holds_them_on_its_error():
    error = no_image_error(read(reply(inline(RED, thought=True))))
    assert isinstance(error, errors.NoImageError)
    assert [draft.data for draft in error.drafts] == [RED]


def test_a_picture_that_is_no_base64_is_an_image_refused():
    assert isinstance(
        no_image_error(read(reply(inline(RED) | {"inlineData": {"data": "@"}}))), errors.ImageRefusedError
    )


def test_an_image_is_no_error():
    raw = body(reply(inline(RED), finish_reason="SAFETY"))
    with Gateway(Answer(raw)) as gateway, client_of(gateway.url) as client:
        assert client.generate("a red square").image.data == RED


def test_long_hostile_text_is_shortened_in_messages():
    error = no_image_error(read(reply("\x1b[31m\n" * 5000)))
    assert len(str(error)) < 600
    assert "\x1b" not in str(error)
