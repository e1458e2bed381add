"""Whether a refusal says that a quota or the credit is used up, so that waiting does not help.

Google names the quota in its details; others name it in a code, or in words, English or Chinese. A quota that
is counted by the minute comes back while one waits: what names such a period is no used-up quota.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class UsedUp(StrEnum):
    """What is used up; the value is the hint for a person."""

    ZERO = (
        "The quota for this model is 0, so waiting will not help: "
        "enable billing for the key's project, or use another model or key."
    )
    PERIOD = (
        "The quota of a day or longer is used up, and waiting a little will not help: "
        "raise it, use another key, or ask again when it is renewed."
    )
    CREDIT = "Top up the account or use another key; trying again will not help."


def plain_name(name: str) -> str:
    """Return a field's name or a code in lower case without what stands between its words.

    >>> plain_name("InsufficientBalance") == plain_name("insufficient_balance")
    True
    """
    return re.sub(r"[\W_]", "", name.lower())


# Codes that do not say it in one of the phrases below when they are spelled out.
_CODES = {
    plain_name("account_deactivated"),
    plain_name("account_overdue_error"),
    plain_name("allocation_quota.free_tier_only"),
    plain_name("billing_hard_limit_reached"),
    plain_name("exceeded_current_quota_error"),
    plain_name("free_tier_exhausted"),
    plain_name("overdue_payment"),
    plain_name("pre_consume_token_quota_failed"),
    plain_name("spending_limit_reached"),
}
_CODE_OF_ANY_PERIOD = plain_name("quota_exceeded")
_QUOTA_VALUES = ("quotaValue", "quota_value", "quota_limit_value")
_MAX_READ_CHARS = 8192

# All words are matched in lower case, Chinese ones in simplified characters.
_ZERO = (
    r"\blimit\W{1,4}0(?![.,]?\d)(?! (?:[a-z]+ )?(?:remaining|left))",
    r"\bquota (?:is|of)\W{1,3}0(?![.,]?\d)",
)
_SHORT_PERIODS = (
    r"per[ _-]?(?:minute|second|min\b|sec\b)",
    r"/ ?(?:minute|min|second|sec)\b",
    r"\b(?:rpm|tpm|ipm|qpm|rps|tps|qps)\b",
    r"concurren",
    r"每分钟|每秒|分钟内|秒内|并发|频率|频繁|过快|太快",
)
_LONG_PERIODS = (
    r"per[ _-]?(?:day|week|month)",
    r"/ ?(?:day|week|month)\b",
    r"\b(?:rpd|tpd|ipd)\b",
    r"\b(?:daily|weekly|monthly)[ _-](?:[a-z0-9]+[ _-]){0,3}(?:limit|quota|cap|allowance|credit|budget)",
    r"\b(?:limit|quota)\b[^.;:]{0,20} (?:for|of) (?:today|the day|this (?:week|month))",
    r"\btoday'?s (?:[a-z0-9]+ ){0,2}(?:limit|quota)",
    r"(?:[每当今本][日天周月])[^,.;]{0,10}(?:上限|限额|限制|额度|配额|次数)",
    r"[日月](?:限额|额度|配额)",
)
_CREDIT = (
    r"\binsufficient[ _-](?:[a-z0-9]+[ _-]){0,3}(?:balance|credits?|funds|quota)",
    r"\bnot enough (?:[a-z0-9]+ ){0,2}(?:balance|credits?|funds)",
    r"n[o'’]t have (?:enough|sufficient|any) (?:[a-z0-9]+ ){0,2}(?:balance|credits?|funds|quota)",
    r"\b(?:balance|credits?|funds)\b[^.;:]{0,24}\b(?:insufficient|not enough|too low|negative|empty)",
    r"\b(?:balance|credits?|funds)\b[^.;:]{0,24}\b(?:depleted|exhausted|used up)",
    r"\b(?:out of|no|no more|used all|exhausted|negative) (?:[a-z0-9]+ ){0,2}(?:credits?|balance|funds)\b",
    r"\brequires? (?:more|additional) credits?\b",
    r"\b(?:spend|spending|billing|credit)(?: hard)? (?:limit|cap)\b",
    r"\bbudget (?:has been |is )?exceeded|\bexceeded (?:[a-z0-9]+ ){0,3}budget",
    r"\bin arrears\b|\barrearage\b",
    r"\b(?:account|payment|bill) (?:is )?overdue\b|\boverdue (?:account|payment|bill)",
    r"\bbilling (?:is )?(?:not (?:active|enabled)|disabled)|\brequires billing\b",
    r"\bpayment required\b|\bsuspended (?:due to|for) (?:billing|payment|non-?payment)",
    r"\b(?:trial|subscription|plan) (?:has |is )?expired\b|\bno active subscription\b",
    r"余额[^,.;]{0,8}(?:不足|不够|为0|为零|耗尽|用尽|用完)|(?:不足|没有|无)[^,.;]{0,4}余额|欠费",
    r"(?:积分|点数|次数|资源包|套餐|流量包)[^,.;]{0,8}(?:不足|不够|用尽|用完|耗尽)",
)
_CREDIT_OF_ANY_PERIOD = (
    r"\bnot enough (?:[a-z0-9]+ ){0,2}quota\b",
    r"\bquota\b[^.;:]{0,24}\b(?:insufficient|not enough|depleted|exhausted|used up)",
    r"\b(?:out of|no|no more|used all|exhausted) (?:[a-z0-9]+ ){0,2}quota\b",
    r"\bneed quota\b",
    r"\bkey limit exceeded\b",
    r"\bplease (?:recharge|top[ -]?up)\b",
    r"(?:quota|credits?|balance|额度|配额|限额)[^,.;]{0,10}(?:不足|不够|用尽|用完|耗尽|超出|超限|超过|已满|失败)",
    r"(?:超出|超过|用完|用尽|耗尽|没有|无可用|达到)[^,.;]{0,10}(?:额度|配额|限额)",
    r"充值",
)
# Traditional characters as simplified ones, and the Chinese comma, full stop and semicolon.
_SIMPLIFIED = str.maketrans(
    "餘額費戶號數無沒過盡滿達點積鐘頻發併請儲當\uff0c\u3002\uff1b",
    "余额费户号数无没过尽满达点积钟频发并请储当,.;",
)


def find_used_up(
    words: str, codes: Sequence[str] = (), violations: Sequence[dict[str, Any]] = ()
) -> UsedUp | None:
    """Return what is used up by an error's words, codes and `QuotaFailure` violations; None if nothing is."""
    text = "; ".join((words, *map(_spell_out, codes)))[:_MAX_READ_CHARS].lower().translate(_SIMPLIFIED)
    violated = [" ".join(map(str, item.values()))[:_MAX_READ_CHARS].lower() for item in violations]
    values = (str(item.get(name)).strip() for item in violations for name in _QUOTA_VALUES)
    if "0" in values or _matches(_ZERO, text, *violated):
        return UsedUp.ZERO
    if _matches(_LONG_PERIODS, *violated):
        return UsedUp.PERIOD
    plain_codes = set(map(plain_name, codes))
    if plain_codes & _CODES or _matches(_CREDIT, text):
        return UsedUp.CREDIT
    if _matches(_SHORT_PERIODS, text, *violated):
        return None
    if _matches(_LONG_PERIODS, text):
        return UsedUp.PERIOD
    if _CODE_OF_ANY_PERIOD in plain_codes or _matches(_CREDIT_OF_ANY_PERIOD, text):
        return UsedUp.CREDIT
    return None


def _spell_out(code: str) -> str:
    """Return a code as words: "InsufficientBalance" and "insufficient_balance" are "insufficient balance"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", code[:_MAX_READ_CHARS])


def _matches(phrases: tuple[str, ...], *texts: str) -> bool:
    return any(re.search(phrase, text) for phrase in phrases for text in texts)
