"""Progress under a cell that waits: seconds so far, an estimate of the rest, and pictures as they arrive."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from gemini_nb.batch.result import Batch
from gemini_nb.call import Call
from gemini_nb.display import figure, grid
from gemini_nb.errors import Cancelled
from gemini_nb.event_loop import HAS_THREADS
from gemini_nb.generation import Generation
from gemini_nb.notebook.call_site import ELSEWHERE
from gemini_nb.text import escape_html, format_seconds, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gemini_nb.batch.run import Progress
    from gemini_nb.costs import Spending
    from gemini_nb.notebook.call_site import CallSite
    from gemini_nb.notebook.session import Session

    Render = Callable[[float], dict[str, str]]

_REDRAW_SECONDS = 1.0  # an answer that is here by then needs no line
_INSTANT_SECONDS = 10.0  # painting and replay take moments: on a busy machine a line would only flicker
_POLL_SECONDS = 0.25  # whether there are new words to draw
_SHOWN_CHARACTERS = 4000  # of words while they come; all of them stand under the picture
_LATEST_IMAGES = 8  # pictures shown while a batch runs; the whole grid comes at the end


@contextmanager
def showing_progress(
    session: Session,
    render: Render,
    *,
    pictures: Callable[[], str] | None = None,
    site: CallSite = ELSEWHERE,
    quiet: bool = False,
    instant: bool = False,
    words: Sequence[str] = (),
    call: Call | None = None,
) -> Iterator[None]:
    """Draw what `render(seconds)` returns in a notebook until the block ends, then take it away.

    `pictures` returns the HTML of what is finished; after an interrupt it stays. `site` is where the magic
    was called, `quiet` says that it shows no result, and `instant` that no server is asked. What is appended
    to `words` is drawn below, a moment later. What is asked for is part of `call`.

    A cell leaves the same outputs however long it waits. Where nothing stands under it yet, they are cleared;
    elsewhere an output without data stands there from the beginning. Both get their data in updates, which
    nbval leaves out of its comparison.
    """
    if not HAS_THREADS or not _is_seen() or not session.shows_progress() or (instant and not site.is_first):
        yield
        return
    first = _INSTANT_SECONDS if instant else _REDRAW_SECONDS
    drawing = _DrawingThread(render, pictures, words, first=first)
    is_followed, keep_pictures = True, False  # by an error, if not by a result
    try:
        if not site.is_first:
            drawing.open()
        drawing.start()
        with (call or Call()).watched():
            yield
        is_followed = not (quiet or site.is_taken)
    except Cancelled:
        keep_pictures = True
        raise
    finally:
        drawing.stop(clear=site.is_first, wait=is_followed, keep_pictures=keep_pictures)


def _is_seen() -> bool:
    """Whether a front end draws what is displayed now: not in a terminal, nor where `%%capture` takes it."""
    from IPython import get_ipython  # noqa: PLC0415 - here only in a shell
    from IPython.core.displaypub import CapturingDisplayPublisher  # noqa: PLC0415

    shell: Any = get_ipython()
    is_kernel = getattr(shell, "kernel", None) is not None
    return is_kernel and not isinstance(shell.display_pub, CapturingDisplayPublisher)


def one_image(model: str, provider: str, spending: Spending, call: Call) -> Render:
    """Return what draws a line and a bar for one picture, with an estimate from earlier ones of its model.

    While `call` waits to be let through, the line says so instead.
    """

    def render(seconds: float) -> dict[str, str]:
        if wait := call.describe_wait():
            return draw_bar(f"{model} · {wait}", None)
        words, share = describe_seconds(seconds, spending.expected_seconds(model, provider))
        return draw_bar(f"Asking {model} · {words}", share)

    return render


def describe_seconds(seconds: float, expected: float | None) -> tuple[str, float | None]:
    """Say how long a picture takes beside what is expected; return the share that is over too, if known."""
    if not expected or expected < 1:
        return f"{seconds:.0f} s", None
    return f"{seconds:.0f} s, usually {expected:.0f} s", min(seconds / expected, 0.95)


def many_images(progress: Progress, provider: str, spending: Spending, concurrency: int) -> Render:
    """Return what draws a line and a bar for a batch, with an estimate from earlier pictures and its own."""

    def render(seconds: float) -> dict[str, str]:
        outcomes = list(progress.outcomes)
        left = [place for place, outcome in enumerate(outcomes) if outcome is None]
        done = len(outcomes) - len(left)
        failed = sum(outcome is not None and not isinstance(outcome, Generation) for outcome in outcomes)
        expected = _expected_seconds(progress, left, provider, spending)
        words = f"{done} of {len(outcomes)} · {seconds:.0f} s"
        if wait := progress.call.describe_wait():
            words += f" · {wait}"
        elif left and expected:
            words += f" · about {max(1, expected * len(left) / min(concurrency, len(left))):.0f} s left"
        words += f" · {failed} failed" if failed else ""
        return draw_bar(words, done / len(outcomes))

    return render


def batch_jobs(call: Call) -> Render:
    """Return what draws a line and a bar while batch jobs are waited for: the provider's own counts."""

    def render(seconds: float) -> dict[str, str]:
        words = call.words or "preparing batch jobs"
        on = " · interrupt leaves them running" if call.words_after_stop else ""
        return draw_bar(f"{words} · {format_seconds(seconds)}{on}", call.share)

    return render


def _expected_seconds(
    progress: Progress, left: Sequence[int], provider: str, spending: Spending
) -> float | None:
    """Estimate how long one picture of this batch takes; what was replayed took no time."""
    generations = [outcome for outcome in progress.outcomes if isinstance(outcome, Generation)]
    own = [generation.seconds for generation in generations if not generation.replayed]
    if own or not left:
        from statistics import median  # noqa: PLC0415 - loads fractions, not wanted before the first picture

        return median(own) if own else None
    return spending.expected_seconds(progress.requests[left[0]].model, provider)


def latest_images(progress: Progress, labels: Sequence[str], columns: int) -> Callable[[], str]:
    """Return what draws the pictures of a batch that finished last and what failed; each is drawn once."""
    seen: set[int] = set()
    tiles: deque[str] = deque(maxlen=_LATEST_IMAGES)

    def page() -> str:
        batch = replace(progress.batch(), labels=tuple(labels))
        done = (place for place, outcome in enumerate(batch.outcomes) if outcome is not None)
        fresh = [place for place in done if place not in seen]
        seen.update(fresh)
        for place in fresh[-_LATEST_IMAGES:]:
            at = slice(place, place + 1)
            alone = Batch(batch.requests[at], batch.outcomes[at], labels=batch.labels[at])
            tiles.append(grid.draw_tile(alone.tiles()[0]).html)
        return grid.render_table(list(tiles), columns=columns) if tiles else ""

    return page


def draw_bar(words: str, share: float | None) -> dict[str, str]:
    """Return the MIME bundle of a bar with words beside it; without a share the bar only moves."""
    value = "" if share is None else f' value="{share:.3f}"'
    label = escape_html(words)
    bar = f'<progress max="1"{value} aria-label="Progress" style="width:16em"></progress>'
    line = f'<span style="opacity:0.75;margin-left:0.75em">{label}</span>'
    return {"text/plain": words, "text/html": f"<div>{bar}{line}</div>"}


def _add_words(bundle: dict[str, str], words: str) -> dict[str, str]:
    """Return a line with the end of a model's words so far below it, as text: they are other people's."""
    if not words:
        return bundle
    words = printable(words if len(words) <= _SHOWN_CHARACTERS else f"…{words[-_SHOWN_CHARACTERS:]}")
    page = f'{bundle["text/html"]}<div style="{figure.CAPTION_STYLE}">{escape_html(words)}</div>'
    return {"text/plain": f"{bundle['text/plain']}\n{words}", "text/html": page}


class _DrawingThread(threading.Thread):
    """Draws about once a second after `first` seconds, new words sooner, and nothing after `stop`."""

    def __init__(
        self, render: Render, pictures: Callable[[], str] | None, words: Sequence[str], *, first: float
    ) -> None:
        super().__init__(name="gemini_nb drawing", daemon=True)
        self._render = render
        self._pictures = pictures
        self._words = words
        self._first = first
        self._over = threading.Event()
        self._drawing = threading.Lock()
        self._line = _Output()
        self._grid = _Output()

    def run(self) -> None:
        """Draw until `stop` is called."""
        started = monotonic()
        due, word_count = self._first, 0
        while not self._over.wait(_POLL_SECONDS):
            seconds = monotonic() - started
            if seconds < due and word_count == len(self._words):
                continue
            due, word_count = seconds + _REDRAW_SECONDS, len(self._words)
            page = self._pictures() if self._pictures else ""  # takes its time, so outside of the lock
            line = _add_words(self._render(seconds), "".join(self._words))
            with self._drawing:
                if not self._over.is_set():
                    self._line.draw(line)
                    self._grid.draw({"text/plain": "", "text/html": page} if page else {})

    def open(self) -> None:
        """Take the places under the cell at once, empty."""
        with suppress(Exception):  # a display that fails must not cost the picture
            self._line.open()
            if self._pictures:
                self._grid.open()

    def stop(self, *, clear: bool, wait: bool, keep_pictures: bool) -> None:
        """Draw no more, and take away what was drawn, except for pictures that are to be kept.

        `clear` takes the places away too, and all else that stands under the cell: at once, or, with `wait`,
        as the next output comes.
        """
        from IPython.display import clear_output  # noqa: PLC0415 - here only in a kernel

        with self._drawing:
            self._over.set()
        with suppress(Exception):  # a display that fails must not cost the picture
            if keep_pictures and self._grid.bundle:
                self._line.draw({})
            elif clear and self._line.handle is not None:
                clear_output(wait=wait)
            else:
                self._line.draw({})
                self._grid.draw({})


class _Output:
    """One place in a cell's output, updated only where it changes.

    It is in the output once it has a `handle`, and shows its `bundle`: nothing where that is empty.
    """

    def __init__(self) -> None:
        self.handle: Any = None
        self.bundle: dict[str, str] = {}

    def open(self) -> None:
        """Take this place."""
        from IPython.display import display  # noqa: PLC0415 - here only in a kernel

        self.handle = display({}, raw=True, display_id=True)

    def draw(self, bundle: dict[str, str]) -> None:
        """Draw a MIME bundle in this place, or nothing; the same one again is not sent."""
        if bundle == self.bundle:
            return
        if self.handle is None:
            self.open()
        self.bundle = bundle
        self.handle.update(bundle, raw=True)
