"""Words of a prompt and what they mean: the longest phrase of the vocabulary at each place.

`scene` makes sense of their order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from gemini_nb.offline.painter import colours, vocabulary

if TYPE_CHECKING:
    from gemini_nb.offline.painter.vocabulary import Kind

MAX_TOKENS = 2_000
"""Words of a prompt past this number are not read."""

_TOKEN = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b|[^\W\d_]+|\d+(?::\d+|[^\W\d_]+)?|[.,;:!?]")
_LONGEST_PHRASE = 4


@dataclass(frozen=True)
class Word:
    """A word or phrase of the prompt and what it means; `plural` is known from a noun's ending."""

    kind: Kind
    value: Any
    plural: bool = False


@cache
def lexicon() -> dict[tuple[str, ...], Word]:
    """Return phrase → meaning; later tables win, so that a scene beats a shape of the same name."""
    meanings: dict[tuple[str, ...], Word] = {}

    def learn(kind: Kind, table: dict[Any, str]) -> None:
        """Enter every phrase of a table of meaning → phrases."""
        for value, phrases in table.items():
            for phrase in phrases.split(", "):
                meanings[tuple(phrase.split())] = Word(kind, value)

    learn("colour", {name: name for name in colours.names()})
    learn("shade", {shade: shade for shade in colours.SHADES})
    learn("colour", colours.TWO_WORDS)
    _learn_nouns(meanings)
    for kind, phrases in vocabulary.GRAMMAR:
        learn(kind, {kind: phrases})
    learn("count", vocabulary.COUNTS)
    learn("size", vocabulary.SIZES)
    learn("place", vocabulary.PLACES)
    learn("relation", vocabulary.RELATIONS)
    learn("scenery", vocabulary.SCENERY)
    learn("time", vocabulary.TIMES)
    learn("pattern", vocabulary.PATTERNS)
    learn("angle", vocabulary.ANGLES)
    learn("other", {"other": vocabulary.SKIPPED})
    return meanings


def read(prompt: str) -> list[Word]:
    """Read a prompt into words, the longest phrase first; a word that is not known is "other"."""
    known = lexicon()
    tokens = [match[0] for match in _TOKEN.finditer(prompt.lower()[: 12 * MAX_TOKENS])][:MAX_TOKENS]
    words, start = [], 0
    while start < len(tokens):
        for length in range(min(_LONGEST_PHRASE, len(tokens) - start), 0, -1):
            word = known.get(tuple(tokens[start : start + length]))
            if word:
                break
        words.append(word or _read_token(tokens[start]))
        start += length
    return words


def _read_token(text: str) -> Word:
    if text.startswith("#"):
        return Word("colour", text)
    if text.isascii() and text.isdigit():
        return Word("count", int(text[:4]))
    return Word("break" if text in {".", ",", ";", ":", "!", "?"} else "other", text)


def _learn_nouns(meanings: dict[tuple[str, ...], Word]) -> None:
    for shape, phrases in vocabulary.NOUNS.items():
        for phrase in phrases.split(", "):
            *first, last = phrase.split()
            meanings[(*first, last)] = Word("noun", shape)
            plural = last + ("es" if last.endswith(("s", "x", "sh")) else "s")
            if last.endswith("y"):
                meanings[(*first, last[:-1] + "ies")] = Word("noun", shape, plural=True)
            meanings[(*first, plural)] = Word("noun", shape, plural=True)
    for plural, shape in vocabulary.IRREGULAR.items():
        meanings[(plural,)] = Word("noun", shape, plural=True)
