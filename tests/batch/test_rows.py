from __future__ import annotations

import os
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from gemini_nb import Batch, ImageRequest
from gemini_nb.batch.rows import COLUMNS
from gemini_nb.errors import ArgumentError, GeminiWarning, SaveError
from support.clients import OK
from support.gateway import Answer, Gateway
from support.generations import answer
from support.numbered_pictures import BLOCKED, PROMPTS, by_prompt, run_batch
from support.processes import ran
from support.warned import messages


@pytest.mark.parametrize("name", ["label", *COLUMNS])
def test_a_filled_value_keeps_its_name_and_ours_has_another(name):
    made = answer()
    plain = Batch((made.request,), (made,)).rows()[0]
    (row,) = Batch((made.request,), (made,), values=({name: "mine", "cost": 3},)).rows()
    assert (row[name], row["cost"], row[f"image_{name}"]) == ("mine", 3, plain[name])
    assert len(row) == len(plain) + 2


def test_all_rows_have_the_same_columns_whichever_of_them_has_a_value():
    made = answer()
    values = ({"path": 1, "image_path": 2}, {}, {"path": 3})
    rows = Batch((made.request,) * 3, (made, None, None), values=values).rows()
    assert [row.get("path") for row in rows] == [1, None, 3]
    assert rows[0]["image_path"] == 2
    assert all("image_image_path" in row for row in rows)


@pytest.mark.parametrize(
    ("saved", "shown"), [("out/a.png", "out/a.png"), ("../b.png", "../b.png")], ids=["inside", "outside"]
)
def test_a_path_is_as_seen_from_the_current_folder(tmp_path, monkeypatch, saved, shown):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    made = replace(answer(), path=(Path.cwd() / saved).resolve())
    assert Batch((made.request,), (made,)).rows()[0]["path"] == shown


@pytest.mark.skipif(sys.platform == "win32", reason="a current folder cannot be removed there")
def test_a_path_is_absolute_where_the_current_folder_is_gone(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    made = replace(answer(), path=tmp_path / "a.png")
    assert Batch((made.request,), (made,)).rows()[0]["path"] == str(tmp_path / "a.png")


def test_a_table_has_a_row_for_each_request(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    batch = run_batch([*PROMPTS[:3], "n\ud800"], None, script=by_prompt(n2=BLOCKED, **{"nn\ud800": BLOCKED}))
    path = batch.to_parquet(tmp_path / "run.parquet")
    rows = parquet.read_table(path).to_pylist()
    assert [row["status"] for row in rows] == ["ok", "ok", "failed", "failed"]
    assert [row["sha256"] for row in rows[:2]] == [made.image.sha256 for made in batch.generations]
    assert list(rows[0]) == list(COLUMNS)


def test_a_table_that_is_there_is_replaced_only_if_that_was_asked_for(tmp_path):
    pytest.importorskip("pyarrow")
    path = run_batch(["1"], None).to_parquet(tmp_path / "run.parquet")
    before, other = path.read_bytes(), run_batch(["2"], None)
    with pytest.raises(SaveError, match="there already"):
        other.to_parquet(path)
    assert path.read_bytes() == before
    other.to_parquet(path, overwrite=True)
    assert path.read_bytes() != before


def test_a_manifest_may_be_a_table_which_a_run_replaces(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    for prompts in (["1"], ["1", "2"]):
        run_batch(prompts, tmp_path / "run.parquet", store=tmp_path)
    assert parquet.read_table(tmp_path / "run.parquet").column("prompt").to_pylist() == ["1", "2"]


def users_table(path, **columns):
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table(columns or {"city": ["Łódź", "Oslo"], "people": [1, 2]})
    pytest.importorskip("pyarrow.parquet").write_table(table, path)


def add_column(path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(run_batch(["1"], None).to_parquet(path))
    parquet.write_table(table.append_column("stars", [[5]]), path)


FOREIGN = {
    "a table of cities": users_table,
    "a table with some of our columns": lambda path: users_table(path, digest=["a"], status=["ok"]),
    "our table with a column more": add_column,
    "text": lambda path: path.write_text("my notes"),
    "a table cut short": lambda path: (users_table(path), path.write_bytes(path.read_bytes()[:-9])),
    "a folder of tables": lambda path: (path.mkdir(), users_table(path / "part-0.parquet")),
    "a pipe": lambda path: os.mkfifo(path),  # noqa: PLW0108 - not everywhere is there one
    "a link to another table": lambda path: (
        users_table(path.with_name("mine")),
        path.symlink_to("mine"),
    ),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
}


def contents(path):
    """What stands under a name: the kind of file, and its bytes."""
    data = path.read_bytes() if path.is_file() else sorted(path.iterdir()) if path.is_dir() else None
    return path.lstat().st_mode, path.lstat().st_ino, data


@pytest.mark.parametrize("kind", FOREIGN)
def test_promise_15_a_file_of_somebody_else_is_no_manifest_and_left_alone(tmp_path, kind):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "cities.parquet"
    FOREIGN[kind](path)
    before = contents(path)
    for prompts in (["1"], ["1", "2"]):  # the second run replaces what the first has written
        with pytest.warns(GeminiWarning, match=r"left alone: the table goes to cities-2\.parquet"):
            assert len(run_batch(prompts, path).generations) == len(prompts)
        assert contents(path) == before
    assert parquet.read_table(tmp_path / "cities-2.parquet").column("prompt").to_pylist() == ["1", "2"]
    assert not (tmp_path / "cities-3.parquet").exists()


def test_promise_15_a_table_in_the_home_folder_is_looked_for_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    users_table(tmp_path / "home" / "cities.parquet")
    with pytest.warns(GeminiWarning, match=r"left alone: the table goes to cities-2\.parquet"):
        run_batch(["1"], "~/cities.parquet")
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == [
        "cities-2.parquet",
        "cities.parquet",
    ]


def test_promise_15_it_is_said_before_anything_is_sent(tmp_path):
    users_table(tmp_path / "cities.parquet")
    said = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run_batch(["1"], tmp_path / "cities.parquet", script=lambda _: (said.extend(caught), Answer(OK))[1])
    assert "left alone" in messages(said)[0]


def test_promise_15_a_file_that_comes_while_the_batch_runs_is_left_alone_too(tmp_path):
    path = tmp_path / "cities.parquet"

    def script(_request):
        users_table(path)
        return Answer(OK)

    with pytest.warns(GeminiWarning, match="left alone"):
        run_batch(["1"], path, script=script)
    assert pytest.importorskip("pyarrow.parquet").read_schema(path).names == ["city", "people"]
    assert (tmp_path / "cities-2.parquet").is_file()


def test_a_table_of_an_earlier_build_and_an_empty_file_are_replaced(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "run.parquet"
    table = parquet.read_table(run_batch(["1"], None).to_parquet(path))
    parquet.write_table(table.replace_schema_metadata(None), path)
    run_batch(["2"], path)
    assert parquet.read_table(path).column("prompt").to_pylist() == ["2"]
    path.write_bytes(b"")
    run_batch(["3"], path)
    assert parquet.read_table(path).column("prompt").to_pylist() == ["3"]


def test_a_table_that_cannot_be_written_costs_no_picture(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "run.parquet").mkdir()
    (tmp_path / "run-2.parquet").mkdir()
    with pytest.warns(GeminiWarning, match="run.parquet is not the table of a batch"):
        batch = run_batch(["1"], tmp_path / "run.parquet")
    assert len(batch.generations) == 1
    assert (tmp_path / "run-3.parquet").is_file()


@pytest.mark.parametrize("action", ["always", "error"])
def test_a_table_that_cannot_be_made_at_all_costs_no_picture_either(tmp_path, action):
    pytest.importorskip("pyarrow")
    with warnings.catch_warnings(record=action == "always") as said:
        warnings.simplefilter(action)
        batch = run_batch(["1"], f"{tmp_path}/a\0b.parquet")
    assert len(batch.generations) == 1
    assert ["cannot be written" in str(one.message) for one in said or ()] == [True] * (action == "always")


def test_a_number_that_no_table_holds_is_no_take():
    with pytest.raises(ArgumentError, match="smaller than"):
        ImageRequest("1", take=2**63)


def test_the_largest_take_is_in_the_table(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    run_batch([ImageRequest("1", take=2**63 - 1)], tmp_path / "run.parquet")
    assert parquet.read_table(tmp_path / "run.parquet").column("take").to_pylist() == [2**63 - 1]


def test_an_interrupted_run_has_its_table_too(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    code = f"""
import signal, os, threading
from gemini_nb import Cancelled
def prompts():
    yield from ["1", "2"]
    os.kill(os.getpid(), signal.SIGINT)
    yield "3"
with client_of(url) as client:
    try:
        client.generate_many(prompts(), concurrency=1, manifest={str(tmp_path / "run.parquet")!r})
    except Cancelled:
        print("stopped")
"""
    with Gateway(Answer(OK)) as gateway:
        assert ran(code, gateway.url) == "stopped"
    assert parquet.read_table(tmp_path / "run.parquet").column("status").to_pylist()[:2] == ["ok", "ok"]


@pytest.mark.parametrize("how", ["manifest", "to_parquet"])
def test_without_pyarrow_a_table_is_refused_with_a_hint(tmp_path, how):
    code = f"""
sys.modules["pyarrow"] = None
from gemini_nb import ArgumentError
with client_of(url) as client:
    try:
        if {how!r} == "manifest":
            client.generate_many(["1"], manifest={str(tmp_path / "run.parquet")!r})
        else:
            client.generate_many(["1"]).to_parquet({str(tmp_path / "run.parquet")!r})
    except ArgumentError as error:
        print(error)
"""
    with Gateway(Answer(OK)) as gateway:
        said = ran(code, gateway.url).splitlines()
        assert gateway.posts == (0 if how == "manifest" else 1)
    assert said == ["Parquet needs pyarrow.", "pip install pyarrow, or name the manifest run.jsonl."]
