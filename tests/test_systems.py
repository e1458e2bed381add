"""Windows is not here to try: what is skipped there is at least told from what is not."""

from __future__ import annotations

import ast

import pytest

from support.paths import TESTS
from support.systems import MISSING_ON_WINDOWS, why_skipped_on_windows

# Nobody may import these at a module's top: collecting it would fail on Windows, skips or not.
NOT_ON_WINDOWS = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
MODULES = {path.relative_to(TESTS).as_posix(): path.read_text("utf-8") for path in TESTS.rglob("*.py")}


@pytest.mark.parametrize(
    "text", ["child = os.fork()", "os.mkfifo(path)", "folder.chmod(0o500)", "import resource", "mode=0o700"]
)
def test_what_windows_has_not_is_a_reason(text):
    assert why_skipped_on_windows(text)


@pytest.mark.parametrize("text", ["assert made.image.width == 8", "folder.mkdir()", "path.read_bytes()"])
def test_what_it_has_is_none(text):
    assert why_skipped_on_windows(text) == ""


def test_most_of_the_suite_is_left_for_it():
    functions = [
        "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])
        for text in MODULES.values()
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    skipped = [text for text in functions if why_skipped_on_windows(text)]
    assert 0.02 < len(skipped) / len(functions) < 0.2
    assert set(map(why_skipped_on_windows, skipped)) <= set(MISSING_ON_WINDOWS.values())


def test_no_module_of_tests_needs_posix_to_be_imported():
    found = {
        name: names & NOT_ON_WINDOWS
        for name, text in MODULES.items()
        for node in ast.parse(text).body
        if isinstance(node, ast.Import) and (names := {alias.name for alias in node.names}) & NOT_ON_WINDOWS
    }
    assert found == {}
