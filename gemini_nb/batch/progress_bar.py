"""The progress bar of a batch: number, speed, cost so far and time left, drawn by tqdm.

It is text on a terminal and a widget in a notebook. An error in it ends the bar and nothing else.
"""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from gemini_nb.text import format_dollars

if TYPE_CHECKING:
    from gemini_nb.batch.run import Progress

_KERNEL_PICTURES = 20  # fewer get no widget, which would stay in the notebook's file
_KERNEL_SECONDS = 2.0  # a shorter batch, such as a replayed one, gets none either
_REFRESH_SECONDS = 1.0


class ProgressBar:
    """A context manager; `update` brings the bar up to date and never fails.

    With `wanted=None` it is drawn on a terminal, and in a notebook for twenty pictures and more.
    """

    def __init__(self, progress: Progress, wanted: bool | None) -> None:
        self._progress = progress
        self._wanted = wanted
        self._bar: Any = None
        self._drawn_at = 0.0

    def __enter__(self) -> Self:
        with suppress(Exception):
            if self._is_wanted():
                self._bar = self._make_bar()
        return self

    def __exit__(self, *_problem: object) -> None:
        self.update()
        bar, self._bar = self._bar, None
        with suppress(Exception):
            if bar is not None:
                bar.close()

    def update(self) -> None:
        """Draw the finished requests; without any, refresh the time and the words once a second."""
        try:
            if self._bar is not None:
                self._draw(self._bar)
        except Exception:  # noqa: BLE001 - a closed terminal, a lost kernel: the batch goes on
            self._bar = None

    def _draw(self, bar: Any) -> None:
        done = self._progress.done
        if done > bar.n:
            bar.set_postfix_str(self._words(), refresh=False)
            bar.update(done - bar.n)
            self._drawn_at = monotonic()
        elif monotonic() - self._drawn_at > _REFRESH_SECONDS:
            bar.set_postfix_str(self._words())
            self._drawn_at = monotonic()

    def _words(self) -> str:
        spending, failed = self._progress.spending, self._progress.failed
        billed = f" ({spending.failed} perhaps billed)" if spending.failed else ""
        words = (
            self._progress.call.describe_wait(),
            f"about {format_dollars(spending.dollars)} so far" if spending.asked > spending.unknown else "",
            "cost unknown" if spending.unknown else "",
            f"{spending.replayed} replayed" if spending.replayed else "",
            f"{failed} failed{billed}" if failed else "",
        )
        return ", ".join(filter(None, words))

    def _is_wanted(self) -> bool:
        if self._wanted is not None:
            return self._wanted
        if _is_in_kernel():
            return self._progress.total is None or self._progress.total >= _KERNEL_PICTURES
        return sys.stderr.isatty()

    def _make_bar(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # without ipywidgets tqdm draws text, and warns
            from tqdm.auto import tqdm  # noqa: PLC0415 - loaded where a bar is drawn

            class Bar(tqdm):  # type: ignore[misc]  # its class is known at run time only
                monitor_interval = 0  # no monitor thread, which would outlive the batch

            in_kernel = _is_in_kernel()
            delay = _KERNEL_SECONDS if in_kernel and not self._wanted else 0.0
            self._drawn_at = monotonic() + delay
            return Bar(
                total=self._progress.total,
                unit=" pictures",
                dynamic_ncols=True,
                leave=not in_kernel,
                delay=delay,
            )


def _is_in_kernel() -> bool:
    """Whether this is a notebook's kernel; does not load IPython."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None
