"""The studio's gallery as a notebook saves it: one large picture or two to compare, and the others small."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gemini_nb import figure, grid, inventory
from gemini_nb.errors import GeminiError
from gemini_nb.ledger import dollars
from gemini_nb.notebook.comparison import comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.notebook.album import Entry

LARGE = 768  # pixels of a preview
SMALL = 384
MAX_SHOWN = 24
_PROMPT_CHARACTERS = 240

_GALLERY = "margin:0.5em 0;max-width:1100px"
_TILES = "display:flex;flex-wrap:wrap;gap:4px 20px;align-items:flex-start"
_TILE = "flex:0 1 256px;min-width:0;max-width:100%"
_FEATURED = "flex:0 1 512px;min-width:0;max-width:100%"
_LINK = "font-size:0.85em;margin:-0.1em 0 0.4em;overflow-wrap:anywhere"
_EMPTY = "opacity:0.8;margin:0.75em 0"


@dataclass(frozen=True)
class _Drawn:
    html: str
    thumb: Any


class Gallery:
    """Draws entries as one MIME bundle; a picture is decoded once for each size it is shown in."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[int, int, Path | None], _Drawn] = {}

    def bundle(
        self, entries: Sequence[Entry], *, selected: int | None = None, compared: int | None = None
    ) -> dict[str, Any]:
        """Return the bundle of entries, newest first; `selected` is drawn large, beside `compared`."""
        shown = list(reversed(entries))[:MAX_SHOWN]
        large = {selected, compared} - {None}
        featured = [one for number in (selected, compared) for one in shown if one.number == number]
        others = [one for one in shown if one.number not in large]
        drawn = {one.number: self._draw(one, LARGE if one in featured else SMALL) for one in shown}
        page = (
            _page(featured, others, {number: one.html for number, one in drawn.items()})
            + f"{_more(len(entries) - len(shown))}"
        )
        text = "\n".join(figure.printable(_caption(one)) for one in shown) or _NOTHING
        found = {"text/html": f'<div class="gemini-nb-gallery" style="{_GALLERY}">{page}</div>'}
        thumbs = [drawn[one.number].thumb for one in (*featured, *others) if drawn[one.number].thumb]
        sheet = grid.contact_sheet(thumbs, grid.MAX_COLUMNS)
        jpeg = {"image/jpeg": b64encode(sheet).decode("ascii")} if sheet else {}
        return {**found, **jpeg, "text/plain": text}

    def _draw(self, entry: Entry, width: int) -> _Drawn:
        key = (entry.number, width, entry.generation.path)
        if key not in self._drawn:
            self._drawn[key] = _drawn(entry, width)
        return self._drawn[key]


_NOTHING = "No pictures yet. Say what to paint, and press Generate."


def _page(featured: Sequence[Entry], others: Sequence[Entry], drawn: dict[int, str]) -> str:
    if not featured and not others:
        return f'<p style="{_EMPTY}">{_NOTHING}</p>'
    above = [drawn[one.number] for one in featured]
    if len(featured) == 2:
        first, second = (one.number for one in featured)
        top = comparison(above[0], above[1], first=first, second=second)
    else:
        top = "".join(f'<div style="{_FEATURED}">{one}</div>' for one in above)
    tiles = "".join(f'<div style="{_TILE}">{drawn[one.number]}</div>' for one in others)
    return top + (f'<div style="{_TILES}">{tiles}</div>' if tiles else "")


def _more(count: int) -> str:
    return f"<div>… and {count} older; %gemini history lists them.</div>" if count > 0 else ""


def _drawn(entry: Entry, width: int) -> _Drawn:
    generation = entry.generation
    try:
        picture = figure.scaled(generation.image, width)
    except GeminiError as error:
        return _Drawn(f"<div>{figure.escaped(f'{_caption(entry)}: {error}')}</div>", None)
    page = figure.drawn(
        generation.image,
        picture,
        alt=generation.prompt,
        caption=_caption(entry),
        remarks=generation.remarks,
        width=width,
    )
    return _Drawn(page + _link(generation.path), figure.narrowed(picture, 160))


def _caption(entry: Entry) -> str:
    """Two lines: number and prompt; then model, pixels, when and how long, price."""
    generation = entry.generation
    image = generation.image
    price = (
        "no cost" if generation.provider == "offline" else f"{dollars(generation.estimated_cost)} by estimate"
    )
    facts = (
        generation.model,
        *(["offline"] if generation.provider == "offline" else []),
        f"{image.width} × {image.height}",
        f"{inventory.when(entry.made)}, {generation.seconds:.0f} s",
        price,
        *(["from the store"] if generation.replayed else []),
    )
    return f"{entry.number} · {shortened(generation.prompt, _PROMPT_CHARACTERS)}\n{' · '.join(facts)}"


def shortened(prompt: str, characters: int) -> str:
    """A prompt on one line, cut to a readable length."""
    line = " ".join(prompt[: 4 * characters].split())
    return line if len(line) <= characters else f"{line[: characters - 1]}…"


def _link(path: Path | None) -> str:
    """A link to the saved file; what lies outside of the notebook's folder is named and cannot be linked."""
    if path is None:
        return ""
    here = Path.cwd()
    whole = path if path.is_absolute() else here / path
    if not whole.is_relative_to(here):
        return f'<div style="{_LINK}">{figure.escaped(os.fspath(path))}</div>'
    near = whole.relative_to(here).as_posix()
    return f'<div style="{_LINK}"><a href="{quote(near)}" target="_blank">{figure.escaped(near)}</a></div>'
