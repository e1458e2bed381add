"""Maintenance of a store's folder: check every file, list them, and remove the store's own files only."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from gemini_nb import files
from gemini_nb.images.header import SUFFIXES
from gemini_nb.images.image import MAX_IMAGE_BYTES
from gemini_nb.reply.content import MAX_CONTENT_BYTES
from gemini_nb.reply.kept import MAX_KEPT_BYTES
from gemini_nb.store import conversion
from gemini_nb.store.record import decode, is_of_later_format

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gemini_nb.store.record import Record

MAX_RECORD_BYTES = 16 * 2**20

_JOBS = "- `jobs/`: batch jobs: what was sent to be made within a day; not for publishing\n"
_INPUTS = "- `inputs/`: what pictures with a mask were made of: their source and the mask\n"
README = f"""\
# Pictures and prompts of a notebook

This folder was written by the Python package gemini-nb beside a notebook. It holds every picture that
was made, as it was received, with the prompt and settings that made it, so that running the notebook again
costs nothing.

- `records/`: one JSON file for each request: what was asked, what came
- `images/`: the pictures, named by the SHA-256 of their bytes
{_INPUTS}- `contents/`: model content that a conversation must send back as it came
- `saved/`: which files were saved as another type than their picture has; so a re-run may replace them
- `unread/`: replies that could not be used; not for publishing
- `claims/`: which requests are with a worker of another process, while they are
{_JOBS}
You may commit it with the notebook: anyone can then run the notebook again without an API key. It holds
your prompts and pictures, never a key. Files are checked when they are read: one that was changed counts as
missing. `gemini-nb store verify` checks them all, `gemini-nb store clear` removes them.
"""
GITIGNORE = "unread/\nclaims/\n*.part\n"
ABOUT = {"README.md": README.encode(), ".gitignore": GITIGNORE.encode()}
_WITHOUT_JOBS = ABOUT["README.md"].replace(_JOBS.encode(), b"")
FORMER_READMES = (_WITHOUT_JOBS, _WITHOUT_JOBS.replace(_INPUTS.encode(), b""))

_PART = r"\.[0-9a-f]{16}\.part"
_JSON_NAME = re.compile(rf"[0-9a-f]{{64}}\.json|{_PART}", re.ASCII)
_PICTURE_NAME = re.compile(rf"[0-9a-f]{{64}}\.(?:png|jpg|webp|gif)|{_PART}", re.ASCII)
_OURS = {
    "records": _JSON_NAME,
    "images": _PICTURE_NAME,
    "inputs": _PICTURE_NAME,
    "contents": _JSON_NAME,
    conversion.FOLDER: _JSON_NAME,
    "unread": re.compile(rf"\d{{8}}-\d{{6}}-[0-9a-f]{{12}}\.\w{{1,20}}|{_PART}|\.gitignore", re.ASCII),
    "claims": re.compile(r"[0-9a-f]{64}-[0-9a-f]{16}\.(?:asked|sent|kept)", re.ASCII),
    "jobs": re.compile(
        rf"gemini-nb-[0-9a-f]{{32}}-[0-9a-z]{{1,16}}\.(?:json|rows|jsonl)|sending\.lock|{_PART}|\.gitignore",
        re.ASCII,
    ),
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
    problems = [
        Problem(path, "not a regular file or folder, so it is not read") for path in _list_others(folder)
    ]
    images = _list_sound(folder, "images", MAX_IMAGE_BYTES, problems)
    inputs = _list_sound(folder, "inputs", MAX_IMAGE_BYTES, problems)
    contents = _list_sound(folder, "contents", MAX_CONTENT_BYTES, problems)
    unread = _list_sound(folder, "unread", MAX_KEPT_BYTES, problems)
    problems += (
        Problem(path, "it does not say what a file was converted from, or was altered")
        for path in list_files(folder, conversion.FOLDER)
        if not conversion.is_sound(path)
    )
    sound = images | inputs | contents
    used: set[str] = set()
    later_names: set[bytes] = set()  # whatever a later format calls them, files are named by digests
    count = later = 0
    for path in list_files(folder, "records"):
        if (record := read_record(path)) is not None:
            count += 1
            pictures = (*record.images, *record.received, *record.drafts)
            wanted = [f"images/{image.file_name}" for image in pictures]
            wanted += [f"contents/{record.content}.json"] if record.content else []
            used.update(wanted)
            used.update(f"inputs/{image.sha256}{SUFFIXES.get(image.mime_type)}" for image in record.inputs)
            missing = [name for name in wanted if name not in sound]
            problems += [Problem(path, f"names {name}, which is missing or altered") for name in missing]
        elif (raw := read_later_record(path)) is not None:
            later += 1
            later_names.update(re.findall(rb"[0-9a-f]{64}", raw))
        else:
            problems.append(Problem(path, "altered, or not the record of its name"))
    used.update(name for name in sound if PurePath(name).stem.encode() in later_names)
    return Report(
        records=count,
        images=len(images),
        contents=len(contents),
        unread=len(unread),
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
        if path.name.startswith("."):  # unread/.gitignore
            continue
        digest = files.read_digest(path, limit=limit)
        # A kept reply's name is its time, then the beginning of its digest.
        if digest is not None and digest.startswith(path.stem.rpartition("-")[2]):
            sound.add(f"{kind}/{path.name}")
        else:
            problems.append(Problem(path, "its bytes do not match its name"))
    return sound


def read_record(path: Path) -> Record | None:
    """Return the record in a file, or None if it cannot be read or is not the one of the file's name."""
    raw = files.read_plain(path, limit=MAX_RECORD_BYTES)
    return None if raw is None else decode(raw, digest=path.stem)


def read_later_record(path: Path) -> bytes | None:
    """Return a file's bytes if they are a record that a later version has written, else None."""
    raw = files.read_plain(path, limit=MAX_RECORD_BYTES)
    return raw if raw is not None and is_of_later_format(raw) else None


def clear(folder: Path) -> int:
    """Remove every file of a store, then its empty folders; return the number of files removed."""
    count = 0
    for kind in _OURS:  # records first: another reader then misses, and finds no record without its picture
        count += sum(map(_remove_file, _list_entries(folder, kind)))
        if kind:
            _remove_folder(folder / kind)
    for name, text in (*ABOUT.items(), *(("README.md", text) for text in FORMER_READMES)):
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


def _list_others(folder: Path) -> Iterator[Path]:
    """Yield what has a name of the store's and is something else: a link, a pipe, a device, a folder."""
    for kind in _OURS:
        inside = folder / kind
        if kind and os.path.lexists(inside) and not files.is_plain_folder(inside):
            yield inside
        yield from _list_entries(folder, kind, is_plain=False)


def _list_entries(folder: Path, kind: str, *, is_plain: bool = True) -> list[Path]:
    inside = folder / kind
    if kind and not files.is_plain_folder(inside):
        return []
    try:
        with os.scandir(inside) as entries:
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False) == is_plain]
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
    if files.is_plain_folder(folder):
        with suppress(OSError):  # not empty: it holds files of others
            folder.rmdir()
