"""The demo: the first notebook run offline in a fresh kernel, its pictures and an HTML page written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gemini_nb.errors import ArgumentError, GeminiError

NOTEBOOK = "01_first_image.ipynb"

_SAVE_ALL = """
from gemini_nb import Generation
for _name, _made in list(globals().items()):
    if isinstance(_made, Generation) and not _name.startswith("_"):
        print(_made.save(_name + _made.image.suffix, overwrite=True))
"""


def run(folder: Path) -> None:
    """Execute the first notebook in `folder` without a key; print where its pictures and its page are."""
    nbformat, nbclient, exporters = _jupyter()
    notebook = nbformat.read(_find(), as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(_SAVE_ALL))
    folder.mkdir(parents=True, exist_ok=True)
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(folder)}}, kernel_name="python3"
    )
    try:
        client.execute(env={**os.environ, "GEMINI_NB_PROVIDER": "offline"})
    except nbclient.exceptions.CellExecutionError as failure:
        reason = str(failure)
    else:
        reason = ""
    if reason:
        raise GeminiError(f"The notebook failed: {reason[:500]}")
    saved = notebook.cells.pop().outputs
    page = folder / "first_image.html"
    page.write_text(exporters.HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    nbformat.write(notebook, folder / NOTEBOOK)
    for name in "".join(output.get("text", "") for output in saved).split():
        print(f"picture   {folder / name}")
    print(f"notebook  {folder / NOTEBOOK}")
    print(f"page      {page.resolve().as_uri()}")


def _find() -> Path:
    """The notebook beside the package in a checkout, inside it in an installation."""
    here = Path(__file__).parent
    for folder in (here.parent / "notebooks", here / "notebooks"):
        if (folder / NOTEBOOK).exists():
            return folder / NOTEBOOK
    raise ArgumentError(f"{NOTEBOOK} is not here.", hint="Install gemini-nb again, or run it in a checkout.")


def _jupyter() -> tuple[Any, Any, Any]:
    try:
        import nbclient  # noqa: PLC0415 - an extra
        import nbformat  # noqa: PLC0415
        from nbconvert import exporters  # noqa: PLC0415
    except ImportError:
        raise ArgumentError("The demo needs Jupyter.", hint="pip install 'gemini-nb[demo]'") from None
    return nbformat, nbclient, exporters
