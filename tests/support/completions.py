"""What Tab offers in a shell, as IPython is told."""

from __future__ import annotations

from IPython.core.completer import provisionalcompleter


def pressed(shell, source):
    """What Tab offers at the ¦ of a source: pairs of what would be replaced and by what."""
    at = source.index("¦")
    source = source.replace("¦", "")
    with provisionalcompleter():
        found = list(shell.Completer.completions(source, at))
    return [(source[one.start : at], one.text) for one in found if one._origin == "gemini_nb"]


def offered(shell, source):
    return [text for _fragment, text in pressed(shell, source)]
