"""`gemini-nb generate --each`: a picture for each row of a file, one by one and as batch jobs."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from gemini_nb.cli.each import read_table
from gemini_nb.errors import ArgumentError
from gemini_nb.offline.server import OfflineServer
from support.command_line import WAIT_SECONDS, command, environment, run_program
from support.images import png

PROMPT = "a {{sky}} sky over {{city}}"
CITIES = "city,sky\nOslo,red\nŁódź,grey\n"


@pytest.fixture
def cities(tmp_path):
    (tmp_path / "cities.csv").write_text(CITIES, encoding="utf-8")


def each(
    *arguments, prompt="a {{sky}} sky over {{city}}", file="cities.csv", output="out/{{city}}.png", **more
):
    return run_program("generate", prompt, "--each", file, "-o", output, *arguments, **more)


def prompts(gateway):
    return sorted(request.json["contents"][0]["parts"][0]["text"] for request in gateway.requests)


# One by one


def test_a_row_is_a_picture_and_stdout_gets_the_paths(cities, gateway, tmp_path):
    done = each(url=gateway.url)
    assert (done.returncode, done.stdout.splitlines()) == (0, ["out/Oslo.png", "out/Łódź.png"])
    assert prompts(gateway) == ["a grey sky over Łódź", "a red sky over Oslo"]
    assert (tmp_path / "out" / "Łódź.png").read_bytes() == png(6, 6)
    assert "2 pictures: 2 made" in done.stderr


def test_the_same_command_again_costs_nothing(cities, gateway):
    each(url=gateway.url)
    again = each(url=gateway.url)
    assert (again.returncode, gateway.posts) == (0, 2)
    assert "2 replayed" in again.stderr


def test_with_json_a_line_tells_of_each_row(cities, gateway):
    lines = [json.loads(line) for line in each("--json", url=gateway.url).stdout.splitlines()]
    assert [line["path"] for line in lines] == ["out/Oslo.png", "out/Łódź.png"]
    assert [line["status"] for line in lines] == ["ok", "ok"]


def test_a_folder_gets_a_name_for_each(cities, gateway, tmp_path):
    each(output="cards", url=gateway.url)
    assert len(list((tmp_path / "cards").iterdir())) == 2


def test_what_failed_is_told_by_its_row_and_what_came_is_saved(cities):
    with OfflineServer() as server:
        Path("cities.csv").write_text("city,sky\nOslo,red\nRome,[fault: quota]\n")
        done = each(url=server.url, output="out/{{city}}.jpg")
    assert (done.returncode, done.stdout) == (1, "out/Oslo.jpg\n")
    assert "row 2: QuotaExhaustedError" in done.stderr
    assert "1 of 2 pictures failed" in done.stderr


def test_an_existing_file_is_refused_before_anything_is_paid_for(cities, gateway, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "Oslo.png").write_text("mine")
    assert each(url=gateway.url).returncode == 1
    assert gateway.posts == 0


def test_many_pictures_need_a_limit_of_cost(gateway, tmp_path):
    (tmp_path / "many.csv").write_text("n\n" + "\n".join(map(str, range(21))))
    many = {"prompt": "{{n}} cats", "file": "many.csv", "output": "out/", "url": gateway.url}
    refused = each(**many)
    assert (refused.returncode, gateway.posts) == (1, 0)
    assert "--max-cost USD allows as many" in refused.stderr
    assert each("--max-cost", "1", **many).returncode == 1
    assert each("--max-cost", "nan", **many).returncode == 2
    assert gateway.posts == 0
    assert each("--max-cost", "2", **many).returncode == 0
    assert gateway.posts == 21


def test_a_dry_run_sends_nothing_and_needs_no_key(cities, tmp_path):
    done = each("--dry-run")
    assert done.stdout.startswith("2 pictures would be requested from crazyrouter")
    assert not (tmp_path / ".gemini_nb").exists()


def test_an_interrupt_saves_what_had_finished(tmp_path):
    (tmp_path / "cities.csv").write_text("city,sky\nOslo,red\nRome,[fault: stall]\n")
    with OfflineServer() as server:
        line = command("generate", "a {{sky}} sky", "--each", "cities.csv", "-o", "out/{{city}}.jpg")
        child = subprocess.Popen(
            line, env=environment(server.url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while not list(tmp_path.glob(".gemini_nb/records/*")):
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        out, said = child.communicate(timeout=WAIT_SECONDS)
    assert (child.returncode, out) == (130, "out/Oslo.jpg\n")
    assert "interrupted" in said


def test_a_manifest_has_a_row_for_each(cities, gateway, tmp_path):
    each("--manifest", "run.jsonl", url=gateway.url)
    assert len((tmp_path / "run.jsonl").read_text().splitlines()) == 2


# As batch jobs


def batch(server, *arguments):
    google = ("-p", "google", "--base-url", server.url, "--batch")
    return each(*google, *arguments, output="out/{{city}}.jpg", GEMINI_API_KEY="k")


def test_rows_are_sent_as_one_job_and_replayed(cities, tmp_path):
    with OfflineServer(batch_seconds=0) as server:
        done = batch(server)
        assert (done.returncode, done.stdout.splitlines()) == (0, ["out/Oslo.jpg", "out/Łódź.jpg"]), (
            done.stderr
        )
        assert batch(server).returncode == 0
        assert (len(server.batches.created), server.batches.rows_made.total()) == (1, 2)
    assert (tmp_path / "out" / "Oslo.jpg").read_bytes().startswith(b"\xff\xd8")


def test_an_interrupt_leaves_the_job_running_and_the_same_command_waits_for_it(cities):
    with OfflineServer(batch_seconds=3) as server:
        line = ["generate", PROMPT, "--each", "cities.csv", "-o", "out/{{city}}.jpg"]
        child = subprocess.Popen(
            command(*line, "-p", "google", "--base-url", server.url, "--batch"),
            env=environment(GEMINI_API_KEY="k"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not list(Path(".gemini_nb").rglob("*")) or not server.batches.created:
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=WAIT_SECONDS)
        assert child.returncode == 130, said
        assert batch(server).returncode == 0
        assert (len(server.batches.created), server.batches.rows_made.total()) == (1, 2)


def test_the_dry_run_says_both_prices(cities):
    said = each("--batch", "--dry-run", "-p", "google").stdout
    assert "Estimated price: $0.034 as batch jobs, within a day; one by one it would be $0.067." in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--each", "cities.csv", "--batch", "-p", "offline"), "--batch is for --provider google; offline"),
        (("--each", "cities.csv", "--batch", "-p", "google", "--store", "off"), "--batch needs a store"),
        (("--batch",), "--batch goes with --each"),
        (("--max-cost", "3"), "--max-cost goes with --each"),
        (("--manifest", "a.jsonl"), "--manifest goes with --each"),
        (("--each", "cities.csv", "--stream"), "--stream is for one picture"),
    ],
)
def test_options_that_do_not_fit_are_refused(cities, arguments, words):
    done = run_program("generate", "a {{city}}", "-o", "out/", *arguments, GEMINI_API_KEY="k")
    assert done.returncode == 1
    assert words in done.stderr


def test_bytes_of_many_are_not_written_to_stdout(cities):
    done = each(output="-")
    assert "-o - is for one picture" in done.stderr


# Files of rows


def table(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return read_table(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.csv", b'a,b\n1,"x, y"\n2,\n', [{"a": "1", "b": "x, y"}, {"a": "2", "b": ""}]),
        ("a.CSV", b"\xef\xbb\xbfa\r\nz\r\n\r\n", [{"a": "z"}]),
        ("a.tsv", b"a\tb\n1\t2\n", [{"a": "1", "b": "2"}]),
        ("a.jsonl", b'{"a": 1}\n\n{"a": null, "c": [2]}\n', [{"a": 1}, {"a": None, "c": [2]}]),
    ],
)
def test_rows_are_read(tmp_path, name, content, rows):
    assert table(tmp_path, name, content) == rows


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"a,b\n1\n", "line 2: 1 value for 2 columns"),
        ("a.csv", b"a,a\n1,2\n", "two columns have the same name"),
        ("a.csv", b'a\n"x"y\n', "line 2"),
        ("a.csv", b"a\n\xff\n", "it is not UTF-8"),
        ("a.jsonl", b'{"a": 1}\n[1]\n', "line 2: this is no JSON object"),
        ("a.jsonl", b"{\n", "line 1: this is no JSON object"),
        ("a.xlsx", b"", "it is not known what this file holds"),
    ],
)
def test_a_file_that_has_no_rows_is_said_with_its_line(tmp_path, name, content, words):
    with pytest.raises(ArgumentError, match=words):
        table(tmp_path, name, content)


def test_a_file_that_is_not_there_is_said():
    with pytest.raises(ArgumentError, match="No such file"):
        read_table("none.csv")
