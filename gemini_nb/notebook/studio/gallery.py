"""The studio's gallery as a notebook saves it: one large picture or two to compare, and the others small.

Two pictures are compared side by side or one over the other, with CSS and radio buttons alone: a saved page
runs no script.
"""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gemini_nb import models
from gemini_nb.display import grid
from gemini_nb.text import escape_html, format_dollars, format_time, one_line, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.notebook.studio.album import Entry

LARGE_WIDTH = 768  # pixels of a preview
SMALL_WIDTH = 384
MAX_SHOWN = 24
_PROMPT_CHARACTERS = 240

_GALLERY = "display:flow-root;margin:0.5em 0;max-width:1120px"
_TILE = "display:inline-block;vertical-align:top;width:256px;max-width:100%;margin-right:20px"
_FEATURED = "float:left;width:512px;max-width:100%;margin-right:20px"
_LINK = "font-size:0.85em;margin:-0.1em 0 0.4em;overflow-wrap:anywhere"
_EMPTY = "opacity:0.8;margin:0.75em 0"
_NOTHING = "No pictures yet. Say what to paint, and press Generate."

_STEP = 5  # per cent that the slider moves at a time
_KEYS = 'data-lm-suppress-shortcuts="true"'  # else arrow keys on a radio button are JupyterLab's commands
_STYLE = Path(__file__).with_name("compare.css")
_numbers = count(1)


class Gallery:
    """Draws entries as one MIME bundle; a picture is decoded once for each size it is shown in."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[int, int, Path | None], grid.DrawnTile] = {}

    def render(
        self, entries: Sequence[Entry], *, selected: int | None = None, compared: int | None = None
    ) -> dict[str, Any]:
        """Return the MIME bundle of entries, newest first; number `selected` is large, beside `compared`."""
        featured = [entry for number in (selected, compared) for entry in entries if entry.number == number]
        others = [entry for entry in list(reversed(entries))[:MAX_SHOWN] if entry not in featured]
        shown = [*featured, *others]
        widths = {entry.number: LARGE_WIDTH if entry in featured else SMALL_WIDTH for entry in shown}
        drawn = {entry.number: self._draw(entry, widths[entry.number]) for entry in shown}
        page = _render_page(featured, others, {number: tile.html for number, tile in drawn.items()})
        if (older := len(entries) - len(shown)) > 0:
            page += f"<div>… and {older} older; %gemini history lists them.</div>"
        text = "\n".join(printable(_describe(entry)) for entry in shown) or _NOTHING
        sheet = grid.render_contact_sheet(tile.thumbnail for tile in drawn.values())
        html = f'<div class="gemini-nb-gallery" style="{_GALLERY}">{page}</div>'
        return {"text/html": html, **sheet, "text/plain": text}

    def _draw(self, entry: Entry, width: int) -> grid.DrawnTile:
        generation = entry.generation
        key = (entry.number, width, generation.path)
        if key not in self._drawn:
            tile = grid.Tile(generation.prompt, _describe(entry), generation.image)
            drawn = grid.draw_tile(tile, width=width, remarks=generation.remarks)
            self._drawn[key] = replace(drawn, html=drawn.html + _render_link(generation.path))
        return self._drawn[key]


def _render_page(featured: Sequence[Entry], others: Sequence[Entry], drawn: dict[int, str]) -> str:
    if not featured and not others:
        return f'<p style="{_EMPTY}">{_NOTHING}</p>'
    above = [drawn[entry.number] for entry in featured]
    if len(featured) == 2:
        left, right = (entry.number for entry in featured)
        top = render_comparison(*above, left_number=left, right_number=right)
    else:
        top = "".join(f'<div style="{_FEATURED}">{html}</div>' for html in above)
    tiles = "".join(f'<div style="{_TILE}">{drawn[entry.number]}</div>' for entry in others)
    return top + tiles


def _describe(entry: Entry) -> str:
    """Two lines: number and prompt; then model, pixels, how long, price, when, where it came from."""
    generation = entry.generation
    image, row = generation.image, models.find(generation.model)
    is_offline = generation.provider == "offline"
    facts = (
        (row.alias if row else None) or generation.model,
        f"{image.width} × {image.height}",
        f"{generation.seconds:.{0 if generation.seconds >= 10 else 1}f} s",
        "offline, no cost" if is_offline else f"{format_dollars(generation.estimated_cost)} by estimate",
        format_time(entry.created),
        *(["from the store"] if generation.replayed else []),
    )
    return f"{entry.number} · {one_line(generation.prompt, _PROMPT_CHARACTERS)}\n{' · '.join(facts)}"


def _render_link(path: Path | None) -> str:
    """Link to the saved file; a notebook can link only to files in its own folder, so others are named."""
    if path is None:
        return ""
    here = Path.cwd()
    whole = path if path.is_absolute() else here / path
    if not whole.is_relative_to(here):
        return f'<div style="{_LINK}">{escape_html(os.fspath(path))}</div>'
    near = whole.relative_to(here).as_posix()
    return f'<div style="{_LINK}"><a href="{quote(near)}" target="_blank">{escape_html(near)}</a></div>'


def render_comparison(left: str, right: str, *, left_number: int, right_number: int) -> str:
    """Return the HTML of two figures to compare, one shown up to the slider; arrow keys move it."""
    name = f"gemini-nb-compare-{next(_numbers)}"
    steps = range(0, 101, _STEP)
    positions = "".join(
        f'.gemini-nb-compare:has([value="{at}"]:checked) {{--gemini-nb-at:{at}%}}\n' for at in steps
    )
    radios = "".join(
        f'<input type="radio" name="{name}" value="{at}"'
        f' aria-label="{at} % of picture {left_number}" {_KEYS}>'
        for at in steps
    )
    return (
        f"<style>{_STYLE.read_text(encoding='utf-8')}{positions}</style>"
        f'<div class="gemini-nb-compare"><fieldset>'
        f"<legend>Picture {left_number} and picture {right_number}</legend>"
        f'<label><input type="radio" name="{name}" value="aside" class="gemini-nb-aside" {_KEYS} checked> '
        "side by side, or one over the other:</label>"
        f'<div class="gemini-nb-steps">{radios}</div></fieldset>'
        f'<div class="gemini-nb-pair"><div>{left}</div><div>{right}</div></div></div>'
    )
