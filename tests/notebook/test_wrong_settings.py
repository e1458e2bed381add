"""Settings that cannot be: a `GeminiError` in each magic and command; the doctor tells them and goes on."""

from __future__ import annotations

import os

import pytest

from gemini_nb import GeminiError
from gemini_nb.cli.main import main
from gemini_nb.errors import ArgumentError, SaveError
from support.shells import a_shell

TOO_LONG = "n" * 300

# A variable, its value, and what the doctor says of it; None where it can be used after all, with a warning.
VARIABLES = {
    "store of nobody": ("GEMINI_NB_STORE", "~nosuchuser/s", "cannot be written"),
    "store with too long a name": ("GEMINI_NB_STORE", TOO_LONG, None),
    "store with too long a path": ("GEMINI_NB_STORE", "x/" * 3000, None),
    "store of any bytes": ("GEMINI_NB_STORE", "\udcff\udcfe", None),
    "store in a device": ("GEMINI_NB_STORE", "/dev/null/x", None),
    "provider unknown": ("GEMINI_NB_PROVIDER", "bogus", "no provider 'bogus'"),
    "provider a number": ("GEMINI_NB_PROVIDER", "5", "no provider of this name"),
    "provider of any bytes": ("GEMINI_NB_PROVIDER", "\udcff", "no provider of this name"),
    "base URL of words": ("GEMINI_NB_BASE_URL", "bogus", "not an http(s) address"),
    "base URL half an address": ("GEMINI_NB_BASE_URL", "http://[::1", "not an http(s) address"),
    "base URL with an empty label": ("GEMINI_NB_BASE_URL", "https://a..b", "not an http(s) address"),
    "base URL with too long a label": ("GEMINI_NB_BASE_URL", f"https://{TOO_LONG}", "not an http(s) address"),
    "base URL with too high a port": ("GEMINI_NB_BASE_URL", "https://a.b:99999", "not an http(s) address"),
    "base URL of any bytes": ("GEMINI_NB_BASE_URL", "https://a.b/\udcff", "not an http(s) address"),
    "replay unknown": ("GEMINI_NB_REPLAY", "bogus", "no replay"),
    "replay a number": ("GEMINI_NB_REPLAY", "5", "no replay"),
    "replay of any bytes": ("GEMINI_NB_REPLAY", "\udcff", "no replay"),
    "key with a blank": ("CRAZYROUTER_API_KEY", "a b", "not set: The key from CRAZYROUTER_API_KEY"),
    "key with quotes": ("CRAZYROUTER_API_KEY", "'quoted-key'", "not set: The key from CRAZYROUTER_API_KEY"),
    "key of any bytes": ("CRAZYROUTER_API_KEY", "\udcff\udcfe", "not set: The key from CRAZYROUTER_API_KEY"),
}
CELLS = (
    "%%gemini_image\na red square",
    "%gemini_image --dry-run 'a red square'",
    "%%gemini_edit\nat night",
    "%gemini models",
    "%gemini cost",
    "%gemini store",
    "%gemini store verify",
    "%gemini history",
    "%gemini probe",
    "%gemini studio",
    "from gemini_nb import Client; Client(store=os.environ.get('GEMINI_NB_STORE') or True)",
)


@pytest.mark.parametrize(("name", "value", "complaint"), VARIABLES.values(), ids=VARIABLES)
def test_promise_17_a_variable_that_cannot_be_is_told_in_words(name, value, complaint):
    with a_shell("http://127.0.0.1:9") as shell:
        shell.names["os"] = os
        shell.run("%config GeminiMagics.timeout = 1")
        os.environ[name] = value  # which the shell's own variables are put back over
        for cell in CELLS:
            error = shell.run(cell).error
            assert error is None or isinstance(error, GeminiError), (cell, error)
        for command in ("%gemini doctor", "%gemini status"):
            said = shell.printed(command)
            assert complaint is None or complaint in said
            assert all(f"\n{line}" in said for line in ("model ", "store ", "replay ", "key "))
        assert "\nvariables " in shell.printed("%gemini doctor")


TARGETS = ["~nosuchuser/x.png", f"{TOO_LONG}.png", "a\0b.png", "/dev/null/x.png", "x/" * 3000 + "a.png"]


@pytest.mark.parametrize("target", TARGETS, ids=["nobody's", "too long", "NUL", "in a device", "a long path"])
def test_promise_17_a_target_that_can_be_no_path_is_told_before_and_after_it_is_stored(
    gateway, shell, target
):
    for stored in (False, True):
        if stored:
            assert shell.run("%%gemini_image\na red square").error is None
        error = shell.run(f"%%gemini_image -s {target}\na red square").error
        assert isinstance(error, SaveError | ArgumentError)


LINES = {
    "store of nobody": ["generate", "a", "-o", "a.png", "-p", "offline", "--store", "~nosuchuser/x"],
    "store with NUL": ["generate", "a", "-o", "a.png", "-p", "offline", "--store", "a\0b"],
    "target of nobody": ["generate", "a", "-o", "~nosuchuser/x", "-p", "offline"],
    "target with NUL": ["generate", "a", "-o", "a\0b", "-p", "offline"],
    "target too long": ["generate", "a", "-o", f"{TOO_LONG}.png", "-p", "offline"],
    "timeout no number": ["generate", "a", "-o", "a.png", "-p", "offline", "--timeout", "nan"],
    "folder of nobody": ["store", "list", "--folder", "~nosuchuser/x"],
    "folder with NUL": ["store", "verify", "--folder", "a\0b"],
    "folder too long": ["store", "clear", "--yes", "--folder", TOO_LONG],
    "demo with NUL": ["demo", "-o", "a\0b"],
    "demo too long": ["demo", "-o", TOO_LONG],
    "input of nobody": ["generate", "a", "-o", "a.png", "-p", "offline", "-i", "~nosuchuser/x.png"],
    "address of words": ["probe", "-m", "nano-banana-2", "-p", "google", "--base-url", "bogus"],
    "host with NUL": ["serve", "--host", "a\0b"],
    "host too long": ["serve", "--host", TOO_LONG],
}


@pytest.mark.parametrize("words", LINES.values(), ids=LINES)
def test_promise_17_an_argument_of_the_command_line_that_cannot_be_is_told_in_words(capsys, words):
    assert main(words) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("gemini-nb: ")
    assert "could not be written: [" not in said.err
    assert "Traceback" not in said.err


def test_a_store_of_nobody_in_the_environment_is_told_on_the_command_line(capsys, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_STORE", "~nosuchuser/s")
    for words in (["store", "list"], ["generate", "a", "-o", "a.png", "-p", "offline"]):
        assert main(words) == 1
        assert "cannot be written" in capsys.readouterr().err
