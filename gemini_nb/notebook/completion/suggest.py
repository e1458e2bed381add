"""Suggestions of Tab: options and their values on the line of a magic, `{{fields}}` in a prompt.

Options come from the parsers of `options`, so that a new one completes by itself; their values come from
`candidates`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gemini_nb.notebook import commands, options
from gemini_nb.notebook.completion import candidates, cursor
from gemini_nb.notebook.completion.candidates import Candidate, Scope
from gemini_nb.prompts import template

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterable, Mapping

    from gemini_nb.notebook.completion.candidates import ListJobs
    from gemini_nb.notebook.completion.cursor import Options, Place, Words


@dataclass(frozen=True)
class Completion:
    """The `fragment` before the cursor, and the `candidates` that may stand in its place."""

    fragment: str = ""
    candidates: tuple[Candidate, ...] = ()


def complete(
    text: str,
    line: int,
    column: int,
    variables: Mapping[str, Any],
    *,
    model: str,
    provider: str,
    list_jobs: ListJobs,
) -> Completion:
    """Return what may stand at the cursor of a cell; `model` is asked where its magic names none.

    `provider` says what an alias means, `list_jobs` returns the names of the store's batch jobs.
    """
    place = cursor.find_place(text, line, column)
    if place is None:
        return Completion()
    if place.magic == "gemini":
        return _complete_command(cursor.split_line(place.line), list_jobs)
    edits = place.magic == "gemini_edit"
    parser = options.edit_parser() if edits else options.image_parser(cell=place.cell)
    known = parser._option_string_actions  # noqa: SLF001 - no public list
    return complete_at(place, known, Scope(variables, (model,), provider))


def complete_at(place: Place, known: Options, scope: Scope) -> Completion:
    """Return what may stand at a place of a magic that knows these options, whose line may name models."""
    if place.body is not None:
        return _complete_prompt(place.body, known, cursor.split_line(place.line + " ").whole, scope.variables)
    words = cursor.split_line(place.line)
    if "#" in words.whole or "--" in words.whole or _is_closed(words):
        return Completion()
    after = cursor.split_line(place.after + " ").whole
    models = cursor.values_given(known, "--model", words.whole) + cursor.values_given(known, "--model", after)
    scope = replace(scope, models=models or scope.models)
    action = cursor.pending_option(known, words.whole)
    option = cursor.split_option(known, words.partial)
    if action is not None and (words.quote or not words.partial.startswith("-")):
        option = action, words.typed
    elif option is not None and not words.typed.endswith(option[1]):
        option = None
    if option is not None:
        if "--save" in option[0].option_strings and template.find_open_field(option[1]) is not None:
            return _complete_prompt(option[1], known, (*words.whole, *after), scope.variables)
        return _complete_value(*option, words, scope)
    if not words.quote and (not words.partial or words.partial.startswith("-")):
        return _keep_matching(words.partial, [Candidate(name, "param") for name in known])
    return Completion() if place.cell else _complete_prompt(words.typed, known, words.whole, scope.variables)


def _complete_prompt(
    before: str, known: Options, words: Iterable[str], variables: Mapping[str, Any]
) -> Completion:
    """Return what may stand in the field that the cursor is in, if it is in one and fields are filled."""
    typed = template.find_open_field(before)
    if typed is None or "--raw" in words:
        return Completion()
    frames = (variables.get(name) for name in cursor.values_given(known, "--each", words))
    columns = {name: value for frame in frames for name, value in candidates.columns_of(frame).items()}
    return _keep_matching(*candidates.complete_field(typed, {**variables, **columns}))


def _is_closed(words: Words) -> bool:
    """Whether the cursor stands right behind a closed quote, where nothing more belongs to the word."""
    return not words.quote and any(mark in words.typed for mark in "\"'")


def _complete_value(action: Action, typed: str, words: Words, scope: Scope) -> Completion:
    if action.choices is not None:
        values = candidates.as_values(action.choices)
    else:
        values = candidates.option_values(action.option_strings, typed, scope)
    matching = _keep_matching(typed, values).candidates
    quoted = [value._replace(text=_quote(value.text, words.quote)) for value in matching]
    return Completion(typed, tuple(value for value in quoted if value.text))


def _keep_matching(fragment: str, options: Iterable[Candidate]) -> Completion:
    """Keep what begins with the fragment; where nothing does, upper and lower case count as the same."""
    options = tuple(dict.fromkeys(options))
    exact = tuple(option for option in options if option.text.startswith(fragment))
    folded = fragment.casefold()
    return Completion(fragment, exact or tuple(o for o in options if o.text.casefold().startswith(folded)))


def _quote(text: str, quote: str) -> str:
    """Return a value as it must be written on the line, or "" where that cannot be done."""
    needed = any(character in " \t#\"'" for character in text)
    mark = quote or ('"' if '"' not in text else "'")
    if mark in text:
        return ""
    if quote or not needed:
        return text
    return mark + text + mark * (not text.endswith("/"))  # a folder is gone on with


def _complete_command(words: Words, list_jobs: ListJobs) -> Completion:
    """Return the words of `%gemini`, and what may follow them."""
    if words.quote or _is_closed(words):
        return Completion()
    if not words.whole:
        return _keep_matching(words.typed, candidates.as_values((*commands.COMMANDS, "help")))
    found = candidates.command_arguments(words.whole, words.typed, list_jobs)
    return _keep_matching(words.typed, found)
