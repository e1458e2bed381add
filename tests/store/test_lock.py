"""The lock between processes that share a store."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gemini_nb.errors import ArgumentError
from gemini_nb.store.lock import StoreLock

HOLD = """
import sys
from pathlib import Path
from gemini_nb.store.lock import StoreLock
lock = StoreLock(Path(sys.argv[1]))
assert lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_one_holds_it_until_it_lets_it_go(tmp_path):
    one, other = StoreLock(tmp_path / "lock"), StoreLock(tmp_path / "lock")
    with one:
        assert one.acquire()
        assert not other.acquire()
    with other:
        assert other.acquire()


def test_a_process_that_is_killed_holds_nothing(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "held\n"
    mine = StoreLock(tmp_path / "lock")
    assert not mine.acquire()
    child.kill()
    child.communicate()
    with mine:
        assert mine.acquire()


def test_a_folder_that_takes_no_lock_says_so_before_anything_is_sent(tmp_path):
    with pytest.raises(ArgumentError, match=r"cannot be locked.*Nothing was sent"):
        StoreLock(tmp_path / "missing" / "lock").acquire()
