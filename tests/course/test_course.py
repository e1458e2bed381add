"""The course as its readers use it: run again with its solutions, read as HTML, found in the index.

Teaching with it, as notebooks/CLASSROOM.md says, is tried in test_classroom.py.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import nbformat
import pytest

from support.course import FOLDER, NOTEBOOKS, each_notebook, module, solution
from support.kernels import run_nbval

STUDIO = "08_studio"
ANY_OUTPUT = "nbval-ignore-output"  # a solution's cells are kept without outputs
LAUNCH = re.compile(
    r"https://mybinder\.org/v2/gh/([\w.-]+/[\w.-]+)/HEAD\?urlpath=lab/tree/(notebooks/\w+\.ipynb)"
)
SESSIONS = 2  # of pytest, at a time


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The cells of each notebook, its solution at the end, as nbval found them, and what nbval said."""
    folders = [tmp_path_factory.mktemp("course") for _ in range(SESSIONS)]
    with ThreadPoolExecutor(SESSIONS) as pool:
        done = list(pool.map(run, folders, [NOTEBOOKS[start::SESSIONS] for start in range(SESSIONS)]))
    return {name: (cells, said) for found, said in done for name, cells in found.items()}


def run(folder, paths):
    """Compare what the notebooks' cells put out with what they are kept with, each in a folder of its own."""
    shutil.copy(FOLDER / "conftest.py", folder)
    for path in paths:
        (folder / path.stem).mkdir()
        write_with_solution(path, folder / path.stem / path.name)
    done = run_nbval(folder, "--nbval-cell-timeout=120", "--junitxml=cells.xml")
    return cells_of(folder / "cells.xml"), done.stdout


def cells_of(report):
    """By notebook, whether each of its cells passed."""
    found = defaultdict(list)
    for case in ET.parse(report).iter("testcase"):
        found[case.get("classname").split(".")[0]].append(len(case) == 0)
    return found


def write_with_solution(path, target):
    notebook = nbformat.read(path, as_version=4)
    cells = solution(notebook)
    assert cells or path.stem == STUDIO  # its exercise is done with the mouse
    for cell in notebook.cells if path.stem == STUDIO else ():
        cell.metadata.tags = [ANY_OUTPUT]  # widgets differ from run to run; tests/browser looks at them
    notebook.cells += [nbformat.v4.new_code_cell(cell, metadata={"tags": [ANY_OUTPUT]}) for cell in cells]
    nbformat.write(notebook, target)


def command(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=cwd, capture_output=True, text=True, timeout=900, check=False
    )


@each_notebook
def test_a_notebook_puts_out_again_what_it_is_kept_with_and_its_solution_runs(runs, path):
    cells, said = runs[path.stem]
    notebook = nbformat.read(path, as_version=4)
    count = sum(cell.cell_type == "code" for cell in notebook.cells) + len(solution(notebook))
    assert cells == [True] * count, said[-8000:]


def test_a_notebook_and_its_solution_run_in_papermill_too(tmp_path):
    write_with_solution(NOTEBOOKS[0], tmp_path / "one.ipynb")
    done = command("papermill", "--no-progress-bar", "one.ipynb", "ran.ipynb", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]


class Images(HTMLParser):
    """The attributes of every picture in a page."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs))


@each_notebook
def test_a_notebook_becomes_a_page_with_all_its_pictures(path):
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_filename(str(path))
    shown = Images(page).found
    notebook = nbformat.read(path, as_version=4)
    assert sum(image["src"].startswith("data:image/") for image in shown) >= len(index().pictures(path)) > 0
    assert not [image for image in shown if image["src"].startswith(("http:", "https:"))]
    assert notebook.cells[0].source.splitlines()[0].removeprefix("# ") in page


def index():
    """The script that writes the index, as a module."""
    return module("index")


def test_the_index_is_what_the_notebooks_say():
    said = "run `python notebooks/index.py` after a change of a notebook's first cell"
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == index().index(), said


@each_notebook
def test_a_notebook_is_in_the_index_with_a_small_thumbnail_and_a_launch_link(path):
    (row,) = [
        line for line in (FOLDER / "README.md").read_text("utf-8").splitlines() if f"]({path.name})" in line
    ]
    (thumbnail,) = re.findall(r'<img src="([^"]+)"', row)
    assert 0 < (FOLDER / thumbnail).stat().st_size < 30_000
    ((_, target),) = LAUNCH.findall(row)
    assert FOLDER.parent / target == path


def test_every_launch_link_names_the_same_repository():
    pages = "".join(
        (FOLDER.parent / name).read_text("utf-8") for name in ("README.md", "notebooks/README.md")
    )
    found = LAUNCH.findall(pages)
    assert len(found) == pages.count("https://mybinder.org/v2/")
    assert {repository for repository, _ in found} == {index().repository()}


def test_no_thumbnail_is_left_of_a_notebook_that_is_gone():
    assert {path.stem for path in (FOLDER / "thumbnails").iterdir()} == {path.stem for path in NOTEBOOKS}
