"""The command line as a program: exit codes, closed streams, interrupts."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from gemini_nb.cli.main import main
from support.command_line import WAIT_SECONDS, command, environment, generate, run_in_bash
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import inline, reply


def test_a_key_that_is_missing_is_said_in_the_words_of_the_command_line():
    done = generate()
    assert done.returncode == 1
    assert "No API key is set for crazyrouter." in done.stderr
    assert "--provider offline" in done.stderr
    assert "provider=" not in done.stderr


CLOSED = {"stdout": "{} >&-", "stderr": "{} 2>&-", "all of them": "{} <&- >&- 2>&-"}


@pytest.mark.parametrize("streams", CLOSED)
def test_a_stream_that_is_closed_is_no_failure(gateway, tmp_path, streams):
    done = run_in_bash(CLOSED[streams], "a", "-o", "a.png", url=gateway.url)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert (tmp_path / "a.png").read_bytes() == png(6, 6)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_stdout_that_is_full_is_said_and_1(gateway, tmp_path):
    done = run_in_bash("{} >/dev/full", "a", "-o", "a.png", url=gateway.url)
    assert done.returncode == 1
    assert b"the answer could not be written" in done.stderr
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "a.png").exists()


COUNTED = """
import os, sys
from gemini_nb.cli.main import main
before = len(os.listdir("/dev/fd"))
main(sys.argv[1:])
print(len(os.listdir("/dev/fd")) - before, file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_stdout_that_is_full_leaves_no_descriptor_open(tmp_path):
    command = [sys.executable, "-c", COUNTED, "store", "list", "--json", "--folder", str(tmp_path)]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, env=environment(), stdout=full, stderr=subprocess.PIPE, check=True)
    assert done.stderr.splitlines()[-1] == b"0"
    assert b"the answer could not be written" in done.stderr


USAGE = {
    "no command": [],
    "unknown command": ["paint"],
    "no output": ["generate", "a"],
    "store without an action": ["store"],
    "unknown format": ["probe", "--format", "xml"],
    "abbreviated option": ["--vers"],
    "abbreviated option of a command": ["generate", "a", "--out", "a.png"],
    "abbreviated option of an action": ["store", "clear", "--ye"],
    "no number for a port": ["serve", "--port", "x"],
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_is_2(case):
    with pytest.raises(SystemExit) as left:
        main(USAGE[case])
    assert left.value.code == 2


def test_an_interrupt_is_130_and_closes_the_connection():
    with Gateway(Answer(reply(inline(png())), hold=Event())) as gateway:
        child = subprocess.Popen(
            command("generate", "x", "-o", "a.png"),
            env=environment(gateway.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert gateway.wait_for_posts(1)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=WAIT_SECONDS)
        assert gateway.wait_for_disconnects(1)
    assert child.returncode == 130
    assert out == ""
    assert err.startswith("gemini-nb: interrupted.")
    assert "Traceback" not in err
