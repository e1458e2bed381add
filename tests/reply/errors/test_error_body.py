"""The server's words, wherever they stand; and what in a reply says that the request failed."""

from __future__ import annotations

import json
import time

import pytest

from gemini_nb.reply.errors.error_body import (
    body_beginning,
    find_error,
    find_refusal,
    parse_error,
    read_error,
    server_words,
)
from support.timing import given_time, in_time

GOOGLE = {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED", "details": []}}
UPSTREAM = json.dumps(GOOGLE)

WORDS = [
    (GOOGLE, "Slow down.", "RESOURCE_EXHAUSTED"),
    ([GOOGLE], "Slow down.", "RESOURCE_EXHAUSTED"),
    ([None, 3, GOOGLE], "Slow down.", "RESOURCE_EXHAUSTED"),
    ({"error": [GOOGLE]}, "Slow down.", "RESOURCE_EXHAUSTED"),
    ({"error": "plain words"}, "plain words", None),
    ("plain words", "plain words", None),
    ({"message": "bare", "code": "x"}, "bare", "x"),
    ({"success": False, "message": "no"}, "no", None),
    ({"detail": "FastAPI"}, "FastAPI", None),
    ({"detail": [{"loc": ["n"], "msg": "many", "type": "t"}, {"msg": "few"}]}, "many; few", "t"),
    ({"error": {"code": 402, "message": "Insufficient credits"}}, "Insufficient credits", "402"),
    ({"error": {"message": "m", "code": True}}, "m", None),
    ({"error": {"message": ["a"], "code": {"a": 1}, "details": "d"}}, "a: d", None),
    ({"error": {"message": "m", "metadata": {"raw": "upstream"}}}, "m: upstream", None),
    ({"error": {"message": "m", "metadata": {"raw": "m"}}}, "m", None),
    ({"error": {"message": "m", "code": 429, "metadata": {"raw": UPSTREAM}}}, "m: Slow down.", "429"),
    ({"error": {"message": UPSTREAM, "type": "upstream_error"}}, "Slow down.", "upstream_error"),
    ({"error": {"message": "<html><title>502</title>"}}, "an HTML page titled “502”", None),
    ({"code": 500, "msg": "credits refunded"}, "credits refunded", "500"),
    ({"errcode": 40001, "errmsg": "no such app"}, "no such app", "40001"),
    ({"error": "invalid_client", "error_description": "who?"}, "who?: invalid_client", "invalid_client"),
    ({"errors": [{"message": "no channel"}, {"message": "no model"}]}, "no channel; no model", None),
    ({"errors": {"prompt": ["too long"]}}, "too long", None),
    ({"message": "It failed", "errors": [{"message": "no channel"}]}, "It failed: no channel", None),
    ({"title": "Bad request", "status": 400, "detail": "no prompt"}, "Bad request: no prompt", "400"),
    ({"choices": [{"error": {"code": 502, "message": "died half way"}}]}, "died half way", "502"),
    ({"choices": [{"message": {"content": None, "refusal": "I will not"}}]}, "I will not", None),
    ({"output": [{"content": [{"type": "refusal", "refusal": "I will not"}]}]}, "I will not", "refusal"),
    ({"Response": {"Error": {"Code": "Busy", "Message": "come back"}}}, "come back", "Busy"),
    ({"base_resp": {"status_code": 1004, "status_msg": "who are you"}}, "who are you", "1004"),
    ({"output": {"task_status": "FAILED", "code": "X", "message": "no luck"}}, "no luck", "X"),
    ({"data": {"state": "fail", "failMsg": "nothing came"}}, "nothing came", None),
    ({"fault": {"faultstring": "spike arrest", "detail": {"errorcode": "a.b"}}}, "spike arrest", "a.b"),
    ({"a": {"b": [{"c": {"message": "deep down"}}]}}, "deep down", None),
    ({"error": {"errors": [{"reason": "rateLimitExceeded"}]}}, "rateLimitExceeded", "rateLimitExceeded"),
    ({"error": True, "reason": "No key was given"}, "No key was given", None),
    ({"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}, "Busy", "overloaded_error"),
    ({"error": {"foo": "it broke"}}, '{"error": {"foo": "it broke"}}', None),
    ({"错误": "余额不明"}, '{"错误": "余额不明"}', None),
    (17, "17", None),
    ([], "", None),
    ({}, "", None),
    (None, "", None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message", "code"), WORDS, ids=[str(body)[:50] for body, *_ in WORDS])
def test_an_error_is_read_in_every_dialect(body, message, code):
    said = read_error(json.dumps(body).encode())
    assert (said.message, said.code) == (message, code)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", ""),
        (b"upstream timed out\n", "upstream timed out"),
        (b"<html><head><title>502 Bad\nGateway</title>", "an HTML page titled “502 Bad\nGateway”"),
        (b"<html><title> </title><h1>Sorry &amp; bye</h1>", "an HTML page that says “Sorry & bye”"),
        (b"<html><style>p{}</style><script>a<b</script><p>At<p>work", "an HTML page that says “At work”"),
        (b"<html><body>", "an HTML page"),
        (b"<?xml version='1.0'?><Error><Message>Denied</Message></Error>", "Denied"),
        (b"<3 is no page", "<3 is no page"),
        (b'event: error\ndata: {"message": "at work"}\n\n', "at work"),
        (b'{"id": 1}\n{"error": {"message": "at work"}}\n', "at work"),
        (b"upstream error\n{}", "upstream error\n{}"),
        (b"\xff\xfe\xfd", "���"),
        (b'{"error": {"message": "cut', '{"error": {"message": "cut'),
        (b"[" * 100_000, ("[" * 4096)),
        (b"1" * 5000, "1" * 4096),
    ],
)  # fmt: skip
def test_what_is_no_json_is_quoted_from_its_beginning(body, message):
    assert read_error(body).message == message
    assert body_beginning(body[:65536]) == message


def test_a_long_body_is_quoted_from_its_beginning_unread():
    assert body_beginning(b'{"a": "' + b"b" * 100_000 + b'"}') == '{"a": "' + "b" * 4089


def test_errors_nested_without_end_are_given_up_and_quoted():
    nested = "x"
    for _ in range(400):
        nested = {"error": nested}
    assert read_error(json.dumps(nested).encode()).message.startswith('{"error": {"error": ')


HOSTILE = {
    "of many fields": {f"field {number}": {"detail": {}} for number in range(20_000)},
    "a page without an end": {"message": "<html>" + "<script " * 50_000},
    "of openings": {"message": "<html>" + "<" * 200_000},
    "of words": {"message": "insufficient " + "_a" * 100_000},
}


def finish_in_time(call):
    def attempt(seconds):
        started = time.monotonic()
        call()
        in_time(time.monotonic() - started < seconds)

    given_time(attempt, 0.5, 2, 8)


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bodies_are_read_in_linear_time(value):
    body = json.dumps(value).encode()
    finish_in_time(lambda: read_error(body))


def test_of_errors_within_errors_no_more_are_read_than_a_person_could():
    value = {"code": 1}
    for _ in range(8):
        value = {"errors": [value] * 8}
    finish_in_time(lambda: parse_error(value))


FAILED = {
    "code and msg": {"code": 500, "msg": "upstream failed"},
    "a code below zero": {"code": -1, "message": "not enough", "data": None},
    "a code that is a name": {"code": "InvalidParameter", "message": "no", "request_id": "r"},
    "status failed": {"id": "t", "status": "failed", "error_message": "rejected"},
    "task status": {"output": {"task_status": "FAILED", "message": "no"}, "request_id": "r"},
    "errors": {"errors": [{"message": "no channel"}]},
    "detail alone": {"detail": "Not authenticated"},
    "a message alone": {"message": "Forbidden", "request_id": "r"},
    "a problem document": {"type": "about:blank", "title": "Forbidden", "status": 403, "more": 1},
    "an error of a choice": {"choices": [{"finish_reason": "error", "error": {"message": "half way"}}]},
    "an error of a picture": {"data": [{"error": {"message": "moderated"}}]},
    "an error of an event": {"type": "response.failed", "response": {"error": {"message": "no"}}},
    "an event of an error": {"type": "error", "message": "no", "sequence_number": 3},
    "success false": {"success": False},
    "ok false": {"ok": False, "result": {}},
    "in data": {"code": 0, "data": {"state": "fail", "failMsg": "nothing came"}},
    "in another case": {"Response": {"Error": {"Code": "Busy", "Message": "no"}}},
    "base_resp": {"base_resp": {"status_code": 1004, "status_msg": "who are you"}, "choices": None},
    "true and a reason": {"error": True, "reason": "no key"},
    "a fault": {"fault": {"faultstring": "spike arrest"}},
}
FINE = {
    "a reply": {"candidates": [{"content": {"parts": [{"text": "no"}]}, "finishReason": "STOP"}]},
    "a chat": {"id": "x", "choices": [{"finish_reason": "stop", "message": {"content": "no"}}]},
    "a refusal": {"choices": [{"message": {"refusal": "I will not"}}]},
    "a success": {"code": 0, "msg": "success", "data": {"url": "u"}},
    "a success of 200": {"code": 200, "message": "OK", "data": []},
    "a task": {"task_id": "t", "status": "processing", "message": "queued"},
    "a task that was taken": {"code": 1, "description": "提交成功", "result": "132"},
    "a task that was accepted": {"code": 100000, "message": "Task accepted", "data": {"task_id": "t"}},
    "a task that waits": {"code": "PENDING", "message": "排队中", "id": "t"},
    "no error": {"error": None, "errors": [], "status": "completed"},
    "an error that is a number": {"error": 5},
    "nothing": {},
}


@pytest.mark.parametrize("reply", FAILED.values(), ids=FAILED)
def test_what_says_that_a_request_failed_is_found(reply):
    assert find_error(reply)


@pytest.mark.parametrize("reply", FINE.values(), ids=FINE)
def test_what_says_something_else_is_no_error(reply):
    assert find_error(reply) is None


def test_an_error_keeps_the_codes_that_stand_beside_it():
    assert find_error({"code": 7, "error": {"message": "no"}}) == {"code": 7, "message": "no"}


def test_a_refusal_is_found_where_openais_replies_have_it():
    assert find_refusal(FINE["a refusal"]) == "I will not"
    assert find_refusal({"output": [{"content": [{"type": "refusal", "refusal": "No."}]}]}) == "No."
    assert find_refusal(FINE["a chat"]) is None


def test_what_stands_beside_a_reply_is_not_taken_for_the_servers_words():
    sources = {"groundingChunks": [{"web": {"title": "example.org"}}]}
    assert server_words({"candidates": [{"groundingMetadata": sources, "finishReason": "STOP"}]}) == ""
    call = {"functionCall": {"name": "imagine", "args": {"title": "a cat"}}}
    assert server_words({"candidates": [{"content": {"parts": [call]}}]}) == ""
