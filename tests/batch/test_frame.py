"""A batch as a data frame that is joined to the table that it was made from."""

from __future__ import annotations

import pytest

from gemini_nb import Batch, ImageRequest
from gemini_nb.batch.rows import COLUMNS
from gemini_nb.batch.source import Source
from gemini_nb.errors import BlockedError
from support.generations import answer
from support.numbered_pictures import BLOCKED, by_prompt, client_of_gateway

FAILED = BlockedError("no")
ROWS = [{"city": "Łódź", "n": 1}, {"city": "Oslo", "n": 2}, {"city": "Rome", "n": 3}]


def batch_from(table, *numbers, rows=ROWS, varied=(), values=()):
    """A batch of a request for each row, the second of which failed, or for the rows with these numbers."""
    numbers = numbers or range(len(rows))
    made = [answer(f"prompt {place}") for place in range(len(numbers))]
    outcomes = [FAILED if place == 1 else one for place, one in enumerate(made)]
    return Batch(
        tuple(one.request for one in made),
        tuple(outcomes),
        values=tuple(values) or tuple({"city": rows[number]["city"]} for number in numbers),
        source=Source.select(table, rows, numbers, varied),
    )


def indexes(pandas):
    return {
        "labels": ["a", "b", "c"],
        "numbers": [30, 20, 10],
        "days": pandas.date_range("2026-01-01", periods=3),
        "levels": pandas.MultiIndex.from_tuples([("x", 1), ("x", 2), ("y", 1)], names=["k", "m"]),
        "named": pandas.Index(["a", "b", "c"], name="path"),
    }


@pytest.mark.parametrize("kind", ["labels", "numbers", "days", "levels", "named"])
def test_a_frame_is_joined_by_its_own_index(kind):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, index=indexes(pandas)[kind])
    joined = frame.join(batch_from(frame).to_frame())
    assert joined.index.equals(frame.index)
    assert list(joined["city"]) == ["Łódź", "Oslo", "Rome"]
    assert list(joined["status"]) == ["ok", "failed", "ok"]


def test_no_column_of_ours_has_the_name_of_one_of_the_frame():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([dict.fromkeys(("label", "image", *COLUMNS), 1)])
    joined = frame.join(batch_from(frame, 0, values=({},)).to_frame(images=True))
    assert joined.columns.is_unique
    assert joined["status"][0] == 1
    assert joined["image_status"][0] == "ok"
    assert joined["image_image"][0].width == 4


def test_with_its_source_each_picture_stands_beside_its_own_row_though_labels_repeat():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, index=["a", "a", "b"])
    both = batch_from(frame).to_frame(with_source=True)
    assert list(both.index) == ["a", "a", "b"]
    assert list(both.columns[:3]) == ["city", "n", "label"]
    assert list(zip(both["n"], both["prompt"], both["status"], strict=True)) == [
        (1, "prompt 0", "ok"), (2, "prompt 1", "failed"), (3, "prompt 2", "ok"),
    ]  # fmt: skip


def test_several_pictures_of_a_row_are_joined_to_it():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, index=["a", "b", "c"])
    joined = frame.join(batch_from(frame, 0, 0, 2, 2).to_frame())
    assert list(joined.index) == ["a", "a", "b", "c", "c"]
    assert list(joined["n"]) == [1, 1, 2, 3, 3]
    assert list(joined["prompt"].dropna()) == ["prompt 0", "prompt 1", "prompt 2", "prompt 3"]


def test_columns_of_several_levels_are_joined_too():
    pandas = pytest.importorskip("pandas")
    names = pandas.MultiIndex.from_tuples([("where", "city"), ("size", "n")])
    frame = pandas.DataFrame([["Łódź", 1]], columns=names)
    joined = frame.join(batch_from(frame, 0).to_frame())
    assert joined["status"][0] == "ok"
    assert joined["size", "n"][0] == 1


def test_a_list_that_hid_a_column_is_told_from_it():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS[:1])
    batch = batch_from(frame, 0, varied=["city", "when"], values=[{"city": "Kyiv", "when": "dawn"}])
    row = batch.to_frame(with_source=True).iloc[0]
    assert (row["city"], row["varied_city"], row["when"]) == ("Łódź", "Kyiv", "dawn")
    assert batch.rows()[0]["city"] == "Kyiv"


def test_what_is_done_to_the_frame_later_changes_no_batch():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, index=["a", "b", "c"])
    batch = batch_from(frame)
    frame.loc["a", "city"] = "elsewhere"
    del frame["n"]
    assert batch.to_frame(with_source=True)[["city", "n"]].to_dict("records") == ROWS


@pytest.mark.parametrize("how", ["records", "columns"])
def test_rows_without_an_index_are_numbered(how):
    pandas = pytest.importorskip("pandas")
    table = ROWS if how == "records" else {"city": ["Łódź", "Oslo", "Rome"], "n": [1, 2, 3]}
    batch = batch_from(table, 0, 2, 2)
    joined = pandas.DataFrame(table).join(batch.to_frame())
    assert list(joined.index) == [0, 1, 2, 2]
    assert list(batch.to_frame(with_source=True)["n"]) == [1, 3, 3]


def test_a_frame_of_polars_gives_one_of_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(ROWS)
    ours = batch_from(frame, 0, 2, 2).to_frame(images=True)
    joined = frame.with_row_index("row").join(ours, on="row", how="left")
    assert joined["city"].to_list() == ["Łódź", "Oslo", "Rome", "Rome"]
    assert joined["status"].to_list() == ["ok", None, "failed", "ok"]
    assert [image and image.width for image in ours["image"]] == [4, None, 4]
    assert frame.hstack(batch_from(frame).to_frame()).shape == (3, 2 + 1 + 1 + len(COLUMNS))
    assert batch_from(frame).to_frame(with_source=True).columns[:3] == ["city", "n", "row"]


def test_columns_of_polars_have_their_types_though_nothing_stands_in_them_for_long():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"n": range(300), "row": range(300)})
    request, made = ImageRequest("late"), answer("late")
    outcomes = (FAILED,) * 299 + (made,)
    mixed = tuple({"w\ud800": number if number % 2 else str(number)} for number in range(300))
    ours = Batch(
        (request,) * 300, outcomes, values=mixed, source=Source.select(table, (), range(300))
    ).to_frame()
    assert ours.schema["width"] == polars.Int64
    assert ours.schema["queries"] == polars.String
    assert ours["image_row"].to_list() == list(range(300))
    assert ours["w�"].to_list()[:2] == ["0", "1"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_prompts_of_a_column_keep_its_index(library):
    library = pytest.importorskip(library)
    frame = library.DataFrame({"prompt": ["1", "2", "3"], "sky": ["red", "grey", "blue"]})
    if library.__name__ == "pandas":
        frame.index = [7, 8, 9]
    with client_of_gateway(by_prompt(n2=BLOCKED)) as client:
        ours = client.generate_many(frame["prompt"]).to_frame()
    joined = frame.join(ours) if library.__name__ == "pandas" else frame.hstack(ours)
    assert list(joined["status"]) == ["ok", "failed", "ok"]
    assert list(joined["prompt"]) == list(joined["image_prompt"])


class Column(list):
    """Prompts in a column of a library that is not known."""

    def to_frame(self):
        raise NotImplementedError


def test_a_column_of_another_library_is_a_list_of_prompts():
    with client_of_gateway() as client:
        assert len(client.generate_many(Column(["1", "2"])).generations) == 2
