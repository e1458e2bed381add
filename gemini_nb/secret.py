"""An API key that cannot be printed, pickled or found in the text of an error."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from gemini_nb.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

_MASK = "[key]"
_SHORT = 6  # a shorter key is masked as a whole word only, or it would eat ordinary text


class Secret:
    """A key, kept in a closure; `where` says where it came from.

    >>> Secret("AIza-example", where="GEMINI_API_KEY")
    <key from GEMINI_API_KEY>
    """

    __slots__ = ("_reveal", "where")

    def __init__(self, key: str, *, where: str = "api_key") -> None:
        key = key.strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise ArgumentError(
                f"The key from {where} is empty or holds characters that no key has.",
                hint="Copy it again, without quotes, blanks or line breaks.",
            )
        self._reveal: Callable[[], str] = lambda: key
        self.where = where

    def reveal(self) -> str:
        """Return the key itself; for the transport only."""
        return self._reveal()

    def redact(self, text: str) -> str:
        """Return `text` with every form of the key masked. Do it before cutting text to length."""
        return _forms(self._reveal()).sub(_MASK, text)

    def redact_bytes(self, data: bytes) -> bytes:
        return self.redact(data.decode("latin-1")).encode("latin-1")

    def __repr__(self) -> str:
        return f"<key from {self.where}>"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("A key is never pickled or copied; workers read their own environment.")


@lru_cache(maxsize=8)
def _forms(key: str) -> re.Pattern[str]:
    """The key as it is, percent-encoded, JSON-escaped, in hex, and in base64 at every alignment."""
    plain = "".join(_character(c) for c in key)
    if len(key) < _SHORT:
        return re.compile(rf"(?<![A-Za-z0-9]){plain}(?![A-Za-z0-9])")
    forms = [plain, f"(?i:{key.encode().hex()})", *(re.escape(form) for form in _base64_cores(key))]
    return re.compile("|".join(forms))


def _character(c: str) -> str:
    code = f"{ord(c):02x}"
    return rf"(?:{re.escape(c)}|(?i:%(?:25)*{code}|\\+u00{code}|&\#x?0*(?:{code}|{ord(c)});))"


def _base64_cores(key: str) -> list[str]:
    """What is common to every base64 text that holds the key: one per alignment and alphabet."""
    cores = set()
    for lead in range(3):
        raw = b"\0" * lead + key.encode()
        start = -(-lead * 8 // 6)
        core = base64.b64encode(raw).decode()[start : len(raw) * 8 // 6]
        cores |= {core, core.translate(str.maketrans("+/", "-_"))}
    return sorted(cores, key=len, reverse=True)
