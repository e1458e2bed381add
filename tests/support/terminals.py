"""A terminal for a program's errors, as its user would see them."""

from __future__ import annotations

import errno
import os
import subprocess
import threading

from support.processes import WAIT_SECONDS


def on_a_terminal(command, *, stdout=subprocess.DEVNULL, env=None) -> tuple[str, int]:
    """Return what a program writes to a terminal of 120 columns on its stderr, and its exit code.

    `stdout="terminal"` is the same terminal. A program that does not end is killed.
    """
    import pty  # here: Windows has neither, and skips the tests that come here
    import termios

    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        with os.fdopen(theirs, "wb", buffering=0) as terminal:
            termios.tcsetwinsize(terminal, (24, 120))
            stdout = terminal if stdout == "terminal" else stdout
            child = subprocess.Popen(command, stdout=stdout, stderr=terminal, env=env)
        too_long = threading.Timer(WAIT_SECONDS, child.kill)
        too_long.start()
        try:
            return b"".join(iter(lambda: _read(screen), b"")).decode(), child.wait()
        finally:
            too_long.cancel()
            child.kill()
            child.wait()


def _read(screen) -> bytes:
    try:
        return screen.read(4096)
    except OSError as problem:
        if problem.errno == errno.EIO:  # the program has left its terminal
            return b""
        raise
