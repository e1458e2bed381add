"""Pictures saved to disk: whole or not at all, and never over another file."""

from __future__ import annotations

import json
import os
import re
import unicodedata
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import GeminiWarning, SaveError
from gemini_nb.files import atomic_file
from gemini_nb.images.header import SUFFIXES, sniff

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gemini_nb.images.file_bytes import ImageBytes

MAX_STEM_CHARS = 80
MAX_STEM_BYTES = 120
_MAX_COUNT = 10_000

_TYPES = {suffix: mime_type for mime_type, suffix in SUFFIXES.items()} | {".jpeg": "image/jpeg"}
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])(?:\.|$)", re.IGNORECASE
)


def write(
    data: ImageBytes,
    path: str | os.PathLike[str],
    *,
    mime_type: str | None = None,
    stem: str = "image",
    overwrite: bool = False,
    unique: bool = False,
    image: Any = None,
) -> Path:
    """Write bytes to a file, atomically, and return its path.

    A folder (one that exists, or a path with a slash at its end) gets a name made of `stem`.
    `unique` counts NAME-2, NAME-3 where a name is taken. Raises SaveError, which holds `image` or the bytes.
    """
    held = data if image is None else image
    try:
        target = _target(path, mime_type or (sniff(data) if isinstance(data, bytes) else None), stem)
        target.parent.mkdir(parents=True, exist_ok=True)
        pieces = data if isinstance(data, bytes) else data.pieces()
        return _write_new(pieces, target, overwrite=overwrite, unique=unique, held=held)
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: NUL in a path; RuntimeError: no home
        problem = _format_reason(error)
    raise SaveError(
        f"The picture could not be saved to {_format_path(path)}: {problem}.", hint=_HINT, image=held
    )


_HINT = "It is still in memory, in `.image` of this error: save it somewhere else."


def check_free(path: str | os.PathLike[str], *, folder: bool = False) -> None:
    """Raise SaveError where a picture could not be saved for a reason that shows before it is paid for.

    With `folder`, several pictures are to be saved into `path`.
    """
    problem = "it is a file, and several pictures need a folder" if folder else "it exists already"
    try:
        target = Path(path).expanduser()
        if not target.exists() or target.is_dir():
            return
    except (OSError, ValueError, RuntimeError) as error:
        problem = _format_reason(error)
    raise SaveError(
        f"Pictures cannot be saved to {_format_path(path)}: {problem}.",
        hint="Nothing was sent or billed. Choose another name; what exists is never overwritten.",
    )


def write_sidecar(
    path: Path, facts: Mapping[str, Any], *, overwrite: bool = False, image: Any = None
) -> Path:
    """Write facts about a saved picture beside it, to NAME.png.json, and return that path.

    A file that is there is replaced if `overwrite`; else it stays, the facts go to NAME.png-2.json, and a
    `GeminiWarning` says so.
    """
    text = json.dumps(dict(facts), ensure_ascii=False, indent=2, default=str) + "\n"
    data, wanted = text.encode("utf-8", "replace"), path.with_name(f"{path.name}.json")
    try:
        written = _write_new(data, wanted, overwrite=overwrite, unique=True, held=image)
    except OSError as error:
        problem = _format_reason(error)
        raise SaveError(
            f"The facts could not be saved to {_format_path(wanted)}: {problem}.", image=image
        ) from None
    if written != wanted:
        warnings.warn(
            f"{wanted.name} was there already and is left alone: the facts are in {written.name}.",
            GeminiWarning,
            stacklevel=3,
        )
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
    if _RESERVED.match(name):
        return f"{name}-"
    return name or "image"


def _target(path: str | os.PathLike[str], mime_type: str | None, stem: str) -> Path:
    written = os.fspath(path)
    target = Path(written).expanduser()
    suffix = SUFFIXES.get(mime_type or "", "")
    if written.endswith(("/", os.sep)) or target.is_dir():
        return target / (safe_stem(stem) + suffix)
    expected = _TYPES.get(target.suffix.lower())
    if expected is None:
        return target.with_name(target.name + suffix)
    if mime_type and expected != mime_type:
        with suppress(UserWarning):  # warnings may be errors: this must not cost the picture
            words = "they are saved as they came, under the name you gave."
            warnings.warn(f"{target.name} holds {mime_type} bytes: {words}", stacklevel=4)
    return target


def _write_new(
    data: bytes | Iterable[bytes], target: Path, *, overwrite: bool, unique: bool, held: Any
) -> Path:
    if overwrite:
        _replace(data, target)
        return target
    with atomic_file(data, target.parent) as file:
        for count in range(1, _MAX_COUNT if unique else 2):
            numbered = target if count == 1 else target.with_name(f"{target.stem}-{count}{target.suffix}")
            if file.claim(numbered):
                return numbered
    raise SaveError(
        f"{_format_path(target)} exists already.",
        hint="Pass overwrite=True to replace it, or unique=True for a new name beside it.",
        image=held,
    )


def _replace(data: bytes | Iterable[bytes], target: Path) -> None:
    with atomic_file(data, target.parent) as file:
        file.replace(target)


def _format_reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error) or type(error).__name__


def _format_path(path: str | os.PathLike[str]) -> str:
    """Quote a path in ASCII: a name can hold any bytes, and two names must not look alike."""
    return ascii(os.fspath(path)) if len(os.fspath(path)) < 200 else ascii(os.fspath(path)[:200]) + "…"
