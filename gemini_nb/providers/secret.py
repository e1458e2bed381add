"""An API key that cannot be printed, pickled or found in the text of an error."""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

from gemini_nb.errors import ArgumentError
from gemini_nb.providers.redaction import MASK, longest_form, splitter

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = re.compile(r"""[^\s"'`\\<>]{1,4096}""")
_BETWEEN_TEXTS = "\x1f"  # is in no key and no escape, so that none is found across two texts
_SALT = os.urandom(16)

P = ParamSpec("P")
T = TypeVar("T")


def clear_locals(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate what takes a key: the frames of an error that it raises have no local variables.

    `%xmode Verbose`, pytest and rich show those of each frame, and the arguments of a call are among them.
    """

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> T:
        callers = sys.exception()  # one that the caller is handling is not ours
        try:
            return function(*args, **options)
        except BaseException as error:
            behind: BaseException | None = error
            while behind is not None and behind is not callers:
                traceback.clear_frames(behind.__traceback__)
                behind = behind.__cause__ or behind.__context__
            raise
        finally:
            del args, options

    return call


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
                f"The key from {where} is empty or contains characters that no key has.",
                hint="Copy it again, without quotes, blanks or line breaks.",
            )
        self._reveal: Callable[[], str] = lambda: key
        self._split = splitter(key)

    def reveal(self) -> str:
        """Return the key itself; for `http/transport.py` and `providers/system_keyring.py` only."""
        return self._reveal()

    @property
    def fingerprint(self) -> str:
        """A keyed digest that tells this key from others in this process, and nothing of it elsewhere."""
        return blake2b(self._reveal().encode(), key=_SALT, digest_size=16).hexdigest()

    @property
    def longest_form(self) -> int:
        """How many bytes any written form of the key takes up at most."""
        return longest_form(self._reveal())

    def redact(self, text: str) -> str:
        """Return `text` with the key masked in every form. Redact before text is cut to length, not after."""
        kept = self._split(lambda start, end: text[start:end].encode("ascii", "replace"), len(text))
        first = next(kept)
        if first == (0, len(text)):
            return text
        return MASK.join(text[start:end] for start, end in (first, *kept))

    def redact_bytes(self, data: bytes) -> bytes:
        """Return `data` with the key masked in every form; the very same object where it holds none."""
        kept = self._split(lambda start, end: data[start:end], len(data))
        first = next(kept)
        if first == (0, len(data)):
            return data
        view, masked = memoryview(data), io.BytesIO()  # its getvalue() is no second copy
        masked.write(view[: first[1]])
        for start, end in kept:
            masked.write(MASK.encode())
            masked.write(view[start:end])
        return masked.getvalue()

    def redact_all(self, value: Any) -> Any:
        """Return a JSON value or a dataclass with every text in it redacted, itself if none holds the key.

        Bytes stay as they are.
        """
        root = [value]
        pending, containers, texts = [root], [], []
        # Not recursive: what `json` could nest must not overflow here. Containers are put together again in
        # the end, the innermost first.
        while pending:
            items = pending.pop()
            for place, item in enumerate(items):
                if isinstance(item, str):
                    texts.append((items, place))
                elif parts := _take_apart(item):
                    inner, rebuild = parts
                    containers.append((items, place, inner, rebuild))
                    pending.append(inner)
        # Mostly the key is nowhere, and one search through all texts is cheaper than one for each.
        joined = _BETWEEN_TEXTS.join(items[place] for items, place in texts)
        if self.redact(joined) is joined:
            return value
        for items, place in texts:
            items[place] = self.redact(items[place])
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
