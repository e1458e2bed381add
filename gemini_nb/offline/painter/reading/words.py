"""Words of a prompt and what they mean: the longest phrase of the vocabulary at each place.

A prompt is read in English, or in the one language of `languages` of which it has more words; Japanese,
Chinese and emoji are understood within either. `negation` and `scene` make sense of their order.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from gemini_nb.offline.painter import colours
from gemini_nb.offline.painter.reading import languages, vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gemini_nb.offline.painter.reading.vocabulary import Kind

    Lexicon = Mapping[tuple[str, ...], "Word"]

MAX_TOKENS = 2_000
"""Words of a prompt past this number are not read."""

_HAN, _KANA = "\u3400-\u9fff々", "\u3041-\u30ff"
_CJK_RUN = re.compile(f"[{_HAN}{_KANA}]+")
_CJK_PIECE = re.compile(f"[{_HAN}]+|[\u3041-\u309f]+|[\u30a0-\u30ff]+")
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0900-\u0dff\u0e31-\u0e4e\u0eb1-\u0ece\u1000-\u109f"
_LETTER = f"(?![{_HAN}{_KANA}])[^\\W\\d_]"
_PICTOGRAM = "[\u2600-\u27bf\u2b50\U0001f1e6-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*"
_EMOJI = re.compile(rf"[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTOGRAM}(?:\u200d{_PICTOGRAM})*")
# commas and stops of Chinese and Japanese
_STOPS = dict(zip("\u3001\uff0c\u3002\uff01\uff1f\uff1b\uff1a", ",,.!?;:", strict=True))
_TOKEN = re.compile(
    rf"#(?:[0-9a-f]{{6}}|[0-9a-f]{{3}})\b|{_CJK_RUN.pattern}|{_LETTER}(?:{_LETTER}|[{_MARKS}])*"
    rf"|\d+(?::\d+|(?:{_LETTER})+)?|[.,;:!?{''.join(_STOPS)}]|{_EMOJI.pattern}",
    re.IGNORECASE,
)
_EMOJI_STYLE = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")
_LONGEST_PHRASE = 4
_LONGEST_CJK = 8
_LONGEST_COMPOUND = 40
_IN_COMPOUNDS = ("noun", "colour", "size", "scenery", "other")
_UNREAD = 12 * MAX_TOKENS


@dataclass(frozen=True)
class Word:
    """A word or phrase of the prompt and what it means; `plural` is known from a noun's ending.

    `text` is how the prompt writes it.
    """

    kind: Kind
    value: Any
    plural: bool = False
    text: str = field(default="", compare=False)


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
    learn("season", vocabulary.SEASONS)
    learn("style", vocabulary.STYLES)
    learn("lacking", vocabulary.LACKING)
    learn("pattern", vocabulary.PATTERNS)
    learn("angle", vocabulary.ANGLES)
    learn("other", {"other": vocabulary.SKIPPED})
    return meanings


def read(prompt: str) -> list[Word]:
    """Read a prompt into words, the longest phrase first; a word that is not known is "other"."""
    text = unicodedata.normalize("NFC", prompt[:_UNREAD])
    tokens = [match[0] for match in _TOKEN.finditer(text)][:MAX_TOKENS]
    lowered = [token.lower() for token in tokens]
    known = _lexicon_of(_language_of(lowered))
    words, start = [], 0
    while start < len(tokens):
        for length in range(min(_LONGEST_PHRASE, len(tokens) - start), 0, -1):
            word = known.get(tuple(lowered[start : start + length]))
            if word:
                words.append(replace(word, text=" ".join(tokens[start : start + length])))
                break
        else:
            words += _read_token(tokens[start], known)
        start += length
    return words


def _read_token(token: str, known: Lexicon) -> list[Word]:
    text = token.lower()
    if text.startswith("#"):
        return [Word("colour", text, text=token)]
    if text.isascii() and text.isdigit():
        return [Word("count", int(text[:4]), text=token)]
    if text in {*".,;:!?", *_STOPS}:
        return [Word("break", _STOPS.get(text, text), text=token)]
    if _CJK_RUN.search(token):
        return _read_spaceless(token)
    if _EMOJI.fullmatch(token):
        return [replace(_emoji().get(_EMOJI_STYLE.sub("", token), Word("other", token)), text=token)]
    return [_read_compound(text, known) or Word("other", text, text=token)]


def _language_of(tokens: Sequence[str]) -> str | None:
    """Return the language that more words of the prompt are of than of English, or None."""
    scores = {name: sum(token in _single_words(name) for token in tokens) for name in languages.LATIN}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > sum(token in _english() for token in tokens) else None


@cache
def _english() -> frozenset[str]:
    known = {phrase[0] for phrase in lexicon() if len(phrase) == 1}
    return vocabulary.FILLERS | languages.ENGLISH_TOO | known


@cache
def _single_words(language: str) -> frozenset[str]:
    return frozenset(word for phrase in _lexicon_of(language) for word in phrase)


@cache
def _lexicon_of(language: str | None) -> Lexicon:
    if language is None:
        return lexicon()
    return {
        tuple(phrase.split()): Word(kind, value, plural)
        for phrase, kind, value, plural in languages.LATIN[language].entries()
    }


def _read_compound(text: str, known: Lexicon) -> Word | None:
    """Read a German compound by its last part: an Apfelbaum is a tree, a Fischerboot a boat."""
    if known is not _lexicon_of("de") or len(text) > _LONGEST_COMPOUND:
        return None
    for start in range(3, len(text) - 3):
        word = known.get((text[start:],))
        if word and word.kind in ("noun", "scenery"):
            return replace(word, text=text)
    return None


def _read_spaceless(run: str) -> list[Word]:
    """Read Japanese or Chinese, the longest word first.

    A single character beside unknown ones is a part of their word: 熊猫 is a panda and no cat.
    """
    pieces: list[tuple[str, Word | None]] = []
    start = 0
    while start < len(run):
        for length in range(min(_LONGEST_CJK, len(run) - start), 0, -1):
            word = _cjk().get(run[start : start + length])
            if word:
                break
        else:
            length = 1 if _is_han(run[start]) else _unknown_length(run, start)
        pieces.append((run[start : start + length], word))
        start += length
    return [
        Word("other", text, text=text) if word is None else replace(word, text=text)
        for text, word in _join_unknown(pieces)
    ]


def _unknown_length(run: str, start: int) -> int:
    """Return how long an unknown piece of kana is: to its end, or to the next word that is known."""
    match = _CJK_PIECE.match(run, start)
    end = match.end() if match else start + 1
    for at in range(start + 1, end):
        if any(run[at : at + length] in _cjk() for length in range(2, _LONGEST_CJK + 1)):
            return at - start
    return end - start


def _is_han(text: str) -> bool:
    return bool(re.fullmatch(f"[{_HAN}]", text))


def _join_unknown(pieces: list[tuple[str, Word | None]]) -> list[tuple[str, Word | None]]:
    joined: list[tuple[str, Word | None]] = []
    for index, (text, word) in enumerate(pieces):
        before = pieces[index - 1] if index else ("", word)
        after = pieces[index + 1] if index + 1 < len(pieces) else ("", word)
        edges = (before[0][-1:] if before[1] is None else "", after[0][:1] if after[1] is None else "")
        is_part = word and word.kind in _IN_COMPOUNDS and _is_han(text) and any(map(_is_han, edges))
        if (is_part or word is None) and joined and joined[-1][1] is None:
            joined[-1] = (joined[-1][0] + text, None)
        else:
            joined.append((text, None if is_part else word))
    return joined


@cache
def _cjk() -> dict[str, Word]:
    return {text: Word(kind, value) for text, kind, value in languages.cjk_entries()}


@cache
def _emoji() -> dict[str, Word]:
    return {text: Word(kind, value) for text, kind, value in languages.list_words(languages.EMOJI)}


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
