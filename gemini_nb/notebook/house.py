"""The words of `%gemini`: models, key, status."""

from __future__ import annotations

import difflib
from getpass import getpass
from typing import TYPE_CHECKING, Any

from gemini_nb import models, providers
from gemini_nb.errors import ArgumentError
from gemini_nb.notebook import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.notebook.magics import GeminiMagics


def run(magics: GeminiMagics, words: list[str]) -> Any:
    """Carry out `%gemini WORD …`; without a word, say what there is."""
    options.refuse_keys(words)
    if not words or words[0] in ("-h", "--help", "help"):
        print("\n".join(f"%gemini {name:8} {act.__doc__}" for name, act in _WORDS.items()))
        return None
    if words[0] not in _WORDS:
        near = difflib.get_close_matches(words[0], _WORDS, n=1)
        hint = f"Did you mean %gemini {near[0]}?" if near else f"There are: {', '.join(_WORDS)}."
        raise ArgumentError(f"There is no %gemini {words[0][:40]}.", hint=hint)
    return _WORDS[words[0]](magics, words[1:])


def _models(_magics: GeminiMagics, _words: list[str]) -> None:
    """List the known models, their sizes and list prices."""
    rows = [("model", "alias", "sizes", "$ a picture (Google's list price)", "shape last seen")]
    for row in models.CATALOGUE:
        prices = ", ".join(f"{size or 'any'} {price}" for size, price in row.prices) or "unknown"
        seen = f"{row.shape}, {row.observed}" if row.shape else "not observed"
        rows.append((row.id, row.alias or "", " ".join(row.image_sizes) or "one", prices, seen))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print("\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows))


def _key(magics: GeminiMagics, words: list[str]) -> None:
    """Ask for a key and keep it in memory (%gemini key forget drops it, %gemini key .env reads a file)."""
    provider = providers.choose(_keyed(magics))
    if words[:1] == ["forget"]:
        for one in providers.PROVIDERS.values():
            providers.forget_key(one)
    elif words:
        providers.read_dotenv(words[0])
    else:
        providers.enter_key(provider, getpass(f"Key for {provider.name} (kept in memory only): "))
    _status(magics, [])


def _keyed(magics: GeminiMagics) -> str:
    name = magics.provider_name()
    return name if name in ("crazyrouter", "google") else "crazyrouter"


def _status(magics: GeminiMagics, _words: list[str]) -> None:
    """Say which provider is asked, and whether its key is set."""
    provider = providers.choose(magics.provider_name(), base_url=magics.base_url or None)
    lines = [f"provider     {provider.name} ({provider.base_url})", f"model        {magics.model}"]
    for one in (providers.CRAZYROUTER, providers.GOOGLE):
        key = providers.find_key(one)
        lines.append(f"key          {one.name}: {f'set, from {key.where}' if key else 'not set'}")
    print("\n".join(lines))


_WORDS: dict[str, Callable[[GeminiMagics, list[str]], Any]] = {
    "models": _models,
    "key": _key,
    "status": _status,
}
