"""Time in tests: what a late machine can spoil is tried again with more seconds, and nothing else is.

def call(seconds):
    …                                   whatever fails here fails the test at once
    in_time(took < seconds + 1)         a busy machine fails this once, a broken promise every time

given_time(call, 0.6, 2, 6)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class LateError(AssertionError):
    """Something was not done in time, by the machine or by the code."""


def in_time(was_it: object) -> None:
    if not was_it:
        raise LateError("not in time, however many seconds were given")


def given_time(attempt: Callable[[float], None], *seconds: float) -> None:
    """Make an attempt with so many seconds; where it is late, one with each of the next."""
    *first, last = seconds
    for few in first:
        try:
            return attempt(few)
        except LateError:
            continue
    return attempt(last)
