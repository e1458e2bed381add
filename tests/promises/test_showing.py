"""Promise 14: any accepted picture can be shown, in 300 MB, and an interrupt is heard meanwhile."""

from __future__ import annotations

import io
import sys

import pytest
from PIL import Image

from gemini_nb.display import libwebp
from support.pngs import plain_png
from support.processes import ran

linux = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")

MAX_EXTRA_MIB = 300
SHOWN = """
from pathlib import Path
from gemini_nb import GeneratedImage
from support.images import gif, jpeg, png, webp
from support.peak_memory import peak_mib
for small in (gif(), jpeg(), png(), webp()):
    GeneratedImage.from_bytes(small, source="inlineData")._repr_mimebundle_()
before = peak_mib()
picture = GeneratedImage.from_bytes(Path(sys.argv[1]).read_bytes(), source="inlineData")
bundle = picture._repr_mimebundle_()
print(*bundle, picture.width * picture.height, peak_mib() - before)
"""
SIDE = 7000


def large(kind: str, mode: str, **options) -> bytes:
    into = io.BytesIO()
    Image.new(mode, (SIDE, SIDE), 90 if len(mode) == 1 else (9, 60, 200, 128)[: len(mode)]).save(
        into, kind, **options
    )
    return into.getvalue()


PICTURES = {
    "PNG of colours and alpha": lambda: plain_png(SIDE, SIDE, 8, 6),
    "PNG of 16 bits": lambda: plain_png(SIDE, SIDE, 16, 0),
    "PNG of 16 bits, colours and alpha": lambda: plain_png(SIDE, SIDE, 16, 6),
    "PNG of a palette": lambda: plain_png(SIDE, SIDE, 8, 3),
    "PNG of one bit": lambda: plain_png(SIDE, SIDE, 1, 0),
    "interlaced PNG": lambda: plain_png(SIDE, SIDE, 8, 6, interlace=1),
    "PNG of one column, 16 bits and alpha": lambda: plain_png(1, 50_000_000, 16, 6),
    "interlaced PNG of one column": lambda: plain_png(1, 50_000_000, interlace=1),
    "PNG of one row": lambda: plain_png(50_000_000, 1, 8, 6),
    "JPEG": lambda: large("JPEG", "RGB"),
    "progressive JPEG": lambda: large("JPEG", "RGB", progressive=True, subsampling=0),
    "JPEG of four colours": lambda: large("JPEG", "CMYK"),
    "GIF of a clear colour": lambda: large("GIF", "P", transparency=90),
}
WEBP = {
    "WebP with alpha": lambda: large("WEBP", "RGBA", method=0),
    "lossless WebP with alpha": lambda: large("WEBP", "RGBA", lossless=True, method=0, quality=0),
}
if libwebp._load() is not None:
    PICTURES |= WEBP


@linux
@pytest.mark.parametrize("made", PICTURES.values(), ids=PICTURES)
def test_fifty_megapixels_of_any_kind_are_shown_in_300_mebibytes(made, tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(made())
    *bundle, pixels, extra = ran(SHOWN, str(path)).split()
    assert {"text/html", "image/jpeg"} <= set(bundle)
    assert int(pixels) >= 49_000_000
    assert float(extra) < MAX_EXTRA_MIB


SLOW = """
import os, signal, threading
from gemini_nb import Cancelled, GeneratedImage
from support.images import png
from support.progressive import progressive_jpeg
slow = GeneratedImage.from_bytes(progressive_jpeg(7000, 7000, 64), source="inlineData")
small = GeneratedImage.from_bytes(png(), source="inlineData")
small._repr_mimebundle_()
def interrupt():
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
def still_decoding():
    return any(thread.name.endswith("(run)") for thread in threading.enumerate())
"""
CALLED = """
interrupt()
try:
    slow.{call}
except Cancelled as cancelled:
    print("text/html" in small._repr_mimebundle_(), still_decoding(), cancelled.__context__, cancelled)
"""
CELL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(history_load_length=0)
shell.user_ns["slow"] = slow
shell.showtraceback = lambda *args, **options: None
interrupt()
result = shell.run_cell("slow", store_history=False)
print(type(result.error_in_exec).__name__, still_decoding())
"""


@pytest.mark.parametrize("call", ["_repr_mimebundle_()", "pil"])
def test_an_interrupt_reaches_whoever_waits_for_a_picture_while_it_is_decoded(call):
    """The rest of the decoding goes on in its thread, holds up no other picture, and ends by itself."""
    assert ran(SLOW + CALLED.format(call=call)) == "True True None decoding was stopped; the picture is kept."


def test_an_interrupt_fails_the_cell_that_shows_a_picture_at_once():
    assert ran(SLOW + CELL).endswith("Cancelled True")
