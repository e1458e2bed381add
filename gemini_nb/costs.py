"""Costs: the pictures and dollars spent in this process, estimates before sending, and the cost limit."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from gemini_nb import models
from gemini_nb.errors import CostLimitError, ReplayMissError
from gemini_nb.event_loop import HAS_THREADS
from gemini_nb.models.usage import price_usage
from gemini_nb.text import format_count, format_dollars

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from gemini_nb.errors import GeminiError
    from gemini_nb.generation import Generation
    from gemini_nb.providers.provider import Provider
    from gemini_nb.request import ImageRequest


T = TypeVar("T")
R = TypeVar("R")

_MAX_THREADS = 8
_FEW = 4  # so few are read sooner than threads are started
_REMEMBERED = 50  # the newest durations of each model: gateways grow slower and faster
_ELIDED_CHARACTERS = 120

_Times = defaultdict[tuple[str, str], deque[float]]


@dataclass
class Spending:
    """A running total: `asked` paid pictures, `dollars` by list price, and those that cost nothing.

    `unknown` counts the paid pictures whose price is not known; they are in `asked`, and never count as 0.
    `failed` requests brought no picture and may have been billed all the same: `failed_dollars` by the usage
    of their replies, except for the `failed_unknown` ones. `interrupted` requests were under way when they
    were stopped, so that nobody knows what they cost.
    """

    asked: int = 0
    replayed: int = 0
    offline: int = 0
    unknown: int = 0
    dollars: float = 0.0
    failed: int = 0
    failed_unknown: int = 0
    failed_dollars: float = 0.0
    interrupted: int = 0
    _seconds: _Times = field(
        default_factory=lambda: defaultdict(partial(deque, maxlen=_REMEMBERED)), repr=False
    )

    def add(self, generation: Generation) -> None:
        """Count one result; a replayed one costs nothing, but its duration counts."""
        if generation.tier is None:  # a batch job takes hours for all of its pictures together
            self._seconds[generation.model, generation.provider].append(generation.seconds)
        if generation.replayed:
            self.replayed += 1
        elif generation.provider == "offline":
            self.offline += 1
        else:
            self.asked += 1
            self.unknown += generation.estimated_cost is None
            self.dollars += generation.estimated_cost or 0.0

    def add_failure(self, error: GeminiError, model: str) -> None:
        """Count a failed request, if it may have been billed."""
        if error.may_be_billed:
            cost = price_usage(model, error.usage, tier=error.tier)
            self.failed += 1
            self.failed_unknown += cost is None
            self.failed_dollars += cost or 0.0

    def describe(self) -> str:
        """Return in a few words what the paid pictures cost; "" where none was paid for.

        What failed and may have been billed is in the amount, where its reply says how much was used.
        """
        priced = self.asked - self.unknown
        if not priced and not self.failed_dollars:
            return "price unknown" if self.unknown else ""
        amount = f"{format_dollars(self.dollars + self.failed_dollars)} by estimate"
        return f"{amount} and {self.unknown} of unknown price" if self.unknown else amount

    def expected_seconds(self, model: str, provider: str) -> float | None:
        """Return the median duration of this model's pictures so far; None before the first."""
        from statistics import median  # noqa: PLC0415 - loads fractions and decimals, not wanted at start

        seconds = self._seconds.get((model, provider))
        return median(seconds) if seconds else None

    def lines(self) -> list[str]:
        """Return the total in words, one fact a line."""
        cost = format_dollars(None if self.unknown and self.unknown == self.asked else self.dollars)
        asked, unknown, replayed, offline = (
            format_count(number, "picture")
            for number in (self.asked, self.unknown, self.replayed, self.offline)
        )
        lines = [f"asked for     {asked}, estimated at {cost} (Google's list price)"]
        if self.unknown:
            lines.append(f"of these      {unknown} of unknown price, not in the estimate")
        lines += self._failed_lines()
        return [*lines, f"replayed      {replayed}, at no cost", f"offline       {offline}, at no cost"]

    def _failed_lines(self) -> list[str]:
        """Return a line each, short enough for a table, about what may have been billed without a picture."""
        lines = []
        if self.failed:
            is_known = self.failed > self.failed_unknown
            cost = f"{format_dollars(self.failed_dollars)} by usage" if is_known else "at unknown cost"
            lines.append(f"failed        {format_count(self.failed, 'request')}, perhaps billed, {cost}")
            if is_known and self.failed_unknown:
                lines.append(f"of these      {self.failed_unknown} at unknown cost")
        if self.interrupted:
            requests = format_count(self.interrupted, "request")
            lines.append(f"interrupted   {requests}, perhaps billed, at unknown cost")
        return lines


@dataclass(frozen=True)
class Estimate:
    """The requests that would be sent, with their cost, and those that would be replayed.

    `left_alone` are those which only a later version can replay: they fail, and nothing is sent for them.
    `tier` is "batch" where they would be sent in batch jobs, and so at that price.
    """

    sent: tuple[ImageRequest, ...]
    replayed: tuple[ImageRequest, ...]
    provider: str
    base_url: str
    left_alone: tuple[ImageRequest, ...] = ()
    tier: str | None = None

    @property
    def cost(self) -> float | None:
        """US dollars at list price, 0.0 offline, None where one price is not known."""
        return 0.0 if self.provider == "offline" else self._list_price(self.tier)

    def _list_price(self, tier: str | None) -> float | None:
        prices = [request.estimate_cost(tier) for request in self.sent]
        return None if None in prices else sum(price for price in prices if price is not None)

    def check(self, *, max_cost: float | None, max_images: int) -> None:
        """Raise `CostLimitError` above `max_cost` in US dollars or, without it, above `max_images`.

        Offline pictures cost nothing and always pass; an unknown price never passes `max_cost`.
        """
        refusal = self._refusal(max_cost, max_images)
        if refusal is not None:
            raise refusal

    def _refusal(self, max_cost: float | None, max_images: int) -> CostLimitError | None:
        if self.provider == "offline" or not self.sent:
            return None
        cost, count = self.cost, len(self.sent)
        if max_cost is None:
            if count > max_images:
                return CostLimitError(
                    f"This asks for {format_count(count, 'picture')}, estimated at {format_dollars(cost)}; "
                    f"max_images is {max_images}.",
                    hint="Nothing was sent. --max-cost USD allows as many as that amount pays for.",
                )
        elif cost is None:
            unpriced = {request.model for request in self.sent if request.estimate_cost(self.tier) is None}
            return CostLimitError(
                f"The price of {', '.join(sorted(unpriced))} is unknown, "
                f"so the limit of {format_dollars(max_cost)} cannot be checked.",
                hint="Nothing was sent. Leave --max-cost out, or choose a model whose price is known.",
            )
        elif not cost <= max_cost + 1e-9:  # a limit that is no number allows nothing
            return CostLimitError(
                f"This asks for {format_count(count, 'picture')}, estimated at {format_dollars(cost)}; "
                f"the limit is {format_dollars(max_cost)}.",
                hint="Nothing was sent. Ask for fewer or smaller pictures, or raise --max-cost.",
            )
        return None

    def lines(self, *, max_cost: float | None, max_images: int) -> list[str]:
        """Return the estimate in words, and the address and body of the first request that would be sent.

        It says whether the limits would let them be sent.
        """
        lines = [
            f"{format_count(len(self.sent), 'picture')} would be requested from {self.provider}, "
            f"{len(self.replayed)} replayed from the store.",
            self._price_line(),
        ]
        if self.left_alone:
            count = format_count(len(self.left_alone), "picture")
            lines.append(f"{count} stored by a later version of gemini_nb: upgrade to replay them.")
        names = dict.fromkeys(name for request in self.sent for name in request.unvalidated(self.provider))
        if names:
            lines.append(f"Not validated on Crazyrouter, passed on as given: {', '.join(names)}.")
        distinct = dict.fromkeys(request.model for request in self.sent)
        lines += filter(None, (models.describe_shutdown(model, self.provider) for model in distinct))
        refusal = self._refusal(max_cost, max_images)
        if refusal is not None:
            lines.append(f"It would be refused: {refusal.args[0]}")
        for request in self.sent[:1]:
            method = "batchGenerateContent, each as" if self.tier == models.BATCH else "generateContent"
            lines.append(f"POST {self.base_url}/v1beta/models/{request.model}:{method}")
            lines.append(json.dumps(elide_base64(request.body), indent=2, ensure_ascii=False))
        if len(self.sent) > 1:
            lines.append(f"… and {len(self.sent) - 1} more like it.")
        return lines

    def _price_line(self) -> str:
        price = format_dollars(self._list_price(self.tier))
        if self.provider == "offline":
            return f"Estimated price: nothing, painted offline; with a key {price}."
        if self.tier == models.BATCH:
            at_once = format_dollars(self._list_price(None))
            return f"Estimated price: {price} as batch jobs, within a day; one by one it would be {at_once}."
        return f"Estimated price: {price} at Google's list prices; a gateway charges its own."


def estimate(
    requests: Sequence[ImageRequest],
    *,
    holds: Callable[[ImageRequest], bool],
    provider: Provider,
    tier: str | None = None,
) -> Estimate:
    """Estimate the cost of requests at a provider, equal ones once; `holds` says which the store answers.

    `holds` is called in several threads, since it reads the stored pictures. What it raises a
    `ReplayMissError` for is left alone. `tier` is "batch" for requests of batch jobs.
    """
    distinct = {request.digest: request for request in requests}.values()
    held = list(zip(distinct, _call_in_threads(partial(_is_stored, holds), distinct), strict=True))
    return Estimate(
        tuple(request for request, is_stored in held if is_stored is False),
        tuple(request for request, is_stored in held if is_stored),
        provider.name,
        provider.base_url,
        left_alone=tuple(request for request, is_stored in held if is_stored is None),
        tier=tier,
    )


def _is_stored(holds: Callable[[ImageRequest], bool], request: ImageRequest) -> bool | None:
    """Return whether the store answers a request, None where only a later version could say."""
    try:
        return holds(request)
    except ReplayMissError:
        return None


def _call_in_threads(call: Callable[[T], R], items: Collection[T]) -> list[R]:
    """Return the result for each item; an interrupt does not wait for those that have not begun."""
    if len(items) < _FEW or not HAS_THREADS:
        return list(map(call, items))
    pool = ThreadPoolExecutor(min(_MAX_THREADS, len(items)), thread_name_prefix="gemini_nb store")
    try:
        return list(pool.map(call, items))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def elide_base64(value: Any) -> Any:
    """Return a JSON value with the long base64 of each `data` replaced by its length."""
    if isinstance(value, dict):
        return {
            name: _shorten_base64(item) if name == "data" else elide_base64(item)
            for name, item in value.items()
        }
    return [elide_base64(item) for item in value] if isinstance(value, list) else value


def _shorten_base64(text: Any) -> Any:
    if not isinstance(text, str) or len(text) <= _ELIDED_CHARACTERS:
        return text
    return f"{text[:24]}… ({len(text):,} characters of base64)"
