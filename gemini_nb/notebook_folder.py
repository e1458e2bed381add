"""The notebook that runs and its folder, as its front end tells them, and what the notebook can link to."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gemini_nb.files import is_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

# VS Code's and papermill's variables in the notebook; a Jupyter server sets JPY_SESSION_NAME.
_NOTEBOOK_VARIABLES = ("__vsc_ipynb_file__", "PAPERMILL_INPUT_PATH")


def find_notebook_folder(names: Mapping[str, Any] | None = None) -> Path | None:
    """Return the folder of the notebook that runs, where a front end says which that is; else None."""
    notebook = find_notebook(names)
    return None if notebook is None else notebook.parent


def find_notebook(names: Mapping[str, Any] | None = None) -> Path | None:
    """Return the file of the notebook that runs, where a front end says which that is; else None.

    It has that name when the kernel starts: it may have been renamed, or be gone, but its folder is there.
    """
    if names is None:
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        names = getattr(shell, "user_ns", {})
    told = [*map(names.get, _NOTEBOOK_VARIABLES), os.environ.get("JPY_SESSION_NAME")]
    for path in told:
        if isinstance(path, str) and path.endswith(".ipynb"):
            with suppress(OSError):  # the current folder was removed
                notebook = Path(path).absolute()
                if is_folder(notebook.parent):
                    return notebook
    return None


def link_to(path: Path) -> str:
    """Return the address of a file for a link in the notebook, "" where none leads there.

    Jupyter gives out what is in the notebook's folder and below it, except for hidden files and folders.
    """
    try:
        near = path.resolve().relative_to((find_notebook_folder() or Path.cwd()).resolve())
    except (OSError, ValueError):  # the current folder is gone; the file is elsewhere
        return ""
    return "" if any(part.startswith(".") for part in near.parts) else quote(near.as_posix())
