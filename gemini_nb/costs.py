"""What was asked for in this process: how many pictures, how long they took, what they cost by estimate."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import CostLimitError
from gemini_nb.text import format_count, format_dollars

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gemini_nb.generation import Generation
    from gemini_nb.providers.provider import Provider
    from gemini_nb.request import ImageRequest


_REMEMBERED = 50  # of each model, the newest: gateways grow slower and faster

_Times = defaultdict[tuple[str, str], deque[float]]


@dataclass
class Spending:
    """A running total. An unknown price is counted as unknown, never as 0."""

    asked: int = 0
    replayed: int = 0
    offline: int = 0
    unknown: int = 0
    dollars: float = 0.0
    _seconds: _Times = field(
        default_factory=lambda: defaultdict(partial(deque, maxlen=_REMEMBERED)), repr=False
    )

    def add(self, generation: Generation) -> None:
        """Count one result. A replayed one costs nothing, and still tells how long it took to be made."""
        self._seconds[generation.model, generation.provider].append(generation.seconds)
        if generation.replayed:
            self.replayed += 1
        elif generation.provider == "offline":
            self.offline += 1
        else:
            self._add_price(generation.estimated_cost)

    def _add_price(self, cost: float | None) -> None:
        self.asked += 1
        if cost is None:
            self.unknown += 1
        else:
            self.dollars += cost

    def expected_seconds(self, model: str, provider: str) -> float | None:
        """Return how long a picture of this model took so far, at the median; None for the first."""
        from statistics import median  # noqa: PLC0415 - loads fractions and decimals, not wanted at start

        seconds = self._seconds.get((model, provider))
        return median(seconds) if seconds else None

    def lines(self) -> list[str]:
        """Say it in words, a line each."""
        cost = format_dollars(None if self.unknown and self.unknown == self.asked else self.dollars)
        said = [
            f"asked for     {format_count(self.asked, 'picture')}, estimated at {cost} (Google's list price)"
        ]
        if self.unknown:
            said.append(
                f"of these      {format_count(self.unknown, 'picture')} of unknown price, not in the estimate"
            )
        said.append(f"replayed      {format_count(self.replayed, 'picture')}, at no cost")
        said.append(f"offline       {format_count(self.offline, 'picture')}, at no cost")
        return said


_ELIDED_CHARACTERS = 120


@dataclass(frozen=True)
class Estimate:
    """The requests that would be sent, those that would be replayed, and what the former are to cost."""

    sent: tuple[ImageRequest, ...]
    replayed: tuple[ImageRequest, ...]
    provider: str
    base_url: str

    @property
    def cost(self) -> float | None:
        """US dollars at list price, 0.0 offline, None where one price is not known."""
        if self.provider == "offline":
            return 0.0
        return self._list_price

    @property
    def _list_price(self) -> float | None:
        prices = [request.estimated_cost for request in self.sent]
        return None if None in prices else sum(price for price in prices if price is not None)

    def check(self, *, max_cost: float | None, max_images: int) -> None:
        """Raise `CostLimitError` for more than was allowed; offline pictures cost nothing and always pass."""
        if self.provider == "offline" or not self.sent:
            return
        cost, count = self.cost, len(self.sent)
        if max_cost is None:
            if count > max_images:
                raise CostLimitError(
                    f"This asks for {format_count(count, 'picture')}, estimated at {format_dollars(cost)}; "
                    f"max_images is {max_images}.",
                    hint="Nothing was sent. --max-cost USD allows as many as cost no more than that.",
                )
        elif cost is None:
            raise CostLimitError(
                f"The price of {self._unpriced()} is unknown, "
                f"so {format_dollars(max_cost)} cannot be kept to.",
                hint="Nothing was sent. Leave --max-cost out, or choose a model whose price is known.",
            )
        elif cost > max_cost + 1e-9:
            raise CostLimitError(
                f"This asks for {format_count(count, 'picture')}, estimated at {format_dollars(cost)}; "
                f"the limit is {format_dollars(max_cost)}.",
                hint="Nothing was sent. Ask for fewer or smaller pictures, or raise --max-cost.",
            )

    def _unpriced(self) -> str:
        return ", ".join(sorted({request.model for request in self.sent if request.estimated_cost is None}))

    def lines(self) -> list[str]:
        """Say what would happen, a line each; one body stands for all."""
        said = [
            f"{format_count(len(self.sent), 'picture')} would be asked of {self.provider}, "
            f"{len(self.replayed)} replayed from the store.",
            self._price_line(),
        ]
        for request in self.sent[:1]:
            said.append(f"POST {self.base_url}/v1beta/models/{request.model}:generateContent")
            said.append(json.dumps(elide_base64(request.body), indent=2, ensure_ascii=False))
        if len(self.sent) > 1:
            said.append(f"… and {len(self.sent) - 1} more like it.")
        return said

    def _price_line(self) -> str:
        if self.provider == "offline":
            return (
                f"Estimated price: nothing, painted offline; with a key {format_dollars(self._list_price)}."
            )
        cost = format_dollars(self.cost)
        return f"Estimated price: {cost} at Google's list prices; a gateway charges its own."


def estimate(
    requests: Sequence[ImageRequest], *, holds: Callable[[ImageRequest], bool], provider: Provider
) -> Estimate:
    """Estimate the cost of requests at a provider, equal ones once; `holds` says which the store answers."""
    distinct = {request.digest: request for request in requests}.values()
    held = [(request, holds(request)) for request in distinct]
    return Estimate(
        tuple(request for request, is_stored in held if not is_stored),
        tuple(request for request, is_stored in held if is_stored),
        provider.name,
        provider.base_url,
    )


def elide_base64(value: Any) -> Any:
    """Return a JSON value with long base64 replaced by its length."""
    if isinstance(value, dict):
        return {
            name: _shorten_base64(one) if name == "data" else elide_base64(one) for name, one in value.items()
        }
    return [elide_base64(one) for one in value] if isinstance(value, list) else value


def _shorten_base64(text: Any) -> Any:
    if not isinstance(text, str) or len(text) <= _ELIDED_CHARACTERS:
        return text
    return f"{text[:24]}… ({len(text):,} characters of base64)"
