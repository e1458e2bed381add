"""What was asked for in this process: how many pictures, how long they took, what they cost by estimate."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemini_nb.generation import Generation

_REMEMBERED = 50  # of each model, the newest: gateways grow slower and faster

_Times = defaultdict[tuple[str, str], deque[float]]


@dataclass
class Ledger:
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
        cost = dollars(None if self.unknown and self.unknown == self.asked else self.dollars)
        said = [f"asked for     {pictures(self.asked)}, estimated at {cost} (Google's list price)"]
        if self.unknown:
            said.append(f"of these      {pictures(self.unknown)} of unknown price, not in the estimate")
        said.append(f"replayed      {pictures(self.replayed)}, at no cost")
        said.append(f"offline       {pictures(self.offline)}, at no cost")
        return said


def dollars(amount: float | None) -> str:
    """Write an amount, to the tenth of a cent where it is small; None is "unknown".

    >>> dollars(0.067), dollars(1234.5), dollars(None)
    ('$0.067', '$1,234.50', 'unknown')
    """
    if amount is None:
        return "unknown"
    return f"${amount:.3f}" if amount < 10 else f"${amount:,.2f}"


def pictures(count: int) -> str:
    """Write a number of pictures."""
    return f"{count:,} picture" if count == 1 else f"{count:,} pictures"
