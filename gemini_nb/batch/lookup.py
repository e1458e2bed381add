"""A picture of a batch found by its number, or by its label."""

from __future__ import annotations

import difflib
import operator
from typing import TYPE_CHECKING, Any

from gemini_nb.text import format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

_LISTED_NUMBERS = 4
_COMPARED_CHARACTERS = 200


def find_place(key: Any, count: int, *labels: Sequence[Any]) -> int:
    """Return the place of what has this number, negative from the end, or this label in the first list.

    Raises `IndexError` for a number that is not there, `KeyError` for a label that none has, or several.
    """
    try:
        return range(count)[operator.index(key)]
    except TypeError:
        pass
    except IndexError:
        message = f"there is no picture {key}: the batch has {format_count(count, 'picture')}"
        raise IndexError(message) from None
    for column in labels:
        places = [place for place, label in enumerate(column) if label == key]
        if len(places) == 1:
            return places[0]
        if places:
            listed = ", ".join(map(str, places[:_LISTED_NUMBERS])) + " …" * (len(places) > _LISTED_NUMBERS)
            raise KeyError(f"{len(places)} pictures have the label {key!r}: take one by its number, {listed}")
    known = [str(label)[:_COMPARED_CHARACTERS] for column in labels for label in column]
    near = difflib.get_close_matches(str(key), known, n=1)
    raise KeyError(f"no picture has the label {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
