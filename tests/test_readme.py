"""What the README and the pages of docs/ say is so: their blocks run, their links lead somewhere."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest

from gemini_nb.models import CATALOGUE
from gemini_nb.store.store import Store
from support.generations import answer
from support.pages import PAGES, README, RUNNABLE, blocks, pages_with, tags
from support.paths import ROOT
from support.shells import a_shell

MAX_README_LINES = 180
WAIT_SECONDS = 180


def test_the_readme_is_a_few_screens():
    assert len(README.splitlines()) <= MAX_README_LINES


OBSERVED = [row for row in CATALOGUE if row.observed]


@pytest.mark.parametrize("row", OBSERVED, ids=lambda row: row.id)
def test_the_table_of_shapes_says_what_the_catalogue_last_saw(row):
    (line,) = [line for line in README.splitlines() if line.endswith(f"| `{row.id}` |")]
    assert re.sub(r"[`|,()]", "", line).startswith(" " + re.sub(r"[()]", "", row.shape))
    assert f"last seen from ({row.observed})" in README


# --- blocks


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_runs_it(page):
    assert tags(PAGES[page]) <= {*RUNNABLE, "text", ""}
    assert "" not in tags(PAGES[page]) or page == "CONTRIBUTING.md"  # its tree


PYTHON = [(page, code) for page in pages_with("python") for code in blocks(PAGES[page], "python")]


@pytest.mark.parametrize(("page", "code"), PYTHON, ids=lambda value: value.partition("\n")[0])
def test_each_python_block_runs_and_writes_the_files_it_names(page, code, tmp_path):
    names = {}
    exec(compile(code, page, "exec"), names)
    assert "batch" not in names or not names["batch"].errors
    assert {file.name for file in tmp_path.iterdir()} - {"cache"} == set(re.findall(r'"(\w+\.\w+)"', code))


@pytest.mark.parametrize("page", pages_with("ipython"))
def test_the_ipython_blocks_of_a_page_run_one_after_the_other(page):
    with a_shell() as shell:
        ran = [shell.run(code) for code in blocks(PAGES[page], "ipython")]
        assert [done.error for done in ran] == [None] * len(ran)


def test_the_first_cells_can_be_typed_into_a_terminal():
    typed = "\n\n".join(blocks(README, "ipython")) + "\n\n"
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    done = subprocess.run(
        command, input=typed, capture_output=True, encoding="utf-8", timeout=WAIT_SECONDS, check=False
    )
    assert "Painted offline, since no key is set" in done.stdout
    assert "JPEG · 1376 × 768" in done.stdout


LINES = [
    line.partition("  #")[0].strip()
    for page in pages_with("bash")
    for code in blocks(PAGES[page], "bash")
    for line in code.splitlines()
]
COMMANDS = sorted(set(LINES))
# What needs a network, or a browser, or changes the shell that it is typed into: a closed list.
INSTALLING = re.compile(r"pip install ['\"]?\.(?:\[(\w+)\])?['\"]?")
BY_HAND = ["python3 -m venv .venv && . .venv/bin/activate", "jupyter lab"]
SERVING = [line for line in COMMANDS if line.startswith("gemini-nb serve")]
RUNNING = [line for line in COMMANDS if line not in [*SERVING, *BY_HAND] and not INSTALLING.fullmatch(line)]


def environment():
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": programs, "PYTHONUTF8": "1", "GEMINI_NB_PROVIDER": "offline"}


@pytest.mark.parametrize("line", RUNNING)
def test_each_command_runs(line, tmp_path):
    Store(tmp_path / ".gemini_nb").keep(answer("a red square"))
    done = subprocess.run(
        ["bash", "-c", line],
        env=environment() | ({"GEMINI_NB_REPLAY": "only"} if "demo" in line else {}),  # no lock stops a demo
        capture_output=True,
        encoding="utf-8",
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr


@pytest.mark.parametrize("line", SERVING)
def test_the_server_answers_until_it_is_interrupted(line):
    words = re.sub(r"--port \d+", "--port 0", line).split()
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            url = re.search(r"http://\S+", server.stdout.readline())[0]
            status = httpx.get(f"{url}/v1beta/models?key=any", timeout=WAIT_SECONDS).status_code
            server.send_signal(signal.SIGINT)
            server.wait(WAIT_SECONDS)
        finally:
            server.kill()  # whoever leaves the block waits for its end
    assert (status, server.returncode) == (200, 0)


@pytest.mark.parametrize("line", [line for line in COMMANDS if INSTALLING.fullmatch(line)])
def test_what_is_to_be_installed_is_there(line):
    extra = INSTALLING.fullmatch(line)[1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = " ".join(project["optional-dependencies"][extra])
    assert "jupyterlab>=" in needs
    assert "ipykernel>=" in needs


MADE = {target for text in PAGES.values() for target in re.findall(r"`make ([a-z-]+)", text)}


@pytest.mark.parametrize("target", sorted(MADE))
def test_what_is_to_be_made_is_in_the_makefile(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


# --- links and names


LINKS = [
    (name, a or b)
    for name in ("README.md", "CONTRIBUTING.md")  # of the others `make docs` follows each
    for a, b in re.findall(r"\]\((?!http|data:)([^)#]+)\)|src=\"([^\"]+)\"", PAGES[name])
]


@pytest.mark.parametrize(("name", "target"), LINKS)
def test_each_link_leads_to_a_file(name, target):
    assert (ROOT / target).exists()


PATH = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|css|toml|ipynb)|(?:[\w.-]+/)+[\w.-]*)`")
ELSEWHERE = {".gemini_nb/", "ipython_config.py", "build/", "docs/_build/html/"}  # made on the user's machine
ELSEWHERE |= {"images/", "records/"}  # in a store
NAMED = [(name, path) for name, page in PAGES.items() for path in sorted(set(PATH.findall(page)))]


@pytest.mark.parametrize(("name", "path"), NAMED)
def test_each_path_that_is_named_exists(name, path):
    assert path in ELSEWHERE or (ROOT / path).exists() or (ROOT / "gemini_nb" / path).exists()


def test_the_binder_link_opens_a_notebook_that_is_there():
    (path,) = re.findall(r"mybinder\.org/v2/gh/[\w-]+/[\w-]+/HEAD\?urlpath=lab/tree/([^)]+)\)", README)
    assert (ROOT / path).exists()


def test_the_first_screen_is_a_picture_three_lines_and_the_course():
    first = README[: README.index("## ")]
    assert "first_image.png" in first
    assert "lite/lab/index.html?path=01_first_image.ipynb" in first
    assert "%load_ext gemini_nb" in first
    assert "(notebooks/README.md)" in first
