"""Two pictures side by side, or one over the other under a slider: HTML and CSS without a script.

Where a front end takes the style away, as for a notebook it does not trust, they stay side by side.
"""

from __future__ import annotations

from itertools import count

_STEP = 5  # per cent that the slider moves at a time
_KEYS = 'data-lm-suppress-shortcuts="true"'  # else arrow keys on a radio button are JupyterLab's commands
_numbers = count(1)

_SLIDER = ".gemini-nb-compare:not(:has(.gemini-nb-aside:checked))"
_RULES = f"""
.gemini-nb-compare fieldset {{border:none;margin:0;padding:0;min-width:0;font-size:0.9em}}
.gemini-nb-compare legend {{padding:0}}
.gemini-nb-steps {{display:flex;max-width:512px;margin:0.2em 0 0.5em}}
.gemini-nb-steps input {{appearance:none;flex:1 1 0;min-width:0;height:24px;margin:0;cursor:ew-resize;
  color:inherit;
  background:linear-gradient(currentcolor,currentcolor) center/100% 2px no-repeat}}
.gemini-nb-steps input:checked {{background:radial-gradient(circle,currentcolor 7px,transparent 8px),
  linear-gradient(currentcolor,currentcolor) center/100% 2px no-repeat}}
.gemini-nb-steps input:focus-visible {{outline:2px solid currentcolor;outline-offset:1px}}
.gemini-nb-pair {{display:flex;flex-wrap:wrap;gap:4px 20px;align-items:flex-start}}
.gemini-nb-pair > div {{flex:0 1 512px;min-width:0;max-width:100%}}
{_SLIDER} .gemini-nb-pair {{display:grid;max-width:512px}}
{_SLIDER} .gemini-nb-pair > div {{grid-area:1/1}}
{_SLIDER} .gemini-nb-pair img {{width:100%}}
{_SLIDER} .gemini-nb-pair > div > :not(figure), {_SLIDER} figure > :not(img) {{display:none}}
{_SLIDER} .gemini-nb-pair > div:last-child {{clip-path:inset(0 0 0 var(--gemini-nb-at))}}
"""


def comparison(one: str, other: str, *, first: int, second: int) -> str:
    """Return the HTML of two figures to compare; arrow keys move the slider."""
    name = f"gemini-nb-compare-{next(_numbers)}"
    steps = range(0, 101, _STEP)
    positions = "".join(
        f'.gemini-nb-compare:has([value="{at}"]:checked) {{--gemini-nb-at:{at}%}}\n' for at in steps
    )
    radios = "".join(
        f'<input type="radio" name="{name}" value="{at}" aria-label="{at} % of picture {first}" {_KEYS}>'
        for at in steps
    )
    return (
        f"<style>{_RULES}{positions}</style>"
        f'<div class="gemini-nb-compare"><fieldset>'
        f"<legend>Picture {first} and picture {second}</legend>"
        f'<label><input type="radio" name="{name}" value="aside" class="gemini-nb-aside" {_KEYS} checked> '
        "side by side, or one over the other:</label>"
        f'<div class="gemini-nb-steps">{radios}</div></fieldset>'
        f'<div class="gemini-nb-pair"><div>{one}</div><div>{other}</div></div></div>'
    )
