"""The help of every command, and its examples run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from gemini_nb.cli.help import PAGES
from gemini_nb.cli.main import _parser, main
from gemini_nb.store.store import Store
from support.command_line import WAIT_SECONDS, environment
from support.generations import answer


@pytest.mark.parametrize(
    "words",
    [[], *([name] for name in PAGES if name), ["store", "clear"], ["jobs", "wait"], ["jobs", "cancel"]],
    ids=" ".join,
)
def test_every_command_has_help(words, capsys):
    with pytest.raises(SystemExit) as left:
        main([*words, "--help"])
    assert left.value.code == 0
    assert f"usage: {' '.join(['gemini-nb', *words])}" in capsys.readouterr().out


@pytest.mark.parametrize("name", PAGES)
def test_the_help_tells_the_exit_codes(name):
    assert re.findall(r"^  (\d+) ", PAGES[name], re.MULTILINE) == ["0", "1", "2", "130"]


@pytest.mark.parametrize("name", PAGES)
def test_the_help_fits_a_terminal(name):
    wide = [line for line in PAGES[name].splitlines() if len(line) > 82]
    assert [line for line in wide if "gemini-nb " not in line] == []


EXAMPLE = re.compile(r"^  (.*gemini-nb .*)", re.MULTILINE)


EXAMPLES = [line for page in PAGES.values() for line in EXAMPLE.findall(page)]


SERVING = [line for line in EXAMPLES if "serve" in line and "--list-faults" not in line]


DEMOS = [line for line in EXAMPLES if line.startswith("gemini-nb demo")]  # run by test_readme


@pytest.mark.parametrize("line", SERVING + DEMOS)
def test_an_example_that_goes_on_or_takes_long_is_understood(line):
    assert _parser().parse_args(shlex.split(line)[1:]).command


def test_the_other_examples_run_one_after_the_other(tmp_path):
    for folder in (".gemini_nb", "course/.gemini_nb"):
        Store(tmp_path / folder).keep(answer("a red square"))
    lines = [line for line in EXAMPLES if line not in SERVING + DEMOS]
    (tmp_path / "cities.csv").write_text("city,sky\nOslo,red\nRome,blue\n")  # its line is no `gemini-nb`
    program = shlex.join([sys.executable, "-m", "gemini_nb"])
    script = "\n".join([f'gemini-nb() {{ {program} "$@"; }}', *lines])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=3 * WAIT_SECONDS,
        check=False,
    )
    assert (len(lines), done.returncode) == (19, 0), done.stderr
    assert (tmp_path / "circles.jpg").read_bytes().startswith(b"\xff\xd8")
