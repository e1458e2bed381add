"""Error replies → the error to raise: which class, with what to do next.

`error_body` reads what the server says, `quota` whether waiting helps. What a code names (policy, quota, key)
counts for more than the status it came with.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gemini_nb import models
from gemini_nb.errors import (
    APIError,
    AuthenticationError,
    BlockedError,
    GeminiError,
    OutcomeUnknownError,
    QuotaExhaustedError,
    RateLimitError,
)
from gemini_nb.reply.errors.error_body import ErrorBody, parse_error, read_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret

REFUSED = (429, 503)  # the server did not begin the work

_NO_WAIT_HINT = "Nothing was made or billed; try again later."
_FIREWALL_HINT = (
    "A firewall or proxy in front of the API refused the request; the key was most likely not checked. "
    "Check the network, a VPN and the base URL."
)
# As `plain_name` writes them.
_KEY_CODES = {"invalidapikey", "apikeyinvalid", "apikeyserviceblocked"}
_SAFETY_CODES = {
    *("promptblocked", "sensitivewordsdetected", "contentpolicyviolation", "contentfilter"),
    *("moderationblocked", "datainspectionfailed"),
}
_FIREWALL = re.compile(
    r"firewall|\bwaf\b|captcha|cloudflare|error (?:code: )?1\d{3}\b|attention required|just a moment"
    r"|you have been blocked|\bip (?:address )?(?:is |was |has been )?(?:blocked|banned)"
    r"|security (?:policy|rule)|request (?:was |is )?(?:blocked|rejected)|access denied.{0,80}reference"
    r"|enable javascript|akamai|fortigate|imperva|incapsula|sucuri|zscaler|防火墙|拦截|阻断",
    re.IGNORECASE | re.DOTALL,
)


def error_for(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    provider: Provider,
    model: str,
    key: Secret | None = None,
) -> GeminiError:
    """Return the error for an answer that has a status other than 2xx."""
    error = read_error(body)
    is_page = error.is_page or ("html" in headers.get("content-type", "") and body.lstrip()[:1] not in b"{[")
    error = replace(error, retry_delay=advised_wait(headers, error.retry_delay), is_page=is_page)
    return _choose_error(status, error, provider=provider, model=model, key=key)


def error_in_reply(
    report: Any,
    *,
    has_begun: bool = False,
    headers: Mapping[str, str] | None = None,
    provider: Provider,
    model: str,
    key: Secret | None = None,
) -> GeminiError:
    """Return the error for HTTP 200 with an error inside; its own code stands in for the status.

    A 2xx reply without a picture may have been billed. The exception is a refusal as its 429 or 503 would be,
    which is retried as one: a code or status in it says so, and nothing was begun. `has_begun` says that
    words, drafts or usage came with it; then the outcome is unknown, whatever the code.
    """
    error = parse_error(report)
    error = replace(error, retry_delay=advised_wait(headers or {}, error.retry_delay))
    found = _choose_error(error.status or 200, error, provider=provider, model=model, key=key)
    if isinstance(found, RateLimitError) and has_begun:
        return OutcomeUnknownError(str(found.args[0]), status=found.status, code=found.code)
    return found


def _choose_error(
    status: int, error: ErrorBody, *, provider: Provider, model: str, key: Secret | None
) -> GeminiError:
    error = error.redact(key)
    what = status if status != 200 else "with an error"
    text = f"{provider.name} answered {what}: {error.message or error.code or 'it says no more'}"
    detail: dict[str, Any] = {"status": status, "code": error.code}
    if reason := error.first_of(_SAFETY_CODES):
        return BlockedError(text, reason=reason, text=error.message)
    if error.used_up or status == 402:
        return QuotaExhaustedError(text, hint=error.used_up.value if error.used_up else None, **detail)
    is_key_code = error.first_of(_KEY_CODES)
    # The API itself answers 403 in JSON: a page comes from what stands before it.
    is_firewall = (error.is_page and status == 403) or _FIREWALL.search(error.message)
    if status in (401, 403) and not is_key_code and is_firewall:
        return APIError(text, hint=_FIREWALL_HINT, **detail)
    if status in (401, 403) or is_key_code:
        where = key.where if key else "api_key"
        check = f"check it, its permissions and that it belongs to {provider.name}."
        hint = f"The key from {where} was refused: {check}"
        return AuthenticationError(text, hint=hint, **detail)
    if status in REFUSED:
        wait = error.retry_delay
        hint = f"Try again in {math.ceil(wait)} s." if wait else _NO_WAIT_HINT
        return RateLimitError(text, hint=hint, retry_after=wait, **detail)
    if status == 408 or status >= 500:
        return OutcomeUnknownError(text, **detail)
    return APIError(text, hint=_hint(status, model, provider.name), **detail)


def _hint(status: int, model: str, provider: str) -> str:
    if status == 200:
        return "It came as a success, so it may have been billed. It was not sent again."
    if status < 400:
        return "Redirects are not followed, since they would carry the key elsewhere: check the base URL."
    if status == 404:
        if shutdown := models.describe_shutdown(model, provider):
            return shutdown
        other = models.suggest_instead(model, provider)
        instead = f" Try {other!r}." if other else ""
        return f"Is {model!r} offered there? `%gemini models --live` lists what is, for free.{instead}"
    return "The request itself was refused; sending it again will not help."


def advised_wait(headers: Mapping[str, str], retry_delay: float | None = None) -> float | None:
    """Return the longest wait in seconds that an answer advises, or None.

    Read from `retry-after-ms` and `Retry-After` (seconds or an HTTP date); `retry_delay` is what the body
    says.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    waits = (None if milliseconds is None else milliseconds / 1000, _retry_after(headers), retry_delay)
    return max((wait for wait in waits if wait is not None), default=None)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "")
    if (seconds := _number(text)) is not None:
        return seconds
    until = _date(text)
    if until is None:
        return None
    now = _date(headers.get("date", ""))  # the server's clock, where it tells: ours may differ
    return max(0.0, until - (time.time() if now is None else now))


def _date(text: str) -> float | None:
    import email.utils  # noqa: PLC0415 - seldom needed

    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    text = (text or "").strip()
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text, re.ASCII) else None
