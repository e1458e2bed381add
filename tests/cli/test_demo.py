"""`gemini-nb demo`; `tests/test_readme.py` runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.command_line import run_program


def test_a_demo_does_not_write_among_other_files(tmp_path):
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "hero.jpg").write_text("mine")
    done = run_program("demo", "-o", "shown")
    assert (done.returncode, [path.name for path in Path("shown").iterdir()]) == (1, ["hero.jpg"])
    assert "it holds other files" in done.stderr


def test_a_demo_says_what_it_needs():
    code = (
        "import sys; sys.modules['nbclient'] = None; from gemini_nb.cli import main; sys.exit(main(['demo']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install '.[demo]'" in done.stderr
