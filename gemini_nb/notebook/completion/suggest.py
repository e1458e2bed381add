"""What Tab offers at the cursor: options and their values on the line of a magic, `{{fields}}` in a prompt.

Options come from the parsers of `options`, so that a new one completes by itself; what may be their values
comes from `candidates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb.notebook import commands, options, template
from gemini_nb.notebook.completion import candidates, cursor
from gemini_nb.notebook.completion.candidates import Candidate, Scope

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterable, Mapping

    from gemini_nb.notebook.completion.cursor import Options, Place, Words


@dataclass(frozen=True)
class Found:
    """What completes: `fragment` ends at the cursor, each of the `candidates` may stand in its place."""

    fragment: str = ""
    candidates: tuple[Candidate, ...] = ()


def complete(text: str, line: int, column: int, variables: Mapping[str, Any], *, model: str) -> Found:
    """Return what may stand at the cursor of a cell; `model` is asked where its magic names none."""
    place = cursor.find(text, line, column)
    if place is None:
        return Found()
    if place.magic == "gemini":
        return _house(cursor.read(place.line))
    edits = place.magic == "gemini_edit"
    parser = options.edit_parser() if edits else options.image_parser(cell=place.cell)
    return at(place, parser._option_string_actions, variables, model=model)  # noqa: SLF001 - no public list


def at(place: Place, known: Options, variables: Mapping[str, Any], *, model: str) -> Found:
    """Return what may stand at a place of a magic that knows these options."""
    if place.body is None:
        return _on_line(place, known, variables, model=model)
    return _in_prompt(place.body, known, cursor.read(place.line + " ").whole, variables)


def _on_line(place: Place, known: Options, variables: Mapping[str, Any], *, model: str) -> Found:
    """Return what may stand on the line of a magic that knows these options."""
    words = cursor.read(place.line)
    if "#" in words.whole or "--" in words.whole or _is_closed(words):
        return Found()
    after = cursor.read(place.after + " ").whole
    asked = cursor.given(known, "--model", words.whole) + cursor.given(known, "--model", after)
    scope = Scope(variables, asked or (model,))
    action = cursor.awaited(known, words.whole)
    if action is not None and (words.quote or not words.begun.startswith("-")):
        return _value(action, words.typed, words, scope)
    both = cursor.joined(known, words.begun)
    if both is not None and words.typed.endswith(both[1]):
        return _value(*both, words, scope)
    if not words.quote and (not words.begun or words.begun.startswith("-")):
        return _starting(words.begun, [Candidate(name, "param") for name in known])
    return Found() if place.cell else _in_prompt(words.typed, known, words.whole, variables)


def _in_prompt(before: str, known: Options, words: Iterable[str], variables: Mapping[str, Any]) -> Found:
    """Return what may stand in the field that the cursor is in, if it is in one and fields are filled."""
    typed = template.begun(before)
    if typed is None or "--raw" in words:
        return Found()
    frames = (variables.get(name) for name in cursor.given(known, "--each", words))
    columns = {name: value for frame in frames for name, value in candidates.columns(frame).items()}
    return _starting(*candidates.field(typed, {**variables, **columns}))


def _is_closed(words: Words) -> bool:
    """Whether the cursor stands right behind a closed quote, where nothing more belongs to the word."""
    return not words.quote and any(mark in words.typed for mark in "\"'")


def _value(action: Action, typed: str, words: Words, scope: Scope) -> Found:
    if action.choices is not None:
        found = candidates.plain(action.choices)
    else:
        found = candidates.values(action.option_strings, typed, scope)
    fitting = _starting(typed, found)
    written = [one._replace(text=_quoted(one.text, words.quote)) for one in fitting.candidates]
    return Found(typed, tuple(one for one in written if one.text))


def _starting(fragment: str, found: Iterable[Candidate]) -> Found:
    """Keep what begins with the fragment, or where nothing does, in whatever case."""
    found = tuple(dict.fromkeys(found))
    exact = tuple(one for one in found if one.text.startswith(fragment))
    folded = fragment.casefold()
    return Found(fragment, exact or tuple(one for one in found if one.text.casefold().startswith(folded)))


def _quoted(text: str, quote: str) -> str:
    """Return a value as it must be written on the line, or "" where that cannot be done."""
    needed = any(character in " \t#\"'" for character in text)
    mark = quote or ('"' if '"' not in text else "'")
    if mark in text:
        return ""
    if quote or not needed:
        return text
    return mark + text + mark * (not text.endswith("/"))  # a folder is gone on with


def _house(words: Words) -> Found:
    """Return the words of `%gemini`, and what may follow them."""
    if words.quote or _is_closed(words):
        return Found()
    if not words.whole:
        return _starting(words.typed, candidates.plain((*commands.COMMANDS, "help")))
    return _starting(words.typed, candidates.house(words.whole, words.typed))
