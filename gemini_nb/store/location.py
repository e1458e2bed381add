"""Where stores are: beside the notebook, whose folder its front end knows, and near that.

FOLDER/.gemini_nb                    what is used; FOLDER is the notebook's, else the current one
CURRENT/.gemini_nb, the parents',    looked into for a picture that is not there, before it is paid for:
FOLDER/*/.gemini_nb                  papermill and VS Code may run a notebook from another folder
"""

from __future__ import annotations

import os
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.files import is_folder
from gemini_nb.notebook_folder import find_notebook_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = ".gemini_nb"

_PARENTS = 4
_ENTRIES = 500  # of a folder that are looked at for stores just below it
_MOST = 50  # stores near one: each is looked into at each miss


def default_folder(folder: Path | None = None, *, names: Mapping[str, Any] | None = None) -> Path:
    """Return the folder of the store for a notebook in `folder` (None: where it is, else the current one).

    It is `.gemini_nb` beside the notebook if that exists or can be created, else one in the user's cache.
    `names` are the notebook's variables, if another shell than IPython's current one runs it.
    """
    here = (folder or find_notebook_folder(names) or _current_folder()).absolute()
    store = here / NAME
    # An existing store is used even if it is read-only: its pictures cost nothing.
    if is_folder(store) or (os.access(here, os.W_OK | os.X_OK) and here.name != ""):
        return store
    from platformdirs import user_cache_path  # noqa: PLC0415 - seldom needed

    name = sha256(os.fsencode(here)).hexdigest()[:16]
    return user_cache_path("gemini_nb") / "store" / name


def is_elsewhere(store: Path) -> bool:
    """Whether a store is not in the current folder."""
    return store.parent != _current_folder()


def find_near(store: Path) -> list[Path]:
    """Return the other stores near one of the usual name: of the current folder, above it and just below."""
    if store.name != NAME:
        return []
    bases = dict.fromkeys([store.parent, _current_folder()])
    above = (parent / NAME for base in bases for parent in islice(base.parents, _PARENTS))
    below = (path for base in bases for path in _stores_below(base))
    candidates = dict.fromkeys([*(base / NAME for base in bases), *above, *below])
    near = (path for path in candidates if path != store and is_folder(path) and _is_trusted(path))
    return list(islice(near, _MOST))


def _stores_below(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in islice(entries, _ENTRIES) if _is_plain_folder(entry))
    except OSError:
        return []
    return [folder / name / NAME for name in names]


def _is_plain_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_trusted(path: Path) -> bool:
    """Whether a folder is this user's or the system's: anybody may leave one in /tmp."""
    user = getattr(os, "geteuid", int)()
    try:
        return user == 0 or path.stat().st_uid in (0, user)
    except OSError:
        return False


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was removed
        return Path(os.sep)
