"""Candidates for a completion, from the catalogue, the disk and the notebook's variables.

Only `dir()` of the user's objects is called. Types are compared and attributes looked up statically, so
that a Tab runs no property, no `__getattr__` and no `__class__` of theirs.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, NamedTuple

from gemini_nb import models
from gemini_nb.errors import ArgumentError
from gemini_nb.generation import Generation
from gemini_nb.images.header import sniff
from gemini_nb.images.image import GeneratedImage
from gemini_nb.models import DEFAULT_PROVIDER
from gemini_nb.notebook import jobs
from gemini_nb.prompts import template
from gemini_nb.providers import provider
from gemini_nb.settings.options import ALL_CATEGORIES, SEARCHES, THINKING_LEVELS, THRESHOLDS
from gemini_nb.settings.words import CONFIG_KEYS
from gemini_nb.store import replay_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    ListJobs = Callable[[], Iterable[str]]

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".heic", ".heif")
_READ_ENTRIES = 5_000
_UNKNOWN = object()
_ATTRIBUTE = re.compile(r"(?:(.+)\.)?([^\W\d]\w*)?")
_KEY = re.compile(r"""(.+)\[["']([^"']*)""")


class Candidate(NamedTuple):
    """A text that may stand at the cursor, and its kind as front ends name it."""

    text: str
    kind: str


@dataclass(frozen=True)
class Scope:
    """What candidates depend on: the notebook's variables, the models that are asked, and their provider."""

    variables: Mapping[str, Any]
    models: tuple[str, ...] = ()
    provider: str = DEFAULT_PROVIDER


def option_values(option_strings: Iterable[str], typed: str, scope: Scope) -> list[Candidate]:
    """Return possible values of an option; `typed` is the beginning that is there already."""
    return next((_VALUES[option](typed, scope) for option in option_strings if option in _VALUES), [])


def as_values(texts: Iterable[Any]) -> list[Candidate]:
    """Return texts as candidates of the kind "value"."""
    return [Candidate(str(text), "value") for text in texts]


def list_paths(typed: str, *, suffixes: tuple[str, ...] = ()) -> list[Candidate]:
    """Return folders, with a slash, and files with one of `suffixes` (any, if there are none)."""
    folder, slash, prefix = typed.rpartition("/")
    try:
        with os.scandir(Path(folder + slash).expanduser()) as entries:
            listed = [(entry.name, entry.is_dir()) for entry in islice(entries, _READ_ENTRIES)]
    except (OSError, ValueError, RuntimeError):  # ValueError: NUL in a path; RuntimeError: no home
        return []
    names = [
        name + "/" * is_folder
        for name, is_folder in sorted(listed)
        if (is_folder or not suffixes or name.lower().endswith(suffixes))
        and name.startswith(prefix)
        and (prefix or not name.startswith("."))
        and name.isprintable()
    ]
    return [Candidate(folder + slash + name, "path") for name in names]


def complete_field(typed: str, variables: Mapping[str, Any]) -> tuple[str, list[Candidate]]:
    """Return the last part of a begun `{{field` and what may stand in its place.

    >>> complete_field("rows[0]['ci", {"rows": [{"city": "Oslo"}]})
    ('ci', [Candidate(text='city', kind='property')])
    """
    if (key := _KEY.fullmatch(typed)) is not None:
        return key[2], [Candidate(name, "property") for name in _list_keys(_resolve_path(key[1], variables))]
    path = _ATTRIBUTE.fullmatch(typed)
    if path is None:
        return "", []
    if path[1] is None:
        names = [name for name, value in variables.items() if not callable(value)]
        return path[2] or "", [Candidate(name, "instance") for name in sorted(names)]
    holder = _resolve_path(path[1], variables)
    return path[2] or "", [Candidate(name, "property") for name in _list_attributes(holder)]


def columns_of(value: Any) -> dict[str, Any]:
    """Return the columns of a frame, or of a list of dicts, that are names; with the first value if known."""
    if type(value) in (list, tuple) and value and type(value[0]) is dict:
        return {name: first for name, first in value[0].items() if _is_name(name)}
    return {name: _UNKNOWN for name in _list_keys(value) if _is_name(name)}


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier()


def _common_values(scope: Scope, list_values: Callable[[models.Model], tuple[str, ...]]) -> list[Candidate]:
    """Return the values that every known model of the scope takes, else those of the default model."""
    known = [row for name in scope.models if (row := models.find(name, scope.provider)) is not None]
    first, *others = map(list_values, known or [models.resolve(models.DEFAULT, scope.provider)])
    return as_values(value for value in first if all(value in other for other in others))


def _list_thresholds(typed: str) -> list[Candidate]:
    category, equals, _ = typed.rpartition("=")
    values = as_values(f"{category}{equals}{threshold}" for threshold in THRESHOLDS)
    return values if equals else [*values, *as_values(f"{category}=" for category in ALL_CATEGORIES)]


def _list_settings(typed: str) -> list[Candidate]:
    """Return the known keys of `generationConfig`, or behind a key the values that it is known to take."""
    key, equals, _ = typed.partition("=")
    if equals:
        return as_values(f"{key}={value}" for value in CONFIG_KEYS.get(key, ()))
    return [Candidate(f"{known}=", "property") for known in CONFIG_KEYS]


def _list_pictures(typed: str, scope: Scope) -> list[Candidate]:
    return [*_list_variables(scope, _is_picture), *list_paths(typed, suffixes=_PICTURES)]


def _list_variables(scope: Scope, fits: Callable[[Any], bool]) -> list[Candidate]:
    return [Candidate(name, "instance") for name, value in sorted(scope.variables.items()) if fits(value)]


def _is_a(value: Any, module: str, *names: str) -> bool:
    """Whether a value is of a class of a module, which it can be only where that module is loaded."""
    loaded = sys.modules.get(module)
    classes = [getattr(loaded, name, None) for name in names]
    return any(isinstance(cls, type) and issubclass(type(value), cls) for cls in classes)


def _is_picture(value: Any) -> bool:
    if type(value) in (bytes, bytearray):
        return sniff(bytes(value[:32])) is not None
    if _is_a(value, "pathlib", "Path"):
        return value.suffix.lower() in _PICTURES
    if _is_a(value, "numpy", "ndarray"):
        return 0 not in value.shape and (value.ndim == 2 or (value.ndim == 3 and value.shape[2] in (1, 3, 4)))
    return (
        issubclass(type(value), (GeneratedImage, Generation))
        or _is_a(value, "PIL.Image", "Image")
        or _is_a(value, "matplotlib.figure", "Figure")
    )


def _is_list(value: Any) -> bool:
    return (
        type(value) in (list, tuple, range, set, dict)
        or _is_a(value, "pandas", "Series", "Index")
        or _is_a(value, "numpy", "ndarray")
    )


def _is_frame(value: Any) -> bool:
    return _is_a(value, "pandas", "DataFrame") or (
        type(value) in (list, tuple) and bool(value) and type(value[0]) is dict
    )


def _resolve_path(path: str, variables: Mapping[str, Any]) -> Any:
    """Return the value of a path as far as it can be known without running anything, else `_UNKNOWN`."""
    try:
        return _resolve_node(template.parse_expression(path), variables)
    except (ArgumentError, LookupError, TypeError, AttributeError):
        return _UNKNOWN


def _resolve_node(node: ast.expr, variables: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name(id=name):
            return variables[name]
        case ast.Attribute(value=inner, attr=name):
            return _static_attribute(_resolve_node(inner, variables), name)
        case ast.Subscript(value=inner, slice=ast.Constant() | ast.UnaryOp() as index):
            holder = _resolve_node(inner, variables)
            if type(holder) in (dict, list, tuple):
                return holder[ast.literal_eval(index)]
    raise LookupError


def _static_attribute(holder: Any, name: str) -> Any:
    attribute = inspect.getattr_static(holder, name)
    if type(attribute) is MemberDescriptorType:  # a slot
        return attribute.__get__(holder)
    if hasattr(type(attribute), "__get__"):
        raise LookupError(name)
    return attribute


def _list_keys(value: Any) -> list[str]:
    if _is_a(value, "pandas", "DataFrame"):
        value = dict.fromkeys(value.columns)
    names = [name for name in value if isinstance(name, str)] if type(value) is dict else []
    return [name for name in names if name.isprintable() and not set(name) & set("{}\"'\\")]


def _list_attributes(value: Any) -> list[str]:
    """List the attributes that have a value to fill in: no private ones and no methods."""
    if value is _UNKNOWN:
        return []
    public = [name for name in dir(value) if not name.startswith("_")]
    statics = {name: inspect.getattr_static(value, name, None) for name in public}
    return [name for name, it in statics.items() if not (callable(it) or isinstance(it, classmethod))]


_VALUES: dict[str, Callable[[str, Scope], list[Candidate]]] = {
    "--model": lambda _typed, _scope: as_values(models.names()),
    "--aspect-ratio": lambda _typed, scope: _common_values(scope, lambda row: row.aspect_ratios),
    "--image-size": lambda _typed, scope: _common_values(scope, lambda row: row.image_sizes),
    "--image": _list_pictures,
    "--mask": _list_pictures,
    "--save": lambda typed, _scope: list_paths(typed, suffixes=_PICTURES),
    "--search": lambda _typed, scope: _common_values(
        scope, lambda row: SEARCHES if row.searches is None else row.searches
    ),
    "--thinking": lambda _typed, scope: _common_values(
        scope, lambda row: THINKING_LEVELS if row.thinking_levels is None else row.thinking_levels
    ),
    "--system": lambda _typed, scope: _list_variables(scope, lambda value: type(value) is str),
    "--safety": lambda typed, _scope: _list_thresholds(typed),
    "--config": lambda typed, _scope: _list_settings(typed),
    "--vary": lambda _typed, scope: _list_variables(scope, _is_list),
    "--each": lambda _typed, scope: _list_variables(scope, _is_frame),
    "--replay": lambda _typed, _scope: as_values(replay_mode.MODES),
    "--provider": lambda _typed, _scope: as_values([*provider.PROVIDERS, "auto"]),
}


def command_arguments(words: tuple[str, ...], typed: str, list_jobs: ListJobs) -> list[Candidate]:
    """Return what may follow these words of `%gemini`; `list_jobs` returns the names of batch jobs."""
    match words:
        case ("jobs",):
            return as_values(jobs.ACTIONS)
        case ("jobs", "wait" | "fetch" | "cancel" as action, *names):
            every = [jobs.ALL] if action == "cancel" and not names else []
            return as_values([*(name for name in list_jobs() if name not in names), *every])
        case ("key",) | ("key", "--keep"):
            paths = list_paths(typed) if typed else []
            files = [path for path in paths if path.text.endswith((".env", "/"))]
            others = ["forget", "--keep", "--forget"] if words == ("key",) else []
            return [*as_values([*others, ".env"]), *files]
        case ("store",):
            return as_values(["list", "verify", "clear"])
        case ("models",):
            return as_values(["--live"])
        case ("probe", *_):
            return as_values(models.names())
    return []
