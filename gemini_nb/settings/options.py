"""Options of a request beside its picture: search, thinking, system instruction, seed and safety settings.

`to_body` writes them as the API does, and `from_settings` finds them where they are written that way.
Each undoes the other, so that a request has one body, and one digest, whichever way it was asked for.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from gemini_nb.errors import ArgumentError
from gemini_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Search = Literal["web", "image", "both"]
ThinkingLevel = Literal["minimal", "low", "medium", "high", "xhigh"]
SEARCHES: tuple[Search, ...] = get_args(Search)
THINKING_LEVELS: tuple[ThinkingLevel, ...] = get_args(ThinkingLevel)
THRESHOLDS = ("off", "none", "only_high", "medium_and_above", "low_and_above")
CATEGORIES = ("harassment", "hate_speech", "sexually_explicit", "dangerous_content")
"""The categories that a threshold by itself is for."""
ALL_CATEGORIES = (
    *CATEGORIES, "civic_integrity", "jailbreak",
    "image_harassment", "image_hate", "image_sexually_explicit", "image_dangerous_content",
)  # fmt: skip
SEEDS = range(-(2**31), 2**31)  # the API has 32 bits for one

_SEARCH_TYPES: dict[str, tuple[str, ...]] = {
    "web": (),  # what is searched where no type is named
    "image": ("imageSearch",),
    "both": ("webSearch", "imageSearch"),
}
_MAX_TOKENS = 10**7
_SHOWN_CHARACTERS = 60


def clean(name: str, value: Any) -> Any:
    """Return the value of an option in its one form, None where it is not given; raise `ArgumentError`."""
    is_given = value is not None and not (isinstance(value, str) and value == "")
    return _OPTIONS[name].clean(value) if is_given else None


def to_body(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a request's body that says these options; their values are clean ones.

    >>> to_body({"seed": 7, "system": "Paint in oil."})
    {'generationConfig': {'seed': 7}, 'systemInstruction': {'parts': [{'text': 'Paint in oil.'}]}}
    """
    body: dict[str, Any] = {}
    for name, value in options.items():
        holder = body
        for step in _OPTIONS[name].path:
            holder = holder.setdefault(step, {})
        holder.update(_OPTIONS[name].write(value))
    return body


def from_settings(
    config: Mapping[str, Any], extra: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the options that `config` and `extra` hold, and what is left of each without them.

    >>> from_settings({"seed": 7, "topK": 1}, {"tools": [{"googleSearch": {}}]})
    ({'search': 'web', 'seed': 7}, {'topK': 1}, {})
    """
    options: dict[str, Any] = {}
    rest = merge({"generationConfig": config}, extra)
    for name, option in _OPTIONS.items():
        for holder in _find_holders(rest, option.path):
            written = {key: holder[key] for key in option.keys if key in holder}
            value = option.read_exactly(written)
            if value is not None:
                options[name] = value
                rest = _without(rest, option.path, written)
    inner = rest.pop("generationConfig", {})
    if not isinstance(inner, dict):  # for the server to refuse
        return options, {}, {**rest, "generationConfig": inner}
    return options, inner, rest


def check_conflict(name: str, value: Any, config: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
    """Raise `ArgumentError` where `config` or `extra` contradicts an option, however it spells its name."""
    option = _OPTIONS[name]
    written = option.write(value)
    settings = merge({"generationConfig": config}, extra)
    for holder in _find_holders(settings, option.path, any_spelling=True):
        if not isinstance(holder, dict):
            raise _conflict(name, value, option.path[-1], holder)
        for key in (*option.keys, *map(_to_snake_case, option.keys)):
            if key in holder and not (key in written and written[key] == holder[key]):
                raise _conflict(name, value, key, holder[key])


def _conflict(name: str, value: Any, key: str, other: Any) -> ArgumentError:
    source = "config" if _OPTIONS[name].path else "extra"
    return ArgumentError(
        f"{name} says {_show(value)}, and {source} says {key}: {_show(other)}.",
        hint=f"Leave one of them out{' (-c sets config)' if source == 'config' else ''}.",
    )


def merge(into: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return `into` with the values of `more`; dicts that both have under a name are merged too."""
    if not more:
        return dict(into)
    both = {
        name: merge(into[name], more[name])
        for name in into.keys() & more.keys()
        if isinstance(into[name], dict) and isinstance(more[name], dict)
    }
    return {**into, **more, **both}


class _Option(NamedTuple):
    """How one option is written: below `path` of the body, under one of `keys`."""

    path: tuple[str, ...]
    keys: tuple[str, ...]
    clean: Callable[[Any], Any]
    write: Callable[[Any], dict[str, Any]]
    read: Callable[[dict[str, Any]], Any]

    def read_exactly(self, written: dict[str, Any]) -> Any:
        """Return the value that is written like this, None where no value is."""
        try:
            value = self.clean(self.read(written)) if len(written) == 1 else None
            return None if value is None or self.write(value) != written else value
        except (ArgumentError, LookupError, TypeError, AttributeError):
            return None


def _find_holders(tree: Any, path: Sequence[str], *, any_spelling: bool = False) -> Iterator[Any]:
    """Yield what stands at the end of a path; for `any_spelling` also what stops it on the way."""
    if not path or not isinstance(tree, dict):
        if any_spelling or isinstance(tree, dict):
            yield tree
        return
    for key in (path[0], _to_snake_case(path[0])) if any_spelling else path[:1]:
        if key in tree:
            yield from _find_holders(tree[key], path[1:], any_spelling=any_spelling)


def _without(tree: Mapping[str, Any], path: Sequence[str], keys: Iterable[str]) -> dict[str, Any]:
    """Return a tree without these keys at the end of a path, and without what is empty then."""
    if not path:
        return {key: value for key, value in tree.items() if key not in keys}
    inner = _without(tree[path[0]], path[1:], keys)
    return {key: inner if key == path[0] else value for key, value in tree.items() if key != path[0] or inner}


def _write_search(value: str) -> dict[str, Any]:
    types = _SEARCH_TYPES[value]
    return {"tools": [{"googleSearch": {"searchTypes": {kind: {} for kind in types}} if types else {}}]}


def _clean_thinking(value: Any) -> str | int:
    """Return a level in small letters, or a budget of tokens; a budget may be text."""
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,8}", value.strip(), re.ASCII):
        return _choose("thinking", value, THINKING_LEVELS, "level")
    budget = int(value) if isinstance(value, str) else _to_integer(value)
    if budget is None or not -1 <= budget <= _MAX_TOKENS:
        raise ArgumentError(
            f"thinking must be a level or a number of tokens, not {_show(value)}.",
            hint=f"Levels: {', '.join(THINKING_LEVELS)}. -1 leaves the tokens to the model.",
        )
    return budget


def _clean_system(value: Any) -> str | None:
    if not isinstance(value, str):
        raise ArgumentError(f"system must be a text, not a {type(value).__name__}.")
    return value if value.strip() else None


def _clean_seed(value: Any) -> int:
    """Return a seed as a number; it may be text."""
    is_text = isinstance(value, str) and re.fullmatch(r"-?\d{1,10}", value.strip(), re.ASCII)
    seed = int(value) if is_text else _to_integer(value)
    if seed is None or seed not in SEEDS:
        raise ArgumentError(
            f"seed must be a whole number from {SEEDS[0]} to {SEEDS[-1]}, not {_show(value)}."
        )
    return seed


def _clean_safety(value: Any) -> dict[str, str] | None:
    """Return a threshold for each category; a later word changes what an earlier one says."""
    thresholds: dict[str, str] = {}
    for category, given in _safety_pairs(value):
        threshold = _choose("safety", given, THRESHOLDS, "threshold", prefix="BLOCK_")
        if category == "":
            thresholds.update(dict.fromkeys(CATEGORIES, threshold))
        else:
            known = _choose("safety", category, ALL_CATEGORIES, "category", prefix="HARM_CATEGORY_")
            thresholds[known] = threshold
    return {name: thresholds[name] for name in ALL_CATEGORIES if name in thresholds} or None


def _safety_pairs(value: Any) -> Iterable[tuple[Any, Any]]:
    """Return categories with thresholds; for a threshold by itself the category is ""."""
    if hasattr(value, "items"):
        return list(value.items())
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ArgumentError(
            f"safety cannot be of type {type(value).__name__}.",
            hint='Write safety="only_high", or safety={"harassment": "none"}.',
        )
    return [(category, threshold) for category, _, threshold in (word.rpartition("=") for word in words)]


def _write_safety(value: Mapping[str, str]) -> dict[str, Any]:
    rows = [
        {
            "category": f"HARM_CATEGORY_{category.upper()}",
            "threshold": "OFF" if threshold == "off" else f"BLOCK_{threshold.upper()}",
        }
        for category, threshold in value.items()
    ]
    return {"safetySettings": rows}


_OPTIONS = {
    "search": _Option(
        (),
        ("tools",),
        lambda value: _choose("search", value, SEARCHES, "kind of search"),
        _write_search,
        lambda written: next((name for name in SEARCHES if _write_search(name) == written), None),
    ),
    "thinking": _Option(
        ("generationConfig", "thinkingConfig"),
        ("thinkingLevel", "thinkingBudget"),
        _clean_thinking,
        lambda said: {"thinkingLevel": said.upper()} if isinstance(said, str) else {"thinkingBudget": said},
        lambda written: next(iter(written.values())),
    ),
    "system": _Option(
        (),
        ("systemInstruction",),
        _clean_system,
        lambda text: {"systemInstruction": {"parts": [{"text": text}]}},
        lambda written: written["systemInstruction"]["parts"][0]["text"],
    ),
    "seed": _Option(
        ("generationConfig",),
        ("seed",),
        _clean_seed,
        lambda seed: {"seed": seed},
        lambda written: written["seed"],
    ),
    "safety": _Option(
        (),
        ("safetySettings",),
        _clean_safety,
        _write_safety,
        lambda written: {row["category"]: row["threshold"] for row in written["safetySettings"]},
    ),
}
NAMES = tuple(_OPTIONS)


def _choose(name: str, value: Any, known: Sequence[str], what: str, *, prefix: str = "") -> str:
    """Return the known word that a value is, in whichever case, with hyphens, or with the API's prefix."""
    word = value.strip().upper().replace("-", "_").removeprefix(prefix) if isinstance(value, str) else ""
    if word.lower() not in known:
        raise ArgumentError(
            f"{name}: {_show(value)} is not a known {what}.", hint=f"Known: {', '.join(known)}."
        )
    return word.lower()


def _to_integer(value: Any) -> int | None:
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def _show(value: Any) -> str:
    try:
        return one_line(repr(value), _SHOWN_CHARACTERS)
    except (RecursionError, ValueError):  # it nests too deeply; it has too many digits
        return f"a {type(value).__name__} that is too large to show"


def _to_snake_case(name: str) -> str:
    return re.sub(r"[A-Z]", lambda capital: "_" + capital[0].lower(), name)
