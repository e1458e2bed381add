"""A Python of its own for what cannot be tried in this one: signals, forks, exits, memory."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

WAIT_SECONDS = 60
TESTS = str(Path(__file__).parent)
# DeprecationWarning: from 3.12 on a fork beside threads is one, and it is what these tests try.
PREAMBLE = f"""
import sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
sys.path.insert(0, {TESTS!r})
from asking import PICTURE, client_of
url = sys.argv[1]
"""


@contextmanager
def running(code: str, url: str = "", *, stdin: bool = False):
    """A child that runs `code` after the preamble; killed if it outlives the block."""
    command = [sys.executable, "-c", PREAMBLE + code, url]
    streams = {"stdin": subprocess.PIPE if stdin else subprocess.DEVNULL}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **streams)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def finished(child, answer: str | None = None) -> str:
    """Return what the child printed, `answer` being its input; it must end well and complain of nothing."""
    out, err = child.communicate(answer, timeout=WAIT_SECONDS)
    assert err == ""
    assert child.returncode == 0
    return out.strip()


def ran(code: str, url: str = "") -> str:
    with running(code, url) as child:
        return finished(child)
