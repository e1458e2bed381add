"""A batch as a sequence: its length, its order, and its pictures by number, label and slice."""

from __future__ import annotations

import pytest

from gemini_nb import Batch, ImageRequest
from gemini_nb.batch.source import Source
from gemini_nb.errors import BlockedError, GeminiError, OutcomeUnknownError
from support.generations import answer


def batch_of(*outcomes, **more):
    requests = tuple(getattr(one, "request", ImageRequest("a failure")) for one in outcomes)
    return Batch(requests, outcomes, **more)


MADE = [answer("first"), answer("second"), answer("third")]
FAILED = BlockedError("no")


def test_a_batch_is_as_long_as_its_requests_and_yields_failures_in_their_places():
    batch = batch_of(MADE[0], FAILED, None)
    assert len(batch) == 3
    assert list(batch) == [MADE[0], FAILED, None]


@pytest.mark.parametrize("key", [0, -3, "first"])
def test_a_picture_has_a_number_and_a_label(key):
    assert batch_of(*MADE)[key] is MADE[0]


def test_a_label_of_the_index_comes_before_a_caption():
    pandas = pytest.importorskip("pandas")
    levels = pandas.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)])
    for index, key in ((["x", "y", "first"], "first"), (levels, ("b", 1)), (pandas.Index([1.5, 2, 3]), 3.0)):
        frame = pandas.DataFrame({"n": range(3)}, index=index)
        assert batch_of(*MADE, source=Source.select(frame, (), range(3)))[key] is MADE[2]


def test_tab_offers_the_labels():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": range(3)}, index=["x", 7, "z"])
    batch = batch_of(*MADE, source=Source.select(frame, (), range(3)))
    assert batch._ipython_key_completions_() == ["x", "z", "first", "second", "third"]


def test_a_slice_is_a_batch_of_its_own():
    rows = [{"n": number} for number in range(4)]
    labels = ("a", "b", "c", "d")
    whole = batch_of(
        MADE[0], FAILED, None, None, labels=labels, interrupted=frozenset({3}),
        values=tuple(rows), source=Source.select(rows, rows, range(4)),
    )  # fmt: skip
    part = whole[:0:-2]
    assert (part.labels, part.outcomes, part.interrupted) == (("d", "b"), (None, FAILED), {0})
    assert part.source.numbers == tuple(row["n"] for row in part.rows()) == (3, 1)
    assert part[1:].outcomes == (FAILED,)
    assert len(whole[9:]) == 0


def test_what_failed_is_raised_where_it_is_taken():
    batch = batch_of(FAILED, None, None, labels=("a", "b", "c"), interrupted=frozenset({1}))
    with pytest.raises(BlockedError, match="no") as failed:
        batch["a"]
    assert failed.value is not FAILED
    assert FAILED.__traceback__ is None
    with pytest.raises(OutcomeUnknownError, match="Picture 1 was interrupted"):
        batch[1]
    with pytest.raises(GeminiError, match="Picture 2 was not asked for"):
        batch[-1]


MISSING = {
    "a number": (3, IndexError, "there is no picture 3: the batch has 3 pictures"),
    "a number from the end": (-4, IndexError, "there is no picture -4"),
    "a label": ("secnod", KeyError, "did you mean 'second'?"),
    "nothing alike": (("x", 1), KeyError, r"no picture has the label \('x', 1\)"),
    "a bound": (slice("a", "b"), TypeError, "slice indices must be integers"),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_not_there_is_said(case):
    key, kind, message = MISSING[case]
    with pytest.raises(kind, match=message):
        batch_of(*MADE)[key]


def test_a_label_of_several_pictures_names_their_numbers():
    with pytest.raises(KeyError, match="2 pictures have the label 'a': take one by its number, 0, 2"):
        batch_of(*MADE, labels=("a", "b", "a"))["a"]
