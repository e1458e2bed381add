"""A Python of its own for what cannot be tried in this one: signals, forks, exits, memory."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil

from support import paths
from support.timing import in_time

WAIT_SECONDS = 60
TESTS = str(paths.TESTS)
# DeprecationWarning: from 3.12 on a fork beside threads is one, and it is what these tests try.
PREAMBLE = f"""
import sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
sys.path.insert(0, {TESTS!r})
from support import loop_watchdog
loop_watchdog.install_in_child()
from support.clients import PICTURE, client_of
url = sys.argv[1]
"""
# Reads a line before its second call. `first` comes before the call that is interrupted.
INTERRUPTED = """
import time
from gemini_nb import Cancelled
client = client_of(url)
{first}
try:
    {call}
except Cancelled as cancelled:
    print(time.monotonic(), cancelled.__context__, cancelled.__cause__)
input()
print(client.generate("a red square").image.data == PICTURE)
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


def ran_bare(code: str) -> str:
    """Run code in a Python that has imported nothing yet, and return what it printed."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def wait_until_asleep(child) -> None:
    """Wait until no thread of a child has anything to do: it waits for an answer, a time or a signal."""
    if sys.platform != "linux":  # where alone a thread's state can be asked for
        time.sleep(1)
        return
    process = psutil.Process(child.pid)
    while any(_is_busy(thread.id) for thread in process.threads()):
        time.sleep(0.01)


def _is_busy(thread: int) -> bool:
    try:
        return psutil.Process(thread).status() != psutil.STATUS_SLEEPING
    except psutil.NoSuchProcess:  # it has just ended
        return True


def interrupted(child, server, *, seconds: float) -> None:
    """Interrupt a child that runs INTERRUPTED: it closes its one request and returns, and asks once more."""
    interrupted_at = time.monotonic()
    child.send_signal(signal.SIGINT)
    assert server.wait_for_disconnects(1)
    assert server.posts == 1
    returned, next_call = finished(child, "\n").splitlines()
    assert server.posts == 2
    assert returned.split()[1:] == ["None", "None"]
    assert next_call == "True"
    in_time(float(returned.split()[0]) - interrupted_at < seconds)
    in_time(server.disconnects[0] - interrupted_at < seconds)
