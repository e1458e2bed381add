"""The notebooks are kept with outputs, and the comparison that runs them would notice a changed picture."""

from __future__ import annotations

import io
import re
import shutil
from base64 import b64encode

import nbformat
import pytest
from PIL import Image

from support.course import FOLDER, each_notebook, module
from support.kernels import run_nbval


@each_notebook
def test_every_code_cell_was_run(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)


@each_notebook
def test_a_notebook_is_short_and_light(path):
    assert len(nbformat.read(path, as_version=4).cells) < 15
    assert path.stat().st_size < 500_000


@each_notebook
def test_a_notebook_says_first_what_is_learnt_and_last_what_comes_next(path):
    cells = nbformat.read(path, as_version=4).cells
    assert re.search(r"\*You will learn .+\bAbout \d+\s+minutes\b", cells[0].source, re.DOTALL)
    assert re.search(r"^\*\*Next:\*\* .*\]\(", cells[-1].source, re.MULTILINE)


@each_notebook
def test_an_exercise_has_a_folded_solution(path):
    words = words_of(nbformat.read(path, as_version=4))
    assert words.count("**Exercise.**") == words.count("<details><summary>A solution</summary>\n\n")
    assert words.count("**Exercise.**") or path.stem[:2] not in ("02", "06", "07")


@each_notebook
def test_every_link_of_a_notebook_leads_somewhere(path):
    words = words_of(nbformat.read(path, as_version=4))
    links = re.findall(r"\]\(([^)\s]+)\)", without_code(words)) + re.findall(r'src="([^"]+)"', words)
    missing = [link for link in links if "://" not in link and not (FOLDER / link).exists()]
    assert links
    assert not missing


@each_notebook
def test_no_output_names_a_place_on_the_machine_that_made_it(path):
    assert not PLACE.findall(texts(nbformat.read(path, as_version=4)))


@each_notebook
def test_no_output_is_an_error(path):
    """Papermill counts one as a failure, also in a cell tagged `raises-exception`."""
    cells = nbformat.read(path, as_version=4).cells
    assert not [out for cell in cells for out in cell.get("outputs", ()) if out.output_type == "error"]


PLACE = re.compile(r"(?:/home/|/root/|/Users/|/tmp/|/var/|[A-Z]:\\)\S*|(?:127\.0\.0\.1|localhost):\d+")

PLACES = {
    "a home": ("saved /home/ada/cat.png", 1),
    "Windows": (r"saved C:\Users\ada", 1),
    "a temporary folder": ("kept /tmp/x1/reply.json", 1),
    "a port": ("POST http://127.0.0.1:43817/v1beta", 1),
    "a path of the gateway": ("POST https://crazyrouter.com/v1beta/models/", 0),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_place_on_a_machine_is_seen(case):
    text, found = PLACES[case]
    assert len(PLACE.findall(text)) == found


def texts(notebook) -> str:
    """All text of the outputs, with pictures taken out."""
    found = []
    for output in (output for cell in notebook.cells for output in cell.get("outputs", ())):
        data = output.get("data", {})
        found += [output.get("text", ""), *(value for kind, value in data.items() if kind[:5] == "text/")]
    return re.sub(r"base64,[A-Za-z0-9+/=]+", "", "\n".join(map(str, found)))


def words_of(notebook) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def without_code(words) -> str:
    return re.sub(r"```.*?```|`[^`]*`", "", words, flags=re.DOTALL)


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
    "another digest in the page": (
        '<p data-sha256="%s">' % ("0" * 64),
        '<p data-sha256="%s">' % ("1" * 64),
        True,
    ),
    "another text": ("PNG · 1024 × 1024", "PNG · 512 × 512", False),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_outputs_are_compared_by_what_they_show(pair):
    one, other, same = PAIRS[pair]
    shown = module("conftest").Shown
    assert (shown(one) == shown(other)) is same
    assert (shown(one) != shown(other)) is not same


def test_promise_18_nbval_notices_a_changed_picture(tmp_path):
    shutil.copy(FOLDER / "conftest.py", tmp_path)
    notebook = nbformat.read(FOLDER / "01_first_image.ipynb", as_version=4)
    del notebook.cells[4:]
    shown = next(output for output in notebook.cells[3].outputs if "data" in output)
    shown.data["image/jpeg"] = TEAL
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    done = run_nbval(tmp_path, "--nbval-cell-timeout=60", "changed.ipynb")
    assert done.returncode == 1
    assert "image/jpeg" in done.stdout
    assert "1 failed, 1 passed" in done.stdout
