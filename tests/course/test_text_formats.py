"""Notebooks as text, as `notebooks/TEXT_FORMATS.md` says: by jupytext, and by marimo if it is installed."""

from __future__ import annotations

import re
import subprocess
import sys

import jupytext
import jupytext.cli
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from support.kernels import executed
from support.paths import NOTEBOOKS

PAGE = (NOTEBOOKS / "TEXT_FORMATS.md").read_text("utf-8")
PROMPT = "A sunset over the sea, with a small sailing boat"
CELLS = [
    "%load_ext gemini_nb",
    "city = 'Oslo'",
    f"%%gemini_image hero -a 16:9\n{PROMPT}",
    '%%gemini_image -q\nit\'s {{city}}: "quoted" \\{{as it is}}\n\n# a second paragraph',
    'pic = %gemini_image -q "a red square"',
    "%%gemini_edit -q night\nnow at night",
    "print([picture.request.prompt for picture in (hero, pic, night)], hero.image.width)",
]


@pytest.fixture
def lesson(tmp_path):
    """A folder with a notebook, and the settings that the page shows."""
    (tmp_path / "jupytext.toml").write_text(re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1], "utf-8")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in CELLS], metadata=kernel)
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    return tmp_path


def convert(folder, *words):
    assert jupytext.cli.jupytext([*words[:-1], str(folder / words[-1])]) == 0


def sources(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def test_the_script_that_the_page_shows_is_what_jupytext_writes(lesson):
    convert(lesson, "--to", "py:percent", "lesson.ipynb")
    script = (lesson / "lesson.py").read_text("utf-8")
    compile(script, "lesson.py", "exec")
    shown = re.findall(r"```python\n(# %% magic_args.*?)```", PAGE, re.DOTALL)
    assert [block in script for block in shown] == [True]
    (lesson / "lesson.ipynb").unlink()
    convert(lesson, "--to", "ipynb", "lesson.py")
    assert sources(lesson / "lesson.ipynb") == CELLS


def test_without_the_setting_it_is_no_python(lesson):
    (lesson / "jupytext.toml").unlink()
    convert(lesson, "--to", "py:percent", "lesson.ipynb")
    with pytest.raises(SyntaxError):
        compile((lesson / "lesson.py").read_text("utf-8"), "lesson.py", "exec")


def test_a_notebook_that_was_myst_runs_as_it_did(lesson):
    convert(lesson, "--to", "md:myst", "lesson.ipynb")
    text = (lesson / "lesson.md").read_text("utf-8")
    assert f"%%gemini_image hero -a 16:9\n{PROMPT}\n```" in text
    again = [cell.source for cell in jupytext.reads(text, fmt="md:myst").cells]
    assert again == CELLS
    told = executed(*again).cells[-1].outputs[0].text
    assert told == f"{[PROMPT, 'a red square', 'now at night']} 1376\n"


def test_the_myst_cell_of_the_page_is_one(lesson):
    block = re.search(r"````markdown\n(.*?)````", PAGE, re.DOTALL)[1]
    (cell,) = jupytext.reads(block, fmt="md:myst").cells
    assert (cell.cell_type, cell.source) == ("code", f"%%gemini_image hero -a 16:9\n{PROMPT}")


def test_marimo_shows_a_picture_and_the_studio_says_its_line(tmp_path):
    pytest.importorskip(
        "marimo", reason="marimo is not installed; it is heavy, and no part of the test extra"
    )
    cell = re.search(r"```python\n(from gemini_nb.*?)```", PAGE, re.DOTALL)[1]
    body = "".join(f"    {line}\n" for line in cell.splitlines())
    studio = "    from gemini_nb import Studio\n    Studio()\n"
    cells = [f"@app.cell\ndef _():\n{lines}    return\n\n\n" for lines in (body, studio)]
    (tmp_path / "nb.py").write_text("import marimo\n\napp = marimo.App()\n\n\n" + "".join(cells), "utf-8")
    command = [
        sys.executable,
        "-m",
        "marimo",
        "export",
        "html",
        "nb.py",
        "-o",
        "nb.html",
        "--no-include-code",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    page = (tmp_path / "nb.html").read_text("utf-8")
    assert "data:image/jpeg" in page, done.stderr
    assert "The studio needs" in page
