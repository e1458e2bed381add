"""One line under the cell while it waits: what is asked, and for how long already."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from gemini_nb import figure

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUIET_SECONDS = 1.0  # an answer that is here by then needs no status line


@contextmanager
def waiting(label: str) -> Iterator[None]:
    """Show `label` and the elapsed seconds in a notebook until the block ends, then take the line away."""
    from IPython import get_ipython  # noqa: PLC0415

    if getattr(get_ipython(), "kernel", None) is None:
        yield
        return
    line = _Line(label)
    line.start()
    try:
        yield
    finally:
        line.end()


class _Line(threading.Thread):
    def __init__(self, label: str) -> None:
        super().__init__(name="gemini_nb status", daemon=True)
        self._label = label
        self._over = threading.Event()
        self._handle = None

    def run(self) -> None:
        started = monotonic()
        while not self._over.wait(_QUIET_SECONDS):
            self._show(f"Asking {self._label} · {monotonic() - started:.0f} s")

    def _show(self, text: str) -> None:
        from IPython.display import display  # noqa: PLC0415

        bundle = {
            "text/plain": text,
            "text/html": f'<span style="opacity:0.75">{figure.escaped(text)}</span>',
        }
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def end(self) -> None:
        from IPython.display import clear_output  # noqa: PLC0415

        self._over.set()
        self.join()
        if self._handle is not None:
            clear_output(wait=True)
