"""Progress of a cell that waits; `tests/notebook/test_kernel.py` sees it in a notebook."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from gemini_nb import ImageRequest
from gemini_nb.batch.run import Progress
from gemini_nb.call import Call
from gemini_nb.costs import Spending
from gemini_nb.errors import ArgumentError, OutcomeUnknownError
from gemini_nb.notebook import progress as live
from support import streams
from support.faults import FaultServer
from support.generations import answer, picture
from support.images import png
from support.kernels import a_kernel, kept, kernel_manager
from support.shells import KEY

MODEL = "gemini-3.1-flash-image-preview"


def ledger_of(*seconds):
    ledger = Spending()
    for one in seconds:
        ledger.add(answer(seconds=one))
    return ledger


def progress_of(*outcomes, count=4):
    progress = Progress([ImageRequest(f"prompt {n}") for n in range(count)])
    progress.outcomes[: len(outcomes)] = outcomes
    return progress


def line_of(progress, ledger=None, *, seconds=9.0, concurrency=2):
    return live.many_images(progress, "crazyrouter", ledger or Spending(), concurrency)(seconds)["text/plain"]


def test_one_picture_says_how_long_it_takes_already():
    render = live.one_image(MODEL, "crazyrouter", Spending(), Call())
    assert render(3)["text/plain"] == f"Asking {MODEL} · 3 s"


def test_what_earlier_pictures_took_is_the_estimate():
    render = live.one_image(MODEL, "crazyrouter", ledger_of(20, 30, 40), Call())
    assert render(15)["text/plain"].endswith("15 s, usually 30 s")
    assert 'value="0.500"' in render(15)["text/html"]
    assert 'value="0.950"' in render(500)["text/html"]


BATCHES = {
    "nothing yet": (progress_of(), None, "0 of 4 · 9 s"),
    "learned before": (progress_of(), ledger_of(10), "0 of 4 · 9 s · about 20 s left"),
    "learned from itself": (progress_of(answer(seconds=6)), ledger_of(99), "1 of 4 · 9 s · about 9 s left"),
    "replayed ones take no time": (
        progress_of(answer(seconds=6, replayed=True)), ledger_of(10), "1 of 4 · 9 s · about 15 s left",
    ),
    "failures": (progress_of(OutcomeUnknownError("x")), None, "1 of 4 · 9 s · 1 failed"),
    "all": (progress_of(answer(), count=1), ledger_of(10), "1 of 1 · 9 s"),
}  # fmt: skip


@pytest.mark.parametrize("case", BATCHES)
def test_a_batch_says_how_far_it_is(case):
    progress, ledger, said = BATCHES[case]
    assert line_of(progress, ledger) == said


def test_pictures_are_drawn_as_they_finish_the_newest_of_them():
    progress = progress_of(count=20)
    page = live.latest_images(progress, [f"label {n}" for n in range(20)], 4)
    assert page() == ""
    progress.outcomes[3] = OutcomeUnknownError("502 Bad gateway")
    progress.outcomes[5] = answer("prompt 5")
    assert "502 Bad gateway" in page()
    assert "label 5" in page()
    progress.outcomes[6:20] = [answer(f"prompt {n}") for n in range(6, 20)]
    assert page().count("<img") == 8
    assert "label 19" in page()
    assert "label 5" not in page()


def test_a_picture_is_drawn_once_however_long_the_batch_takes():
    progress = progress_of(answer(images=(picture(png(900, 900)),)), count=2)
    page = live.latest_images(progress, ["a", "b"], 4)
    first = page()
    progress.outcomes[0] = OutcomeUnknownError("drawn again")
    assert page() == first


def test_a_hostile_label_is_escaped():
    progress = progress_of(answer("<script>alert(1)</script>"), count=1)
    assert "<script" not in live.latest_images(progress, ["<script>"], 4)()


def test_without_a_kernel_nothing_is_drawn(keyless, capsys):
    with live.showing_progress(keyless.magics.session, lambda _seconds: pytest.fail("was drawn")):
        pass
    assert capsys.readouterr().out == ""


HOSTILE = "<script>alert(1)</script> "


@pytest.fixture(scope="module")
def manager():
    """The kernel of this file."""
    with kernel_manager() as manager:
        yield manager


@contextmanager
def kernel_asking(monkeypatch, manager, steps):
    """A kernel whose requests are answered with these steps."""
    with FaultServer(steps) as server:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
        monkeypatch.setenv("GEMINI_NB_BASE_URL", server.url)
        with a_kernel(manager) as kernel:
            yield kernel


def test_words_are_drawn_escaped_as_they_come_and_taken_away_at_the_end(monkeypatch, manager):
    """The server sends on only once the notebook has drawn what came before."""
    steps = streams.Steps(streams.words(HOSTILE + "here "), streams.words("it is. "), streams.picture())
    with kernel_asking(monkeypatch, manager, steps) as kernel:
        cell = kernel.start("%%gemini_image --stream\na red square")
        (place, *_, first) = kernel.until(cell, lambda one: "here" in html_of(one))
        steps.go()
        (*_, second) = kernel.until(cell, lambda one: "it is." in html_of(one))
        steps.go()
        rest = kernel.finish(cell)
    assert (place["type"], place["data"]) == ("display_data", {})  # nbval compares what this one holds
    assert first["type"] == second["type"] == "update_display_data"
    assert place["transient"] == first["transient"] == second["transient"]
    assert "&lt;script&gt;" in html_of(first)
    assert not any("<script" in html_of(one) for one in (first, second, *rest))
    assert [one["type"] for one in rest][-2:] == ["clear_output", "execute_result"]
    assert html_of(rest[-1]).count("it is.") == 1


LOOP = """\
print('before')
for n in range(2):
    %gemini_image --stream number {{n}}
print('after')"""


def test_in_a_loop_the_line_goes_and_all_else_stays(monkeypatch, manager):
    steps = streams.Steps(streams.words("here "), streams.picture())
    with kernel_asking(monkeypatch, manager, steps) as kernel:
        cell = kernel.start(LOOP)
        sent = kernel.until(cell, is_line)
        steps.go()
        sent += kernel.until(cell, is_line)
        steps.go()
        sent += kernel.finish(cell)
    assert not any(is_line(one) for one in sent if one["type"] == "display_data")
    left = [one.get("text") or (one["data"] and html_of(one)[:7]) for one in kept(sent)]
    assert left == ["before\n", {}, "<figure", {}, "<figure", "after\n"]


def test_an_assignment_at_the_beginning_of_a_cell_leaves_nothing(monkeypatch, manager):
    steps = streams.Steps(streams.words("here "), streams.picture())
    with kernel_asking(monkeypatch, manager, steps) as kernel:
        cell = kernel.start("hero = %gemini_image --stream a cat")
        sent = kernel.until(cell, is_line)
        steps.go()
        sent += kernel.finish(cell)
    assert kept(sent) == []


BROKEN = """
def fail(*_arguments, **_more):
    raise OSError("the front end is gone")
get_ipython().display_pub.clear_output = fail
"""


def test_promise_2_a_display_that_fails_costs_no_picture(monkeypatch, manager):
    steps = streams.Steps(streams.words("here "), streams.picture())
    with kernel_asking(monkeypatch, manager, steps) as kernel:
        kernel.run(BROKEN)
        cell = kernel.start("%%gemini_image hero --stream\na red square")
        kernel.until(cell, is_line)
        steps.go()
        outputs = kernel.finish(cell)
        assert "execute_result" in [one["type"] for one in outputs]
        assert "<img" in html_of(kernel.run("hero")[-1])
        kernel.run("del get_ipython().display_pub.clear_output")


MISS = """\
from gemini_nb import ReplayMissError
try:
    %gemini_image --replay only a cat
except ReplayMissError:
    pass"""

# A cell before, a cell, and how many pictures that one displays.
QUIET = {
    "replayed": ("%gemini_image --stream number 0\n%gemini_image --stream number 1", LOOP, 2),
    "replayed only": ("", MISS, 0),
    "the default": ("%config GeminiMagics.progress = False", LOOP, 2),
    "the variable": ("%env GEMINI_NB_PROGRESS=off", LOOP, 2),
}


@pytest.mark.parametrize("case", QUIET)
def test_no_line_is_drawn_where_nothing_is_sent_or_it_is_turned_off(monkeypatch, manager, case):
    before, cell, count = QUIET[case]
    steps = streams.Steps(streams.words("here ") + streams.picture())
    with kernel_asking(monkeypatch, manager, steps) as kernel:
        kernel.run(before)
        displayed = [one for one in kernel.run(cell) if one["type"] == "display_data"]
    assert ["<img" in html_of(one) for one in displayed] == [True] * count


def test_what_is_captured_holds_no_line(monkeypatch, manager):
    with kernel_asking(monkeypatch, manager, streams.Steps(streams.picture())) as kernel:
        kernel.run(f"%%capture captured\n{LOOP}")
        assert kernel.value("['text/html' in one.data for one in captured.outputs]") == "[True, True]"


SETTINGS = {
    "nothing": (None, "", True),
    "the variable": (None, "off", False),
    "the default": (False, "", False),
    "the default before the variable": (True, "off", True),
    "the variable says so": (None, "on", True),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_the_default_comes_before_the_variable(keyless, monkeypatch, case):
    default, variable, is_shown = SETTINGS[case]
    monkeypatch.setenv("GEMINI_NB_PROGRESS", variable)
    keyless.magics.progress = default
    assert keyless.magics.session.shows_progress() is is_shown


def test_a_variable_that_says_neither_is_an_error(keyless, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_PROGRESS", "never")
    with pytest.raises(ArgumentError, match="GEMINI_NB_PROGRESS is on or off, not 'never'"):
        keyless.magics.session.shows_progress()


def is_line(output) -> bool:
    return "<progress " in html_of(output)


def html_of(output) -> str:
    return output.get("data", {}).get("text/html", "")
