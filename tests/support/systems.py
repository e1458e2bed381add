"""What Windows has not: a test that names it is skipped there, with the reason.

The suite was written on Linux. A test is judged by its own text, programs that it runs in a child included.
"""

from __future__ import annotations

import inspect
import os
import re

import pytest

MISSING_ON_WINDOWS = {
    r"os\.fork\b|fork_with": "no forks",
    r"mkfifo|a pipe": "no named pipes in folders",
    r"SIGALRM|SIGKILL|os\.kill\(|pthread_kill|send_signal|interrupt": "signals reach a whole console",
    r"chmod|umask|st_mode|S_IMODE|0o[0-7]{3}\b|is_private": "no modes of files",
    r"symlink_to|os\.symlink|a link": "symbolic links take a privilege",
    r"geteuid|getuid|chown|setuid": "no user ids",
    r"/proc\b|/dev/\w|/bin/sh|/tmp\b": "no such paths",
    r"\bresource\b|RLIMIT|at_most\(|full_disk\(": "no limits of resources",
    r"on_a_terminal|\bpty\b|termios": "no pseudo-terminals of POSIX",
    r"\bmount\b|ENOSPC|a_full_disk": "no small disk can be mounted",
}


def why_skipped_on_windows(text: str) -> str:
    """The reason for which a test with this text is skipped on Windows, "" for none."""
    reasons = (reason for pattern, reason in MISSING_ON_WINDOWS.items() if re.search(pattern, text))
    return next(reasons, "")


def skip_what_is_missing(items) -> None:
    """Mark the tests that cannot pass on this system."""
    for item in items if os.name == "nt" else ():
        function = getattr(item, "function", None)
        text = f"{inspect.getsource(function)} {item.name}" if function is not None else ""
        if reason := why_skipped_on_windows(text):
            item.add_marker(pytest.mark.skip(reason=f"Windows: {reason}"))


def is_root() -> bool:
    """Whether this user may do everything to files."""
    return getattr(os, "geteuid", lambda: 1)() == 0
