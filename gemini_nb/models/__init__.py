"""The catalogue of image models: names looked up, at each provider, and shutdowns said in words.

A row is an observation with its source and date, never a rule: the shape of a reply is read from the reply. A
name that is not here is passed through with a warning. `catalogue` has the rows, `model` their types.
"""

from __future__ import annotations

import difflib
import warnings
from contextlib import suppress
from functools import lru_cache

from gemini_nb.errors import GeminiWarning
from gemini_nb.models.catalogue import ALIASES, CATALOGUE, DEFAULT, DEFAULT_MODEL
from gemini_nb.models.model import BATCH, Model, Source

__all__ = [
    "ALIASES",
    "BATCH",
    "CATALOGUE",
    "DEFAULT",
    "DEFAULT_MODEL",
    "DEFAULT_PROVIDER",
    "OFFLINE_VERSION",
    "Model",
    "Source",
    "alias_at",
    "describe_shutdown",
    "find",
    "find_alias",
    "former_ids",
    "name_in_use",
    "names",
    "resolve",
    "suggest_instead",
    "warn_if_shut_down",
]

DEFAULT_PROVIDER = "crazyrouter"
"""The provider whose names are meant where none is named; the offline one paints under the same."""

OFFLINE_VERSION = "-offline"
"""What ends the model version of a picture that the offline painter made in place of the model."""

_PROVIDERS = ("crazyrouter", "google")
_BY_ID = {row.id: row for row in CATALOGUE}


def names() -> list[str]:
    """Return every id and alias, in the catalogue's order; not `DEFAULT`, which stands for another one."""
    return list(dict.fromkeys(name for row in CATALOGUE for name in (row.id, row.alias) if name))


@lru_cache(maxsize=64)  # a batch asks for the same model once for each of its rows
def find(name: str, provider: str = DEFAULT_PROVIDER) -> Model | None:
    """Return the catalogue row for an id, or for what an alias means at a provider; None for another name."""
    name = _strip(name)
    return _BY_ID.get(ALIASES[name].at(provider) if name in ALIASES else name)


def find_alias(name: str | None, *, of: str | None = None) -> str | None:
    """Return the alias that a name is, else None; with `of` only one that means or meant that model."""
    alias = ALIASES.get(_strip(name)) if name else None
    return alias.name if alias and of in (None, *alias.ids) else None


def alias_at(model: str, provider: str) -> str | None:
    """Return the alias that means a model at a provider, its own before others; None where none does."""
    row = _BY_ID.get(model)
    known = [row.alias if row else None, *(name for name in ALIASES if name != DEFAULT)]
    return next((name for name in known if name and ALIASES[name].at(provider) == model), None)


def resolve(name: str, provider: str = DEFAULT_PROVIDER) -> Model:
    """Return the row for an id or alias at a provider; an unknown name warns and gives a bare row.

    >>> resolve("nano-banana-pro").id, resolve("nano-banana-pro", "google").id
    ('gemini-3-pro-image-preview', 'gemini-3-pro-image')
    """
    row = find(name, provider)
    if row is None:
        row = Model(_strip(name))
        near = difflib.get_close_matches(row.id, names(), n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        _warn_once(f"The model {row.id!r} is not in the catalogue and is passed on as it is.{guess}")
    elif (offer := row.at(provider)) and offer.note:
        _warn_once(offer.note)
    return row


def former_ids(model: str, alias: str | None = None) -> dict[str, frozenset[str]]:
    """Return ids whose stored pictures answer for a model, each with the providers that must have made them.

    They are the ids that `alias` meant before or means at another provider, and former names of the model. A
    former name counts for the providers that have shut it down: elsewhere it may be another model.

    >>> sorted(former_ids("gemini-nano-banana-2.1", "nano-banana"))
    ['gemini-2.5-flash-image', 'gemini-2.5-flash-image-preview']
    """
    found: dict[str, frozenset[str]] = {}
    names = [model]
    if alias in ALIASES:
        found |= {ALIASES[alias].at(provider): frozenset({provider}) for provider in _PROVIDERS}
        found |= dict.fromkeys(ALIASES[alias].former_ids, frozenset(_PROVIDERS))
        names += found
    for former in (former for name in names for former in getattr(_BY_ID.get(name), "former_ids", ())):
        over = frozenset(provider for provider in _PROVIDERS if describe_shutdown(former, provider))
        found[former] = found.get(former, frozenset()) | over
    return {name: made_by for name, made_by in found.items() if made_by and name != model}


def describe_shutdown(model: str, provider: str) -> str | None:
    """Say in one line that a model is shut down at a provider, and what is offered; None if it is not."""
    row = _BY_ID.get(model)
    offer = row.at(provider) if row else None
    if offer is None or not offer.is_over:
        return None
    return f"{model} was shut down at {provider} on {offer.shut_down}; ask for {offer.successor} instead."


def name_in_use(model: str, provider: str) -> str:
    """Return the model's id or, where it is shut down at a provider, an alias of it that has another meaning.

    >>> name_in_use("gemini-2.5-flash-image", "google")
    'nano-banana'
    """
    aliases = (name for name, alias in ALIASES.items() if model in alias.ids)
    return next(aliases, model) if describe_shutdown(model, provider) else model


def warn_if_shut_down(model: str, provider: str) -> None:
    """Warn once of a model that is known to be shut down at the provider that will be asked for it."""
    message = describe_shutdown(model, provider)
    if message is not None:
        with suppress(GeminiWarning):  # warnings may be errors: the server has the last word
            _warn_once(message)


def suggest_instead(model: str, provider: str) -> str | None:
    """Return a model to ask for where a provider does not know `model`, as far as the catalogue can tell."""
    row = _BY_ID.get(model)
    if row and (offer := row.at(provider)) and offer.is_over:
        return offer.successor
    other = model.removesuffix("-preview") if model.endswith("-preview") else f"{model}-preview"
    default = ALIASES[DEFAULT].at(provider)
    usable = (name for name in (other, default) if name in _BY_ID and not describe_shutdown(name, provider))
    return next((name for name in usable if name != model), None)


_warned: set[str] = set()


def _warn_once(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        warnings.warn(message, GeminiWarning, stacklevel=4)


def _strip(name: str) -> str:
    return name.strip().removeprefix("models/")
