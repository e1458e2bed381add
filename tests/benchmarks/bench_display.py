"""Showing a picture: time from bytes to what the notebook is sent, and how much of the notebook it fills.

Beside it IPython's own `Image` and Pillow's pictures. "decode" is Pillow decoding the picture, nothing else;
"floor" is Pillow decoding, scaling and encoding it into what a preview of 768 px sends. Then CPU and peak
memory of showing one picture of each type and mode, in a process of its own.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
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
from support.paths import PACKAGE, TESTS

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
    if sys.platform == "linux":  # the peak is read from /proc
        yield kinds(QUICK_SIDES if quick else SIDES)


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
    pillow: dict[str, Callable[[], Any]] = {"decode": lambda: decoded(data), "floor": lambda: floor(data)}
    found = median_seconds(
        pillow | {name: lambda m=make: bundle(m()) for name, make in made.items()},
        rounds,
    )
    sizes: dict[str, int | None] = dict.fromkeys(pillow)
    sizes |= {name: len(json.dumps(output(make()))) for name, make in made.items()}
    rows = tuple(
        (
            name,
            seconds * 1e3,
            ratio(seconds, found["decode"]),
            ratio(seconds, found["floor"]),
            _kilobytes(sizes[name]),
        )
        for name, seconds in found.items()
    )
    return Table(title, ("shown as", "ms", "× decode", "× floor", "kB of notebook"), rows)


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


def floor(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as picture:
        width = min(768, picture.width)
        picture.draft(None, (width, width))
        small = picture.resize((width, width), reducing_gap=2.0)
    small.save(io.BytesIO(), "WEBP", quality=65, method=4)
    small.resize((256, 256), reducing_gap=2.0).save(io.BytesIO(), "JPEG", quality=60, optimize=True)


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


SIDES = (1000, 3464, 7000)  # 1, 12 and 49 megapixels
QUICK_SIDES = (64,)
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "PNG 1": ("PNG", "1", {"compress_level": 1}),
    "PNG L": ("PNG", "L", {"compress_level": 1}),
    "PNG LA": ("PNG", "LA", {"compress_level": 1}),
    "PNG P": ("PNG", "P", {"compress_level": 1}),
    "PNG P, transparent": ("PNG", "P", {"compress_level": 1, "transparency": bytes(range(0, 256, 2))}),
    "PNG I;16": ("PNG", "I;16", {"compress_level": 1}),
    "PNG RGB": ("PNG", "RGB", {"compress_level": 1}),
    "PNG RGBA": ("PNG", "RGBA", {"compress_level": 1}),
    "JPEG L": ("JPEG", "L", {}),
    "JPEG RGB": ("JPEG", "RGB", {}),
    "JPEG RGB, progressive": ("JPEG", "RGB", {"progressive": True, "subsampling": 0}),
    "JPEG CMYK": ("JPEG", "CMYK", {}),
    "JPEG CMYK, progressive": ("JPEG", "CMYK", {"progressive": True}),
    "WebP RGB": ("WEBP", "RGB", {"method": 0}),
    "WebP RGBA": ("WEBP", "RGBA", {"method": 0}),
    "WebP RGB, lossless": ("WEBP", "RGB", {"lossless": True, "quality": 0, "method": 0}),
    "WebP RGBA, lossless": ("WEBP", "RGBA", {"lossless": True, "quality": 0, "method": 0}),
    "GIF L": ("GIF", "L", {}),
    "GIF P": ("GIF", "P", {}),
}
COEFFICIENTS = (
    "libjpeg holds all coefficients of a progressive JPEG, 2 bytes for each pixel and colour, whatever size "
    "it decodes to: 280 MiB for 49 megapixels of three colours, 374 MiB of four."
)
SHOW = """
import sys, time
from pathlib import Path
from gemini_nb.images.image import GeneratedImage
from support.images import gif, jpeg, png, webp
from support.peak_memory import peak_mib
for small in (gif(), jpeg(), png(), webp()):
    GeneratedImage.from_bytes(small, source="inlineData")._repr_mimebundle_()
before, start = peak_mib(), time.process_time()
picture = GeneratedImage.from_bytes(Path(sys.argv[1]).read_bytes(), source="inlineData")
picture._repr_mimebundle_()["text/html"]
print(time.process_time() - start, peak_mib() - before)
"""


def kinds(sides: tuple[int, ...]) -> Table:
    """CPU and memory of showing a photograph of each type and mode, from its bytes in a file on."""
    rows: list[tuple[str, *tuple[float | None, ...]]] = []
    for name, (kind, mode, options) in KINDS.items():
        cells: list[float | None] = []
        for side in sides:
            seconds, memory = shown_alone(mode, side, kind, options)
            cells += [seconds, memory]
        rows.append((name, *cells))
    columns = [f"{side**2 / 1e6:.3g} Mpx: {what}" for side in sides for what in ("CPU s", "+ MiB")]
    return Table(
        "One picture of each type and mode", ("type and mode", *columns), tuple(rows), (COEFFICIENTS,)
    )


def shown_alone(mode: str, side: int, kind: str, options: dict[str, Any]) -> tuple[float, float]:
    with tempfile.NamedTemporaryFile() as file:
        photograph_of(mode, side).save(file, kind, **options)
        file.flush()
        command = [sys.executable, "-c", SHOW, file.name]
        paths = {"PYTHONPATH": f"{PACKAGE.parent}:{TESTS}"}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | paths)
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def photograph_of(mode: str, side: int) -> Image.Image:
    """The photograph without its grain, which no lossless type keeps in 32 MiB."""
    with Image.open(io.BytesIO(photograph(512, "PNG"))) as picture:
        large = picture.resize((128, 128)).resize((side, side), Image.Resampling.BICUBIC)
    if mode == "I;16":
        return large.convert("I").point(lambda value: value * 257).convert(mode)
    if mode in ("LA", "RGBA"):
        large.putalpha(large.convert("L"))
    return large.convert(mode)


def _kilobytes(size: int | None) -> float | None:
    return None if size is None else size / 1e3


if __name__ == "__main__":
    command(run)
