"""`gemini-nb jobs`: the batch jobs of a store, which another command has sent."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from gemini_nb.offline.server import OfflineServer
from gemini_nb.store.jobs import JobFolder
from gemini_nb.store.store import Store
from support.command_line import WAIT_SECONDS, command, environment, run_program
from support.offline import FLASH

KEY = {"GEMINI_API_KEY": "k"}
PROMPTS = ("a red square", "a blue circle")


def jobs(server, *arguments, **variables):
    return run_program("jobs", *arguments, "--base-url", server.url, **{**KEY, **variables})


def records():
    return JobFolder(Store(Path(".gemini_nb"))).records()


def send(server, tmp_path, prompts=PROMPTS):
    """Send a job with a command that is killed then; return its name."""
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"prompt": text}) + "\n" for text in prompts))
    line = ("generate", "{{prompt}}", "--each", "rows.jsonl", "-o", "out/", "-z", "512", "-m", FLASH)
    child = subprocess.Popen(
        command(*line, "-p", "google", "--base-url", server.url, "--batch"),
        env=environment(**KEY),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not any(record.state == "created" for record in records()):
        assert child.poll() is None, child.stderr.read()
    child.kill()
    child.communicate(timeout=WAIT_SECONDS)
    return records()[-1].name


@pytest.fixture
def slow():
    """A server whose jobs are over when a test says so."""
    with OfflineServer(batch_seconds=10_000) as server:
        yield server


def test_jobs_are_listed_as_a_table_and_as_json(slow, tmp_path):
    name = send(slow, tmp_path)
    table = jobs(slow, "list")
    assert (table.returncode, name in table.stdout) == (0, True)
    (job,) = json.loads(jobs(slow, "list", "--json").stdout)
    assert [job[key] for key in ("name", "state", "rows", "made", "model")] == [name, "created", 2, 0, FLASH]
    assert job["said"] in ("PENDING", "RUNNING")


def test_a_job_is_waited_for_and_its_pictures_are_put_into_the_store(tmp_path):
    with OfflineServer(batch_seconds=3) as server:
        name = send(server, tmp_path)
        done = jobs(server, "wait")
        paths = done.stdout.splitlines()
        assert (done.returncode, len(paths)) == (0, 2), done.stderr
        assert all(Path(path).read_bytes().startswith(b"\xff\xd8") for path in paths)
        assert "2 pictures: 2 made · $0.045 by estimate" in done.stderr
        assert "under way" in jobs(server, "wait").stderr
        again = jobs(server, "fetch", name, "--json").stdout.splitlines()
        assert [json.loads(line)["replayed"] for line in again] == [True, True]
        assert (len(server.batches.created), server.batches.rows_made.total()) == (1, 2)


def test_fetch_leaves_what_is_not_over_alone(slow, tmp_path):
    send(slow, tmp_path)
    done = jobs(slow, "fetch")
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 in batch jobs" in done.stderr
    assert "gemini-nb jobs list says how far it is" in done.stderr
    rows = jobs(slow, "fetch", "--json").stdout.splitlines()
    assert [json.loads(row)["status"] for row in rows] == ["in a job"] * 2
    assert records()[0].state == "created"


def test_an_interrupted_wait_leaves_the_job_running_and_says_how_to_come_back(tmp_path, capsys):
    with OfflineServer(batch_seconds=10_000, quiet=False) as server:
        send(server, tmp_path)
        capsys.readouterr()
        line = command("jobs", "wait", "--base-url", server.url)
        child = subprocess.Popen(line, env=environment(**KEY), stderr=subprocess.PIPE, text=True)
        asked = 0
        while asked < 2:  # the first question may be one of the command that was killed
            asked += capsys.readouterr().err.count("GET /v1beta/batches/")
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=WAIT_SECONDS)
        assert (child.returncode, len(server.batches.created), records()[0].state) == (130, 1, "created")
    assert "1 batch job goes on at google" in said
    assert "gemini-nb jobs list" in said


def test_what_failed_is_told_by_its_prompt_with_exit_code_1(tmp_path):
    with OfflineServer(batch_seconds=3) as server:
        send(server, tmp_path, ("a red square", "a wreck [fault: blocked]"))
        done = jobs(server, "wait")
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 1)
    assert "a wreck [fault: blocked]: BlockedError: " in done.stderr
    assert "1 of 2 pictures failed.\nThe command that sent them sends again what failed" in done.stderr


def test_only_jobs_that_are_named_are_cancelled_unless_all_are(slow, tmp_path):
    name = send(slow, tmp_path)
    refused = jobs(slow, "cancel")
    assert (refused.returncode, "add --all" in refused.stderr) == (1, True)
    assert json.loads(jobs(slow, "cancel", name, "--json").stdout)[0]["said"] == "CANCELLED"
    assert jobs(slow, "cancel", "--all").returncode == 0
    done = jobs(slow, "fetch")
    assert "was cancelled before this picture was made" in done.stderr


@pytest.mark.parametrize("action", ["wait", "fetch", "cancel"])
def test_a_job_of_another_server_is_not_asked_for_elsewhere(slow, tmp_path, action):
    name = send(slow, tmp_path)
    with OfflineServer() as other:
        done = jobs(other, action, name)
    assert done.returncode == 1
    assert f"Use --base-url or base_url= to name {slow.url}" in done.stderr
    assert [record.name for record in records()] == [name]


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (("list",), {}, "There are no batch jobs in this store"),
        (("wait",), {}, "No batch job of this store is under way"),
        (("list", "--store", "nowhere"), {}, "There is no store in"),
        (("list",), {"GEMINI_NB_STORE": "off"}, "Batch jobs are found in a store"),
        (("wait", "gemini-nb-x"), {}, "There is no batch job 'gemini-nb-x' in this store"),
        (("wait", "-p", "crazyrouter"), {"CRAZYROUTER_API_KEY": "k"}, "crazyrouter takes no batch jobs"),
    ],
)
def test_where_there_is_nothing_to_ask_it_is_said(tmp_path, arguments, variables, words):
    (tmp_path / ".gemini_nb").mkdir()
    done = run_program("jobs", *arguments, **variables)
    assert words in done.stdout + done.stderr
