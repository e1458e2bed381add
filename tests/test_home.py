"""The account that hosts the project stands in `[project.urls]`; every other link follows it."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys

import pytest

from support.paths import ROOT

SCRIPT = ROOT / ".ci" / "home.py"
ACCOUNT = "ada-lovelace"
ADDRESSES = re.compile(r"https?://[^\s\"'`)<>\\]*gemini_nb[^\s\"'`)<>\\]*")
ACCOUNTS = re.compile(r"([\w-]+)(?:\.github\.io)?/gemini_nb\b")


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


home = load(SCRIPT)


def pages(tree):
    """The texts that users read or machines follow, by their names: not tests and tools."""
    names = [path.relative_to(ROOT) for path in home.files()]
    shown = [name for name in names if name.parts[0] not in ("tests", ".ci", "Makefile")]
    return {
        name.as_posix(): (tree / name).read_text("utf-8", errors="replace")
        for name in shown
        if (tree / name).exists()
    }


def accounts(tree):
    """The accounts that the links of a tree name, with the files they stand in."""
    found = {}
    for name, text in pages(tree).items():
        for address in ADDRESSES.findall(text):
            for account in ACCOUNTS.findall(address):
                found.setdefault(account, set()).add(name)
    return found


@pytest.fixture
def copy(tmp_path):
    """A copy of the files that name the account, and of what moves it."""
    named = home.current().encode()
    for path in [SCRIPT, *(path for path in home.files() if named in path.read_bytes())]:
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return tmp_path


def move(tree, *arguments):
    command = [sys.executable, tree / ".ci" / "home.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_link_names_the_account_of_the_project_and_no_other():
    assert set(accounts(ROOT)) == {home.current()}
    assert {"pyproject.toml", "README.md", "notebooks/README.md", "CITATION.cff", "SECURITY.md"} <= set(
        accounts(ROOT)[home.current()]
    )


def test_one_command_moves_them_all_and_again(copy):
    assert move(copy, ACCOUNT).returncode == 0
    assert set(accounts(copy)) == {ACCOUNT}
    assert move(copy, ACCOUNT).stdout == ""
    assert move(copy, "Grace-Hopper").returncode == 0
    assert set(accounts(copy)) == {"Grace-Hopper"}


@pytest.mark.skipif(home.current() != home.UNKNOWN, reason="the home is known, and nothing is said of it")
def test_what_is_said_until_a_home_is_known_goes_with_it(copy):
    assert [name for name, text in pages(copy).items() if home.UNTIL_KNOWN.search(text)] >= ["README.md"]
    move(copy, ACCOUNT)
    assert [
        name for name, text in pages(copy).items() if name.endswith(".md") and re.search(r"OWNER(?!=)", text)
    ] == []


def test_the_index_of_the_course_is_then_what_its_program_writes():
    index = load(ROOT / "notebooks" / "index.py")
    assert home.UNTIL_KNOWN.fullmatch(index.OWNER)  # it leaves this out where an account is named
    assert index.repository() == f"{home.current()}/gemini_nb"


@pytest.mark.parametrize("account", ["", "two words", "a/b", "-a", "a" * 40])
def test_what_is_no_account_changes_nothing(copy, account):
    done = move(copy, account)
    assert done.returncode == 1
    assert "no account of GitHub" in done.stderr
    assert set(accounts(copy)) == {home.current()}
