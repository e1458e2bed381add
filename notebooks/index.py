"""Writes README.md, the index of the course, and its thumbnails from the notebooks: `python notebooks/index.py`.

A notebook gives its title, what is learnt, the minutes, and one of its own pictures.
"""

from __future__ import annotations

import io
import re
import tomllib
from base64 import b64decode
from pathlib import Path

import nbformat
from PIL import Image, ImageOps

FOLDER = Path(__file__).parent
BINDER = "https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/notebooks/{name}"
THUMBNAIL_PIXELS = (240, 160)
PICTURE = {"05": 5, "06": 3, "07": 5, "08": 1}  # which of its own pictures; else the first
LEARN = re.compile(r"\*You will learn (?P<what>.+?)\.\s+About (?P<minutes>\d+)\s+minutes\b.*?\*", re.DOTALL)
IN_HTML = re.compile(r'src="data:image/[a-z]+;base64,([^"]+)"')
UNSET = "OWNER/gemini_nb"

HEAD = """\
# The course

{count} notebooks, about {minutes} minutes in all, best read in this order: the first makes a picture, the second shows
what comes back from a gateway, and why. Each is kept with its outputs, so it can be read right here, and each runs
without a key: the pictures are painted on your machine and marked *offline*.

To run them without installing anything, [open them on Binder]({launch}).
The first start takes a while; a session ends when it is not used for ten minutes.{owner} On your own machine:
`pip install -e '.[demo]'` in a clone, then `jupyter lab notebooks`.

To teach with them, or with a notebook of your own, see [CLASSROOM.md](CLASSROOM.md). To keep notebooks as text, with
jupytext, MyST or marimo, see [TEXT_FORMATS.md](TEXT_FORMATS.md).

| | notebook | you will learn | minutes | run it |
| --- | --- | --- | --- | --- |
"""
ROW = (
    '| <img src="thumbnails/{stem}.jpg" width="120" alt=""> | [{number} {title}]({name}) | {what} | {minutes} '
    "| [Binder]({launch}) |\n"
)
# `make home` takes out what stands between these marks, and puts an account in place of OWNER.
OWNER = (
    "<!-- until there is a home --> (OWNER in the links stands for the account that hosts this repository.)"
    "<!-- / -->"
)


def main() -> None:
    """Write the index and the thumbnails."""
    (FOLDER / "thumbnails").mkdir(exist_ok=True)
    for path in notebooks():
        thumbnail(path).save(FOLDER / "thumbnails" / f"{path.stem}.jpg", quality=80)
    (FOLDER / "README.md").write_text(index(), encoding="utf-8")


def notebooks() -> list[Path]:
    """The notebooks of the course, in order."""
    return sorted(FOLDER.glob("[0-9]*.ipynb"))


def index() -> str:
    """The text of README.md."""
    rows = [facts(path) for path in notebooks()]
    owner = OWNER if repository() == UNSET else ""
    total = sum(int(row["minutes"]) for row in rows)
    head = HEAD.format(count=len(rows), minutes=total, launch=rows[0]["launch"], owner=owner)
    return head + "".join(ROW.format(**row) for row in rows)


def facts(path: Path) -> dict[str, str]:
    """What a notebook's first cell says of it, and where it is opened."""
    text = nbformat.read(path, as_version=4).cells[0].source
    learn = LEARN.search(text)
    if not learn:
        raise ValueError(f"{path.name} does not open with *You will learn … About N minutes.*")
    return {
        "number": path.stem[:2],
        "stem": path.stem,
        "name": path.name,
        "title": text.splitlines()[0].removeprefix("# "),
        "what": " ".join(learn["what"].split()),
        "minutes": learn["minutes"],
        "launch": BINDER.format(repository=repository(), name=path.name),
    }


def repository() -> str:
    """The GitHub repository that `pyproject.toml` names, as owner/name."""
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project.get("urls", {}).get("Repository", UNSET).removeprefix("https://github.com/")


def thumbnail(path: Path) -> Image.Image:
    """One of the notebook's own pictures, small."""
    data = pictures(path)[PICTURE.get(path.stem[:2], 0)]
    return ImageOps.fit(Image.open(io.BytesIO(data)).convert("RGB"), THUMBNAIL_PIXELS)


def pictures(path: Path) -> list[bytes]:
    """The pictures of a notebook's outputs, in order."""
    outputs = [
        output.data
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    return [b64decode(text) for data in outputs for text in encoded(data)]


def encoded(data: dict[str, str]) -> list[str]:
    """The pictures of one output, in base64: those of its page, which are larger, or the one beside it."""
    own = [data[kind] for kind in ("image/png", "image/jpeg") if kind in data]
    return IN_HTML.findall(data.get("text/html", "")) or own


if __name__ == "__main__":
    main()
