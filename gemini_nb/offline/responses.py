"""HTTP responses of the offline provider: status, headers, body, error bodies, and how one is broken off."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Delivery = Literal["whole", "truncated", "reset", "stall", "drip", "unanswered"]

_PIECE_BYTES = 256 * 1024  # of a body, that are read and sent at a time
JSON = "application/json; charset=UTF-8"
_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_GATEWAY_REASON = {404: "model_not_found", 429: "rate_limit_exceeded", 503: "get_channel_failed"}


@dataclass(frozen=True)
class Response:
    """An HTTP response: status, headers and the whole body.

    `events` is the same body in the pieces that a stream is sent in; `delivery` is how a server sends it.
    A body that may not fit into memory is in `parts` instead, bytes and files in their order.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    events: tuple[bytes, ...] = ()
    delivery: Delivery = "whole"
    parts: tuple[bytes | Path, ...] = ()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces of a network's size."""
        for part in self.parts or (self.body,):
            with part.open("rb") if isinstance(part, Path) else io.BytesIO(part) as file:
                while piece := file.read(_PIECE_BYTES):
                    yield piece

    @property
    def length(self) -> int:
        """The length of the body in bytes."""
        return int(self.headers["content-length"])

    @property
    def is_json(self) -> bool:
        """Whether the declared content type is JSON; the body of an error then has an "error" object."""
        return self.headers["content-type"] == JSON


def json_response(status: int, value: Any) -> Response:
    """Build a response whose body is `value` as JSON."""
    return bytes_response(status, JSON, dump_json(value))


def bytes_response(status: int, content_type: str, body: bytes) -> Response:
    """Build a response with its content type and length, and "nosniff" as Google sends it."""
    headers = {
        "content-type": content_type,
        "content-length": str(len(body)),
        "x-content-type-options": "nosniff",
    }
    return Response(status, headers, body)


def parts_response(status: int, content_type: str, parts: Sequence[bytes | Path]) -> Response:
    """Build a response of bytes and files, which are read while they are sent."""
    length = sum(part.stat().st_size if isinstance(part, Path) else len(part) for part in parts)
    response = bytes_response(status, content_type, b"")
    response.headers["content-length"] = str(length)
    return replace(response, parts=tuple(parts))


def dump_json(value: Any) -> bytes:
    """Encode as JSON in UTF-8; a lone surrogate, which UTF-8 cannot hold, becomes a backslash escape."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def error_response(
    code: int, message: str, *, status: str | None = None, details: list[dict[str, Any]] | None = None
) -> Response:
    """Build Google's error body for an HTTP status; `status` is the canonical name beside the number."""
    error = {"code": code, "message": message, "status": status or _STATUS.get(code, "UNKNOWN")}
    return json_response(code, {"error": error | ({"details": details} if details else {})})


def method_not_allowed(method: str) -> Response:
    """Build Google's error for a method that a path does not have."""
    return error_response(405, f"Method {method[:20]!r} is not allowed.", status="UNIMPLEMENTED")


def gateway_error(code: int, message: str, *, reason: str) -> Response:
    """Build the error body of new-api, on which many gateways run, Crazyrouter's kind among them."""
    message = f"{message} (request id: offline)"
    error = {"message": message, "type": "new_api_error", "param": "", "code": reason}
    return json_response(code, {"error": error})


def to_gateway_error(response: Response) -> Response:
    """Translate an error in Google's words into a gateway's; return any other response as it is.

    What a gateway leaves out, such as Google's advice how long to wait, is left out.
    """
    error = json.loads(response.body)["error"] if response.status >= 400 and response.is_json else {}
    if "status" not in error:
        return response
    reasons = [detail.get("reason") for detail in error.get("details", ())]
    if response.status == 403 or "API_KEY_INVALID" in reasons:
        return gateway_error(401, "Invalid token", reason="invalid_api_key")
    reason = _GATEWAY_REASON.get(response.status, "invalid_request")
    return gateway_error(response.status, error["message"], reason=reason)
