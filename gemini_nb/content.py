"""A model's raw content, kept as JSON whose values come back exactly, thought signatures included."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemini_nb.secret import Secret

MAX_CONTENT_BYTES = 128 * 2**20  # a reply of 64 MiB may be longer when written out again
_NOT_JSON = (ValueError, TypeError, RecursionError)


def encode(content: Any, *, key: Secret | None = None) -> bytes | None:
    """Return the content as one line of JSON; None where there is none, or none that may be kept.

    Content that holds the key is not kept: with the key masked it would not be what must be echoed.
    """
    if content is None:
        return None
    try:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except _NOT_JSON:
        return None
    raw = text.encode("utf-8", "backslashreplace")  # escapes lone surrogates, which JSON can name
    holds_key = key is not None and key.redact(text) != text
    return None if holds_key or len(raw) > MAX_CONTENT_BYTES else raw


def decode(raw: bytes) -> Any | None:
    """Return the values in a content's file, or None where they cannot be read."""
    try:
        return json.loads(raw.decode("utf-8"))
    except _NOT_JSON:
        return None
