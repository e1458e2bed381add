"""What the package warned of, among what else is warned of meanwhile.

A kernel of an earlier test may leave sockets that are warned of when garbage is collected, at any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemini_nb.errors import GeminiWarning

if TYPE_CHECKING:
    import warnings
    from collections.abc import Iterable


def ours(caught: Iterable[warnings.WarningMessage]) -> list[warnings.WarningMessage]:
    """The package's own warnings."""
    return [warning for warning in caught if issubclass(warning.category, GeminiWarning)]


def messages(caught: Iterable[warnings.WarningMessage]) -> list[str]:
    """The words of the package's own warnings."""
    return [str(warning.message) for warning in ours(caught)]
