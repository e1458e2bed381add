"""What every benchmark shares: interleaved rounds, medians, tables as Markdown and as JSON, the command line.

A benchmark is a program of its own, `bench_NAME.py`, that ends in `command(run)`: `run(quick)` gives tables.
It imports this module first, which lets it find the package and the tests' helpers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent)]

Result = TypeVar("Result")
Cell = str | float | int | None
SIGNIFICANT = 3  # digits that Markdown shows of a measured number; JSON has them all


@dataclass(frozen=True)
class Table:
    """Measured numbers as they are, with what was left out among the `notes`; None is "not measured"."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def markdown(self) -> str:
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)]]
        lines += [[shown(cell) for cell in row] for row in self.rows]
        body = [f"| {' | '.join(line)} |" for line in lines]
        return "\n".join([f"**{self.title}**", "", *body, *(f"\n{note}" for note in self.notes)])


def shown(cell: Cell) -> str:
    """Write one cell: whole numbers in full, measured ones with three significant digits.

    >>> shown(1234), shown(0.012345), shown(1234.5), shown(None), shown("x|y")
    ('1,234', '0.0123', '1,234', '–', 'x\\\\|y')
    """
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell.replace("|", "\\|")
    if isinstance(cell, int) or abs(cell) >= 10**SIGNIFICANT:
        return f"{cell:,.0f}"
    return f"{cell:.{SIGNIFICANT}g}"


def interleaved(ways: Mapping[str, Callable[[], Result]], rounds: int) -> dict[str, list[Result]]:
    """Call every way in turn, `rounds` times: what disturbs the machine then disturbs them alike."""
    found: dict[str, list[Result]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    return found


def timed(way: Callable[[], object]) -> Callable[[], float]:
    """The same call, which gives the seconds that it took."""

    def call() -> float:
        start = time.perf_counter()
        way()
        return time.perf_counter() - start

    return call


def median_seconds(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each way, from interleaved rounds."""
    found = interleaved({name: timed(way) for name, way in ways.items()}, rounds)
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def ratio(value: float | None, base: float | None) -> float | None:
    return None if value is None or not base else value / base


def command(run: Callable[[bool], Iterable[Table]]) -> None:
    """Run one benchmark as a program: print its tables, and write them with `--json PATH`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="tiny sizes: whether it runs, not how fast")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the tables to this file as well")
    asked = parser.parse_args()
    tables = []
    for table in run(asked.quick):
        print(f"{table.markdown()}\n", flush=True)
        tables.append(asdict(table))
    if asked.json:
        asked.json.write_text(json.dumps(tables, ensure_ascii=False, indent=1))
