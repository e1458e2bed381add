"""What a command shows while it waits: a line that counts the seconds on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EVERY_SECONDS = 0.5
_ERASE = "\r\x1b[K"


@contextmanager
def progress(words: Callable[[], str]) -> Iterator[None]:
    """Show `words()` and the seconds on stderr until the block ends, then erase the line."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    drawing = threading.Thread(target=_draw, args=(words, over), daemon=True)
    drawing.start()
    try:
        yield
    finally:
        over.set()
        drawing.join()
        _write(_ERASE)


def _draw(words: Callable[[], str], over: threading.Event) -> None:
    started = monotonic()
    while True:
        _write(f"{_ERASE}{words()} · {monotonic() - started:.0f} s")
        if over.wait(_EVERY_SECONDS):
            return


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
