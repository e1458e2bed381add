"""What the README says is so: its tables match the code, its Python runs, its links lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from gemini_nb import errors

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def first_line(docstring):
    return docstring.strip().splitlines()[0]


def error_rows():
    public = [e for e in vars(errors).values() if isinstance(e, type) and not e.__name__.startswith("_")]
    return [
        f"| `{e.__name__}` | {first_line(e.__doc__)} |" for e in public if issubclass(e, errors.GeminiError)
    ]


def module_rows():
    """A row for each module; the painter's own rooms are left to `offline/painter.py`."""
    package = ROOT / "gemini_nb"
    names = [path.relative_to(package).as_posix() for path in sorted(package.rglob("*.py"))]
    offline = [f"offline/{name}.py" for name in ("provider", "painter", "embedded", "server")]
    shown = [n for n in names if not n.endswith("__init__.py") and (n in offline or "offline/" not in n)]
    return [f"| `{name}` | {purpose(package / name)} |" for name in shown]


def purpose(path):
    return first_line(ast.get_docstring(ast.parse(path.read_text()))).rstrip(".:")


@pytest.mark.parametrize("row", error_rows())
def test_the_troubleshooting_table_has_each_error_in_the_words_of_its_docstring(row):
    assert row in README


@pytest.mark.parametrize("row", module_rows())
def test_the_module_table_has_each_module_in_the_words_of_its_docstring(row):
    assert row in README


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_each_python_block_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http|data:)([^)#]+)\)", README))
def test_each_link_leads_to_a_file(target):
    assert (ROOT / target).exists()


def test_the_first_screen_is_a_picture_three_lines_and_the_shapes():
    first = README[: README.index("## ")]
    assert "first_image.png" in first
    assert "%load_ext gemini_nb" in first
    assert "| hosted URL |" in first
