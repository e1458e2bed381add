"""The notebooks of the course, and what lies beside them as modules."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

import pytest

from support.paths import NOTEBOOKS

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = NOTEBOOKS
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def module(name: str) -> ModuleType:
    """Run a script of the course as a module that nothing else imports."""
    spec = importlib.util.spec_from_file_location(f"course_{name}", FOLDER / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def solution(notebook) -> list[str]:
    """The cells of a notebook's folded solutions."""
    folded = re.findall(r"<details>.*?</details>", notebook.cells[-1].source, re.DOTALL)
    return [
        code
        for text in folded
        for code in re.findall(r"^```\w*\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)
    ]
