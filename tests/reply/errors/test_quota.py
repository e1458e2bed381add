"""Which words and codes say that waiting does not help, and which that it does."""

from __future__ import annotations

import pytest

from gemini_nb.reply.errors.quota import UsedUp, find_used_up

METRIC = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
FREE = f"You exceeded your current quota. * Quota exceeded for metric: {METRIC}, limit: "

USED_UP = {
    f"{FREE}0, model: gemini-2.5-flash-preview-image": UsedUp.ZERO,
    "Quota exceeded for requests per minute, limit: 0": UsedUp.ZERO,
    "Your quota is 0 for this model.": UsedUp.ZERO,
    "Rate limit reached on requests per day (RPD): Limit 100, Used 100. Try again in 7m12s.": UsedUp.PERIOD,
    "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 requests": UsedUp.PERIOD,
    "You have exhausted your daily quota on this model.": UsedUp.PERIOD,
    "You have exceeded your monthly included credits": UsedUp.PERIOD,
    "Quota exceeded for quota metric 'Requests' and limit 'Requests per day'": UsedUp.PERIOD,
    "You have used up the limit for today.": UsedUp.PERIOD,
    "今日请求次数已达上限": UsedUp.PERIOD,
    "超出每日限额,请明天再来": UsedUp.PERIOD,
    "Your prepayment credits are depleted. Please go to AI Studio.": UsedUp.CREDIT,
    "Insufficient Balance": UsedUp.CREDIT,
    "insufficient_user_quota": UsedUp.CREDIT,
    "user quota is not enough": UsedUp.CREDIT,
    "pre-consume token quota failed, user quota: $0.00, need quota: $0.03": UsedUp.CREDIT,
    "This request requires more credits, or fewer max_tokens.": UsedUp.CREDIT,
    "Your credit balance is too low to access the API.": UsedUp.CREDIT,
    "User is locked. Reason: Exhausted balance. Top up your balance.": UsedUp.CREDIT,
    "Your team has used all available credits": UsedUp.CREDIT,
    "Your project has exceeded its spending cap": UsedUp.CREDIT,
    "Budget has been exceeded! Current cost: 1.2, Max budget: 1.0": UsedUp.CREDIT,
    "Access denied, your account is in arrears.": UsedUp.CREDIT,
    "This API method requires billing to be enabled.": UsedUp.CREDIT,
    "Key limit exceeded (total limit)": UsedUp.CREDIT,
    "You don't have enough credits to make this request": UsedUp.CREDIT,
    "Your account balance is negative": UsedUp.CREDIT,
    "Your subscription has expired": UsedUp.CREDIT,
    "user quota 不足": UsedUp.CREDIT,
    "余额不足": UsedUp.CREDIT,
    "账户余额已经不足,无法继续": UsedUp.CREDIT,
    "用户额度不足, 剩余额度: \uff040.00": UsedUp.CREDIT,
    "预扣费额度失败, 需要预扣费额度: \uff040.03": UsedUp.CREDIT,
    "该令牌额度已用尽": UsedUp.CREDIT,
    "您的账户已欠费,请充值后重试": UsedUp.CREDIT,
    "超出配额": UsedUp.CREDIT,
    "资源包已用完": UsedUp.CREDIT,
    "您的積分不足": UsedUp.CREDIT,
    "餘額不足\uff0c請先儲值": UsedUp.CREDIT,
}
WAITED_FOR = [
    "You exceeded your current quota, please check your plan and billing details.",
    "You exceeded your current quota. Please retry in 0.2s.",
    f"{FREE}1000000, model: gemini-2.5-flash\nPlease retry in 48.9s.",
    f"{FREE}0.5, model: m",
    "Resource has been exhausted (e.g. check quota).",
    "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute per region'",
    "Quota exhausted: 10 requests per minute. Your plan allows 100 requests per day.",
    "Rate limit reached on requests per min (RPM): Limit 3, Used 3. Please try again in 20s.",
    "Your request reached max RPM: 3. To raise it, please recharge your account.",
    "Rate limit: 0 requests remaining, resets in 20s",
    "Too many concurrent requests for this quota: quota exhausted",
    "The model is overloaded. Please try again later.",
    "insufficient permission",
    "每分钟请求配额已用完",
    "请求过于频繁,超出配额",
    "并发额度不足,请稍后再试",
    "当前分组上游负载已饱和,请稍后再试",
    "您的请求频率过快",
    "",
]  # fmt: skip
CODES = {
    "insufficient_quota": UsedUp.CREDIT,
    "InsufficientBalance": UsedUp.CREDIT,
    "Arrearage": UsedUp.CREDIT,
    "AllocationQuota.FreeTierOnly": UsedUp.CREDIT,
    "dailyLimitExceeded": UsedUp.PERIOD,
    "USER_QUOTA_NOT_ENOUGH": UsedUp.CREDIT,
    "InsufficientAccountBalance": UsedUp.CREDIT,
    "quota_exceeded": UsedUp.CREDIT,
    "RESOURCE_EXHAUSTED": None,
    "rate_limit_exceeded": None,
    "Throttling.RateQuota": None,
}
VIOLATIONS = [
    ({"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}, UsedUp.PERIOD),
    ({"quotaId": "RequestsPerMonth", "quotaValue": "1000"}, UsedUp.PERIOD),
    ({"quotaId": "GenerateRequestsPerMinutePerProject", "quotaValue": "0"}, UsedUp.ZERO),
    ({"quotaId": "GenerateRequestsPerMinutePerProject", "quotaValue": 0}, UsedUp.ZERO),
    ({"quotaMetric": "image_requests", "description": "limit: 0"}, UsedUp.ZERO),
    ({"subject": "project:7", "description": "Daily Limit exceeded"}, UsedUp.PERIOD),
    ({"quotaId": "GenerateContentPaidTierInputTokensPerModelPerMinute", "quotaValue": "1000000"}, None),
    ({"quotaId": "RequestsPerSecond"}, None),
    ({"quota_limit": "RequestsPerMinutePerRegion", "quota_limit_value": "0"}, UsedUp.ZERO),
    ({"quota_limit": "RequestsPerDayPerProject", "quota_limit_value": "50"}, UsedUp.PERIOD),
    ({"quota_limit": "RequestsPerMinutePerRegion", "quota_limit_value": "60"}, None),
    ({"quotaMetric": METRIC}, None),
    ({}, None),
]  # fmt: skip


@pytest.mark.parametrize(("words", "used_up"), USED_UP.items(), ids=[words[:40] for words in USED_UP])
def test_words_say_that_waiting_does_not_help(words, used_up):
    assert find_used_up(words) is used_up


@pytest.mark.parametrize("words", WAITED_FOR, ids=[words[:40] for words in WAITED_FOR])
def test_what_comes_back_in_a_minute_is_waited_for(words):
    assert find_used_up(words) is None


@pytest.mark.parametrize(("code", "used_up"), CODES.items(), ids=CODES)
def test_codes_say_it_however_they_are_written(code, used_up):
    assert find_used_up("no", [code]) is used_up


def test_a_code_for_any_quota_is_waited_for_where_the_words_name_a_minute():
    assert find_used_up("10 requests per minute", ["quota_exceeded"]) is None


@pytest.mark.parametrize(("violation", "used_up"), VIOLATIONS, ids=[str(item) for item, _ in VIOLATIONS])
def test_googles_details_name_the_quota(violation, used_up):
    assert find_used_up("You exceeded your current quota.", ["429"], [violation]) is used_up


def test_of_two_quotas_that_are_violated_the_longer_one_counts():
    both = [{"quotaId": "RequestsPerMinute"}, {"quotaId": "RequestsPerDay"}]
    assert find_used_up("You exceeded your current quota.", violations=both) is UsedUp.PERIOD


def test_of_a_long_text_only_the_beginning_is_read():
    assert find_used_up("Insufficient balance" + " x" * 50_000) is UsedUp.CREDIT
    assert find_used_up("x " * 50_000 + "Insufficient balance") is None
