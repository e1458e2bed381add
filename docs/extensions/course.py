"""The course's pages: notebooks/ is copied into docs/course/ with its stored outputs, and nothing is run.

Links of the repository become links of the site, pictures inside outputs become files (a page of megabytes
would be slow to open), and a line under each title says where the notebook can be opened.
"""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import index

if TYPE_CHECKING:
    from sphinx.application import Sphinx

NOTEBOOKS = index.FOLDER
LITE = "../lite/lab/index.html?path={name}"  # from docs/course/: the site of `make lite`, published beside it
SOURCE = "https://github.com/{repository}/blob/HEAD/notebooks/{name}"
MOVED = {
    "(README.md)": "(index.md)",
    "(CLASSROOM.md)": "(classroom.md)",
    "(TEXT_FORMATS.md)": "(text_formats.md)",
    "(../gemini_nb/offline/README.md)": "(../howto/offline_server.md)",
    "(../docs/howto/half_price.md)": "(../howto/half_price.md)",
    "(../binder)": f"(https://github.com/{index.repository()}/tree/HEAD/binder)",
}
_EMBEDDED = re.compile(r'"data:image/(?P<type>png|jpeg|webp|gif);base64,(?P<data>[A-Za-z0-9+/=]+)"')


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx looks for them."""
    app.connect("config-inited", lambda app, _config: write_pages(Path(app.srcdir)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(docs: Path) -> None:
    """Write docs/course/ and the pictures of its outputs."""
    course, pictures = docs / "course", docs / "static" / "course"
    for folder in (course, pictures):
        folder.mkdir(exist_ok=True)
    shutil.copytree(NOTEBOOKS / "pictures", course / "pictures", dirs_exist_ok=True)
    shutil.copytree(NOTEBOOKS / "thumbnails", course / "thumbnails", dirs_exist_ok=True)
    for path in index.notebooks():
        write(course / path.name, json.dumps(page(path, pictures), ensure_ascii=False, indent=1))
    contents = "\n".join(path.stem for path in index.notebooks())
    toctree = f"\n```{{toctree}}\n:hidden:\n\n{contents}\n```\n"
    write(course / "index.md", link_pages(read("README.md")) + toctree)
    write(course / "classroom.md", link_pages(read("CLASSROOM.md")))
    write(course / "text_formats.md", link_pages(read("TEXT_FORMATS.md")))


def read(name: str) -> str:
    """Return a page of notebooks/."""
    return (NOTEBOOKS / name).read_text(encoding="utf-8")


def write(path: Path, text: str) -> None:
    """Write a page unless it is there already: Sphinx builds what is newer than before."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def page(path: Path, pictures: Path) -> dict[str, Any]:
    """Return a notebook as it stands in the site."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = link_pages("".join(cell["source"]))
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            data.pop("application/vnd.jupyter.widget-view+json", None)  # a widget without its kernel is empty
            if "text/html" in data:
                data["text/html"] = take_out_pictures("".join(data["text/html"]), pictures)
    title, _, rest = notebook["cells"][0]["source"].partition("\n")
    notebook["cells"][0]["source"] = f"{title}\n\n{launch_line(path)}\n{rest}"
    return notebook


def launch_line(path: Path) -> str:
    """Return the line that says where a notebook can be opened."""
    lite = LITE.format(name=path.name)
    source = SOURCE.format(repository=index.repository(), name=path.name)
    binder = index.facts(path)["launch"]
    return (
        f'<a class="launch" href="{lite}">Open in the browser</a> · '
        f"[on Binder]({binder}) · [the notebook's file]({source})\n"
    )


def link_pages(text: str) -> str:
    """Return Markdown of notebooks/ with its links to files as links to pages."""
    for old, new in MOVED.items():
        text = text.replace(old, new)
    return text


def take_out_pictures(html: str, folder: Path) -> str:
    """Write the pictures that stand in an output's HTML to files, and return the HTML that names them."""

    def name_file(found: re.Match[str]) -> str:
        data = b64decode(found["data"])
        name = f"{sha256(data).hexdigest()[:20]}.{found['type']}"
        if not (folder / name).exists():
            (folder / name).write_bytes(data)
        return f'"../_static/course/{name}"'

    return _EMBEDDED.sub(name_file, html)
