"""What was counted and measured: tables from the JSON files in docs/data/, which commands write."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parsers import Generated

HERE = Path(__file__).parents[1]
PROGRAMS = HERE.parent / "tests" / "benchmarks"
sys.path.append(str(PROGRAMS))

from measuring import Table  # noqa: E402 - tests/benchmarks/measuring.py, which writes the same tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

COUNTS = HERE / "data" / "promise_counts.json"
NOT_YET = "No run is kept here yet; `{command}` keeps one."
BENCHMARKS = HERE / "data" / "benchmarks.json"


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives."""
    for directive in (PromiseCounts, Benchmarks):
        app.add_directive(directive.name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class PromiseCounts(Generated):
    """How many cases of each promised class passed in the newest counted run."""

    name = "promise-counts"

    def markdown(self) -> Iterator[str]:
        """Yield the table, and when it was counted."""
        if not COUNTS.exists():
            yield NOT_YET.format(command="make count-cases")
            return
        found = json.loads(COUNTS.read_text(encoding="utf-8"))
        yield "| what is tried | cases promised | cases passed |\n| --- | ---: | ---: |"
        for row in found["classes"]:
            yield f"| {row['name']} | {row['promised']:,} | {row['passed']:,} |"
        yield f"\nCounted on {found['when']} with {found['python']} on {found['system']}."


class Benchmarks(Generated):
    """The tables of every benchmark in the file, each after what its program says that it measures."""

    name = "benchmarks"

    def markdown(self) -> Iterator[str]:
        """Yield where the numbers come from, and the tables with their notes."""
        if not BENCHMARKS.exists():
            yield NOT_YET.format(command='make bench BENCH="--json docs/data/benchmarks.json"')
            return
        found = json.loads(BENCHMARKS.read_text(encoding="utf-8"))
        yield f"{describe_machine(found['machine'])}\n"
        for name, benchmark in found["benchmarks"].items():
            program = ast.parse((PROGRAMS / f"bench_{name}.py").read_text(encoding="utf-8"))
            yield f"```{{rubric}} {name.replace('_', ' ').capitalize()}\n```\n"
            yield f"{(ast.get_docstring(program) or '').partition(chr(10) * 2)[0]}\n"
            for table in benchmark["tables"]:
                yield Table(**table).markdown() + "\n"


def describe_machine(machine: dict[str, Any]) -> str:
    """Return a sentence about where the numbers come from."""
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"Measured on {machine['when'][:10]} with {machine['python']} on {machine['system']}, "
        f"{machine['cores']} cores, load {machine['load']:.1f} at its end: {packages}."
    )
