"""`%gemini key`: typed into a real kernel, read from a file, kept in a keyring, and forgotten."""

from __future__ import annotations

import os
import sqlite3
import sys

import keyring
import pytest

from gemini_nb.providers import system_keyring
from support import keyrings
from support.kernels import connected, kernel_manager
from support.key_leaks import KEY, leaks
from support.paths import TESTS


def typed(tmp_path, monkeypatch, *sources, stdin=True):
    """What a real kernel says to these cells while the key is typed wherever it asks."""
    monkeypatch.setenv("GEMINI_NB_PROVIDER", "google")
    heard = []

    def answer(question):
        heard.append(question["content"]["prompt"])
        kernel.input(KEY)

    with kernel_manager(may_end_itself=True, cwd=str(tmp_path)) as manager, connected(manager) as kernel:
        for source in ("%load_ext gemini_nb", *sources):
            kernel.execute_interactive(
                source,
                allow_stdin=stdin,
                stdin_hook=answer,
                output_hook=lambda message: heard.append(str(message["content"])),
                timeout=60,
            )
    return "".join(heard)


KERNEL = pytest.mark.filterwarnings("ignore:Kernel is running over TCP:RuntimeWarning")


@KERNEL
def test_a_key_that_is_typed_is_used_and_is_in_no_output_and_no_history(tmp_path, monkeypatch):
    heard = typed(
        tmp_path,
        monkeypatch,
        "%gemini key",
        "%gemini doctor",
        "%history",
        "_i, _ih, _oh, list(get_ipython().user_ns)",
        "%gemini key forget",
        "get_ipython().history_manager.writeout_cache()",
    )
    assert "google: set, from what was typed in this session" in heard
    assert "google: not set" in heard
    assert leaks(heard) == []
    with sqlite3.connect(tmp_path / "ipython/profile_default/history.sqlite") as history:
        rows = history.execute("select source_raw from history").fetchall()
    history.close()
    assert any("%gemini key" in source for (source,) in rows)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and leaks(path.read_bytes())] == []


@KERNEL
def test_a_notebook_that_runs_unattended_is_told_how_to_set_a_key(tmp_path, monkeypatch):
    heard = typed(tmp_path, monkeypatch, "%gemini key", stdin=False)
    assert "ArgumentError" in heard
    assert "Set GEMINI_API_KEY before the kernel starts" in heard


@KERNEL
def test_a_key_that_is_typed_and_kept_is_in_no_output_and_no_history(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", keyrings.NAME)
    monkeypatch.setenv(keyrings.FILE_VARIABLE, str(tmp_path / "keyring.json"))
    monkeypatch.setenv("PYTHONPATH", str(TESTS), prepend=os.pathsep)
    heard = typed(
        tmp_path,
        monkeypatch,
        "%gemini key --keep",
        "%gemini doctor",
        "%history",
        "_i, _ih, _oh, list(get_ipython().user_ns)",
        "get_ipython().history_manager.writeout_cache()",
    )
    assert "Key for google (kept in the keyring, keyrings FileKeyring): " in heard
    assert "google: set, from the keyring" in heard
    assert leaks(heard) == []
    holding = [path.name for path in tmp_path.rglob("*") if path.is_file() and leaks(path.read_bytes())]
    assert holding == ["keyring.json"]


@pytest.fixture
def chain(tmp_path):
    """A keyring that works, of this test alone."""
    with keyrings.working(tmp_path / "keyring.json") as chain:
        yield chain


def test_a_file_with_keys_is_moved_to_the_keyring_and_taken_out_again(keyless, tmp_path, chain):
    (tmp_path / ".env").write_text(f"GEMINI_API_KEY={KEY}\n")
    assert "google: set, from the keyring" in keyless.printed("%gemini key --keep .env")
    assert "google: set, from the keyring" in keyless.printed("%gemini key forget")
    assert "google: set, from the keyring" in keyless.printed("%gemini status")
    assert "google: not set" in keyless.printed("%gemini key --forget")
    assert chain.get_password("gemini_nb", "google") is None


def test_a_variable_that_goes_before_the_keyring_is_named(keyless, tmp_path, chain, monkeypatch):
    (tmp_path / ".env").write_text(f"GEMINI_API_KEY={KEY}\n")
    monkeypatch.setenv("GOOGLE_API_KEY", "another")
    lines = keyless.printed("%gemini key --keep .env")
    assert "google: set, from GOOGLE_API_KEY (goes before the keyring)" in lines


def test_a_locked_keyring_is_said_by_status_and_both_keys_are_given_up(keyless, tmp_path, chain):
    (tmp_path / ".env").write_text(f"GEMINI_API_KEY={KEY}\nCRAZYROUTER_API_KEY={KEY[::-1]}\n")
    keyless.printed("%gemini key --keep .env")
    system_keyring._found.clear()
    keyring.set_keyring(keyrings.LockedKeyring())
    assert "google: not set: The key for google could not be read" in keyless.said("%gemini status")
    assert "could not be taken out" in keyless.refused("%gemini key --forget")
    assert keyless.printed("%gemini status").count(": not set") == 2


def test_without_the_package_one_line_names_the_extra(keyless, tmp_path, chain, monkeypatch):
    (tmp_path / ".env").write_text(f"GEMINI_API_KEY={KEY}\n")
    keyless.printed("%gemini key --keep .env")
    monkeypatch.setitem(sys.modules, "keyring", None)  # as if it were not installed
    extra = 'pip install "gemini-nb[keyring]"'
    assert f"google: not set: it is kept in the keyring, which needs {extra}" in keyless.said(
        "%gemini status"
    )
    assert extra in keyless.refused("%gemini key --keep .env")


@pytest.mark.parametrize("line", ["--kep", "a.env b.env", "forget it", "--forget --keep"])
def test_what_key_does_not_take_is_refused(keyless, line):
    assert "%gemini key does not take" in keyless.refused(f"%gemini key {line}")


def test_a_key_is_read_from_a_file_and_forgotten(keyless, tmp_path):
    (tmp_path / ".env").write_text(f"GEMINI_API_KEY={KEY}\n")
    assert "google: set, from .env" in keyless.printed("%gemini key .env")
    assert "google: not set" in keyless.printed("%gemini key forget")
