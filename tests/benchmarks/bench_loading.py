"""Starting: what `%load_ext`, importing and the first client add to a kernel that is already running.

Each row is a fresh kernel for every round, the rows interleaved; peers run in environments of their own.
"""

from __future__ import annotations

import statistics
import sys
from functools import partial
from typing import TYPE_CHECKING

import fresh_kernel
import peers
from measuring import Table, command, interleaved, ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROUNDS = 7
TINY = """
import pathlib, sys
pathlib.Path("tiny_extension.py").write_text("def load_ipython_extension(shell): pass")
sys.path.insert(0, "")
"""
LOAD = "get_ipython().run_line_magic('load_ext', {!r})"
HTTPX = "import httpx; client = httpx.Client()"

# what is measured: where, the code, and what is run before it
OURS = {
    "%load_ext of one empty module": (LOAD.format("tiny_extension"), TINY),
    "%load_ext gemini_nb": (LOAD.format("gemini_nb"), ""),
    "import gemini_nb": ("import gemini_nb", ""),
    "httpx + first client": (HTTPX, ""),
    "gemini_nb + first client": ("import gemini_nb; client = gemini_nb.Client(api_key='k')", ""),
}
PEERS = {
    "google-genai + first client": (
        "google-genai", "from google import genai; client = genai.Client(api_key='k')",
    ),
    "%load_ext jupyter_ai_magics": ("jupyter_ai_magics", LOAD.format("jupyter_ai_magics")),
    "import litellm": ("litellm", "import litellm"),
}  # fmt: skip


def run(quick: bool) -> Iterator[Table]:
    kernels = {name: partial(once, sys.executable, *code) for name, code in OURS.items()}
    if quick:
        kernels = dict(list(kernels.items())[:2])
    notes = []
    for name, (package, code) in PEERS.items():
        python = None if quick else peers.python(package)
        if python is None:
            notes.append(f"Left out: {name}.")
        else:
            kernels[name] = partial(once, python, code)
    yield table(kernels, 1 if quick else ROUNDS, notes)


def once(python: Path | str, code: str, before: str = "") -> fresh_kernel.Spent:
    """What one piece of code takes in a fresh kernel."""
    return fresh_kernel.measured(python, code, before=before)[0]


def table(kernels: dict[str, Callable[[], fresh_kernel.Spent]], rounds: int, notes: list[str]) -> Table:
    """The first round fills the bytecode's folder and is not counted, unless it is the only one."""
    found = interleaved(kernels, rounds + (rounds > 1))
    counted = {name: values[rounds > 1 :] for name, values in found.items()}
    spent = {name: statistics.median(one.milliseconds for one in values) for name, values in counted.items()}
    rows = tuple(
        (
            name,
            spent[name],
            min(one.milliseconds for one in values),
            statistics.median(one.cpu for one in values),
            values[0].modules,
            ratio(spent[name], spent["%load_ext gemini_nb"]),
        )
        for name, values in counted.items()
    )
    columns = ("added to a running kernel", "ms", "least ms", "CPU ms", "modules", "× %load_ext gemini_nb")
    return Table("Starting", columns, rows, tuple(notes))


if __name__ == "__main__":
    command(run)
