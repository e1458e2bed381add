"""A prompt's text, read into words that mean something: the longest known phrase at each place.

`sketch` makes sense of their order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from gemini_nb.offline.painter import colours, vocabulary
from gemini_nb.offline.painter.outlines import NAMES as OUTLINES
from gemini_nb.offline.painter.things import THINGS

if TYPE_CHECKING:
    from gemini_nb.offline.painter.vocabulary import Kind

MAX_TOKENS = 2_000
_TOKEN = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b|[^\W\d_]+|\d+(?::\d+|[^\W\d_]+)?|[.,;:!?]")
_LONGEST = 4


@dataclass(frozen=True)
class Word:
    """A word or phrase of the prompt and what it means; `plural` is told by a noun's ending."""

    kind: Kind
    value: Any
    plural: bool = False


@cache
def lexicon() -> dict[tuple[str, ...], Word]:
    """Return phrase → meaning; later tables win, so that a scene beats a shape of the same name."""
    found: dict[tuple[str, ...], Word] = {}

    def learn(kind: Kind, table: dict[Any, str]) -> None:
        for value, phrases in table.items():
            for phrase in phrases.split(", "):
                found[tuple(phrase.split())] = Word(kind, value)

    for name in colours.names():
        found[(name,)] = Word("colour", name)
    for shade in colours.SHADES:
        found[(shade,)] = Word("shade", shade)
    for phrase, name in colours.TWO_WORDS.items():
        found[tuple(phrase.split())] = Word("colour", name)
    _learn_nouns(found)
    for kind, phrases in vocabulary.GRAMMAR:
        learn(kind, {kind: phrases})
    for kind, table in (
        ("count", vocabulary.COUNTS),
        ("size", vocabulary.SIZES),
        ("place", vocabulary.PLACES),
        ("relation", vocabulary.RELATIONS),
    ):
        learn(kind, table)
    learn("scenery", vocabulary.SCENERY)
    learn("time", {(time, None): phrases for time, phrases in vocabulary.TIMES.items()})
    for phrase in ("starry", "starry sky", "night sky", "stars in the sky"):
        found[tuple(phrase.split())] = Word("time", ("night", "stars"))
    learn("pattern", vocabulary.PATTERNS)
    learn("angle", vocabulary.ANGLES)
    learn("other", {"other": vocabulary.SKIPPED})
    return found


def read(prompt: str) -> list[Word]:
    """Read a prompt into words, the longest phrase first; a word that is not known is "other"."""
    known = lexicon()
    tokens = [match[0] for match in _TOKEN.finditer(prompt.lower()[: 12 * MAX_TOKENS])][:MAX_TOKENS]
    words, start = [], 0
    while start < len(tokens):
        for length in range(min(_LONGEST, len(tokens) - start), 0, -1):
            word = known.get(tuple(tokens[start : start + length]))
            if word:
                break
        words.append(word or _single(tokens[start]))
        start += length
    return words


def _single(text: str) -> Word:
    if text.startswith("#"):
        return Word("colour", text)
    if text.isascii() and text.isdigit():
        return Word("count", int(text[:4]))
    return Word("break" if text in {".", ",", ";", ":", "!", "?"} else "other", text)


def _learn_nouns(found: dict[tuple[str, ...], Word]) -> None:
    for shape, phrases in vocabulary.NOUNS.items():
        if shape not in OUTLINES and shape not in THINGS:
            raise LookupError(shape)
        for phrase in phrases.split(", "):
            *first, last = phrase.split()
            found[(*first, last)] = Word("noun", shape)
            plural = last + ("es" if last.endswith(("s", "x", "sh")) else "s")
            if last.endswith("y"):
                found[(*first, last[:-1] + "ies")] = Word("noun", shape, plural=True)
            found[(*first, plural)] = Word("noun", shape, plural=True)
    for plural, shape in vocabulary.IRREGULAR.items():
        found[(plural,)] = Word("noun", shape, plural=True)
