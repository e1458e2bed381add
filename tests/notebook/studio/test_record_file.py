"""Where a record is found again: the user's cache, else the output that the notebook saved."""

from __future__ import annotations

import json
import os

import pytest

from gemini_nb.notebook.studio import record_file
from support.hostile_json import cases

CELL, OTHER = "c0ffee00-cell", "deadbeef-cell"
DIGEST = "a" * 64


def record_of(day=1, number=1):
    row = {
        "number": number,
        "digest": DIGEST,
        "sha256": DIGEST,
        "created": f"2026-11-{day:02}T12:00:00+00:00",
    }
    return {"format": 1, "next": number + 1, "pictures": [row]}


def saved(path, *records, cell_ids=(CELL, OTHER)):
    """A notebook with a studio's output in each cell."""
    cells = [
        {"id": cell_id, "outputs": [{"metadata": {}}, {"metadata": {"gemini_nb": record}}]}
        for cell_id, record in zip(cell_ids, records, strict=False)
    ]
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown"}, *cells]}))
    return path


def numbers(record):
    return None if record is None else [row.number for row in record.rows]


def cached_files(tmp_path):
    return sorted((tmp_path / "cache" / "gemini_nb" / "studio").iterdir())


def test_a_cell_finds_its_own_record_and_no_other(tmp_path):
    record_file.write(CELL, None, record_of(number=4))
    assert numbers(record_file.read(CELL, None)) == [4]
    assert record_file.read(OTHER, None) is None


def test_the_file_is_for_its_owner_alone(tmp_path):
    record_file.write(CELL, None, record_of())
    (path,) = cached_files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_oldest_files_go(tmp_path, monkeypatch):
    monkeypatch.setattr(record_file, "MAX_FILES", 3)
    for number in range(5):
        record_file.write(f"{CELL}-{number}", None, record_of(number=number + 1))
        for path in cached_files(tmp_path):
            os.utime(path, ns=(path.stat().st_mtime_ns - 10**9,) * 2)
    assert len(cached_files(tmp_path)) == 3
    assert [record_file.read(f"{CELL}-{number}", None) is None for number in range(5)] == [True] * 2 + [
        False
    ] * 3


@pytest.mark.parametrize(
    "cell_id", ["", "1", "vscode-notebook-cell:/home/me/Untitled-1.ipynb#W0sZmlsZQ%3D%3D"]
)
def test_an_id_that_other_cells_may_have_names_no_file(tmp_path, cell_id):
    record_file.write(cell_id, None, record_of())
    assert not (tmp_path / "cache" / "gemini_nb").exists()
    assert record_file.read(cell_id, None) is None


def test_an_id_that_was_given_by_hand_names_a_file_where_the_notebook_is_known(tmp_path):
    mine, other = (saved(tmp_path / name, record_of(number=3)) for name in ("a.ipynb", "b.ipynb"))
    record_file.write("08-05", mine, record_of(number=7))
    assert numbers(record_file.read("08-05", mine)) == [7]
    assert record_file.read("08-05", other) is None
    assert record_file.read("08-05", None) is None


def test_the_saved_output_of_the_cell_tells_it_where_there_is_no_file(tmp_path):
    notebook = saved(tmp_path / "a.ipynb", record_of(number=3), record_of(number=5))
    assert numbers(record_file.read(CELL, notebook)) == [3]
    assert numbers(record_file.read(OTHER, notebook)) == [5]
    assert record_file.read("some-other-cell", notebook) is None


def test_the_cells_of_vs_code_have_other_ids_in_the_file(tmp_path):
    notebook = saved(tmp_path / "a.ipynb", record_of(number=3))
    assert numbers(record_file.read("vscode-notebook-cell:/a.ipynb#W0", notebook)) == [3]


@pytest.mark.parametrize(("cached_day", "saved_day", "found"), [(2, 1, 7), (1, 2, 3), (1, 1, 7)])
def test_the_later_record_counts(tmp_path, cached_day, saved_day, found):
    notebook = saved(tmp_path / "a.ipynb", record_of(saved_day, number=3))
    record_file.write(CELL, notebook, record_of(cached_day, number=7))
    assert numbers(record_file.read(CELL, notebook)) == [found]


def test_a_copy_of_a_notebook_does_not_show_what_the_first_made_since(tmp_path):
    notebook, copy = (saved(tmp_path / name, record_of(1, number=3)) for name in ("a.ipynb", "a-Copy1.ipynb"))
    record_file.write(CELL, notebook, record_of(2, number=7))
    assert numbers(record_file.read(CELL, copy)) == [3]
    assert numbers(record_file.read(CELL, notebook)) == [7]


def test_a_notebook_that_was_renamed_keeps_its_record(tmp_path):
    notebook = saved(tmp_path / "Untitled.ipynb", record_of(1, number=3))
    record_file.write(CELL, notebook, record_of(2, number=7))
    renamed = notebook.rename(tmp_path / "a.ipynb")
    assert numbers(record_file.read(CELL, renamed)) == [7]


def test_a_later_version_s_record_is_no_record(tmp_path):
    record_file.write(CELL, None, {**record_of(), "format": 2})
    assert record_file.read(CELL, None) is None


def test_whatever_stands_in_its_place_is_no_record(tmp_path):
    notebook = tmp_path / "a.ipynb"
    record_file.write(CELL, None, record_of())
    (path,) = cached_files(tmp_path)
    for raw in cases().values():
        path.write_bytes(raw)
        notebook.write_bytes(raw)
        assert record_file.read(CELL, notebook) is None
    for value in (
        None,
        [],
        7,
        "x",
        {"cells": 7},
        {"cells": [7, {"id": CELL, "outputs": [7, {"metadata": 7}]}]},
    ):
        path.write_text(json.dumps({"gemini_nb": value}))
        notebook.write_text(json.dumps(value) + '"gemini_nb"')
        assert record_file.read(CELL, notebook) is None


def test_a_link_in_its_place_is_not_followed(tmp_path):
    record_file.write(CELL, None, record_of())
    (path,) = cached_files(tmp_path)
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert record_file.read(CELL, None) is None
    record_file.write(CELL, None, record_of(number=2))
    assert not path.is_symlink()


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "cache").write_text("a file in the folder's place")
    record_file.write(CELL, None, record_of())
    assert record_file.read(CELL, None) is None
