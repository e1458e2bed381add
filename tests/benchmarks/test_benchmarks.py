"""The benchmarks run, and say the same in Markdown as in JSON; how fast anything is, no test asserts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

HERE = Path(__file__).parent
NAMES = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
SECONDS = 600


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A quick run of everything: what it printed, and the file that it wrote."""
    path = tmp_path_factory.mktemp("benchmarks") / "found" / "benchmarks.json"
    done = ran(HERE, "--quick", "--json", path)
    return done.stdout, json.loads(path.read_text())


def ran(*words, **variables):
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True, text=True, timeout=SECONDS, env=os.environ | variables, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_and_has_tables(name, quick):
    found = quick[1]["benchmarks"][name]
    assert found["failure"] == ""
    assert all(table["rows"] for table in found["tables"])


def test_the_markdown_holds_the_numbers_of_the_json(quick):
    printed, report = quick
    tables = [table for one in report["benchmarks"].values() for table in one["tables"]]
    written = [[table["title"], table["columns"], *table["rows"]] for table in tables]
    assert len(markdown_tables(printed)) == len(tables)
    for shown, meant in zip(markdown_tables(printed), written, strict=True):
        assert shown[:2] == meant[:2]
        assert len(shown) == len(meant)
        for cells, values in zip(shown[2:], meant[2:], strict=True):
            assert all(map(agree, cells, values)), (cells, values)


def markdown_tables(text):
    """Each table's title, columns and rows of cells."""
    found = []
    for line in text.splitlines():
        if line.startswith("**"):
            found.append([line.strip("*")])
        elif line.startswith("| ---"):
            continue
        elif line.startswith("| "):
            found[-1].append([cell.replace("\\|", "|") for cell in line[2:-2].split(" | ")])
    return found


def agree(cell, value):
    if value is None or isinstance(value, str):
        return cell == (value or "–")
    return float(cell.replace(",", "")) == pytest.approx(value, rel=0.006)


def test_the_json_says_what_the_numbers_depend_on(quick):
    machine = quick[1]["machine"]
    assert machine["cores"] >= 1
    assert machine["python"].startswith("CPython 3.")
    assert {"gemini-nb", "httpx", "pybase64"} <= machine["packages"].keys()


def test_one_benchmark_can_be_run_alone(tmp_path):
    path = tmp_path / "store.json"
    ran(HERE, "--quick", "--only", "store", "--json", path)
    assert list(json.loads(path.read_text())["benchmarks"]) == ["store"]


def test_a_benchmark_that_breaks_fails_the_run_and_is_named(tmp_path):
    """The others still run: an hour of measuring is not lost to the last of them."""
    for file in HERE.glob("*.py"):
        if not file.name.startswith("bench_"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "bench_a.py").write_text("raise SystemExit(3)")
    (tmp_path / "bench_b.py").write_text(
        "from measuring import Table, command\n"
        "command(lambda quick: [Table('t', ('what', 'ms'), (('one', 1.0),))])"
    )
    command = [sys.executable, tmp_path, "--json", tmp_path / "found.json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("Failed: a.\n")
    found = json.loads((tmp_path / "found.json").read_text())["benchmarks"]
    assert found["b"]["tables"][0]["rows"] == [["one", 1.0]]


def test_the_gateway_ends_with_whoever_started_it():
    code = (
        "import loopback, os, sys\n"
        "with loopback.serving(b'{}') as url:\n"
        "    print(url, flush=True)\n"
        "    os._exit(0)"
    )
    done = ran("-c", code, PYTHONPATH=str(HERE))
    address = urlsplit(done.stdout.strip())
    assert eventually_refused(address.hostname, address.port)


def eventually_refused(host, port):
    """Whether a connection to it fails, within the seconds that a test may take."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_a_peer_that_cannot_be_had_is_left_out_and_not_tried_again(tmp_path):
    code = (
        f"import pathlib, peers; peers.FOLDER = pathlib.Path({str(tmp_path)!r})\n"
        "print(peers.python('litellm')); peers.python.cache_clear(); print(peers.python('litellm'))"
    )
    done = ran("-c", code, PIP_NO_INDEX="1", PYTHONPATH=str(HERE))
    assert done.stdout == "None\nNone\n"
    assert done.stderr.count("Setting up") == done.stderr.count("litellm is left out: ") == 1
