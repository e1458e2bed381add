"""Errors cross from one process to another, and none loses what it tells."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest

from gemini_nb import errors
from gemini_nb.errors import Cancelled, GeminiError
from support.generations import picture

FACTS = {
    "hint": "Do this next.",
    "status": 429,
    "code": "odd",
    "retry_after": 34.4,
    "reason": "SAFETY",
    "text": "no \ud800 <b>",
    "url": "https://pictures.example/a.png",
    "received": b"no picture",
    "drafts": (picture(),),
    "task_id": "task-1",
    "image": picture(),
}


def kinds() -> list[type[GeminiError]]:
    found = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, GeminiError)]
    return [kind for kind in found if not kind.__name__.startswith("_")]


def full(kind: type[GeminiError]) -> GeminiError:
    bases = [base for base in kind.__mro__ if issubclass(base, GeminiError)]
    names = {name for base in bases for name in inspect.signature(base).parameters}
    error = kind("What happened.", **{name: FACTS[name] for name in names - {"message", "facts"}})
    error.raw_path = Path("unread/reply.json")
    return error


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_is_pickled_with_all_that_it_tells(kind, protocol):
    error = full(kind)
    copy = pickle.loads(pickle.dumps(error, protocol))
    assert type(copy) is kind
    assert (copy.args, vars(copy), str(copy)) == (error.args, vars(error), str(error))


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_an_error_is_pickled_with_what_it_was_told_later(kind):
    error = kind("first")
    error.args = ("second",)
    error.hint = "changed"
    error.add_note("seen on the way")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == "second\nchanged"
    assert copy.__notes__ == ["seen on the way"]


def test_an_interrupt_is_pickled_with_its_batch():
    cancelled = Cancelled("stopped")
    cancelled.batch = [1]
    copy = pickle.loads(pickle.dumps(cancelled))
    assert (str(copy), copy.batch) == ("stopped", [1])


def test_a_notebook_shows_an_error_in_lines_of_80_columns_broken_between_words():
    address = "https://pictures.invalid/" + "x" * 80
    error = errors.GeminiError(f"{'word ' * 30}\n{address}", hint="What to do.")
    first, *_, link, hint = error._render_traceback_()
    assert first.startswith("GeminiError: word word")
    assert (link, hint) == (address, "What to do.")
    assert max(map(len, error._render_traceback_()[:-2])) <= 80
