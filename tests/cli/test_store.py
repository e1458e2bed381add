"""`gemini-nb store`: listed, verified, cleared."""

from __future__ import annotations

import json
import subprocess

from support.command_line import WAIT_SECONDS, command, environment, run_program
from support.generations import answer
from support.terminals import on_a_terminal


def test_a_store_is_listed_as_a_table_and_as_json(store):
    table = run_program("store", "list", "--folder", store.folder)
    assert "a « red » square in 日本" in table.stdout
    assert "1 record, 1 picture" in table.stderr
    rows = json.loads(run_program("store", "list", "--json", GEMINI_NB_STORE=str(store.folder)).stdout)
    assert [row["prompt"] for row in rows] == ["a « red » square\nin 日本"]


def test_a_reader_that_has_seen_enough_is_no_failure_with_frames(store):
    for take in range(300):
        store.keep(answer(f"{take} red squares"))
    child = subprocess.Popen(
        command("store", "list", "--json", "--folder", store.folder),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child.stdout.readline()
    child.stdout.close()
    assert "Traceback" not in child.stderr.read()
    child.stderr.close()
    child.wait(WAIT_SECONDS)


def test_a_damaged_store_is_told_by_verify_and_its_exit_code(store):
    assert run_program("store", "verify", "--folder", store.folder).returncode == 0
    next((store.folder / "images").iterdir()).write_bytes(b"other")
    done = run_program("store", "verify", "--folder", store.folder)
    assert done.returncode == 1
    assert "PROBLEM" in done.stdout
    assert "2 problems found" in done.stderr
    report = json.loads(run_program("store", "verify", "--json", "--folder", store.folder).stdout)
    assert (report["ok"], len(report["problems"])) == (False, 2)


def test_a_store_is_cleared_only_when_told_so(store):
    refused = run_program("store", "clear", "--folder", store.folder)
    assert refused.returncode == 1
    assert "Add --yes" in refused.stderr
    assert list(store.records())
    assert "removed" in run_program("store", "clear", "--yes", "--folder", store.folder).stdout
    assert not store.folder.exists()


def test_no_store_is_an_error_and_makes_none(tmp_path):
    done = run_program("store", "clear", "--yes", "--folder", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "There is no store" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_table_fits_a_terminal_and_is_a_line_for_each_row_in_a_pipe(store):
    store.keep(answer("a lighthouse " * 9))
    screen, _ = on_a_terminal(
        command("store", "list", "--folder", store.folder), stdout="terminal", env=environment()
    )
    assert max(map(len, screen.splitlines())) <= 120
    assert screen.count("lighthouse") == 9
    lines = run_program("store", "list", "--folder", store.folder).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["prompt", "a", "a", "Costs"]
