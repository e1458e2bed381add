"""Pictures saved to disk: whole or not at all, and over no file that could not be made again.

A file's suffix says which type is wanted; without one, or with the picture's own, the bytes are what came.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
import warnings
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gemini_nb import files
from gemini_nb.display.preview import TYPE_NAMES, Picture
from gemini_nb.errors import ArgumentError, GeminiWarning, ImageRefusedError, SaveError
from gemini_nb.files import atomic_file
from gemini_nb.images.convert import convert
from gemini_nb.images.header import SUFFIXES
from gemini_nb.text import format_count, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gemini_nb.images.file_bytes import ImageBytes

MAX_STEM_CHARS = 80
MAX_STEM_BYTES = 120
TYPES = {suffix: mime_type for mime_type, suffix in SUFFIXES.items()} | {".jpeg": "image/jpeg"}

_MAX_COUNT = 10_000
_MAX_FILE_BYTES = 2**28  # of a file whose digest is read: 50 megapixels as PNG
RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])(?:\.|$)", re.IGNORECASE
)
_HINT = "It is still in memory, in `.image` of this error: save it somewhere else."
_PYTHON_HINT = "Pass overwrite=True to replace it, or unique=True for a new name beside it."


class Archive(Protocol):
    """Knows by their SHA-256 which files this package has written and can make again; raises nothing."""

    def can_restore(self, sha256: str) -> bool:
        """Whether a file of these bytes could be made again, so that it may be replaced."""

    def recall_conversion(self, sha256: str, image: Picture) -> bool | None:
        """Return None unless a file of these bytes was converted from a picture; else whether onto white."""

    def remember(self, sha256: str, image: Picture, *, is_on_white: bool = False) -> None:
        """Note that a file of these bytes was made of a picture."""


class Savable(Picture, Protocol):
    """A picture and where its bytes are; `images.image.GeneratedImage` is one."""

    @property
    def held(self) -> ImageBytes:
        """The bytes, or the file that they are in."""

    @property
    def suffix(self) -> str:
        """The file name suffix of its type, with the dot."""

    @property
    def archive(self) -> Archive | None:
        """What knows which files the picture may replace; None: none."""


@dataclass(frozen=True)
class Saved:
    """Where a picture was saved.

    `converted_from` is the MIME type that it came as, None where the bytes are what came; `is_on_white` says
    that its transparency was laid on white, for JPEG.
    """

    path: Path
    converted_from: str | None = None
    is_on_white: bool = False


@dataclass(frozen=True)
class _Rules:
    """What happens where a file is in the way; `hint` says in an error what to do about it."""

    overwrite: bool = False
    unique: bool = False
    archive: Archive | None = None
    hint: str = _PYTHON_HINT


def save(
    image: Savable,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    unique: bool = False,
    stem: str = "image",
    hint: str = _PYTHON_HINT,
) -> Saved:
    """Save a picture, converted where the suffix of `path` is that of another type.

    A folder (one that exists, or a path with a slash at its end) gets a name made of `stem`. A file that
    holds what would be written is left alone, one that could be made again is replaced; `overwrite` replaces
    any, `unique` counts NAME-2, NAME-3 where a name is taken. Raises SaveError, which holds the image, with
    `hint` where a file is in the way.
    """
    rules = _Rules(overwrite, unique, image.archive, hint)
    try:
        target = _find_target(path, image.suffix, stem)
        target.parent.mkdir(parents=True, exist_ok=True)
        mime_type = TYPES.get(target.suffix.lower(), image.mime_type)
        if mime_type == image.mime_type:
            return _save_original(image, target, rules)
        return _save_converted(image, mime_type, target, rules)
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: NUL in a path; RuntimeError: no home
        problem = _format_reason(error)
    except (ArgumentError, ImageRefusedError) as error:  # it cannot be converted
        problem = str(error.args[0]).rstrip(".")
    raise SaveError(
        f"The picture could not be saved to {_format_path(path)}: {problem}.", hint=_HINT, image=image
    )


def save_into(image: Savable, folder: Path, *, stem: str) -> Saved:
    """Save a picture's bytes into a folder; a name that another picture has is numbered.

    Where one of the names has its bytes already, that is where it is saved. Raises SaveError.
    """
    for number in count(1):
        file = folder / f"{stem}{'' if number == 1 else f'-{number}'}{image.suffix}"
        if _holds(file, image.held):
            return Saved(file)
        if not os.path.lexists(file):  # False, too, where the folder may not be looked at: `save` says why
            break
    return save(image, f"{folder}/", unique=True, stem=stem)


def _save_original(image: Savable, target: Path, rules: _Rules) -> Saved:
    if rules.overwrite or rules.unique or not _holds(target, image.held):
        target = _write_new(image.held, target, rules, held=image)
    if rules.archive is not None:
        rules.archive.remember(image.sha256, image)
    return Saved(target)


def _save_converted(image: Savable, mime_type: str, target: Path, rules: _Rules) -> Saved:
    may_stay, archive = not (rules.overwrite or rules.unique), rules.archive
    if may_stay and archive is not None and (digest := _read_digest(target)):
        is_on_white = archive.recall_conversion(digest, image)
        if is_on_white is not None:
            return Saved(target, image.mime_type, is_on_white)
    converted = convert(image, mime_type)
    if not (may_stay and _holds(target, converted.data)):
        target = _write_new(converted.data, target, rules, held=image)
    if archive is not None:
        digest = sha256(converted.data).hexdigest()
        archive.remember(digest, image, is_on_white=converted.is_on_white)
    return Saved(target, image.mime_type, converted.is_on_white)


def describe_conversions(saved: Sequence[Saved]) -> str:
    """Say in a line which files are no longer what came; "" where all are."""
    converted = [each for each in saved if each.converted_from]
    if not converted:
        return ""
    types = dict.fromkeys(str(each.converted_from) for each in converted)
    suffixes, names = ([table[mime_type] for mime_type in types] for table in (SUFFIXES, TYPE_NAMES))
    on_white = ", on white where it was transparent" * any(each.is_on_white for each in converted)
    if len(converted) == 1:
        what, it, source = f"{printable(converted[0].path.name)} was", "it", names[0]
    else:
        what, it = f"{format_count(len(converted), 'file')} were", "them"
        source = " and ".join(f"{name}s" for name in names)
    return (
        f"{what} converted from the {source} that came{on_white}. "
        f"Name {it} {' or '.join(suffixes)} to save the original bytes."
    )


def warn(message: str) -> None:
    """Warn in one line, without the line of source that Python shows with a warning."""
    with suppress(GeminiWarning):  # warnings may be errors: this must not cost the picture
        warnings.warn_explicit(message, GeminiWarning, "gemini_nb", 0)


def check_free(path: str, *, archive: Archive | None, overwrite: bool, hint: str) -> None:
    """Raise SaveError where a picture could not be saved for a reason that shows before it is paid for.

    `hint` says what to do about a file that is in the way and may not be replaced.
    """
    problem = "it exists already"
    try:
        target = Path(path).expanduser()
        if not target.exists() or target.is_dir():
            return
        if path.endswith("/"):
            problem, hint = "it is a file, not a folder", "Name another folder."
        elif overwrite or _can_be_restored(target, archive):
            return
    except (OSError, ValueError, RuntimeError) as error:
        problem, hint = _format_reason(error), "Name another path."
    raise SaveError(
        f"Pictures cannot be saved to {_format_path(path)}: {problem}.",
        hint=f"Nothing was sent or billed. {hint}",
    )


def write_sidecar(
    path: Path, facts: Mapping[str, Any], *, overwrite: bool = False, image: Any = None
) -> Path:
    """Write facts about a saved picture beside it, to NAME.png.json, and return that path.

    A file that is there is replaced if `overwrite`; else it stays and, unless it holds just these facts, they
    go to NAME.png-2.json, and a `GeminiWarning` says so.
    """
    text = json.dumps(dict(facts), ensure_ascii=False, indent=2, default=str) + "\n"
    data, wanted = text.encode("utf-8", "backslashreplace"), path.with_name(f"{path.name}.json")
    if files.holds(wanted, data):
        return wanted
    try:
        written = _write_new(data, wanted, _Rules(overwrite, unique=True), held=image)
    except OSError as error:
        problem = _format_reason(error)
        raise SaveError(
            f"The facts could not be saved to {_format_path(wanted)}: {problem}.", image=image
        ) from None
    if written != wanted:
        warn(f"{wanted.name} was there already and is left alone: the facts are in {written.name}.")
    return written


def safe_stem(prompt: str) -> str:
    """Return a file name without suffix, made of a prompt, that any system takes and no folder is left by.

    >>> safe_stem("../../etc/passwd"), safe_stem("a red  square, please!"), safe_stem("NUL")
    ('etc-passwd', 'a-red-square-please', 'NUL-')
    """
    text = unicodedata.normalize("NFC", prompt[: 8 * MAX_STEM_CHARS])
    kept = "".join(c if c.isalnum() or unicodedata.category(c) == "Mn" or c == "_" else "-" for c in text)
    words = "-".join(filter(None, kept[:MAX_STEM_CHARS].split("-")))
    name = words.encode("utf-8", "ignore")[:MAX_STEM_BYTES].decode("utf-8", "ignore").strip("-")
    if RESERVED.match(name):
        return f"{name}-"
    return name or "image"


def _find_target(path: str | os.PathLike[str], suffix: str, stem: str) -> Path:
    written = os.fspath(path)
    target = Path(written).expanduser()
    if written.endswith(("/", os.sep)) or target.is_dir():
        return target / (safe_stem(stem) + suffix)
    return target if target.suffix.lower() in TYPES else target.with_name(target.name + suffix)


def _write_new(data: ImageBytes, target: Path, rules: _Rules, *, held: Any) -> Path:
    pieces = data if isinstance(data, bytes) else data.pieces()
    with atomic_file(pieces, target.parent) as file:
        if rules.overwrite:
            file.replace(target)
            return target
        for number in range(1, _MAX_COUNT if rules.unique else 2):
            numbered = target if number == 1 else target.with_name(f"{target.stem}-{number}{target.suffix}")
            if file.claim(numbered):
                return numbered
        if not rules.unique and _can_be_restored(target, rules.archive):
            file.replace(target)
            return target
    raise SaveError(f"{_format_path(target)} exists already.", hint=rules.hint, image=held)


def _can_be_restored(file: Path, archive: Archive | None) -> bool:
    digest = _read_digest(file) if archive is not None else None
    return archive is not None and digest is not None and archive.can_restore(digest)


def _read_digest(file: Path) -> str | None:
    return files.read_digest(file, limit=_MAX_FILE_BYTES)


def _holds(file: Path, data: ImageBytes) -> bool:
    """Whether a file, or what a link leads to, holds exactly these bytes."""
    try:
        if file.stat().st_size != len(data):
            return False
        return file.read_bytes() == (data if isinstance(data, bytes) else data.read())
    except (OSError, ValueError):
        return False


def _format_reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error) or type(error).__name__


def _format_path(path: str | os.PathLike[str]) -> str:
    """Quote a path in ASCII: a name can hold any bytes, and two names must not look alike."""
    return ascii(os.fspath(path)) if len(os.fspath(path)) < 200 else ascii(os.fspath(path)[:200]) + "…"
