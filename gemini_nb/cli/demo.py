"""`gemini-nb demo`: the first notebook run offline in a fresh kernel; writes its pictures and a page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.cli.terminal import progress
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.files import write_new

if TYPE_CHECKING:
    from argparse import ArgumentParser

NOTEBOOK = "01_first_image.ipynb"
PAGE = "first_image.html"

_SAVE_ALL = """
from gemini_nb import Generation
for _name, _value in list(globals().items()):
    if isinstance(_value, Generation) and not _name.startswith("_"):
        print(_value.save(_name + _value.image.suffix, overwrite=True))
"""


def add(parser: ArgumentParser) -> None:
    """Add the options to the parser of `demo`."""
    parser.set_defaults(command=lambda args: run(args.output))
    about = "folder for them (default: %(default)s)"
    parser.add_argument("-o", "--output", type=Path, default=Path("demo"), metavar="FOLDER", help=about)


def run(folder: Path) -> None:
    """Execute the first notebook in `folder` without a key; print where its pictures and its page are.

    Raises `ArgumentError` without Jupyter, or for a folder that holds what no demo left there.
    """
    nbformat, nbclient, exporters = _import_jupyter()
    notebook = nbformat.read(find(), as_version=4)
    _prepare(folder)
    notebook.cells.append(nbformat.v4.new_code_cell(_SAVE_ALL))
    client = nbclient.NotebookClient(
        notebook,
        timeout=120,
        iopub_timeout=120,  # by itself it drops outputs that are 4 s late, as on a busy machine
        resources={"metadata": {"path": str(folder)}},
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=40"],  # what a kernel warns of is not about the demo
    )
    # Without what is set for gemini_nb, such as a lock on replay; the key is not used.
    others = {name: value for name, value in os.environ.items() if not name.startswith("GEMINI_NB_")}
    with progress(lambda: "Running the first notebook offline"):
        try:
            client.execute(env={**others, "GEMINI_NB_PROVIDER": "offline"})
        except nbclient.exceptions.CellExecutionError as failure:
            reason = f"{failure.ename}: {failure.evalue}"
            raise GeminiError(f"The notebook failed: {reason[:500]}") from None
    saved = notebook.cells.pop().outputs
    page = folder / PAGE
    html = exporters.HTMLExporter().from_notebook_node(notebook)[0].encode()
    write_new(page, lambda _page: html, what="The page", overwrite=True)
    nbformat.write(notebook, folder / NOTEBOOK)
    for name in "".join(output.get("text", "") for output in saved).split():
        print(f"picture   {folder / name}")
    print(f"notebook  {folder / NOTEBOOK}")
    print(f"page      {page}")
    print(f"\nOpen this page in a browser: {page.resolve().as_uri()}")


def _prepare(folder: Path) -> None:
    """Make the folder; refuse one where the demo's names could be somebody's own files."""
    problem = "it holds other files"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not any(folder.iterdir()) or (folder / NOTEBOOK).exists():
            return
    except (OSError, ValueError) as error:  # ValueError: NUL in a path
        problem = getattr(error, "strerror", None) or str(error)
    raise ArgumentError(
        f"The demo cannot be written to {str(folder)!r}: {problem}.", hint="Choose an empty folder."
    )


def find() -> Path:
    """Return the notebook: beside the package in a checkout, inside it in an installation."""
    here = Path(__file__).parent.parent
    for folder in (here.parent / "notebooks", here / "notebooks"):
        if (folder / NOTEBOOK).exists():
            return folder / NOTEBOOK
    raise ArgumentError(f"{NOTEBOOK} is missing.", hint="Reinstall gemini-nb, or run it in a clone.")


def _import_jupyter() -> tuple[Any, Any, Any]:
    try:
        import nbclient  # noqa: PLC0415 - an extra
        import nbformat  # noqa: PLC0415
        from nbconvert import exporters  # noqa: PLC0415
    except ImportError:
        raise ArgumentError(
            "The demo needs Jupyter.", hint="Install the extra: pip install '.[demo]'"
        ) from None
    return nbformat, nbclient, exporters
