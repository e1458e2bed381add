"""The notebooks are kept with outputs, and the comparison that runs them would notice a changed picture."""

from __future__ import annotations

import importlib.util
import io
import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import nbformat
import pytest
from PIL import Image

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_code_cell_was_run(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_short_and_light(path):
    notebook = nbformat.read(path, as_version=4)
    assert sum(cell.cell_type == "code" for cell in notebook.cells) < 15
    assert path.stat().st_size < 500_000


def comparison():
    """The notebooks' own conftest, as a module."""
    spec = importlib.util.spec_from_file_location("comparison", FOLDER / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def picture(colour, *, quality=75, size=(320, 179)):
    canvas = Image.linear_gradient("L").resize(size).convert("RGB")
    canvas.paste(colour, (40, 40, 120, 120))
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=quality)
    return b64encode(buffer.getvalue()).decode()


def page(data, words="a red square"):
    return f'<figure><img src="data:image/jpeg;base64,{data}" alt="{words}">sha256 0123456789ab</figure>'


RED, TEAL = picture("red"), picture("teal")

PAIRS = {
    "the same": (RED, RED, True),
    "the same picture, encoded again": (RED, picture("red", quality=50), True),
    "another picture": (RED, TEAL, False),
    "another size": (RED, picture("red", size=(300, 179)), False),
    "the same page": (page(RED), page(picture("red", quality=50)), True),
    "another picture in the page": (page(RED), page(TEAL), False),
    "another word in the page": (page(RED), page(RED, "a red circle"), False),
    "no picture in the page": (page(RED), "<figure></figure>", False),
    "another digest of the same picture": ("PNG · sha256 0123456789ab", "PNG · sha256 ba9876543210", True),
    "another text": ("PNG · 1024 × 1024", "PNG · 512 × 512", False),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_outputs_are_compared_by_what_they_show(pair):
    one, other, same = PAIRS[pair]
    shown = comparison().Shown
    assert (shown(one) == shown(other)) is same
    assert (shown(one) != shown(other)) is not same


def test_promise_18_nbval_notices_a_changed_picture(tmp_path):
    shutil.copy(FOLDER / "conftest.py", tmp_path)
    notebook = nbformat.read(FOLDER / "01_first_image.ipynb", as_version=4)
    del notebook.cells[4:]
    shown = next(output for output in notebook.cells[3].outputs if "data" in output)
    shown.data["image/jpeg"] = TEAL
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    options = ("--nbval", "--nbval-current-env", "--nbval-cell-timeout=60", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *options, "changed.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "image/jpeg" in done.stdout
