"""Saving the pictures of a cell where its line says, the same however often it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gemini_nb.errors import Cancelled, SaveError
from gemini_nb.generation import Generation
from gemini_nb.images import save
from gemini_nb.prompts.file_names import expand, names_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gemini_nb.client.client import Client
    from gemini_nb.costs import Estimate
    from gemini_nb.images.save import Saved
    from gemini_nb.request import ImageRequest

_PROMPT_CHARACTERS = 48
_HINT = "Name another file, or let --overwrite replace it."


def check_paths(
    requests: Sequence[ImageRequest],
    paths: Sequence[str],
    *,
    costs: Estimate,
    client: Client,
    overwrite: bool,
) -> None:
    """Raise SaveError where a picture that would be sent for could not be saved.

    A stored one costs nothing, nor does one that is painted offline: it may be there from the last run.
    """
    sent = {request.digest for request in costs.sent}
    may_exist = overwrite or client.is_offline
    for request, path in zip(requests, paths, strict=True):
        if request.digest in sent:
            save.check_free(path, archive=client.saved_files, overwrite=may_exist, hint=_HINT)


def save_one(generation: Generation, path: str, *, overwrite: bool = False) -> Generation:
    """Save a picture and return it with its path; into a folder it goes under a name made of its prompt."""
    saved = _save(generation, path, overwrite=overwrite)
    _say(saved)
    return replace(generation, path=saved.path)


def save_many(
    outcomes: Iterable[Any], paths: Iterable[str], labels: Iterable[str], *, overwrite: bool = False
) -> tuple[list[Any], SaveError | Cancelled | None]:
    """Save the pictures among a grid's outcomes, and return the outcomes with their paths.

    One that fails keeps no other from being saved; the first error is returned too. An interrupt ends it.
    """
    answers, saved = list(outcomes), []
    first_error: SaveError | Cancelled | None = None
    for index, (path, label) in enumerate(zip(paths, labels, strict=True)):
        if not isinstance(answers[index], Generation):
            continue
        try:
            saved.append(_save(answers[index], path, label, overwrite=overwrite))
            answers[index] = replace(answers[index], path=saved[-1].path)
        except SaveError as error:
            first_error = first_error or error
        except Cancelled as error:
            first_error = error
            break
    _say(*saved)
    return answers, first_error


def _save(generation: Generation, path: str, label: str = "", *, overwrite: bool) -> Saved:
    if not names_folder(path):
        return save.save(generation.image, path, overwrite=overwrite, hint=_HINT)
    # The prompt's beginning, and what tells the picture from the others of its grid.
    own_label = "" if label == generation.prompt else label
    stem = save.safe_stem(f"{generation.prompt[:_PROMPT_CHARACTERS]} {own_label}")
    return save.save_into(generation.image, expand(path), stem=stem)


def _say(*saved: Saved) -> None:
    if remark := save.describe_conversions(saved):
        save.warn(remark)
