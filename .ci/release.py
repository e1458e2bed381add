"""What a release needs: `release.py prepare VERSION`, `release.py check TAG OWNER`, `release.py notes`.

prepare  writes the version into every file that has it, and today's date into the changelog
check    fails with every reason against publishing this checkout as that tag, from that account
notes    prints the newest part of the changelog
"""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
# Where the version stands, as the only group of a pattern; `check` compares them all.
PLACES = {
    "pyproject.toml": r'^version = "(.+)"$',
    "gemini_nb/_version.py": r'^__version__ = "(.+)"$',
    "CITATION.cff": r"^version: (.+)$",
    "CHANGELOG.md": r"^## (\S+) \(.+\)$",
}
DATE = r"^## \S+ \((.+)\)$"
HOME = r"^Repository = \"https://github.com/(.+)/gemini_nb\"$"


def main(command: str, *arguments: str) -> int:
    """Do what the command line says; return 1 for what stands against it."""
    if command == "prepare":
        return prepare(*arguments)
    if command == "check":
        return check(*arguments)
    print(notes())
    return 0


def prepare(version: str) -> int:
    """Write the version and today's date."""
    if not VERSION.fullmatch(version):
        print(f"{version} is no version like 0.2.0 or 0.2.0rc1.")
        return 1
    for name, pattern in PLACES.items():
        write(name, pattern, version)
    write("CHANGELOG.md", DATE, f"{date.today():%Y-%m-%d}")
    print(f"Look at it, commit it, then: git tag v{version} && git push origin main v{version}")
    return 0


def check(tag: str, owner: str) -> int:
    """Print what stands against publishing this checkout as `tag` from the account `owner`."""
    version = tag.removeprefix("v")
    reasons = [
        f"{name} has {read(name, pattern)}, the tag {version}: make release VERSION={version}"
        for name, pattern in PLACES.items()
        if read(name, pattern) != version
    ]
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", read("CHANGELOG.md", DATE)):
        reasons.append(f"CHANGELOG.md has no date of the release: make release VERSION={version}")
    if (home := read("pyproject.toml", HOME)) != owner:
        reasons.append(
            f"The links lead to {home}, and this is published from {owner}: make home OWNER={owner}"
        )
    print(*reasons or [f"gemini_nb {version} can be published."], sep="\n")
    return 1 if reasons else 0


def notes() -> str:
    """The newest part of the changelog, without its heading."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.split(r"^## .+$", text, flags=re.MULTILINE)[1].strip()


def read(name: str, pattern: str) -> str:
    """What stands in a file in the pattern's place, first; "nothing" where it is not there."""
    match = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    return match[1] if match else "nothing"


def write(name: str, pattern: str, value: str) -> None:
    """Put a value where the pattern's group is, once."""
    text = (ROOT / name).read_text(encoding="utf-8")
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        sys.exit(f"{name} has no line like {pattern}")
    text = text[: match.start(1)] + value + text[match.end(1) :]
    (ROOT / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
