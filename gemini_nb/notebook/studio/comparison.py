"""Two pictures to compare as HTML: side by side, one over the other up to a handle, or in turn.

It is CSS and radio buttons alone, in `compare.css`: a saved page runs no script.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Mode = Literal["aside", "over", "blink"]

STEP = 5  # per cent that the handle moves at a time
_KEYS = 'data-lm-suppress-shortcuts="true"'  # else arrow keys on a radio button are JupyterLab's commands
_HIDDEN = 'style="display:none"'  # where the style sheet is taken out, so are the buttons
_STYLE = Path(__file__).with_name("compare.css")


def render(left: str, right: str, *, numbers: tuple[int, int], name: str, mode: Mode) -> str:
    """Return the HTML of two figures to compare, which begins in a mode, its handle in the middle.

    `name` is that of the radio buttons, in the page for this comparison alone.
    """
    first, second = numbers
    steps = range(0, 101, STEP)
    words = {
        "aside": "side by side",
        "over": "one over the other",
        "blink": "blink",
        "first": f"only {first}",
        "second": f"only {second}",
    }
    modes = "".join(
        f'<label><input type="radio" name="{name}" value="{value}" {_KEYS}{" checked" * (value == mode)}>'
        f" {label}</label>"
        for value, label in words.items()
    )
    handles = "".join(
        f'<input type="radio" name="{name}-at" value="{step}" aria-label="{step} % of picture {first}"'
        f" {_KEYS}{' checked' * (step == 50)}>"
        for step in steps
    )
    positions = "".join(
        f'.gemini-nb-compare:has([value="{step}"]:checked) {{--gemini-nb-at:{step / 100}}}\n'
        for step in steps
    )
    return (
        f"<style>{_STYLE.read_text(encoding='utf-8')}{positions}</style>"
        f'<div class="gemini-nb-compare"><fieldset class="gemini-nb-modes" {_HIDDEN}>'
        f"<legend>Compare {first} and {second}:</legend>{modes}</fieldset>"
        f'<div class="gemini-nb-pair">{left}{right}'
        f'<div class="gemini-nb-steps" role="radiogroup" {_HIDDEN}'
        f' aria-label="How much of picture {first} is shown">{handles}</div></div></div>'
    )
