"""Showing a picture: time from bytes to what the notebook is sent, and how much of the notebook it fills.

Beside it IPython's own `Image` and Pillow's pictures. "decode" is Pillow decoding the picture, nothing else.
"""

from __future__ import annotations

import io
import json
from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING, Any

import nbformat
from IPython.core.formatters import DisplayFormatter
from IPython.display import Image as IPythonImage
from measuring import Table, command, median_seconds, ratio
from photographs import photograph
from PIL import Image

from support.generations import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PICTURES = ((1024, "PNG"), (4096, "PNG"), (4096, "JPEG"))
QUICK = ((256, "PNG"),)
ROUNDS = 5
SAVED = 10  # pictures in the notebook that is saved


def run(quick: bool) -> Iterator[Table]:
    for width, kind in QUICK if quick else PICTURES:
        data = photograph(width, kind)
        yield showing(f"{width} × {width} {kind} of {len(data) / 1e6:.1f} MB", data, 1 if quick else ROUNDS)
    yield saving(photograph(*(QUICK if quick else PICTURES)[0]), 1 if quick else ROUNDS)


def ways(data: bytes) -> dict[str, Callable[[], Any]]:
    """What is displayed, made anew for each round, so that nothing is remembered."""
    return {
        "gemini_nb, preview of 768 px": partial(answer, "a photograph", data),
        "gemini_nb, preview of 512 px": partial(answer, "a photograph", data, preview_width=512),
        "gemini_nb, --full": partial(answer, "a photograph", data, preview_width=None),
        "IPython.display.Image": partial(IPythonImage, data),
        "PIL.Image": lambda: Image.open(io.BytesIO(data)),
    }


def showing(title: str, data: bytes, rounds: int) -> Table:
    made = ways(data)
    found = median_seconds(
        {"decode": lambda: decoded(data)} | {name: lambda m=make: bundle(m()) for name, make in made.items()},
        rounds,
    )
    sizes: dict[str, int | None] = {"decode": None}
    sizes |= {name: len(json.dumps(output(make()))) for name, make in made.items()}
    rows = tuple(
        (name, seconds * 1e3, ratio(seconds, found["decode"]), _kilobytes(sizes[name]))
        for name, seconds in found.items()
    )
    return Table(title, ("shown as", "ms", "× decode", "kB of notebook"), rows)


def saving(data: bytes, rounds: int) -> Table:
    """What each save of a notebook with ten pictures costs, whoever edits a word in it."""
    notebooks = {name: notebook(make) for name, make in ways(data).items()}
    found = median_seconds({name: partial(nbformat.writes, one) for name, one in notebooks.items()}, rounds)
    rows = tuple(
        (name, seconds * 1e3, len(nbformat.writes(notebooks[name])) / 1e6) for name, seconds in found.items()
    )
    return Table(f"A notebook of {SAVED} such pictures", ("shown as", "ms a save", "MB"), rows)


def decoded(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()


def bundle(shown: object) -> dict[str, str]:
    """What a front end is sent: text, bytes as base64."""
    found, _ = DisplayFormatter().format(shown)
    return {
        kind: b64encode(value).decode() if isinstance(value, bytes) else value
        for kind, value in found.items()
    }


def output(shown: object) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("execute_result", bundle(shown), execution_count=1)


def notebook(make: Callable[[], object]) -> nbformat.NotebookNode:
    outputs = [output(make())] * SAVED
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("picture", outputs=[one]) for one in outputs]
    )


def _kilobytes(size: int | None) -> float | None:
    return None if size is None else size / 1e3


if __name__ == "__main__":
    command(run)
