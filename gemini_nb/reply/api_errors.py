"""Error replies → the error to raise, in whichever of the gateways' dialects they are written.

Google: `{"error": {"code", "message", "status", "details"}}`, sometimes inside an array. new-api and
OpenAI: `{"error": {"message", "type", "param", "code"}}`. OpenRouter: `error.metadata.raw`, what its own
upstream said. What a code names (policy, quota, key) counts for more than the status it came with.
"""

from __future__ import annotations

import json
import math
import re
import time
from dataclasses import dataclass, replace
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
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret

REFUSED = (429, 503)  # the server did not begin the work

_NO_WAIT_HINT = "Nothing was made or billed; try again in a while."
_MAX_MESSAGE_CHARS = 300
_MAX_CODE_CHARS = 80
_QUOTA_CODES = {
    "insufficient_user_quota",
    "insufficient_quota",
    "pre_consume_token_quota_failed",
    "billing_hard_limit_reached",
    "token_quota_exhausted",
    "quota_exceeded",
    "account_deactivated",
}
_KEY_CODES = {"invalid_api_key", "API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED"}
_SAFETY_CODES = {
    "prompt_blocked",
    "sensitive_words_detected",
    "content_policy_violation",
    "content_filter",
    "moderation_blocked",
}


@dataclass(frozen=True)
class ErrorBody:
    """What an error body says: all text is the server's own, `retry_delay` is in seconds."""

    message: str = ""
    codes: tuple[str, ...] = ()
    retry_delay: float | None = None

    @property
    def code(self) -> str | None:
        """The first code, by preference one that is a name."""
        return self.codes[0] if self.codes else None

    @property
    def status(self) -> int | None:
        """The HTTP status among the codes, if there is one."""
        return next((int(code) for code in self.codes if re.fullmatch("[1-5][0-9]{2}", code)), None)

    def first_of(self, codes: set[str]) -> str | None:
        """Return the first of its codes that is among `codes`."""
        return next((code for code in self.codes if code in codes), None)

    def redact(self, key: Secret | None) -> ErrorBody:
        """Return the same with the key masked, which comes before any cutting, short enough to be shown."""
        mask = key.redact if key else str
        codes = (one_line(mask(code), _MAX_CODE_CHARS) for code in self.codes)
        return replace(
            self, message=one_line(mask(self.message), _MAX_MESSAGE_CHARS), codes=tuple(filter(None, codes))
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
    error = replace(error, retry_delay=advised_wait(headers, error.retry_delay))
    return _choose_error(status, error, provider=provider, model=model, key=key)


def error_in_reply(error: Any, *, provider: Provider, model: str, key: Secret | None = None) -> GeminiError:
    """Return the error for HTTP 200 with an error inside; its own code stands in for the status."""
    body = _parse_error(error)
    return _choose_error(body.status or 200, body, provider=provider, model=model, key=key)


def _choose_error(
    status: int, error: ErrorBody, *, provider: Provider, model: str, key: Secret | None
) -> GeminiError:
    error = error.redact(key)
    what = status if status != 200 else "with an error"
    text = f"{provider.name} answered {what}: {error.message or error.code or 'it says no more'}"
    detail: dict[str, Any] = {"status": status, "code": error.code}
    if reason := error.first_of(_SAFETY_CODES):
        return BlockedError(text, reason=reason, text=error.message)
    if status == 402 or error.first_of(_QUOTA_CODES):
        return QuotaExhaustedError(text, **detail)
    if status in (401, 403) or error.first_of(_KEY_CODES):
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
    return APIError(text, hint=_hint(status, model), **detail)


def _hint(status: int, model: str) -> str:
    if status == 200:
        return "It came as a success, so it may have been billed. It was not sent again."
    if status < 400:
        return "Redirects are not followed, since they would carry the key elsewhere: check the base URL."
    if status == 404:
        other = model.removesuffix("-preview") if model.endswith("-preview") else ""
        instead = f" Try {other!r}, its name without -preview." if models.find(other) else ""
        return f"Is {model!r} offered there? `%gemini models` lists the known names.{instead}"
    return "The request itself was refused; sending it again will not help."


def read_error(body: bytes) -> ErrorBody:
    """Read an error body of any dialect; HTML gives its title, other text its beginning."""
    try:
        return _parse_error(json.loads(body))
    except (ValueError, RecursionError):
        text = body[:4096].decode("utf-8", "replace")
    title = re.search(r"<title[^>]{0,200}>([^<]{1,300})", text, re.IGNORECASE)
    if title:
        return ErrorBody(f"an HTML page titled “{title[1].strip()}”")
    return ErrorBody("an HTML page" if text.lstrip()[:1] == "<" else text.strip())


def _parse_error(value: Any, *, depth: int = 3) -> ErrorBody:
    """Read an error, bare or under `error`, in an array, or as the mere text of one."""
    if isinstance(value, str):
        return ErrorBody(value)
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    if not isinstance(value, dict):
        return ErrorBody()
    if depth and isinstance(value.get("error"), dict | list | str):
        return _parse_error(value["error"], depth=depth - 1)
    messages = [
        text for text in (value.get("message"), value.get("detail")) if isinstance(text, str) and text
    ]
    details = value.get("details")
    details = [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []
    fields = (value.get("code"), value.get("status"), value.get("type"), *(d.get("reason") for d in details))
    codes = [str(f) for f in fields if isinstance(f, str | int) and not isinstance(f, bool) and f != ""]
    named_first = tuple(sorted(codes, key=str.isdigit))
    return _with_upstream(
        ErrorBody(messages[0] if messages else "", named_first, _retry_delay(details)), value
    )


def _with_upstream(error: ErrorBody, value: dict[str, Any]) -> ErrorBody:
    """Add what OpenRouter passes on in `metadata.raw`, its own upstream's error: text, or JSON as text."""
    metadata = value.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if not isinstance(raw, str) or not raw or raw == error.message:
        return error
    upstream = read_error(raw.encode("utf-8", "replace"))
    return ErrorBody(
        ": ".join(filter(None, (error.message, upstream.message))),
        error.codes + upstream.codes,
        max(filter(None, (error.retry_delay, upstream.retry_delay)), default=None),
    )


def _retry_delay(details: list[dict[str, Any]]) -> float | None:
    """Google's RetryInfo: "48s", "34.4s"."""
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", delay, re.ASCII):
            return float(delay[:-1])
    return None


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
