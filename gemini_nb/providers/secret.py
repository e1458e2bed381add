"""An API key that cannot be printed, pickled or found in the text of an error."""

from __future__ import annotations

import os
import re
from dataclasses import fields, is_dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NoReturn

from gemini_nb.errors import ArgumentError
from gemini_nb.providers.redaction import MASK, splitter

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = re.compile(r"""[^\s"'`\\<>]{1,4096}""")
_SALT = os.urandom(16)


class Secret:
    """A key, kept in a closure; `where` says where it came from. Two are equal where both of these are.

    >>> Secret("AIza-example", where="GEMINI_API_KEY")
    <key from GEMINI_API_KEY>
    """

    __slots__ = ("_reveal", "_split", "where")

    def __init__(self, key: str, *, where: str = "api_key") -> None:
        self.where = where
        key = key.strip() if isinstance(key, str) else ""
        if not (_KEY.fullmatch(key) and key.isascii() and key.isprintable()):
            key = ""  # the frames of an error keep their locals
            raise ArgumentError(
                f"The key from {where} is empty or holds characters that no key has.",
                hint="Copy it again, without quotes, blanks or line breaks.",
            )
        self._reveal: Callable[[], str] = lambda: key
        self._split = splitter(key)

    def reveal(self) -> str:
        """Return the key itself; for `http/transport.py` only."""
        return self._reveal()

    @property
    def fingerprint(self) -> str:
        """A keyed digest that tells this key from others in this process, and nothing of it elsewhere."""
        return blake2b(self._reveal().encode(), key=_SALT, digest_size=16).hexdigest()

    def redact(self, text: str) -> str:
        """Return `text` with the key masked in every form. Redact before text is cut to length, not after."""
        kept = self._split(lambda start, end: text[start:end], len(text))
        return MASK.join(text[start:end] for start, end in kept) if len(kept) > 1 else text

    def redact_bytes(self, data: bytes) -> bytes:
        """Return `data` with the key masked in every form; the very same object where it holds none."""
        kept = self._split(lambda start, end: data[start:end].decode("latin-1"), len(data))
        view = memoryview(data)
        return MASK.encode().join(view[start:end] for start, end in kept) if len(kept) > 1 else data

    def redact_all(self, value: Any) -> Any:
        """Return a copy of a JSON value or of a dataclass, with every text in it redacted; bytes stay."""
        root = [value]
        pending, containers = [root], []
        # Not recursive: what `json` could nest must not overflow here. Containers are put together again in
        # the end, the innermost first.
        while pending:
            items = pending.pop()
            for place, item in enumerate(items):
                if isinstance(item, str):
                    items[place] = self.redact(item)
                elif parts := _take_apart(item):
                    inner, rebuild = parts
                    containers.append((items, place, inner, rebuild))
                    pending.append(inner)
        for items, place, inner, rebuild in reversed(containers):
            items[place] = rebuild(inner)
        return root[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return (self._reveal(), self.where) == (other._reveal(), other.where)

    def __hash__(self) -> int:
        return hash((self._reveal(), self.where))

    def __repr__(self) -> str:
        return f"<key from {self.where}>"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("A key is never pickled or copied; workers read their own environment.")


def _take_apart(value: Any) -> tuple[list[Any], Callable[[list[Any]], Any]] | None:
    """Return what a container holds, and a function that builds such a container; None for other values."""
    if isinstance(value, dict):
        count = len(value)
        return [*value, *value.values()], lambda inner: dict(zip(inner[:count], inner[count:], strict=True))
    if isinstance(value, list | tuple):
        return list(value), type(value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        values = [getattr(value, name) for name in names]
        return values, lambda inner: replace(value, **dict(zip(names, inner, strict=True)))
    return None
