"""The four replay modes, and the choice among them: the argument, or the variable `GEMINI_NB_REPLAY`."""

from __future__ import annotations

import os
from typing import Literal, get_args

from gemini_nb.errors import ArgumentError

Mode = Literal["auto", "only", "refresh", "off"]
MODES: tuple[Mode, ...] = get_args(Mode)


def choose_mode(mode: str) -> Mode:
    """Return the mode in force; raise `ArgumentError` for an unknown one."""
    wanted = os.environ.get("GEMINI_NB_REPLAY") or ""
    if wanted and (mode == "auto" or wanted == "only"):  # the lock holds against any argument
        mode = wanted
    if mode not in MODES:
        raise ArgumentError(f"There is no replay mode {mode!r}.", hint=f"Choose one of: {', '.join(MODES)}.")
    return mode
