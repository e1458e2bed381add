"""Negation: "no clouds", "without people", "cloudless", 雲のない are taken out of a prompt's words."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.offline.painter.reading.words import Word

_BEFORE_THE_THING = ("colour", "shade", "size", "count", "skip", "place")
_THINGS = ("noun", "scenery", "time", "season", "pattern", "ground", "style", "other")


def split(read: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """Return the words that are asked for, and the things that are not wanted, in the prompt's order.

    "no clouds or people" and "without clouds and people" are of two things; "no clouds and a boat" of one.
    """
    wanted: list[Word] = []
    unwanted: list[Word] = []
    at = 0
    while at < len(read):
        word = read[at]
        if word.kind == "lacking":
            unwanted.append(replace(word, kind="noun"))
        elif word.kind == "absent" and wanted and wanted[-1].kind in _THINGS:
            unwanted.append(wanted.pop())
        elif word.kind == "not":
            found, at = _find_negated(read, at)
            unwanted += found
            wanted += [] if found else [word]
        else:
            wanted.append(word)
        at += 1
    return wanted, unwanted


_ALL_OF = ("without", "ohne", "sans", "sin", "except", "excluding", "avoid")
_OR = ("or", "oder", "ou", "o", "ni")
_AND = ("and", "und", "et", "y", "e")


def _find_negated(read: Sequence[Word], at: int) -> tuple[list[Word], int]:
    """Return what the negation at an index takes away, and the index of its last word.

    Without a thing it takes away colours: "a house that is not red".
    """
    end = _thing_after(read, at + 1)
    if end is None:
        colours = list(takewhile(lambda word: word.kind in ("colour", "shade"), read[at + 1 :]))
        return colours, at + len(colours)
    found = [read[end]]
    while (more := _next_thing(read, end, goes_on=read[at].text.lower() in _ALL_OF)) is not None:
        end = more
        found.append(read[end])
    return found, end


def _thing_after(read: Sequence[Word], start: int) -> int | None:
    """Return the index of the thing that an adjective or article may stand before, or None."""
    for index in range(start, len(read)):
        if read[index].kind in _THINGS:
            return index
        if read[index].kind not in _BEFORE_THE_THING:
            return None
    return None


def _next_thing(read: Sequence[Word], end: int, *, goes_on: bool) -> int | None:
    """Return the index of a further thing: after "or", and after "and" where that `goes_on`."""
    joint = read[end + 1].text.lower() if end + 1 < len(read) else ""
    if joint not in _OR and not (joint in _AND and goes_on):
        return None
    thing = _thing_after(read, end + 2)
    has_article = any(word.kind == "count" for word in read[end + 2 : thing])
    return None if joint in _AND and has_article else thing
