"""Completion by Tab through IPython's matcher interface, or the command hook of IPython 7.

`suggest`, which says what may stand at the cursor, is loaded with the first Tab.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from gemini_nb.notebook.completion.suggest import Completion
    from gemini_nb.notebook.session import Session

_HOOK = r"(?:[^%=]*=)?\s*%%?gemini"
_IDENTIFIER = "gemini_nb"
_PRIORITY = 200  # before IPython's own matchers, which then need not run


def install(shell: InteractiveShell, session: Session) -> None:
    """Complete the magics in this shell, in place of an earlier installation."""
    remove(shell)
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher  # noqa: PLC0415 - absent from IPython 7
    except ImportError:
        shell.set_hook("complete_command", _make_hook(session), re_key=_HOOK)
        return

    @context_matcher(identifier=_IDENTIFIER, priority=_PRIORITY)
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        completion = _complete(
            shell, session, context.full_text, context.cursor_line, context.cursor_position
        )
        return {
            "completions": [SimpleCompletion(text, type=kind) for text, kind in completion.candidates],
            "matched_fragment": completion.fragment,  # IPython's own token begins after the colon of 16:9
            "suppress": True,
            "ordered": True,
        }

    shell.Completer.custom_matchers.append(matcher)


def remove(shell: InteractiveShell) -> None:
    """Take back what `install` gave to the shell."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [other for other in matchers if getattr(other, "matcher_identifier", None) != _IDENTIFIER]
    hooks = shell.strdispatchers["complete_command"].regexs
    for pattern in [pattern for pattern in hooks if pattern.pattern == _HOOK]:
        del hooks[pattern]


def _make_hook(session: Session) -> Any:
    def complete_line(shell: InteractiveShell, event: Any) -> list[str]:
        """Return what IPython 7 puts in place of `event.symbol`, the end of the line as it splits it."""
        completion = _complete(shell, session, event.line, 0, len(event.text_until_cursor))
        shared = len(completion.fragment) - len(event.symbol)
        if shared <= 0:
            return [event.symbol[:-shared] + text for text, _kind in completion.candidates]
        prefix = completion.fragment[:shared]
        return [text[shared:] for text, _kind in completion.candidates if text.startswith(prefix)]

    return complete_line


def _complete(shell: InteractiveShell, session: Session, text: str, line: int, column: int) -> Completion:
    from gemini_nb.notebook.completion import suggest  # noqa: PLC0415 - needed for the first Tab, not for loading

    names, model = _visible_variables(shell), session.defaults.model
    try:
        return suggest.complete(
            text,
            line,
            column,
            names,
            model=model,
            provider=_find_provider(session),
            list_jobs=partial(_list_jobs, session),
        )
    except Exception:  # noqa: BLE001 - a `__dir__` of the user's; Tab never prints a traceback
        return suggest.Completion()


def _find_provider(session: Session) -> str:
    from gemini_nb.models import DEFAULT_PROVIDER  # noqa: PLC0415 - needed for the first Tab, not for loading

    try:
        return session.find_provider().name
    except Exception:  # noqa: BLE001 - wrong settings: the magic says so, Tab goes on
        return DEFAULT_PROVIDER


def _list_jobs(session: Session) -> list[str]:
    from gemini_nb.store.jobs import JobFolder  # noqa: PLC0415 - needed for this word only

    store = session.open_store()
    return [] if store is None else JobFolder(store).names()


def _visible_variables(shell: InteractiveShell) -> dict[str, Any]:
    hidden = shell.user_ns_hidden
    return {
        name: value
        for name, value in shell.user_ns.items()
        if not name.startswith("_") and not (name in hidden and hidden[name] is value)
    }
