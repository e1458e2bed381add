"""Where things stand in the checkout."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
PACKAGE = ROOT / "gemini_nb"
NOTEBOOKS = ROOT / "notebooks"
