"""Writes the account that hosts this repository into every link that names it: `home.py ACCOUNT`.

`[project.urls]` in pyproject.toml says which account the links name now; OWNER stands for one that is not
known yet. What is between the marks below is said until it is known, and then goes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNKNOWN = "OWNER"
ACCOUNT = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")  # as GitHub allows
REPOSITORY = re.compile(r'^Repository = "https://github\.com/([^/"]+)/gemini_nb"$', re.MULTILINE)
UNTIL_KNOWN = re.compile(r"<!-- until there is a home -->.*?<!-- / -->\n?", re.DOTALL)
# github.com/NAME/gemini_nb, mybinder.org/v2/gh/NAME/gemini_nb, NAME.github.io/gemini_nb
LINK = (
    r"(?P<before>github\.com/|githubusercontent\.com/|/gh/)({name})(?=/gemini_nb\b)"
    r"|\b({name})(?=\.github\.io/gemini_nb\b)"
)
TEXT = re.compile(r".*\.(cff|cfg|html|ipynb|js|json|md|py|rst|toml|txt|ya?ml)|[^.]+")
NOT_OURS = re.compile(
    r"\.git|\.venv|__pycache__|_build|build|demo|dist|node_modules|\..*_cache|\..*_checkpoints|\.hypothesis"
)


def main(account: str = "") -> None:
    """Rewrite the files, and name those that changed."""
    if not ACCOUNT.fullmatch(account):
        sys.exit(f"{account!r} is no account of GitHub: make home OWNER=ada")
    before = current()
    for path in sorted(files()):
        text = path.read_bytes().decode(errors="surrogateescape")
        new = move(text, before, account, is_page=path.suffix == ".md")
        if new != text:
            path.write_bytes(new.encode(errors="surrogateescape"))
            print(path.relative_to(ROOT).as_posix())


def current() -> str:
    """The account that the links name now."""
    return REPOSITORY.findall((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[0]


def move(text: str, before: str, account: str, *, is_page: bool) -> str:
    """A file's text with its links to one account turned into links to another."""
    if is_page and account != UNKNOWN:
        text = UNTIL_KNOWN.sub("", text)
    link = re.compile(LINK.format(name=re.escape(before)), re.IGNORECASE)
    return link.sub(lambda match: f"{match['before'] or ''}{account}", text)


def files() -> list[Path]:
    """The text files of the checkout, but for this one."""
    found, folders = [], [ROOT]
    while folders:
        for path in folders.pop().iterdir():
            if NOT_OURS.fullmatch(path.name) or path.is_symlink():
                continue
            if path.is_dir():
                folders.append(path)
            elif TEXT.fullmatch(path.name) and path != Path(__file__).resolve():
                found.append(path)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
