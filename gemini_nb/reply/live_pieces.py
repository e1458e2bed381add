"""A streamed reply's text, as much of it as can be said before the rest is there.

What is said is a beginning of what the whole reply's text will be: word by word, since a key that must be
masked may be cut anywhere, and nothing from the first sign of a picture on, which is no text in the end.
"""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# What a word, a key or base64 is written with; a lone surrogate waits for its other half.
_WORD = string.digits + string.ascii_letters + string.punctuation
_SURROGATE = "\ud800", "\udfff"
_PICTURE = re.compile(r"!\[|data:\S", re.IGNORECASE)


class LiveText:
    """Takes a text in deltas; each call returns what may be said now. `redact` masks the key in it."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._said: list[str] = []
        self._waiting: list[str] = []
        self._is_blank = True  # whether what waits is white space only
        self._begun = False  # whether something of this part was said
        self._held = False

    def add(self, delta: str) -> str:
        """Take the next piece of a part's text."""
        if self._held or not delta:
            return ""
        cut = len(delta.rstrip(_WORD))
        while cut and _SURROGATE[0] <= delta[cut - 1] <= _SURROGATE[1]:
            cut -= 1
        if not cut or (self._is_blank and delta.isspace()):
            self._wait(delta)
            return ""
        self._wait(delta[:cut])
        return self._say(delta[cut:])

    def end_part(self) -> str:
        """Take a part as ended: what comes next begins a line of its own."""
        words = self._say("")
        self._waiting, self._is_blank, self._begun = [], True, False
        return words

    def rest(self, text: str) -> str:
        """Return what is left to say, once the whole text is known."""
        said = "".join(self._said)
        return text[len(said) :] if text.startswith(said) else ""

    def _wait(self, text: str) -> None:
        self._waiting.append(text)
        self._is_blank = self._is_blank and (not text or text.isspace())

    def _say(self, after: str) -> str:
        """Say what waits, but for white space at its end; `after` waits on."""
        text = "".join(self._waiting)
        if (sign := _PICTURE.search(text)) is not None:
            self._held, text = True, text[: sign.start()]
        words = text.rstrip()
        self._waiting, self._is_blank = [], True
        self._wait(text[len(words) :])
        self._wait(after)
        if not self._begun:
            words = words.lstrip()
        if not words:
            return ""
        between = "\n" if self._said and not self._begun else ""
        self._begun = True
        words = between + _paired(self._redact(words))
        self._said.append(words)
        return words


def _paired(text: str) -> str:
    """Return text whose surrogates are joined, or replaced where they stand alone."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
