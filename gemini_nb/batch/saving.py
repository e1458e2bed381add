"""Saving all pictures of a batch into a folder, and saying which requests have none."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gemini_nb.errors import GeminiError
from gemini_nb.files import expand_target
from gemini_nb.images import save
from gemini_nb.text import format_count, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gemini_nb.images.image import GeneratedImage

_LABEL_CHARACTERS = 40
_LISTED_LABELS = 8


def save_all(
    images: Sequence[GeneratedImage | None], labels: Sequence[str], folder: str | Path
) -> list[Path | None]:
    """Save pictures under their labels and return where each is; None stays None.

    One that cannot be saved keeps no other from it: its error is raised at the end.
    """
    target = expand_target(folder, what="The folder")
    paths: list[Path | None] = []
    first_error: GeminiError | None = None
    for image, stem in zip(images, _choose_stems(images, labels), strict=True):
        try:
            paths.append(save.save_into(image, target, stem=stem).path if image is not None else None)
        except GeminiError as error:
            first_error = first_error or error
    if first_error is not None:
        raise first_error
    return paths


def _choose_stems(images: Sequence[GeneratedImage | None], labels: Sequence[str]) -> list[str]:
    """Return a name for each picture: different ones of one label are numbered, equal ones share a name."""
    counts: Counter[str] = Counter()
    names: dict[tuple[str, str], str] = {}
    stems = []
    for image, label in zip(images, labels, strict=True):
        stem = save.safe_stem(label)
        key = stem, image.sha256 if image is not None else ""
        if key not in names:
            counts[stem] += image is not None
            names[key] = stem if counts[stem] < 2 else f"{stem}-{counts[stem]}"
        stems.append(names[key])
    return stems


def warn_of_missing(labels: Sequence[str], reasons: Sequence[str]) -> None:
    """Warn of the requests that have a reason for having no picture; one that has a picture has ""."""
    missing = [
        f"{one_line(label, _LABEL_CHARACTERS)} ({reason})"
        for label, reason in zip(labels, reasons, strict=True)
        if reason
    ]
    if missing:
        rest = len(missing) - _LISTED_LABELS
        listed = ", ".join(missing[:_LISTED_LABELS]) + (f" and {rest:,} more" if rest > 0 else "")
        of_all = f"{len(missing):,} of {format_count(len(labels), 'picture')}"
        save.warn(f"{of_all} not saved, since they were not made: {listed}.")
