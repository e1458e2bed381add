"""An error reply → the error to raise, whichever of the gateways' dialects it is written in.

Google: `{"error": {"code", "message", "status", "details"}}`, sometimes inside an array. new-api and
OpenAI: `{"error": {"message", "type", "param", "code"}}`. OpenRouter: `error.metadata.raw`.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from dataclasses import dataclass
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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gemini_nb.providers import Provider
    from gemini_nb.secret import Secret

REFUSED = (429, 503)  # the server did not begin the work

_MAX_MESSAGE = 300
_QUOTA_CODES = {
    "insufficient_user_quota",
    "insufficient_quota",
    "pre_consume_token_quota_failed",
    "billing_hard_limit_reached",
    "token_quota_exhausted",
    "quota_exceeded",
    "account_deactivated",
}
_KEY_CODES = {"invalid_api_key", "API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "channel:invalid_key"}
_SAFETY_CODES = {
    "prompt_blocked",
    "sensitive_words_detected",
    "content_policy_violation",
    "content_filter",
    "moderation_blocked",
}


@dataclass(frozen=True)
class ErrorBody:
    """What an error body says, in whichever dialect: all text is the server's own."""

    message: str = ""
    codes: tuple[str, ...] = ()
    retry_delay: float | None = None

    @property
    def code(self) -> str | None:
        return self.codes[0] if self.codes else None


def error_for(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    provider: Provider,
    model: str,
    key: Secret | None = None,
) -> GeminiError:
    """Return the error for a reply whose status is not 200."""
    return _error(
        status, read_error(body), advised_wait(headers, body), provider=provider, model=model, key=key
    )


def error_in_reply(error: Any, *, provider: Provider, model: str, key: Secret | None = None) -> GeminiError:
    """Return the error for HTTP 200 with an error inside; its own code stands in for the status."""
    said = _from_json(error)
    numbers = [int(code) for code in said.codes if code.isdigit() and len(code) == 3]
    return _error(
        numbers[0] if numbers else 200, said, said.retry_delay, provider=provider, model=model, key=key
    )


def _error(
    status: int, said: ErrorBody, wait: float | None, *, provider: Provider, model: str, key: Secret | None
) -> GeminiError:
    message = _quoted(said.message, key)
    where = (
        f"{provider.name} answered {status}" if status != 200 else f"{provider.name} answered with an error"
    )
    text = f"{where}: {message}" if message else f"{where}."
    codes = set(said.codes)
    detail: dict[str, Any] = {"status": status, "code": said.code}
    if codes & _SAFETY_CODES:
        return BlockedError(text, reason=next(iter(codes & _SAFETY_CODES)), text=message)
    if codes & _QUOTA_CODES:
        return QuotaExhaustedError(text, **detail)
    if codes & _KEY_CODES or status in (401, 403):
        return AuthenticationError(text, hint=_key_hint(provider, key), **detail)
    if status in REFUSED:
        return RateLimitError(text, hint=_wait_hint(wait), retry_after=wait, **detail)
    if status == 408 or status >= 500:
        return OutcomeUnknownError(text, **detail)
    return APIError(text, hint=_hint(status, model), **detail)


def _key_hint(provider: Provider, key: Secret | None) -> str:
    where = key.where if key else "api_key"
    return (
        f"The key from {where} was refused: check it, its permissions and that it belongs to {provider.name}."
    )


def _wait_hint(wait: float | None) -> str:
    return f"Try again in {wait:.0f} s." if wait else "Nothing was made or billed; try again in a while."


def _hint(status: int, model: str) -> str:
    if 300 <= status < 400:
        return "Redirects are not followed, since they would carry the key elsewhere: check the base URL."
    if status == 404:
        other = model.removesuffix("-preview") if model.endswith("-preview") else ""
        instead = f" Try {other!r}, its name without -preview." if models.find(other) else ""
        return f"Is {model!r} offered there? `%gemini models` lists the known names.{instead}"
    return "The request itself was refused; sending it again will not help."


def _quoted(message: str, key: Secret | None) -> str:
    """The server's words: key masked first, one line, cut."""
    message = key.redact(message) if key else message
    text = " ".join(message.split())
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"


def read_error(body: bytes) -> ErrorBody:
    """Read an error body of any dialect; HTML gives its title, other text its beginning."""
    try:
        return _from_json(json.loads(body))
    except (ValueError, RecursionError):
        text = body[:4096].decode("utf-8", "replace")
    title = re.search(r"<title[^>]{0,200}>([^<]{1,300})", text, re.IGNORECASE)
    if title:
        return ErrorBody(f"an HTML page titled “{title[1].strip()}”")
    return ErrorBody("an HTML page" if text.lstrip()[:1] == "<" else text.strip())


def _from_json(value: Any) -> ErrorBody:
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), {})
    if isinstance(value, str):
        return ErrorBody(value)
    if not isinstance(value, dict):
        return ErrorBody()
    error = value.get("error", value)
    if isinstance(error, list | str):
        return _from_json(error)
    if not isinstance(error, dict):
        return ErrorBody()
    details = [item for item in _list(error.get("details")) if isinstance(item, dict)]
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    message = next(
        (m for m in (error.get("message"), error.get("detail"), raw) if isinstance(m, str) and m), ""
    )
    if isinstance(raw, str) and raw != message:
        message = f"{message}: {raw}"
    fields = (error.get("code"), error.get("status"), error.get("type"), *(d.get("reason") for d in details))
    codes = tuple(str(f) for f in fields if isinstance(f, str | int) and not isinstance(f, bool) and f != "")
    named = tuple(c for c in codes if not c.isdigit())
    return ErrorBody(message, named + tuple(c for c in codes if c.isdigit()), _retry_delay(details))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _retry_delay(details: list[dict[str, Any]]) -> float | None:
    """Google's RetryInfo: "48s", "34.4s"."""
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", delay, re.ASCII):
            return float(delay[:-1])
    return None


def advised_wait(headers: Mapping[str, str], body: bytes = b"") -> float | None:
    """Return the longest wait in seconds that the reply advises, or None.

    Read from `retry-after-ms`, `Retry-After` (seconds or an HTTP date) and Google's `RetryInfo.retryDelay`.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    waits = [
        milliseconds / 1000 if milliseconds is not None else None,
        _retry_after(headers),
        read_error(body).retry_delay if body else None,
    ]
    known = [wait for wait in waits if wait is not None]
    return max(known) if known else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "")
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        until = email.utils.parsedate_to_datetime(text).timestamp()
        now = (
            email.utils.parsedate_to_datetime(headers["date"]).timestamp()
            if "date" in headers
            else time.time()
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, until - now)


def _number(text: str | None) -> float | None:
    text = (text or "").strip()
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text, re.ASCII) else None
