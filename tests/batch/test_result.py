"""A batch as rows and as a data frame; display/ draws it as a grid."""

from __future__ import annotations

import io

import pytest

from gemini_nb import ImageRequest
from gemini_nb.batch.result import Batch
from gemini_nb.batch.rows import COLUMNS
from gemini_nb.errors import BlockedError, OutcomeUnknownError
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


TEXTS = {
    "half a pair": ("a \ud800 b", "a � b"),
    "the other half": ("\udfff", "�"),
    "halves in the wrong order": ("\udc00\ud800", "��"),
    "a pair in two halves": ("\ud83d\ude00", "😀"),
    "a pair and a half": ("\ud83d\ude00\ud83d", "😀�"),
    "a name that is no UTF-8": ("caf\udce9.png", "caf�.png"),
    "a whole pair": ("😀", "😀"),
    "NUL": ("a\0b", "a\0b"),
    "escapes": ("\x1b[2J\x9b31m", "\x1b[2J\x9b31m"),
    "marks that reorder": ("\u202eabc\u2066", "\u202eabc\u2066"),
    "ends of lines": ("a\r\n\u2028b", "a\r\n\u2028b"),
    "no character": ("\uffff\ufffe", "\uffff\ufffe"),
    "the last one": ("\U0010ffff", "\U0010ffff"),
    "many halves": ("\ud800" * 10_000, "�" * 10_000),
}


def batch_of_text(text):
    """A batch with this text wherever text may stand."""
    request = ImageRequest(f"x{text}")
    outcomes = (answer(request), BlockedError(f"no {text}"))
    return Batch(
        (request, request), outcomes, labels=(text, "b"), values=({"city": text, f"n{text}": text},) * 2
    )


@pytest.mark.parametrize(("text", "shown"), TEXTS.values(), ids=TEXTS)
def test_a_frame_takes_any_text_and_so_does_what_it_is_written_to(text, shown):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = batch_of_text(text).to_frame()
    written = io.BytesIO()
    frame.to_parquet(written)
    for one in (frame, pandas.read_parquet(written)):
        assert list(one.prompt) == [f"x{shown}"] * 2
        assert list(one.label) == [shown, "b"]
        assert list(one.city) == list(one[f"n{shown}"]) == [shown] * 2
        assert shown in one.error[1]


@pytest.mark.parametrize(("text", "shown"), TEXTS.values(), ids=TEXTS)
def test_a_table_takes_any_text(tmp_path, text, shown):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(batch_of_text(text).to_parquet(tmp_path / "run.parquet"))
    assert table["prompt"].to_pylist() == [f"x{shown}"] * 2
    assert shown in table["error"][1].as_py()


def test_columns_that_differ_in_what_no_frame_holds_stay_two():
    pytest.importorskip("pandas")
    names = ["a\ud800", "a\udfff", "a�", 7, ("b", "\ud800")]
    values = dict(zip(names, range(1, 6), strict=True))
    frame = batch_of(answer(), values=(values,)).to_frame()
    assert [frame[name][0] for name in ("a�", "a��", "a���", 7)] == [1, 2, 3, 4]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_rows_are_what_any_library_takes(library):
    (row, _) = rows = batch_of_text("a \ud800 b").rows()
    assert (row["city"], row["label"], row["na � b"]) == ("a � b",) * 3
    library = pytest.importorskip(library)
    make = library.Table.from_pylist if library.__name__ == "pyarrow" else library.DataFrame
    assert make(rows).shape[0] == 2
