"""What goes back over the wire: a status, headers, a body, and in tests of clients how it is broken off."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

Delivery = Literal["whole", "truncated", "reset", "stall", "drip"]

JSON = "application/json; charset=UTF-8"
_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, headers and the whole body.

    `events` is the same body in the pieces that a stream is sent in; `delivery` is how a server sends it.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    events: tuple[bytes, ...] = ()
    delivery: Delivery = "whole"

    @property
    def is_json(self) -> bool:
        return self.headers["content-type"] == JSON


def of_json(status: int, value: Any) -> Answer:
    """Build an answer whose body is `value` as JSON."""
    return of_bytes(status, JSON, dumped(value))


def of_bytes(status: int, content_type: str, body: bytes) -> Answer:
    headers = {
        "content-type": content_type,
        "content-length": str(len(body)),
        "x-content-type-options": "nosniff",
    }
    return Answer(status, headers, body)


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def failure(
    code: int, message: str, *, status: str | None = None, details: list[dict[str, Any]] | None = None
) -> Answer:
    """Build Google's error body for an HTTP status."""
    error: dict[str, Any] = {
        "code": code,
        "message": message,
        "status": status or _STATUS.get(code, "UNKNOWN"),
    }
    if details:
        error["details"] = details
    return of_json(code, {"error": error})


def gateway_failure(code: int, message: str, *, reason: str, kind: str = "new_api_error") -> Answer:
    """Build the error body of new-api, on which many gateways run, Crazyrouter's kind among them."""
    message = f"{message} (request id: offline)"
    return of_json(code, {"error": {"message": message, "type": kind, "param": "", "code": reason}})


def in_gateway_words(answer: Answer) -> Answer:
    """Return a failure in Google's words as a gateway puts it; any other answer as it is.

    What a gateway leaves out, as Google's advice how long to wait, is left out.
    """
    error = json.loads(answer.body)["error"] if answer.status >= 400 and answer.is_json else {}
    if "status" not in error:
        return answer
    reasons = [detail.get("reason") for detail in error.get("details", ())]
    if answer.status == 403 or "API_KEY_INVALID" in reasons:
        return gateway_failure(401, "Invalid token", reason="invalid_api_key")
    reason = {404: "model_not_found", 429: "rate_limit_exceeded", 503: "get_channel_failed"}
    return gateway_failure(
        answer.status, error["message"], reason=reason.get(answer.status, "invalid_request")
    )
