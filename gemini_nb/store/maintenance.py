"""Maintenance of a store's folder: check every file, list them, and remove the store's own files only."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from gemini_nb import files
from gemini_nb.images.image import MAX_IMAGE_BYTES
from gemini_nb.reply.content import MAX_CONTENT_BYTES
from gemini_nb.store.record import decode, later_format

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gemini_nb.store.record import Record

MAX_RECORD_BYTES = 16 * 2**20

README = """\
# Pictures and prompts of a notebook

This folder was written by the Python package gemini-nb beside a notebook. It holds every picture that
was made, as it was received, with the prompt and settings that made it, so that running the notebook again
costs nothing.

- `records/`: one JSON file for each request: what was asked, what came
- `images/`: the pictures, named by the SHA-256 of their bytes
- `contents/`: model content that a conversation must send back as it came
- `unread/`: replies that could not be used; not for publishing
- `claims/`: which requests are with a worker of another process, while they are

You may commit it with the notebook: anyone can then run the notebook again without an API key. It holds
your prompts and pictures, never a key. Files are checked when they are read: one that was changed counts as
missing. `gemini-nb store verify` checks them all, `gemini-nb store clear` removes them.
"""
GITIGNORE = "unread/\nclaims/\n*.part\n"
ABOUT = {"README.md": README.encode(), ".gitignore": GITIGNORE.encode()}

_PART = r"\.[0-9a-f]{16}\.part"
_OURS = {
    "records": re.compile(rf"[0-9a-f]{{64}}\.json|{_PART}", re.ASCII),
    "images": re.compile(rf"[0-9a-f]{{64}}\.(?:png|jpg|webp|gif)|{_PART}", re.ASCII),
    "contents": re.compile(rf"[0-9a-f]{{64}}\.json|{_PART}", re.ASCII),
    "unread": re.compile(rf"\d{{8}}-\d{{6}}-[0-9a-f]{{12}}\.\w{{1,20}}|{_PART}|\.gitignore", re.ASCII),
    "claims": re.compile(r"[0-9a-f]{64}-[0-9a-f]{16}\.(?:asked|sent|kept)", re.ASCII),
    "": re.compile(_PART, re.ASCII),
}


@dataclass(frozen=True)
class Problem:
    """A file of the store that is damaged or misses another one; `what` says it in words."""

    path: Path
    what: str


@dataclass(frozen=True)
class Report:
    """The result of `verify`: counts of sound files by kind, and a problem for each damaged one.

    `later` counts the records of a later format, which only a later version can check. `unused` counts sound
    pictures and contents that no record names; `left_over` counts the temporary files of writers that died,
    and claims.
    """

    records: int
    images: int
    contents: int
    unread: int
    unused: int
    left_over: int
    total_bytes: int
    problems: tuple[Problem, ...]
    later: int = 0

    @property
    def ok(self) -> bool:
        """Whether no file is damaged or missing; unused files and left-overs are no problem."""
        return not self.problems


def verify(folder: Path) -> Report:
    """Read and check every file of a store, and change nothing."""
    problems: list[Problem] = []
    images = _list_sound(folder, "images", MAX_IMAGE_BYTES, problems)
    contents = _list_sound(folder, "contents", MAX_CONTENT_BYTES, problems)
    sound = images | contents
    used: set[str] = set()
    later_names: set[bytes] = set()  # whatever a later format calls them, files are named by digests
    count = later = 0
    for path in list_files(folder, "records"):
        record = read_record(path)
        if record is None and (raw := read_later_record(path)) is not None:
            later += 1
            later_names.update(re.findall(rb"[0-9a-f]{64}", raw))
            continue
        if record is None:
            problems.append(Problem(path, "not the record its name says, or altered"))
            continue
        count += 1
        wanted = [f"images/{image.file_name}" for image in (*record.images, *record.drafts)]
        wanted += [f"contents/{record.content}.json"] if record.content else []
        used.update(wanted)
        missing = [name for name in wanted if name not in sound]
        problems += [Problem(path, f"names {name}, which is missing or altered") for name in missing]
    used.update(name for name in sound if PurePath(name).stem.encode() in later_names)
    return Report(
        records=count,
        images=len(images),
        contents=len(contents),
        unread=sum(not path.name.startswith(".") for path in list_files(folder, "unread")),
        unused=len(sound - used),
        left_over=sum(1 for _ in list_left_overs(folder)),
        total_bytes=sum(
            files.plain_size(path) for kind in _OURS if kind for path in list_files(folder, kind)
        ),
        problems=tuple(problems),
        later=later,
    )


def _list_sound(folder: Path, kind: str, limit: int, problems: list[Problem]) -> set[str]:
    sound = set()
    for path in list_files(folder, kind):
        if files.is_addressed(path, limit=limit):
            sound.add(f"{kind}/{path.name}")
        else:
            problems.append(Problem(path, "its bytes are not those its name says"))
    return sound


def read_record(path: Path) -> Record | None:
    """Return the record in a file, or None if it cannot be read or is not the one of the file's name."""
    raw = files.read_plain(path, limit=MAX_RECORD_BYTES)
    return None if raw is None else decode(raw, digest=path.stem)


def read_later_record(path: Path) -> bytes | None:
    """Return a file's bytes if they are a record that a later version has written, else None."""
    raw = files.read_plain(path, limit=MAX_RECORD_BYTES)
    return raw if raw is not None and later_format(raw) is not None else None


def clear(folder: Path) -> int:
    """Remove every file of a store, then its empty folders; return the number of files removed.

    Files with other names, files in other folders, links and an edited README stay.
    """
    count = 0
    for kind in _OURS:  # records first: another reader then misses, and finds no record without its picture
        count += sum(map(_remove_file, _list_entries(folder, kind)))
        if kind:
            _remove_folder(folder / kind)
    for name, text in ABOUT.items():
        if files.read_plain(folder / name, limit=len(text)) == text:
            _remove_file(folder / name)
    _remove_folder(folder)
    return count


def list_files(folder: Path, kind: str) -> Iterator[Path]:
    """Yield the finished files of the store in the sub-folder `kind`, in the order of their names."""
    return (path for path in _list_entries(folder, kind) if path.suffix != ".part")


def list_left_overs(folder: Path) -> Iterator[Path]:
    """Yield the temporary files of writers, and claims, in all sub-folders."""
    paths = (path for kind in _OURS for path in _list_entries(folder, kind))
    return (path for path in paths if path.suffix == ".part" or path.parent.name == "claims")


def _list_entries(folder: Path, kind: str) -> list[Path]:
    inside = folder / kind
    if kind and inside.is_symlink():
        return []
    try:
        with os.scandir(inside) as entries:
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return [inside / name for name in sorted(filter(_OURS[kind].fullmatch, names))]


def _remove_file(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _remove_folder(folder: Path) -> None:
    if not folder.is_symlink():
        with suppress(OSError):  # not empty: it holds files of others
            folder.rmdir()
