"""A batch as rows and as a data frame; display/ draws it as a grid."""

from __future__ import annotations

import pytest

from gemini_nb import ImageRequest
from gemini_nb.batch.result import Batch
from gemini_nb.batch.rows import COLUMNS
from gemini_nb.errors import OutcomeUnknownError
from support.generations import answer, picture
from support.images import png


def batch_of(*outcomes, **more):
    requests = tuple(getattr(one, "request", ImageRequest("a failure")) for one in outcomes)
    return Batch(requests, outcomes, **more)


def test_the_rows_say_what_was_asked_and_what_came():
    generation = answer(images=(picture(png(16, 9)),), seconds=2.5)
    failed = OutcomeUnknownError("502")
    rows = batch_of(generation, failed, labels=("a", "b"), values=({"city": "Oslo"}, {"city": "Łódź"})).rows()
    assert list(rows[0]) == ["city", "label", *COLUMNS]
    assert [rows[0][name] for name in ("city", "label", "index", "width", "estimated_cost", "status")] == [
        "Oslo", "a", 0, 16, 0.067, "ok",
    ]  # fmt: skip
    assert [rows[1][name] for name in ("city", "width", "estimated_cost", "status", "error_type")] == [
        "Łódź", None, None, "failed", "OutcomeUnknownError",
    ]  # fmt: skip
    assert rows[1]["error"].startswith("502")


def test_a_batch_is_a_frame():
    pandas = pytest.importorskip("pandas")
    frame = batch_of(answer(), None).to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.status) == ["ok", "not asked"]
