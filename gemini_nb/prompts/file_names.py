"""File names that `-s` asks for: `out/{{sku}}.jpg` filled for each picture, safe, and each used once.

Slashes that are typed lead into folders; what a value holds stays within its part of the path.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.files import is_folder
from gemini_nb.images.save import RESERVED, TYPES, warn
from gemini_nb.prompts import template
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MAX_PART_BYTES = 200  # of the 255 that file systems take: a number and a suffix may follow
_UNSAFE = frozenset('<>:"/\\|?*')
_FILLED = "\0"  # stands around a value while a path is put together, since no path can hold it
_SHOWN_CHARACTERS = 60


class FileNames:
    """The names for the pictures of one `-s`, which may hold fields as a prompt does."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._has_fields = bool(template.list_fields(path))
        self._changed: dict[str, str] = {}

    def fill(self, names: Mapping[str, Any]) -> str:
        """Return the path with its fields filled by values that are safe in a file name.

        Raises `ArgumentError` as `template.fill` does.
        """
        if not self._has_fields:
            return self.path
        marked = template.fill(self.path, names, adapt=lambda value: f"{_FILLED}{_clean(value)}{_FILLED}")
        path = "/".join(
            _make_safe(part.replace(_FILLED, "")) if _FILLED in part else part for part in marked.split("/")
        )
        plain = template.fill(self.path, names)
        if path != plain:
            self._changed[plain] = path
        return path

    def choose(self, filled: Sequence[str], *, is_grid: bool) -> tuple[str, ...]:
        """Return a path for each picture, in the same order whenever it is asked; a folder ends with a slash.

        A name that several pictures want is numbered: NAME-1, NAME-2. For several pictures a name without
        fields and without the suffix of a picture is a folder. What was made safe is said in a line.
        """
        last = self.path.rpartition("/")[2]
        means_folder = is_grid and not _split_suffix(last)[1] and not template.list_fields(last)
        self._say_what_changed()
        return _number([_as_folder(path) if means_folder or names_folder(path) else path for path in filled])

    @classmethod
    def of_one(cls, path: str | None, names: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the path for a single picture, none where it is not to be saved."""
        chosen = cls(path or "")
        return chosen.choose([chosen.fill(names)], is_grid=False) if path else ()

    def _say_what_changed(self) -> None:
        if not self._changed:
            return
        plain, path = next(iter(self._changed.items()))
        more = f", and {len(self._changed) - 1:,} more" if len(self._changed) > 1 else ""
        shown = one_line(plain, _SHOWN_CHARACTERS), one_line(path, _SHOWN_CHARACTERS)
        warn(f"Made safe as a file name: {shown[0]!r} is {shown[1]!r}{more}.")


def _clean(value: str) -> str:
    return "".join(c if c.isprintable() and c not in _UNSAFE else "-" for c in value)


def _make_safe(part: str) -> str:
    """Return a part of a path that any system takes, and that leads nowhere else."""
    stem, suffix = _split_suffix(part)
    if stem.startswith((".", "~", " ")):
        stem = stem.lstrip(".~ -")
    stem = stem.encode("utf-8", "ignore")[:_MAX_PART_BYTES].decode("utf-8", "ignore")
    stem = (stem if suffix else stem.rstrip(". ")) or "image"
    return f"{stem}{'-' if RESERVED.match(stem) else ''}{suffix}"


def _split_suffix(path: str) -> tuple[str, str]:
    """Return a path without the suffix of a picture, and that suffix, "" where it has none."""
    stem, dot, name = path.rpartition(".")
    return (stem, f"{dot}{name}") if f"{dot}{name}".lower() in TYPES else (path, "")


def names_folder(path: str) -> bool:
    """Whether a path is that of a folder: one that exists, or one with a slash at its end."""
    return path.endswith("/") or is_folder(expand(path))


def expand(path: str) -> Path:
    """Return a path with its `~` expanded; as it stands where there is no such home, which saving says."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _as_folder(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"


def _number(paths: Sequence[str]) -> tuple[str, ...]:
    """Number the paths that several pictures want, with numbers that make no other one's path."""
    parts = list(map(_split_suffix, paths))
    is_complete = all(suffix for _, suffix in parts)  # else one without may get the suffix of another
    keys = [_fold(stem + suffix * is_complete) for stem, suffix in parts]
    wanted = Counter(keys)
    counters = {key: count(1) for key in wanted}
    numbered = []
    for key, (stem, suffix) in zip(keys, parts, strict=True):
        number = ""
        while wanted[key] > 1 and not stem.endswith("/"):
            number = f"-{next(counters[key])}"
            if _fold(stem + number + suffix * is_complete) not in wanted:
                break
        numbered.append(stem + number + suffix)
    return tuple(numbered)


def _fold(path: str) -> str:
    """Return what is equal for names that are one file on systems that ignore case or compose letters."""
    return unicodedata.normalize("NFC", path).casefold()
