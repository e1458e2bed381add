"""What stands under a cell while it waits: how long already, how long yet, and pictures as they arrive."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from gemini_nb import figure, grid
from gemini_nb.generation import Generation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gemini_nb.batch import Progress
    from gemini_nb.ledger import Ledger

    Render = Callable[[float], dict[str, str]]

_EVERY_SECONDS = 1.0  # an answer that is here by then needs no line
_NEWEST = 8  # tiles redrawn while a batch runs; the whole grid comes at the end


@contextmanager
def shown(render: Render) -> Iterator[None]:
    """Draw what `render(seconds)` gives in a notebook until the block ends, then take it away."""
    from IPython import get_ipython  # noqa: PLC0415 - here only in a kernel

    if getattr(get_ipython(), "kernel", None) is None:
        yield
        return
    drawing = _Drawing(render)
    drawing.start()
    try:
        yield
    finally:
        drawing.end()


def waiting(model: str, ledger: Ledger) -> Render:
    """One line and a bar for one picture; the estimate is learned from earlier ones of this model."""

    def render(seconds: float) -> dict[str, str]:
        expected = ledger.expected_seconds(model)
        usually = f", usually {expected:.0f} s" if expected and expected >= 1 else ""
        share = min(seconds / expected, 0.95) if usually and expected else None
        return _bundle(f"Asking {model} · {seconds:.0f} s{usually}", share)

    return render


def counting(progress: Progress, labels: Sequence[str]) -> Render:
    """A line, a bar and the newest pictures for a batch."""

    def render(seconds: float) -> dict[str, str]:
        outcomes = list(progress.outcomes)
        done = [place for place, outcome in enumerate(outcomes) if outcome is not None]
        failed = sum(not isinstance(outcomes[place], Generation) for place in done)
        left = seconds / len(done) * (len(outcomes) - len(done)) if done else None
        words = f"{len(done)} of {len(outcomes)} · {seconds:.0f} s"
        words += f" · about {left:.0f} s left" if left else ""
        words += f" · {failed} failed" if failed else ""
        bundle = _bundle(words, len(done) / len(outcomes))
        tiles = [
            grid.Tile(labels[place], labels[place], image=made.image)
            for place in done
            if isinstance(made := outcomes[place], Generation)
        ]
        return {**bundle, "text/html": bundle["text/html"] + (grid.table(tiles[-_NEWEST:]) if tiles else "")}

    return render


def _bundle(words: str, share: float | None) -> dict[str, str]:
    value = "" if share is None else f' value="{share:.3f}"'
    bar = f'<progress max="1"{value} aria-label="{figure.escaped(words)}" style="width:16em"></progress>'
    line = f'<span style="opacity:0.75;margin-left:0.75em">{figure.escaped(words)}</span>'
    return {"text/plain": words, "text/html": f"<div>{bar}{line}</div>"}


class _Drawing(threading.Thread):
    def __init__(self, render: Render) -> None:
        super().__init__(name="gemini_nb drawing", daemon=True)
        self._render = render
        self._over = threading.Event()
        self._handle: Any = None

    def run(self) -> None:
        started = monotonic()
        while not self._over.wait(_EVERY_SECONDS):
            self._draw(self._render(monotonic() - started))

    def _draw(self, bundle: dict[str, str]) -> None:
        from IPython.display import display  # noqa: PLC0415

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
