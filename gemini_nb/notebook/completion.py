"""Tab on the line of a magic, and inside the `{{fields}}` of its prompt.

Options come from the parsers of `options`, what may be their values from `candidates`. IPython calls us
through its matcher interface (8.6 and later), or through the command hook where that is absent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb.notebook import cursor, options, template

if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterable, Mapping

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from gemini_nb.notebook.candidates import Candidate
    from gemini_nb.notebook.cursor import Options, Place, Words
    from gemini_nb.notebook.magics import GeminiMagics

_HOOK = r"(?:[^%=]*=)?\s*%%?gemini"
_IDENTIFIER = "gemini_nb"
_PRIORITY = 200  # before IPython's own matchers, which then need not run


@dataclass(frozen=True)
class Found:
    """What completes: `fragment` ends at the cursor, each of the `candidates` may stand in its place."""

    fragment: str = ""
    candidates: tuple[Candidate, ...] = ()


def install(shell: InteractiveShell, magics: GeminiMagics) -> None:
    """Complete the magics in this shell, in place of an earlier installation."""
    remove(shell)
    try:
        from IPython.core.completer import context_matcher  # noqa: PLC0415 - absent from IPython 7
    except ImportError:
        shell.set_hook("complete_command", _hook(magics), re_key=_HOOK)
        return

    @context_matcher(identifier=_IDENTIFIER, priority=_PRIORITY)
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        return _matched(context, shell, magics)

    shell.Completer.custom_matchers.append(matcher)


def remove(shell: InteractiveShell) -> None:
    """Take back what `install` gave to the shell."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if getattr(one, "matcher_identifier", None) != _IDENTIFIER]
    shell.strdispatchers["complete_command"].regexs.pop(re.compile(_HOOK), None)


def _matched(
    context: CompletionContext, shell: InteractiveShell, magics: GeminiMagics
) -> SimpleMatcherResult:
    from IPython.core.completer import SimpleCompletion  # noqa: PLC0415 - absent from IPython 7

    found = _at(shell, magics, context.full_text, context.cursor_line, context.cursor_position)
    return {
        "completions": [SimpleCompletion(text, type=kind) for text, kind in found.candidates],
        "matched_fragment": found.fragment,  # IPython's own token would begin after the colon of 16:9
        "suppress": True,
        "ordered": True,
    }


def _hook(magics: GeminiMagics) -> Any:
    def complete_line(shell: InteractiveShell, event: Any) -> list[str]:
        """Return texts that IPython 7 puts in place of `event.symbol`, the end of the line as it splits it."""
        found = _at(shell, magics, event.line, 0, len(event.text_until_cursor))
        more = len(event.symbol) - len(found.fragment)
        if more >= 0:
            return [event.symbol[:more] + text for text, _kind in found.candidates]
        kept = found.fragment[: -more or None]
        return [text[-more:] for text, _kind in found.candidates if text.startswith(kept)]

    return complete_line


def _at(shell: InteractiveShell, magics: GeminiMagics, text: str, line: int, column: int) -> Found:
    try:
        place = cursor.find(text, line, column)
        return Found() if place is None else complete(place, _variables(shell), model=magics.model)
    except Exception:  # noqa: BLE001 - a `__dir__` of the user's; Tab never prints a traceback
        return Found()


def _variables(shell: InteractiveShell) -> dict[str, Any]:
    hidden = shell.user_ns_hidden
    return {
        name: value
        for name, value in shell.user_ns.items()
        if not name.startswith("_") and not (name in hidden and hidden[name] is value)
    }


def complete(place: Place, variables: Mapping[str, Any], *, model: str) -> Found:
    """Return what may stand at a place; `model` is the one asked where the line names none."""
    if place.magic == "gemini":
        return _house(cursor.read(place.line))
    known = options.image_parser(cell=place.cell)._option_string_actions  # noqa: SLF001 - argparse has no other list
    if place.body is None:
        return on_line(place, known, variables, model=model)
    return in_prompt(place.body, known, cursor.read(place.line + " ").whole, variables)


def on_line(place: Place, known: Options, variables: Mapping[str, Any], *, model: str) -> Found:
    """Return what may stand on the line of a magic that knows these options."""
    from gemini_nb.notebook import candidates  # noqa: PLC0415 - needed for the first Tab, not for loading

    words = cursor.read(place.line)
    if "#" in words.whole or "--" in words.whole or _is_closed(words):
        return Found()
    after = cursor.read(place.after + " ").whole
    asked = cursor.given(known, "--model", words.whole) + cursor.given(known, "--model", after)
    scope = candidates.Scope(variables, asked or (model,))
    action = cursor.awaited(known, words.whole)
    if action is not None and (words.quote or not words.begun.startswith("-")):
        return _value(action, words.typed, words, scope)
    both = cursor.joined(known, words.begun)
    if both is not None and words.typed.endswith(both[1]):
        return _value(*both, words, scope)
    if not words.quote and (not words.begun or words.begun.startswith("-")):
        return _starting(words.begun, [candidates.Candidate(name, "param") for name in known])
    return Found() if place.cell else in_prompt(words.typed, known, words.whole, variables)


def in_prompt(before: str, known: Options, words: Iterable[str], variables: Mapping[str, Any]) -> Found:
    """Return what may stand in the field that the cursor is in, if it is in one and fields are filled."""
    from gemini_nb.notebook import candidates  # noqa: PLC0415 - needed for the first Tab, not for loading

    typed = template.begun(before)
    if typed is None or "--raw" in words:
        return Found()
    frames = (variables.get(name) for name in cursor.given(known, "--each", words))
    columns = {name: value for frame in frames for name, value in candidates.columns(frame).items()}
    return _starting(*candidates.field(typed, {**variables, **columns}))


def _is_closed(words: Words) -> bool:
    """Whether the cursor stands right behind a closed quote, where nothing more belongs to the word."""
    return not words.quote and any(mark in words.typed for mark in "\"'")


def _value(action: Action, typed: str, words: Words, scope: Any) -> Found:
    from gemini_nb.notebook import candidates  # noqa: PLC0415

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
    from gemini_nb.notebook import candidates  # noqa: PLC0415
    from gemini_nb.notebook.house import _WORDS  # noqa: PLC0415

    if words.quote or _is_closed(words):
        return Found()
    if not words.whole:
        return _starting(words.typed, candidates.plain((*_WORDS, "help")))
    return _starting(words.typed, candidates.house(words.whole, words.typed))
