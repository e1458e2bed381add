"""What a reply cost by its own usage: tokens of input, text, thinking and pictures, and searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gemini_nb import models

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_TOKENS = 10**9

# In Gemini's words, in those of its gateways, and in OpenAI's.
_TOKEN_COUNTS = (
    ("promptTokenCount", "prompt_token_count", "prompt_tokens", "input_tokens"),
    ("toolUsePromptTokenCount", "tool_use_prompt_token_count"),
    ("candidatesTokenCount", "candidates_token_count", "completion_tokens", "output_tokens"),
    ("thoughtsTokenCount", "thoughts_token_count"),
    ("totalTokenCount", "total_token_count", "total_tokens"),
)


def price_usage(
    model: str,
    usage: Mapping[str, Any],
    *,
    pictures: int = 0,
    image_size: str | None = None,
    queries: int = 0,
    tier: str | None = None,
) -> float | None:
    """Return what a reply cost by its usage and its searches, in US dollars at list price.

    None where the usage or the price is not known. Where `pictures` came and the usage lists no tokens of
    pictures, as gateways do, they have as many as the catalogue says for `image_size`; other output is text.
    `tier` is "batch" for what a batch job made; searches have one price in all tiers.

    >>> price_usage("nano-banana-pro", {"promptTokenCount": 500, "candidatesTokenCount": 250})
    0.004
    >>> price_usage("nano-banana-pro", {"promptTokenCount": 500, "candidatesTokenCount": 1120}, pictures=1)
    0.1354
    """
    row = models.find(model)
    prompt, tools, output, thoughts, total = (_count_tokens(usage, *names) for names in _TOKEN_COUNTS)
    given, thoughts = (prompt or 0) + (tools or 0), thoughts or 0
    if output is None and total is not None:  # a count of 0 is left out
        output = max(0, total - given - thoughts)
    if row is None or row.token_prices is None or prompt is None or output is None:
        return None
    image = min(count_image_tokens(usage), output)
    text = output - image
    if pictures and not image:
        each = dict(row.tokens).get(image_size or row.default_size)
        if each is None:
            return None
        image = pictures * each
        text = output - image if output >= image else output  # pictures are counted, or they are left out
    search = row.token_prices.search
    if queries and search is None:
        return None
    tokens = row.price_of_tokens(input=given, text=text + thoughts, image=image)
    share = row.price_share(tier)
    return None if tokens is None or share is None else tokens * share + queries * (search or 0.0) / 1000


def count_image_tokens(usage: Mapping[str, Any]) -> int:
    """Return how many output tokens a reply's usage lists as those of pictures."""
    details = usage.get("candidatesTokensDetails")
    rows = [row for row in details if isinstance(row, dict)] if isinstance(details, list) else []
    counts = [row.get("tokenCount") for row in rows if row.get("modality") == "IMAGE"]
    return sum(count for count in counts if isinstance(count, int) and count > 0)


def _count_tokens(usage: Mapping[str, Any], *names: str) -> int | None:
    values = (usage.get(name) for name in names)
    counts = (value for value in values if isinstance(value, int) and not isinstance(value, bool))
    return next((count for count in counts if 0 <= count <= _MAX_TOKENS), None)
