"""`gemini-nb serve`."""

from __future__ import annotations

import signal
import subprocess

import pytest

from support.command_line import WAIT_SECONDS, command, environment, run_program


def test_the_server_answers_a_client_until_it_is_stopped(tmp_path):
    child = subprocess.Popen(
        command("serve", "--port", "0"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = child.stdout.readline().split()[3]
        done = run_program(
            "generate", "a red square", "-o", "a.jpg", "--base-url", url, CRAZYROUTER_API_KEY="any"
        )
        assert done.returncode == 0
    finally:
        child.send_signal(signal.SIGINT)
        _, log = child.communicate(timeout=WAIT_SECONDS)
    assert child.returncode == 0
    assert "POST" in log
    assert "any" not in log


def test_a_port_that_is_taken_is_said(gateway):
    done = run_program("serve", "--port", gateway.port)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1, port {gateway.port}" in done.stderr


def test_a_host_that_others_reach_must_be_allowed():
    done = run_program("serve", "--port", "0", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "accepts any key" in done.stderr


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--fault", "nope"), "There is no fault 'nope'"),
        (("--delay", "-1"), "--delay must be a number of seconds"),
        (("--delay", "nan"), "--delay must be a number of seconds"),
        (("--batch-seconds", "-1"), "--batch-seconds must be a number of seconds"),
        (("--port", "-1"), "--port must be a number from 0 to 65535"),
        (("--port", "65536"), "--port must be a number from 0 to 65535"),
        (("--host", ".", "--allow-remote"), "--host must be an address or a name"),
        (("--host", "ä" * 70, "--allow-remote"), "--host must be an address or a name"),
    ],
)
def test_a_wrong_fault_delay_port_or_host_is_said_before_anything_is_served(option, message):
    done = run_program("serve", *option)
    assert done.returncode == 1
    assert message in done.stderr


def test_the_faults_are_listed():
    from gemini_nb.offline.batches.faults import BATCH_FAULTS
    from gemini_nb.offline.faults import FAULTS

    lines = run_program("serve", "--list-faults").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [*FAULTS, *BATCH_FAULTS]
