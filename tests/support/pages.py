"""The pages that people read, and the blocks of code in them."""

from __future__ import annotations

import re

from support.paths import ROOT

HOWTO = sorted((ROOT / "docs" / "howto").glob("*.md"))
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*/*.md")))
    if path.parent.name != "course"  # written by the build from notebooks/
}
PAGES["docs/index.md"] = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
README = PAGES["README.md"]
RUNNABLE = ("bash", "ipython", "python")
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def tags(text: str) -> set[str]:
    """What the blocks of a page are said to be, directives of the site aside."""
    return {tag for tag, _ in _BLOCK.findall(text) if not tag.startswith("{")}


def blocks(text: str, language: str) -> list[str]:
    """The blocks of a page in one language."""
    return [code for tag, code in _BLOCK.findall(text) if tag == language]


def pages_with(language: str) -> list[str]:
    """The pages that have a block in a language."""
    return [name for name, text in PAGES.items() if blocks(text, language)]
