"""What a server says is in the error, wherever it stands in a body, with any status, whole and streamed."""

from __future__ import annotations

import gzip
import json

import pytest

from gemini_nb.errors import GeminiError
from support.clients import KEY, client_of, error_from
from support.gateway import Answer, Gateway

WORDS = "the lamp broke"
NESTED = json.dumps({"error": {"message": WORDS}})
BODIES = {
    "error.message": {"error": {"message": WORDS, "code": 7}},
    "error": {"error": WORDS},
    "error in a list": [{"error": {"message": WORDS}}],
    "errors": {"errors": [{"message": WORDS}]},
    "errors by field": {"errors": {"prompt": [WORDS]}},
    "code and msg": {"code": 500, "msg": WORDS},
    "code and message": {"code": -1, "message": WORDS, "data": None},
    "code and data": {"code": 0, "msg": WORDS, "data": {"progress": 10}},
    "detail": {"detail": WORDS},
    "detail in a list": {"detail": [{"loc": ["body"], "msg": WORDS, "type": "missing"}]},
    "error_description": {"error": "invalid_request", "error_description": WORDS},
    "status failed": {"id": "t", "status": "failed", "error_message": WORDS},
    "task failed": {"output": {"task_status": "FAILED", "message": WORDS}},
    "choices[].error": {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": WORDS}}]},
    "refusal": {"choices": [{"finish_reason": "stop", "message": {"content": None, "refusal": WORDS}}]},
    "output[].refusal": {"output": [{"content": [{"type": "refusal", "refusal": WORDS}]}]},
    "in a wrapper": {"response": {"error": {"message": WORDS}}},
    "in another case": {"Response": {"Error": {"Code": "Busy", "Message": WORDS}}},
    "base_resp": {"base_resp": {"status_code": 1004, "status_msg": WORDS}},
    "JSON in a text": {"error": {"message": NESTED}},
    "OpenRouter's upstream": {"error": {"message": "Provider error", "metadata": {"raw": NESTED}}},
    "success false": {"success": False, "errors": [{"message": WORDS}], "messages": []},
    "a name of their own": {"complaint": {"text": WORDS}},
    "beside an empty reply": {"candidates": [], "usageMetadata": {}, "note": {"message": WORDS}},
    "deep down": {"a": [{"b": {"c": {"message": WORDS}}}]},
    "a page": f"<html><head><title>{WORDS}</title></head></html>",
    "a page without a title": f"<html><body><h1>{WORDS}</h1></body></html>",
    "XML": f"<?xml version='1.0'?><Error><Message>{WORDS}</Message></Error>",
    "text": f"upstream: {WORDS}\n",
    "JSON cut short": f'{{"error": {{"message": "{WORDS}',
    "a text in JSON": json.dumps(WORDS),
    "a text in a list": [WORDS],
}


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_the_server_says_is_in_the_error(status, body):
    with Gateway(Answer(body, status=status)) as gateway:
        error = error_from(gateway.url)
        assert gateway.posts == 1
    assert WORDS in str(error)
    assert "says no more" not in str(error)
    assert 1 <= len(str(error).splitlines()) <= 3


@pytest.mark.parametrize("body", [body for body in BODIES.values() if isinstance(body, dict)], ids=str)
def test_what_the_server_says_in_a_stream_is_in_the_error(body):
    event = f"data: {json.dumps(body)}\n\n"
    answer = Answer(event, headers={"Content-Type": "text/event-stream"})
    with Gateway(answer) as gateway, client_of(gateway.url) as client, pytest.raises(GeminiError) as caught:
        client.generate("a red square", stream=True).result()
    assert WORDS in str(caught.value)


def test_chinese_words_are_not_told_in_escapes():
    with Gateway(Answer(b'{"oddity": "\\u706f\\u574f\\u4e86"}')) as gateway:
        assert "灯坏了" in str(error_from(gateway.url))


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("name", ["msg", "a name of their own"])
def test_promise_9_the_key_is_masked_before_the_words_are_cut(status, name):
    lengths = [*range(150, 200), *range(250, 300)]  # so that the cut falls anywhere in the key
    answers = [Answer({name: "x" * length + KEY + "y" * 300}, status=status) for length in lengths]
    with Gateway(*answers) as gateway, client_of(gateway.url) as client:
        for _ in answers:
            with pytest.raises(GeminiError) as caught:
                client.generate("a red square")
            assert KEY[:3] not in str(caught.value)


@pytest.mark.parametrize("status", [200, 500])
def test_promise_17_hostile_words_stay_on_one_short_line(status):
    body = {"msg": "a\x1b[31m\r\n\u2028\u202e" + "b" * 100_000, "code": 7}
    with Gateway(Answer(body, status=status)) as gateway:
        error = str(error_from(gateway.url))
    assert len(error) < 700
    assert all(character.isprintable() for character in error.replace("\n", ""))


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"[]"])
def test_a_server_that_says_nothing_is_said_to(body):
    with Gateway(Answer(body, status=500)) as gateway:
        assert "it says no more" in str(error_from(gateway.url))


@pytest.mark.parametrize(("coding", "words"), [("gzip", WORDS), ("br", "compressed with br")])
def test_an_error_that_is_compressed_is_unpacked_or_said_to_be(coding, words):
    packed = Answer(gzip.compress(WORDS.encode()), status=500, headers={"Content-Encoding": coding})
    with Gateway(packed) as gateway:
        assert words in str(error_from(gateway.url))
