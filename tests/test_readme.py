"""What the README says is so: its tables match the code, its blocks run, its links lead somewhere."""

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

from gemini_nb import Client, errors
from gemini_nb.models import CATALOGUE
from gemini_nb.store.store import Store
from support.generations import answer
from support.paths import ROOT
from support.shells import a_shell, put_away

README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
PAGES = {"README": README, "CONTRIBUTING": CONTRIBUTING}
BLOCKS = re.findall(r"^```([^\n]*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
WAIT_SECONDS = 180


def blocks(language):
    return [code for tag, code in BLOCKS if tag == language]


def first_line(docstring):
    return docstring.strip().splitlines()[0]


def error_rows():
    public = [e for e in vars(errors).values() if isinstance(e, type) and not e.__name__.startswith("_")]
    return [
        f"| `{e.__name__}` | {first_line(e.__doc__)} |" for e in public if issubclass(e, errors.GeminiError)
    ]


# --- tables


@pytest.mark.parametrize("row", error_rows(), ids=lambda row: row.split("`")[1])
def test_the_troubleshooting_table_has_each_error_in_the_words_of_its_docstring(row):
    assert row in README


OBSERVED = [row for row in CATALOGUE if row.observed]


@pytest.mark.parametrize("row", OBSERVED, ids=lambda row: row.id)
def test_the_table_of_shapes_says_what_the_catalogue_last_saw(row):
    (line,) = [line for line in README.splitlines() if line.endswith(f"| `{row.id}` |")]
    assert re.sub(r"[`|,()]", "", line).startswith(" " + re.sub(r"[()]", "", row.shape))
    assert f"last seen from ({row.observed})" in README


# --- blocks


def test_every_block_says_what_runs_it():
    assert {tag for tag, _ in BLOCKS} == {"bash", "ipython", "python"}


@pytest.mark.parametrize("code", blocks("python"))
def test_each_python_block_runs_and_writes_the_files_it_names(code, tmp_path):
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert not names["batch"].errors
    assert {file.name for file in tmp_path.iterdir()} == set(re.findall(r'"(\w+\.\w+)"', code))


def test_the_ipython_blocks_run_one_after_the_other():
    with a_shell() as shell:
        ran = [shell.run(code) for code in blocks("ipython")]
        assert [done.error for done in ran] == [None] * len(ran)
        assert shell.names["hero"].provider == "offline"
        assert shell.magics.model == "nano-banana-pro"


def test_the_first_cells_can_be_typed_into_a_terminal():
    typed = "\n\n".join(blocks("ipython")[:2]) + "\n\n"
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"]
    done = subprocess.run(
        command, input=typed, capture_output=True, encoding="utf-8", timeout=WAIT_SECONDS, check=False
    )
    assert "Painted offline, since no key is set" in done.stdout
    assert "JPEG · 1376 × 768" in done.stdout


COMMANDS = [line.partition("#")[0].strip() for code in blocks("bash") for line in code.splitlines()]
INSTALLING = re.compile(r"pip install '?\.(?:\[(\w+)\])?'?")  # what needs a network; a closed list
SERVING = [line for line in COMMANDS if line.startswith("gemini-nb serve")]
RUNNING = [line for line in COMMANDS if line not in SERVING and not INSTALLING.fullmatch(line)]


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
    assert extra is None or extra in project["optional-dependencies"]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([a-z-]+)`", README + CONTRIBUTING))))
def test_what_is_to_be_made_is_in_the_makefile(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


# --- links and names


LINKS = [
    (name, target)
    for name, page in PAGES.items()
    for target in re.findall(r"\]\((?!http|data:)([^)#]+)\)|src=\"([^\"]+)\"", page)
]


@pytest.mark.parametrize(("name", "target"), [(name, a or b) for name, (a, b) in LINKS])
def test_each_link_leads_to_a_file(name, target):
    assert (ROOT / target).exists()


PATH = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|css|toml|ipynb)|(?:[\w.-]+/)+[\w.-]*)`")
ELSEWHERE = {".gemini_nb/", "ipython_config.py"}  # on the user's machine
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
    assert "%load_ext gemini_nb" in first
    assert "(notebooks/README.md)" in first


# --- messages


def magic_of_nobody(_folder):
    from IPython.core.error import UsageError
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    with pytest.raises(UsageError) as caught:
        shell.run_cell_magic("gemini_image", "", "a cat")
    put_away(shell)
    return str(caught.value)


def painted(_folder):
    with a_shell() as shell:
        return shell.run("%%gemini_image -z 512\na red square").stdout


def no_key(_folder):
    with pytest.raises(errors.MissingKeyError) as caught:
        Client()
    return str(caught.value)


def locked(folder):
    with Client(store=folder, replay="only") as client, pytest.raises(errors.ReplayMissError) as caught:
        client.generate("a red square")
    return str(caught.value)


def changed(folder):
    Store(folder).keep(answer("a green square"))
    with Client(store=folder, replay="only") as client, pytest.raises(errors.ReplayMissError) as caught:
        client.generate("a blue square")
    return str(caught.value)


def taken(folder):
    with Client("offline") as client:
        made = client.generate("a red square", image_size="512")
    made.save(folder / "a.jpg")
    with pytest.raises(errors.SaveError) as caught:
        made.save(folder / "a.jpg")
    return str(caught.value)


MESSAGES = {
    "Cell magic `%%gemini_image` not found": magic_of_nobody,
    "Painted offline, since no key is set": painted,
    "No API key is set for crazyrouter": no_key,
    "so there is nothing to replay": locked,
    "This picture is not stored": changed,
    "It may have been billed": lambda _folder: errors.OutcomeUnknownError.hint,
    "exists already": taken,
}


@pytest.mark.parametrize("message", MESSAGES)
def test_the_messages_of_the_table_are_what_is_said(message, tmp_path):
    assert message in MESSAGES[message](tmp_path).replace("\n", " ")


def test_the_table_has_these_messages_and_no_other():
    table = README[README.index("| you see |") : README.index("| error |")].splitlines()[2:]
    assert [line.split(" | ")[0].strip("| `") for line in table if line.startswith("|")] == list(MESSAGES)
