from __future__ import annotations

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


def test_a_column_of_ours_takes_the_place_of_a_filled_value_and_others_stay():
    made = answer()
    batch = Batch((made.request,), (made,), values=({"status": "mine", "cost": 3},))
    assert (batch.rows()[0]["status"], batch.rows()[0]["cost"]) == ("ok", 3)


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


def test_a_table_that_cannot_be_written_costs_no_picture(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "run.parquet").mkdir()
    with pytest.warns(GeminiWarning, match="cannot be written"):
        batch = run_batch(["1"], tmp_path / "run.parquet")
    assert len(batch.generations) == 1


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
