"""Messages on stderr, and on a terminal a progress line that counts the seconds of a wait."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from gemini_nb.call import Call
from gemini_nb.text import find_text_width, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    from gemini_nb.display.table import Table

_EVERY_SECONDS = 0.5
_ERASE = "\r\x1b[K"


def say(text: str) -> None:
    """Write a line to stderr, if it can be written, with nothing in it that would steer a terminal."""
    _write(f"{printable(text)}\n", sys.stderr)


def print_table(table: Table) -> None:
    """Print a table: fitted to a terminal, and with a line for each row where a program reads it."""
    print(table.text(find_text_width() if sys.stdout.isatty() else None))


def say_words(pieces: Iterable[Any], out: TextIO) -> None:
    """Write the texts among a reply's pieces as they come, and end the line.

    Every piece is taken, also where nobody reads `out` any more: it may be paid for.
    """
    end: str | None = ""
    for piece in pieces:
        if isinstance(piece, str) and end is not None:
            end = "\n" if _write(printable(piece), out) else None
    if end:
        _write(end, out)


def _write(text: str, out: TextIO) -> bool:
    """Write a text at once, if that can be done; return whether it could."""
    try:
        out.write(text)
        out.flush()
    except (OSError, ValueError):  # ValueError: it is closed, or lacks a character
        return False
    return True


def escape_what_lacks(stream: TextIO) -> None:
    r"""Have a stream write a character that its encoding lacks as \uXXXX: cp1252, ascii, a broken name."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def discard_stdout() -> None:
    """Let what stdout still holds go nowhere: it cannot be written, and Python would try again at exit."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


@contextmanager
def progress(words: Callable[[], str], *, verb: str = "") -> Iterator[None]:
    """Show `verb`, `words()` and the seconds on stderr until the block ends, then erase the line.

    While what is asked for in the block waits to be let through, the line says so instead.
    """
    if not sys.stderr.isatty():
        yield
        return
    over, call = threading.Event(), Call()
    drawing = threading.Thread(target=_draw, args=(words, verb, call, over), daemon=True)
    drawing.start()
    try:
        with call.watched():
            yield
    finally:
        over.set()
        drawing.join()
        _write(_ERASE, sys.stderr)


def _draw(words: Callable[[], str], verb: str, call: Call, over: threading.Event) -> None:
    started = monotonic()
    while True:
        wait = call.describe_wait()
        line = f"{words()} · {wait}" if wait else f"{verb}{words()} · {monotonic() - started:.0f} s"
        _write(f"{_ERASE}{line}", sys.stderr)
        if over.wait(_EVERY_SECONDS):
            return
