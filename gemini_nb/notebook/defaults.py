"""Checks of the defaults that `%config GeminiMagics.…` and `ipython_config.py` set; none is fatal."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from traitlets import TraitError

from gemini_nb import models
from gemini_nb.errors import ArgumentError
from gemini_nb.files import expand_path
from gemini_nb.providers.keys import check_no_keys, mask_keys
from gemini_nb.providers.selection import choose_provider

if TYPE_CHECKING:
    from traitlets.config import Config, Configurable

_SECTION = "GeminiMagics"


def check_value(name: str, value: str) -> str:
    """Return the value of a default; raise `TraitError` for one that no request could have."""
    from gemini_nb.request import ImageRequest  # noqa: PLC0415

    if name == "model" and models.find(value):  # what the catalogue says of it is said when it is asked
        return value
    setting: dict[str, Any] = {name: value}
    try:
        check_no_keys([value])
        if name == "store":
            if value:
                expand_path(value, what="The store")
        elif name == "base_url":
            choose_provider("crazyrouter", base_url=value or None)
        else:
            ImageRequest("a check", **setting)
        return value
    except ArgumentError as problem:
        message = str(problem.args[0])
    raise TraitError(message)


def drop_bad_values(owner: Configurable, config: Config) -> None:
    """Take the bad values out of `config`, and out of the shell's own, and print a line about each.

    IPython hands the same `config` to the shell next, where a bad value would wait for the next load.
    """
    if _SECTION not in config:
        return
    given, parent = config[_SECTION], getattr(owner, "parent", None)
    for name, value in list(given.items()):
        problem = _problem_with(owner, name, value)
        if problem:
            del given[name]
            print(mask_keys(f"GeminiMagics.{name}: {problem}"))
            _restore_in_shell(parent, name, getattr(owner, name, None))


def _problem_with(owner: Configurable, name: str, value: Any) -> str:
    """Try a value, and return why it cannot be a default, else ""."""
    traits = owner.traits(config=True)
    if name not in traits:
        near = difflib.get_close_matches(name, traits, n=1)
        return f"there is no such default; did you mean {near[0]}?" if near else "there is no such default."
    old = getattr(owner, name)
    try:
        setattr(owner, name, value)
    except TraitError as error:
        # The line begins with the trait's name, so that its message need not say it again.
        message = str(error).replace(f"The '{name}' trait of a GeminiMagics instance ", "").rstrip(".")
        return f"{message}. It stays at {old!r}."
    return ""


def _restore_in_shell(shell: Any, name: str, value: Any) -> None:
    section = shell.config.get(_SECTION, {}) if shell is not None else {}
    if name not in section:
        return
    if value is None:
        del section[name]
    else:
        section[name] = value
