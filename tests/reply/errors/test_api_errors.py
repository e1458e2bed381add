from __future__ import annotations

import json

import pytest

from gemini_nb.errors import (
    APIError,
    AuthenticationError,
    BlockedError,
    OutcomeUnknownError,
    QuotaExhaustedError,
    RateLimitError,
)
from gemini_nb.providers.provider import CRAZYROUTER
from gemini_nb.providers.secret import Secret
from gemini_nb.reply.errors.api_errors import advised_wait, error_for, error_in_reply

KEY = Secret("sk-test-0123456789", where="CRAZYROUTER_API_KEY")


def error_of(status: int, error, *, headers=(), model="some-model"):
    body = error if isinstance(error, bytes) else json.dumps(error).encode()
    return error_for(status, dict(headers), body, provider=CRAZYROUTER, model=model, key=KEY)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, APIError),
        (400, APIError),
        (401, AuthenticationError),
        (402, QuotaExhaustedError),
        (403, AuthenticationError),
        (404, APIError),
        (405, APIError),
        (408, OutcomeUnknownError),
        (409, APIError),
        (413, APIError),
        (422, APIError),
        (429, RateLimitError),
        (500, OutcomeUnknownError),
        (502, OutcomeUnknownError),
        (503, RateLimitError),
        (504, OutcomeUnknownError),
        (529, OutcomeUnknownError),
    ],
)
def test_a_status_without_words_has_its_error(status, kind):
    error = error_of(status, b"")
    assert type(error) is kind
    assert error.status == status
    assert str(status) in str(error)
    assert error.hint


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 503])
@pytest.mark.parametrize(
    "code",
    [
        "insufficient_user_quota",
        "insufficient_quota",
        "pre_consume_token_quota_failed",
        "billing_hard_limit_reached",
        "quota_exceeded",
    ],
)
def test_a_code_that_says_the_quota_is_used_up_counts_for_more_than_the_status(code, status):
    error = error_of(status, {"error": {"message": "no credit", "type": "new_api_error", "code": code}})
    assert type(error) is QuotaExhaustedError
    assert (error.status, error.code) == (status, code)


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
@pytest.mark.parametrize("code", ["prompt_blocked", "sensitive_words_detected", "content_policy_violation"])
def test_a_code_that_names_a_policy_counts_for_more_than_the_status(code, status):
    error = error_of(status, {"error": {"message": "not this", "code": code}})
    assert type(error) is BlockedError
    assert (error.reason, error.text) == (code, "not this")


@pytest.mark.parametrize("status", [400, 401, 500, 503])
@pytest.mark.parametrize("field", ["code", "status", "type"])
def test_a_code_that_names_the_key_counts_for_more_than_the_status(field, status):
    error = error_of(status, {"error": {"message": "bad key", field: "invalid_api_key"}})
    assert type(error) is AuthenticationError
    assert "CRAZYROUTER_API_KEY" in error.hint


def test_an_openai_type_tells_the_quota_where_the_code_is_missing():
    error = error_of(429, {"error": {"message": "m", "type": "insufficient_quota", "code": None}})
    assert type(error) is QuotaExhaustedError


def test_googles_bad_key_is_recognised_in_its_details():
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    said = {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": details}
    error = error_of(400, {"error": said})
    assert type(error) is AuthenticationError
    assert (error.status, error.code) == (400, "INVALID_ARGUMENT")


def test_a_gateways_own_broken_key_is_not_blamed_on_the_user():
    error = error_of(500, {"error": {"message": "m", "code": "channel:invalid_key"}})
    assert type(error) is OutcomeUnknownError


GOOGLE = {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED", "details": []}}


@pytest.mark.parametrize(
    ("headers", "delay", "wait"),
    [
        ({}, None, None),
        ({"retry-after": "7"}, None, 7),
        ({"retry-after": " 7 "}, None, 7),
        ({"retry-after": "0.5"}, None, 0.5),
        ({"retry-after-ms": "1500"}, None, 1.5),
        ({"retry-after": "1", "retry-after-ms": "1500"}, None, 1.5),
        ({"retry-after": "2", "retry-after-ms": "1500"}, 1.0, 2),
        ({"retry-after": "2"}, 34.4, 34.4),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:09 GMT", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}, None, 9),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:00 GMT", "date": "Sun, 22 Nov 2026 12:00:09 GMT"}, None, 0),
        ({"retry-after": "Sun, 22 Nov 2015 12:00:00 GMT"}, None, 0),
        ({"retry-after": "Sun, 22 Nov 2015 12:00:00 GMT", "date": "today"}, None, 0),
        ({"retry-after": "-5"}, None, None),
        ({"retry-after": "soon"}, None, None),
        ({"retry-after": "nan"}, None, None),
        ({"retry-after": "1e9"}, None, None),
        ({"retry-after": "٣"}, None, None),
        ({"retry-after": "9" * 400}, None, None),
        ({"retry-after": "Sun, 99 Nov 2026 12:00:00 GMT"}, None, None),
        ({"retry-after-ms": "-1"}, None, None),
        ({"retry-after": "", "retry-after-ms": ""}, None, None),
    ],
)
def test_the_longest_advised_wait_counts(headers, delay, wait):
    assert advised_wait(headers, delay) == wait


@pytest.mark.parametrize(
    ("delay", "wait"),
    [("48s", 48), ("34.4s", 34.4), ("0s", 0), ("34.074824224s", 34.074824224)]
    + [(bad, None) for bad in ("-3s", "48", "s", "1e3s", "4 s", "٣s", 48, None, ["48s"], "9" * 99 + "s")],
)
def test_googles_retry_info_is_read(delay, wait):
    error = error_of(429, {"error": {"details": [{"@type": "a"}, {"retryDelay": delay}]}})
    assert error.retry_after == wait


CREDIT = {"error": {"message": "用户额度不足", "type": "new_api_error", "code": 500}}
WALLS = {
    "nginx": "<html><head><title>403 Forbidden</title></head><center>nginx</center></html>",
    "a page without a title": "<!DOCTYPE html><html><body><p>You may not.</p></body></html>",
    "a challenge": "<html><title>Just a moment...</title></html>",
    "a code of Cloudflare's": "error code: 1020",
    "Cloudflare's JSON": {"title": "Error 1020: Access denied", "status": 403, "cloudflare_error": True},
    "Akamai": "<HTML><H1>Access Denied</H1>Reference&#32;&#35;18.9</HTML>",
    "words of a firewall": "Request blocked by the web application firewall. ID 7",
    "an address that is banned": {"error": "Your IP has been banned"},
    "a firewall in Chinese": "您的请求被网站防火墙拦截",
}


@pytest.mark.parametrize("page", WALLS.values(), ids=WALLS)
def test_a_firewalls_page_is_no_bad_key(page):
    error = error_of(403, page.encode() if isinstance(page, str) else page)
    assert type(error) is APIError
    assert error.status == 403
    assert "firewall" in error.hint
    assert "was refused: check it" not in str(error)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"Access Denied", APIError), (b'{"error": "no"}', AuthenticationError), (b"", AuthenticationError)],
)
def test_a_page_is_known_by_its_type_unless_it_is_json_or_empty(body, kind):
    assert type(error_of(403, body, headers={"content-type": "text/html; charset=utf-8"})) is kind


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "body", [b"", b"Forbidden", {"message": "Forbidden"}, {"error": "no such token"}], ids=str
)
def test_a_refusal_of_the_api_itself_is_about_the_key(status, body):
    assert type(error_of(status, body)) is AuthenticationError


def test_a_page_that_asks_who_is_there_is_about_the_key():
    assert type(error_of(401, b"<html><title>401 Authorization Required</title>")) is AuthenticationError


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500, 503])
def test_words_that_say_there_is_no_credit_count_for_more_than_the_status(status):
    error = error_of(status, CREDIT)
    assert type(error) is QuotaExhaustedError
    assert "用户额度不足" in str(error)
    assert "Top up" in error.hint


def test_a_quota_is_found_in_words_under_a_name_of_their_own():
    assert type(error_of(500, {"oddity": "余额不足"})) is QuotaExhaustedError


def test_a_quota_of_zero_is_found_in_an_error_infos_metadata():
    limits = {"quota_limit": "RequestsPerMinutePerProject", "quota_limit_value": "0"}
    details = [{"reason": "RATE_LIMIT_EXCEEDED", "metadata": limits}, {"retryDelay": "1s"}]
    assert type(error_of(429, {"error": {"message": "no", "details": details}})) is QuotaExhaustedError


def test_the_hint_of_a_quota_says_which_one_is_used_up():
    zero = error_of(429, {"error": {"message": "Quota exceeded, limit: 0, model: m"}})
    day = error_of(429, {"error": {"message": "Quota exceeded: requests per day"}})
    assert "enable billing" in zero.hint
    assert "a day or longer" in day.hint


def test_the_wait_is_read_from_an_event_too():
    event = b"data: %s\n\n" % json.dumps({"error": {"details": [{"retryDelay": "9s"}]}}).encode()
    assert error_of(429, event).retry_after == 9


def test_openrouter_passes_on_its_upstreams_wait():
    upstream = json.dumps({"error": {"details": [{"retryDelay": "9s"}]}})
    assert error_of(429, {"error": {"code": 429, "metadata": {"raw": upstream}}}).retry_after == 9


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"message": "m"}, APIError, 200),
        ({"message": "m", "code": 429}, RateLimitError, 429),
        ({"message": "m", "code": "503"}, RateLimitError, 503),
        ({"message": "m", "code": 401}, AuthenticationError, 401),
        ({"message": "m", "code": 500}, OutcomeUnknownError, 500),
        ({"message": "m", "code": "insufficient_quota"}, QuotaExhaustedError, 200),
        ({"success": False, "message": "m"}, APIError, 200),
        ({"message": "m", "code": "²²²"}, APIError, 200),
        ({"message": "m", "code": 999}, APIError, 200),
        ({"message": "m", "code": "0"}, APIError, 200),
        ({"message": "m", "code": 302}, APIError, 200),
        ({"message": "m", "status": "RESOURCE_EXHAUSTED"}, RateLimitError, 429),
        ({"message": "m", "status": "UNAVAILABLE"}, RateLimitError, 503),
        ({"message": "m", "type": "rate_limit_error"}, RateLimitError, 429),
        ({"error": "Rate limit exceeded", "request_id": "m"}, RateLimitError, 429),
        ({"error": "Rate limit exceeded for your m, wait a little"}, RateLimitError, 429),
        ({"message": "m", "code": "429 Too Many Requests"}, RateLimitError, 429),
        ({"message": "m", "code": "Throttling.RateQuota"}, RateLimitError, 429),
        ({"message": "m", "code": "42900"}, APIError, 200),
        ({"message": "m, as the rate limit says", "code": 7}, APIError, 200),
        ({"message": "m", "code": 429, "type": "insufficient_quota"}, QuotaExhaustedError, 429),
    ],
)
def test_an_error_inside_a_success_counts_by_its_own_code(error, kind, status):
    found = error_in_reply(error, provider=CRAZYROUTER, model="m", key=KEY)
    assert type(found) is kind
    assert found.status == status
    assert "m" in str(found)


@pytest.mark.parametrize("code", [429, 503])
def test_a_refusal_inside_a_success_that_had_begun_may_have_been_billed(code):
    report = {"message": "m", "code": code}
    found = error_in_reply(report, has_begun=True, provider=CRAZYROUTER, model="m", key=KEY)
    assert type(found) is OutcomeUnknownError
    assert found.status == code


def test_a_refusal_inside_a_success_hears_the_advice_of_its_headers():
    headers = {"retry-after": "7"}
    found = error_in_reply({"code": 429}, headers=headers, provider=CRAZYROUTER, model="m", key=KEY)
    assert found.retry_after == 7
    assert "7 s" in found.hint


def test_a_missing_preview_model_hints_at_the_name_without():
    error = error_of(404, GOOGLE, model="gemini-3-pro-image-preview")
    assert "'gemini-3-pro-image'" in error.hint


def test_promise_17_hostile_words_stay_on_one_short_line():
    error = error_of(
        400, {"error": {"message": "a\x1b[31m\r\n\u2028\u202e" + "b" * 10**6, "code": "c\n" * 999}}
    )
    assert len(str(error).splitlines()) == 2
    assert len(str(error)) < 600
    assert all(character.isprintable() for character in str(error).replace("\n", ""))
    assert len(error.code) < 100


@pytest.mark.parametrize("place", ["message", "code", "status", "type"])
def test_the_key_is_masked_before_words_are_cut(place):
    error = error_of(400, {"error": {place: "x" * 70 + KEY.reveal() + "y" * 300}})
    assert "sk-t" not in f"{error} {error.code}"
    long = error_of(400, {"error": {"message": "x" * 290 + KEY.reveal()}})
    assert "sk-t" not in str(long)
