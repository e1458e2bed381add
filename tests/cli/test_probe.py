"""`gemini-nb probe`."""

from __future__ import annotations

import json
import signal
import subprocess
from threading import Event

from support.command_line import OK, WAIT_SECONDS, command, environment, run_program
from support.gateway import Answer, Gateway
from support.google_today import ALIVE, NEW, google
from support.images import png
from support.replies import inline, reply


def test_a_probe_says_its_cost_and_sends_nothing_until_told(gateway):
    before = run_program("probe", url=gateway.url)
    assert (before.returncode, before.stdout, gateway.posts) == (0, "", 0)
    assert "$0.548" in before.stderr
    assert "Add --yes to send it." in before.stderr
    after = run_program("probe", "--yes", "-m", "nano-banana-2", "--format", "json", url=gateway.url)
    assert [row["status"] for row in json.loads(after.stdout)] == [200]
    assert gateway.posts == 1


def test_an_offline_probe_costs_nothing_and_runs_at_once():
    done = run_program("probe", "--provider", "offline", "-m", "nano-banana", "--format", "markdown")
    assert "| gemini-2.5-flash-image | 200 | data URI (PNG) |" in done.stdout
    assert "at no cost" in done.stderr


def test_a_locked_course_is_not_probed(gateway):
    done = run_program("probe", "--yes", url=gateway.url, GEMINI_NB_REPLAY="only")
    assert (done.returncode, gateway.posts) == (1, 0)
    assert "locks" in done.stderr


def test_an_interrupted_probe_prints_what_was_found_until_then():
    held = Answer(reply(inline(png())), hold=Event())
    with Gateway(OK, held) as gateway:
        child = subprocess.Popen(
            command("probe", "--yes", "--format", "json"),
            env=environment(gateway.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert gateway.wait_for_posts(2)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=WAIT_SECONDS)
    assert child.returncode == 130
    assert [row["model"] for row in json.loads(out)] == ["gemini-3.1-flash-image-preview"]


def test_the_list_of_models_is_free_and_needs_no_yes():
    with google() as gateway:
        served = {"url": gateway.url, "GEMINI_API_KEY": "a-key-of-tests"}
        done = run_program("probe", "--list", "-p", "google", "--json", **served)
        assert (gateway.posts, gateway.gets) == (0, 2)
        table = run_program("probe", "--list", "-p", "google", **served)
    facts = json.loads(done.stdout)
    assert (sorted(facts["present"]), facts["new"], facts["gone"]) == (sorted(ALIVE), [NEW], [])
    assert "NEW, not in the catalogue" in table.stdout
    assert "shut down 2026-10-29" in table.stdout
    assert "a-key" not in done.stdout + done.stderr + table.stdout + table.stderr


def test_a_list_takes_no_models():
    assert run_program("probe", "--list", "-m", "nano-banana", "-p", "offline").returncode == 1


def test_a_probe_leaves_out_what_is_known_to_be_shut_down():
    with google() as gateway:
        served = {"url": gateway.url, "GEMINI_API_KEY": "a-key-of-tests"}
        done = run_program("probe", "--yes", "-p", "google", "--json", **served)
        assert gateway.posts == 3
    assert [row["status"] for row in json.loads(done.stdout)] == [200, 200, 200]
