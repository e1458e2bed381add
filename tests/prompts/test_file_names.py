"""Names of saved files: filled from values, safe, and each used once."""

from __future__ import annotations

import os
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemini_nb.errors import ArgumentError, GeminiWarning
from gemini_nb.prompts.file_names import FileNames
from support.warned import messages


def fill(path, value):
    return FileNames(path).fill({"v": value})


def choose(path, values, *, is_grid=True):
    names = FileNames(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GeminiWarning)
        return list(names.choose([names.fill({"v": value}) for value in values], is_grid=is_grid))


FILLED = {
    "a word": ("out/{{v}}.jpg", "A1", "out/A1.jpg"),
    "a number in its format": ("{{v:03d}}.png", 7, "007.png"),
    "blanks, dots and other letters stay": ("{{v}}.png", "Łódź v1.2 (é)", "Łódź v1.2 (é).png"),
    "a minus stays": ("{{v}}.png", -5, "-5.png"),
    "slashes of a value lead nowhere": ("out/{{v}}.jpg", "AC/DC\\x", "out/AC-DC-x.jpg"),
    "nor do two dots": ("out/{{v}}/a.jpg", "..", "out/image/a.jpg"),
    "nor do two dots that are put together": ("out/.{{v}}/a.jpg", ".", "out/image/a.jpg"),
    "nor does a home": ("{{v}}/a.jpg", "~", "image/a.jpg"),
    "nor does a root": ("{{v}}", "/etc/passwd", "-etc-passwd"),
    "a way up and down": ("out/{{v}}.jpg", "../../etc/x", "out/etc-x.jpg"),
    "a drive": ("{{v}}.jpg", "C:x", "C-x.jpg"),
    "NUL and newline": ("{{v}}.jpg", "a\0b\nc", "a-b-c.jpg"),
    "a reserved name": ("{{v}}.jpg", "con", "con-.jpg"),
    "a reserved folder": ("{{v}}/a.jpg", "LPT1", "LPT1-/a.jpg"),
    "nothing": ("out/{{v}}.jpg", "", "out/image.jpg"),
    "a hidden file": ("out/{{v}}.jpg", ".x", "out/x.jpg"),
    "dots at the end of a folder": ("{{v}}/a.jpg", "a. .", "a/a.jpg"),
    "too many letters": ("{{v}}.jpg", "é" * 300, "é" * 100 + ".jpg"),
    "what is typed stays": ("../~a/.b/con/{{v}}.jpg", "x", "../~a/.b/con/x.jpg"),
    "a suffix from a value": ("{{v}}", "boat.png", "boat.png"),
    "no field": ("out/$100 {v}.jpg", "x", "out/$100 {v}.jpg"),
}


@pytest.mark.parametrize(("path", "value", "expected"), FILLED.values(), ids=FILLED)
def test_a_path_is_filled_and_what_comes_from_a_value_is_safe(path, value, expected):
    assert fill(path, value) == expected


@given(st.text(max_size=300) | st.text("./\\-~\0 \u202e:conCON1", max_size=20))
def test_no_value_leaves_its_part_of_the_path(value):
    path = fill("out/{{v}}/x{{v}}/{{v}}.jpg", value)
    parts = path.split("/")
    assert len(parts) == 4
    assert os.path.normpath(path) == path
    assert all(part.isprintable() and part[0] not in ".~" and len(part.encode()) <= 205 for part in parts)


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_missing_value_is_an_error_that_names_the_field(value):
    with pytest.raises(ArgumentError, match=r"\{\{v\}\}"):
        fill("out/{{v}}.jpg", value)


def test_what_was_made_safe_is_said_in_one_line():
    names = FileNames("out/{{v}}.jpg")
    filled = [names.fill({"v": value}) for value in ("fine", "a/b", "..", "a/b")]
    with pytest.warns(GeminiWarning) as caught:
        names.choose(filled, is_grid=True)
    assert messages(caught) == ["Made safe as a file name: 'out/a/b.jpg' is 'out/a-b.jpg', and 1 more."]


@pytest.mark.filterwarnings("error")
def test_nothing_is_said_where_all_is_safe():
    assert choose("out/{{v}}.jpg", ["A 1", "B.2"]) == ["out/A 1.jpg", "out/B.2.jpg"]


NUMBERED = {
    "each has its own": ("{{v}}.jpg", ["a", "b"], ["a.jpg", "b.jpg"]),
    "the same twice": ("{{v}}.jpg", ["a", "b", "a"], ["a-1.jpg", "b.jpg", "a-2.jpg"]),
    "no field": ("out.png", [0, 0, 0], ["out-1.png", "out-2.png", "out-3.png"]),
    "a number that another one's name has": (
        "{{v}}.jpg",
        ["a", "a", "a-1"],
        ["a-2.jpg", "a-3.jpg", "a-1.jpg"],
    ),
    "small and large letters": ("{{v}}.jpg", ["a", "A"], ["a-1.jpg", "A-2.jpg"]),
    "composed and decomposed": ("{{v}}.jpg", ["\u00e9", "e\u0301"], ["\u00e9-1.jpg", "e\u0301-2.jpg"]),
    "two that become the same": ("{{v}}.jpg", ["a/b", "a-b"], ["a-b-1.jpg", "a-b-2.jpg"]),
    "in several folders": ("{{v}}/x.jpg", ["a", "b", "a"], ["a/x-1.jpg", "b/x.jpg", "a/x-2.jpg"]),
    "two types": ("{{v}}", ["a.jpg", "a.png"], ["a.jpg", "a.png"]),
    "one that gets its suffix later": ("{{v}}", ["a.jpg", "a"], ["a-1.jpg", "a-2"]),
    "none has a suffix": ("{{v}}", ["a", "a"], ["a-1", "a-2"]),
    "a single one": ("out.png", [0], ["out.png"]),
    "folders are shared": ("{{v}}/", ["a", "a"], ["a/", "a/"]),
    "several without a suffix go to a folder": ("out/hero", [0, 0], ["out/hero/", "out/hero/"]),
}


@pytest.mark.parametrize(("path", "values", "expected"), NUMBERED.values(), ids=NUMBERED)
def test_names_that_several_pictures_want_are_numbered(path, values, expected):
    assert choose(path, values) == expected
    assert choose(path, values) == expected  # and the same when the cell runs again


def test_a_single_picture_without_a_suffix_is_a_file_unless_a_folder_is_there(tmp_path):
    assert choose("out/hero", [0], is_grid=False) == ["out/hero"]
    (tmp_path / "out" / "hero").mkdir(parents=True)
    assert choose("out/hero", [0], is_grid=False) == ["out/hero/"]
