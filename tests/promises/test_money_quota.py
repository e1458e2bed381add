"""How many POSTs a refusal costs: statuses × advised waits × what the body says of a quota."""

from __future__ import annotations

from collections import Counter

import pytest

from gemini_nb.errors import APIError, GeminiError, QuotaExhaustedError, RateLimitError
from support.clients import OK, PICTURE, client_of, error_from
from support.gateway import Answer, Gateway
from support.numbered_pictures import prompt_of

METRIC = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
CURRENT = "You exceeded your current quota, please check your plan and billing details."


def google(message=CURRENT, *violations, delay="0.05s"):
    """Google's 429: its details advise a wait, whether waiting helps or not."""
    failure = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations}
    advice = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    said = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": [failure, advice]}
    return {"error": said}


def gateways(message, **more):
    return {"error": {"message": message, "type": "new_api_error", **more}}


USED_UP = {
    "limit 0 in words": google(f"{CURRENT}\n* Quota exceeded for metric: {METRIC}, limit: 0, model: m"),
    "limit 0 in details": google(CURRENT, {"quotaId": "RequestsPerMinute", "quotaValue": "0"}),
    "a day's quota": google(CURRENT, {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}),
    "a month's quota": google(CURRENT, {"quotaId": "RequestsPerMonth", "quotaValue": "1000"}),
    "a day's in words": google("Quota exceeded for limit 'GenerateContent requests per day'."),
    "credits are gone": google("Your prepayment credits are depleted. Please go to AI Studio."),
    "new-api's code": gateways("no", code="insufficient_user_quota"),
    "new-api in Chinese": gateways("预扣费额度失败, 用户剩余额度: 0.00 (request id: 1)", code=""),
    "in arrears, in Chinese": {"code": "1113", "msg": "您的账户已欠费,请充值后重试"},
    "no balance, bare": {"message": "余额不足"},
    "OpenRouter's upstream": gateways("m", code=429, metadata={"raw": '{"error": "Insufficient credits"}'}),
    "as mere text": "insufficient balance",
}  # fmt: skip
WAITED_FOR = {
    "a minute's quota": google(CURRENT, {"quotaId": "RequestsPerMinutePerProject", "quotaValue": "10"}),
    "a minute's in Chinese": gateways("每分钟请求配额已用完"),
    "which is not told": google(),
    "too many at once": gateways("并发额度不足"),
    "a limit above 0": google(f"* Quota exceeded for metric: {METRIC}, limit: 10, model: m"),
}
WAITS = {"none": {}, "short": {"retry-after-ms": "60"}, "long": {"Retry-After": "100"}}


def outcomes_of(answers):
    """What became of each answer's request, and its POSTs; the second of one is answered with a picture."""
    posts = Counter()

    def script(request):
        prompt = prompt_of(request)
        posts[prompt] += 1
        return answers[prompt] if posts[prompt] == 1 else Answer(OK)

    with Gateway(script) as gateway, client_of(gateway.url, retry_unknown=True) as client:
        return {prompt: (outcome_of(client, prompt), posts[prompt]) for prompt in answers}


def outcome_of(client, prompt):
    try:
        return client.generate(prompt).image.data
    except GeminiError as error:
        return type(error) if 2 <= len(str(error).splitlines()) <= 3 else str(error)


@pytest.mark.parametrize("status", [200, 400, 402, 403, 429, 500, 503])
def test_promise_1_a_quota_that_is_used_up_is_told_at_once_with_one_post(status):
    answers = {
        f"{name}, advised to wait {advice}": Answer(said, status=status, headers=headers)
        for name, said in USED_UP.items()
        for advice, headers in WAITS.items()
    }
    assert outcomes_of(answers) == dict.fromkeys(answers, (QuotaExhaustedError, 1))


@pytest.mark.parametrize("status", [429, 503])
def test_promise_1_a_quota_that_comes_back_in_a_minute_is_waited_for(status):
    answers = {name: Answer(said, status=status, headers=WAITS["short"]) for name, said in WAITED_FOR.items()}
    assert outcomes_of(answers) == dict.fromkeys(answers, (PICTURE, 2))


@pytest.mark.parametrize("said", WAITED_FOR.values(), ids=WAITED_FOR)
def test_promise_1_a_minutes_quota_past_the_deadline_is_told_at_once(said):
    with Gateway(Answer(said, status=429, headers=WAITS["long"]), Answer(OK)) as gateway:
        error = error_from(gateway.url, timeout=30)
        assert gateway.posts == 1
    assert type(error) is RateLimitError
    assert "100 s" in str(error)


WALL = Answer("<html><head><title>Attention Required! | Cloudflare</title></head></html>", status=403)


def test_a_firewalls_page_is_one_post_and_says_what_it_is():
    with Gateway(WALL, Answer(OK)) as gateway:
        error = error_from(gateway.url, retry_unknown=True)
        assert gateway.posts == 1
    assert type(error) is APIError
    assert "Attention Required! | Cloudflare" in str(error)
    assert "firewall" in str(error)


def test_promise_4_a_firewalls_pages_do_not_stop_a_batch_as_a_bad_key_does():
    walls = [WALL] * 5
    with Gateway(*walls, Answer(OK)) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many([f"square {number}" for number in range(6)], concurrency=1)
        assert gateway.posts == 6
    assert len(batch.generations) == 1


def test_promise_4_a_firewalls_page_does_not_hide_that_a_key_is_refused():
    refused = Answer({"error": {"message": "no", "code": 401}}, status=401)
    with Gateway(refused, refused, WALL, refused, Answer(OK)) as gateway, client_of(gateway.url) as client:
        batch = client.generate_many([f"square {number}" for number in range(6)], concurrency=1)
        assert gateway.posts == 4
    assert list(batch.generations) == []
