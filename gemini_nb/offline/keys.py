"""Which key a request carries, and whether it will do: any that is not empty, but for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_nb.offline.responses import Answer, failure

if TYPE_CHECKING:
    from collections.abc import Mapping

REJECTED_KEY = "rejected-key"
"""The one key that is answered as Google answers a wrong one; any other that is not empty will do."""


def refuse_key(headers: Mapping[str, str], query: Mapping[str, str]) -> Answer | None:
    """Return Google's refusal of a key that is missing or wrong; None for one that will do."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token if scheme.lower() == "bearer" else ""
    key = (headers.get("x-goog-api-key") or query.get("key") or bearer).strip()
    if not key:
        return failure(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API.",
        )
    return _key_invalid() if key == REJECTED_KEY else None


def _key_invalid() -> Answer:
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    return failure(400, "API key not valid. Please pass a valid API key.", details=[detail])
