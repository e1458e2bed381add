from __future__ import annotations

import pytest

from gemini_nb.errors import ArgumentError
from gemini_nb.prompts import plan, tables
from gemini_nb.request import ImageRequest

ROWS = [{"city": "Łódź", "sky": "grey"}, {"city": "Oslo", "sky": "red"}]


def planned(prompt="a {{city}}", names=None, **given):
    settings = {"models": ["nano-banana-2"], "count": 1, "vary": [], "each": None, "raw": False, **given}
    return plan.make_plan(prompt, names=names or {}, request=ImageRequest, **settings)


def prompts(made):
    return [request.prompt for request in made.requests]


def test_a_prompt_alone_is_one_request_and_no_grid():
    made = planned("a {{city}}", {"city": "village"})
    assert prompts(made) == ["a village"]
    assert not made.is_grid


def test_takes_and_models_are_multiplied_prompt_by_prompt():
    made = planned("a cat", models=["nano-banana-2", "nano-banana-pro"], count=2)
    assert [(request.model, request.take) for request in made.requests] == [
        ("gemini-3.1-flash-image-preview", 0),
        ("gemini-3.1-flash-image-preview", 1),
        ("gemini-3-pro-image-preview", 0),
        ("gemini-3-pro-image-preview", 1),
    ]
    assert made.labels[3] == "nano-banana-pro · take 1"
    assert made.columns == 2


def test_a_model_named_twice_is_asked_once():
    made = planned("a cat", models=["nano-banana-2", "gemini-3.1-flash-image-preview", "nano-banana-2"])
    assert len(made.requests) == 1


def test_two_lists_are_combined():
    made = planned("{{a}}{{b}}", {"a": "xy", "b": 1} | {"a": ["x", "y"], "b": (1, 2)}, vary=["a", "b"])
    assert prompts(made) == ["x1", "x2", "y1", "y2"]
    assert made.labels == ("x, 1", "x, 2", "y, 1", "y, 2")
    assert made.values[1] == {"a": "x", "b": 2}


def test_a_list_of_one_is_a_grid_still():
    assert planned("{{a}}", {"a": ["x"]}, vary=["a"]).is_grid


def frame_of(kind):
    if kind == "records":
        return ROWS
    if kind == "tuple":
        return tuple(ROWS)
    if kind == "columns":
        return {"city": ["Łódź", "Oslo"], "sky": ("grey", "red")}
    module = pytest.importorskip({"arrow": "pyarrow"}.get(kind, kind))
    return module.Table.from_pylist(ROWS) if kind == "arrow" else module.DataFrame(ROWS)


@pytest.mark.parametrize("kind", ["records", "tuple", "columns", "pandas", "polars", "arrow"])
def test_every_kind_of_table_has_rows(kind):
    made = planned("{{city}}, {{row['sky']}}", {"t": frame_of(kind)}, each="t")
    assert prompts(made) == ["Łódź, grey", "Oslo, red"]
    assert made.labels == ("Łódź", "Oslo")


def test_varied_values_hide_columns_and_columns_hide_the_notebooks_names():
    names = {"t": [{"a": "column", "b": "column"}], "a": ["varied"], "b": "own", "c": "own"}
    assert prompts(planned("{{a}} {{b}} {{c}}", names, each="t", vary=["a"])) == ["varied column own"]


def test_what_was_filled_in_is_known_of_each_request():
    made = planned("{{city}}", {"t": ROWS}, each="t")
    assert made.values == ({"city": "Łódź"}, {"city": "Oslo"})


def test_levels_of_one_name_and_levels_without_one_are_read_too():
    pandas = pytest.importorskip("pandas")
    levels = pandas.MultiIndex.from_tuples([("x", 1, "p"), ("x", 2, "q")], names=["k", None, "k"])
    made = planned("{{k}} {{city}}", {"t": pandas.DataFrame(ROWS, index=levels)}, each="t")
    assert prompts(made) == ["p Łódź", "q Oslo"]


def test_the_index_of_a_frame_fills_fields_by_its_names_and_is_kept():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS, index=pandas.Index(["a", "b"], name="sku"))
    made = planned("{{sku}} in {{city}}", {"t": frame}, each="t", count=2)
    assert prompts(made)[1:3] == ["a in Łódź", "b in Oslo"]
    assert list(made.source.table.index) == ["a", "a", "b", "b"]
    assert made.source.numbers == (0, 0, 1, 1)


BAD = {
    "no such list": ({"vary": ["x"]}, "{{x}}", {}, "no variable"),
    "not in the prompt": ({"vary": ["x"]}, "a", {"x": [1]}, "does not hold {{x}}"),
    "a text": ({"vary": ["x"]}, "{{x}}", {"x": "abc"}, "is a str"),
    "a number": ({"vary": ["x"]}, "{{x}}", {"x": 3}, "is an int"),
    "a generator": ({"vary": ["x"]}, "{{x}}", {"x": iter([1])}, "only once"),
    "endless": ({"vary": ["x"]}, "{{x}}", {"x": range(10**12)}, "the limit is"),
    "empty list": ({"vary": ["x"]}, "{{x}}", {"x": []}, "is empty"),
    "no such table": ({"each": "t"}, "{{x}}", {}, "no variable"),
    "no table": ({"each": "t"}, "{{x}}", {"t": [1]}, "has no rows"),
    "uneven columns": ({"each": "t"}, "{{x}}", {"t": {"x": [1, 2], "y": [1]}}, "different lengths: x 2, y 1"),
    "scalar column": ({"each": "t"}, "{{x}}", {"t": {"x": 5}}, "not a column"),
    "text column": ({"each": "t"}, "{{x}}", {"t": {"x": "abc"}}, "not a column"),
    "empty table": ({"each": "t"}, "{{x}}", {"t": []}, "is empty"),
    "missing value": ({"each": "t"}, "{{x}}", {"t": [{"x": float("nan")}]}, "the value is nan"),
    "missing column": ({"each": "t"}, "{{y}}", {"t": [{"x": 1}]}, "no column 'y'"),
    "raw": ({"each": "t", "raw": True}, "{{x}}", {"t": [{"x": 1}]}, "--raw"),
    "too many": ({"vary": ["x", "y"]}, "{{x}}{{y}}", {"x": range(400), "y": range(400)}, "160,000 pictures"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_planned_is_said(case):
    given, prompt, names, message = BAD[case]
    with pytest.raises(ArgumentError) as refused:
        planned(prompt, names, **given)
    assert message in str(refused.value)


def test_a_million_combinations_are_refused_before_they_are_made():
    names = {name: range(50_000) for name in "abc"}
    with pytest.raises(ArgumentError, match="125,000,000,000,000"):
        planned("{{a}}{{b}}{{c}}", names, vary=["a", "b", "c"])


def test_a_pandas_series_is_a_list_and_a_frame_is_none():
    pandas = pytest.importorskip("pandas")
    assert tables.read_values("x", {"x": pandas.Series(["a"])}, most=9) == ["a"]
    with pytest.raises(ArgumentError, match="not a list"):
        tables.read_values("x", {"x": pandas.DataFrame({"a": [1]})}, most=9)
