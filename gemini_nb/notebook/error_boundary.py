"""Error boundary of the magics: warnings as plain lines, help without an error, the last failure kept."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gemini_nb.errors import Cancelled, GeminiError, GeminiWarning, MissingKeyError
from gemini_nb.notebook.options import HelpShown
from gemini_nb.notebook.session import print_line
from gemini_nb.providers.keys import mask_in_error, mask_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gemini_nb.notebook.session import Session


@contextmanager
def reporting_errors(session: Session) -> Iterator[None]:
    """Hold the work of a magic: help is no error, an interrupt is one line, the last error is kept."""
    try:
        with masking_keys(), warnings_as_lines():
            yield
    except HelpShown:
        return
    except GeminiError as error:
        session.last_error = error
        raise
    except Cancelled:
        raise
    except KeyboardInterrupt:
        raise Cancelled from None


@contextmanager
def masking_keys() -> Iterator[None]:
    """Mask keys in the words of an error: a line, a setting or a path in it may hold one by mistake."""
    try:
        yield
    except GeminiError as error:
        explain_missing_key(error)
        mask_in_error(error)
        raise
    except ImportError as error:
        missing = GeminiError(f"A package is missing or broken: {error}.", hint="Reinstall gemini-nb.")
    else:
        return
    raise missing


def explain_missing_key(error: GeminiError) -> None:
    """Say of a missing key what to do about it in a notebook, where no argument takes one."""
    if isinstance(error, MissingKeyError):
        error.hint = _KEY_HINT


_KEY_HINT = """\
Set CRAZYROUTER_API_KEY (for google GEMINI_API_KEY), or type %gemini key;
%config GeminiMagics.provider = "offline" paints without a key."""


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Print our own warnings as plain lines: in a notebook a file name and a line number say nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GeminiWarning)
        try:
            yield
        finally:
            ours = (warning for warning in caught if issubclass(warning.category, GeminiWarning))
            for message in dict.fromkeys(str(warning.message) for warning in ours):  # of many rows, once
                print_line(mask_keys(message))
    for warning in caught:
        if not issubclass(warning.category, GeminiWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
