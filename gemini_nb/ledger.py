"""What was asked for in this process: how many pictures, how long they took, what they cost by estimate."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemini_nb.generation import Generation


@dataclass
class Ledger:
    """A running total. An unknown price is counted as unknown, never as 0."""

    asked: int = 0
    replayed: int = 0
    offline: int = 0
    unknown: int = 0
    dollars: float = 0.0
    _seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list), repr=False)

    def add(self, generation: Generation) -> None:
        """Count one result."""
        if generation.replayed:
            self.replayed += 1
            return
        self._seconds[generation.model].append(generation.seconds)
        if generation.provider == "offline":
            self.offline += 1
            return
        self.asked += 1
        cost = generation.estimated_cost
        if cost is None:
            self.unknown += 1
        else:
            self.dollars += cost

    def expected_seconds(self, model: str) -> float | None:
        """Return how long a picture of this model took so far, at the median; None for the first."""
        return median(self._seconds[model]) if self._seconds[model] else None

    def lines(self) -> list[str]:
        """Say it in words, a line each."""
        said = [
            f"asked for     {_pictures(self.asked)}, estimated at {dollars(self.dollars)} (Google's list price)"
        ]
        if self.unknown:
            said.append(f"of unknown price  {_pictures(self.unknown)}, not in the estimate")
        said.append(f"replayed      {_pictures(self.replayed)}, at no cost")
        said.append(f"offline       {_pictures(self.offline)}, at no cost")
        return said


def dollars(amount: float | None) -> str:
    """Write an amount, to the tenth of a cent where it is small; None is "unknown"."""
    if amount is None:
        return "unknown"
    return f"${amount:.3f}" if amount < 10 else f"${amount:,.2f}"


def _pictures(count: int) -> str:
    return f"{count} picture" if count == 1 else f"{count} pictures"
