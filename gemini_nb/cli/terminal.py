"""Messages on stderr, and on a terminal a progress line that counts the seconds of a wait."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from gemini_nb.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

_EVERY_SECONDS = 0.5
_ERASE = "\r\x1b[K"


def say(text: str) -> None:
    """Write a line, with nothing in it that would steer a terminal."""
    print(printable(text), file=sys.stderr)


def say_words(pieces: Iterable[Any], out: TextIO) -> None:
    """Write the texts among a reply's pieces as they come, and end the line.

    Every piece is taken, also where nobody reads `out` any more: it may be paid for.
    """
    end: str | None = ""
    for piece in pieces:
        if isinstance(piece, str) and end is not None:
            end = "\n" if _is_written(printable(piece), out) else None
    if end:
        _is_written(end, out)


def _is_written(text: str, out: TextIO) -> bool:
    try:
        out.write(text)
        out.flush()
    except OSError:
        return False
    return True


def discard_stdout() -> None:
    """Let what stdout still holds go nowhere: it cannot be written, and Python would try again at exit."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


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
        print(_ERASE, end="", file=sys.stderr, flush=True)


def _draw(words: Callable[[], str], over: threading.Event) -> None:
    started = monotonic()
    while True:
        line = f"{_ERASE}{words()} · {monotonic() - started:.0f} s"
        print(line, end="", file=sys.stderr, flush=True)
        if over.wait(_EVERY_SECONDS):
            return
