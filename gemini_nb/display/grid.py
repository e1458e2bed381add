"""Several pictures as a notebook shows them: one HTML table with captions and alt text."""

from __future__ import annotations

import html
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb.display import figure
from gemini_nb.display.preview import encode_jpeg, flatten, limit_width, scale
from gemini_nb.errors import GeminiError
from gemini_nb.text import escape_html, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.display.preview import Picture

TILE_WIDTH = 384  # pixels of a tile's preview
MAX_TILES = 60  # a table of more is no picture but a burden; the rest is counted
MAX_COLUMNS = 4
_SHEET_WIDTH = 160
_COLUMN_PIXELS = 266  # a tile of 256 on the page, and the space beside it

_TABLE = "border-collapse:collapse;border:none;margin:0.25em 0;table-layout:fixed;width:100%"
_CELL = "border:none;padding:4px 10px 10px 0;vertical-align:top;text-align:left;background:none"
_PROBLEM = (
    "box-sizing:border-box;width:256px;max-width:100%;min-height:96px;margin:0.25em 0;padding:12px;"
    "border-radius:4px;border:1px dashed #888;opacity:0.85;font-size:0.85em;white-space:pre-wrap;"
    "overflow-wrap:anywhere"
)


@dataclass(frozen=True)
class Tile:
    """One picture with its caption, or the `problem` that stands in its place."""

    alt: str
    caption: str
    image: Picture | None = None
    problem: str = ""


def bundle(tiles: Sequence[Tile], *, columns: int = MAX_COLUMNS, heading: str = "") -> dict[str, Any]:
    """Return the MIME bundle of a grid: an HTML table, a JPEG contact sheet and text."""
    lines = [f"{tile.caption}{': ' + tile.problem if tile.problem else ''}" for tile in tiles[:MAX_TILES]]
    more = _more(len(tiles))
    text = "\n".join(printable(line) for line in (heading, *lines, more) if line)
    drawn = [draw(tile) for tile in tiles[:MAX_TILES]]
    page = table([one.html for one in drawn], columns=columns, heading=heading, count=len(tiles))
    shown = {"text/html": page, "text/plain": text}
    sheet = contact_sheet([one.thumb for one in drawn if one.thumb], columns)
    return {**shown, "image/jpeg": b64encode(sheet).decode("ascii")} if sheet else shown


def table(
    cells: Sequence[str], *, columns: int = MAX_COLUMNS, heading: str = "", count: int | None = None
) -> str:
    """Return the HTML of tiles that `draw` made, the first of `count`."""
    columns = max(1, min(columns, len(cells)))
    share = f"width:{100 / columns:.2f}%"  # equal columns: pictures of a comparison are of one size
    tds = [f'<td style="{_CELL};{share}">{cell}</td>' for cell in cells]
    rows = ["".join(tds[start : start + columns]) for start in range(0, len(tds), columns)]
    body = "".join(f'<tr style="background:none">{row}</tr>' for row in rows)
    more = _more(count or 0)
    return (
        (f'<div style="margin:0.25em 0">{escape_html(heading)}</div>' if heading else "")
        + f'<table role="presentation" style="{_TABLE};max-width:{columns * _COLUMN_PIXELS}px">{body}</table>'
        + (f"<div>{html.escape(more)}</div>" if more else "")
    )


def _more(count: int) -> str:
    return f"… and {count - MAX_TILES:,} more; to_frame() lists them all" if count > MAX_TILES else ""


@dataclass(frozen=True)
class Drawn:
    """A tile's HTML, and its picture as a small PIL image, or None."""

    html: str
    thumb: Any = None


def draw(tile: Tile) -> Drawn:
    """Draw a tile; its picture is decoded once."""
    if tile.image is None:
        return Drawn(_problem(tile, tile.problem))
    try:
        picture = scale(tile.image, TILE_WIDTH)
    except GeminiError as error:
        return Drawn(_problem(tile, str(error)))
    page = figure.drawn(tile.image, picture, alt=tile.alt, caption=tile.caption, width=TILE_WIDTH)
    return Drawn(page, limit_width(picture, _SHEET_WIDTH))


def _problem(tile: Tile, words: str) -> str:
    return f'<div style="{_PROBLEM}">{escape_html(words)}</div>{_caption(tile)}'


def _caption(tile: Tile) -> str:
    return f'<div style="{figure.CAPTION_STYLE}">{escape_html(tile.caption)}</div>'


def contact_sheet(thumbs: Sequence[Any], columns: int) -> bytes | None:
    """Return a small JPEG of all pictures, for front ends without HTML; None where none can be shown."""
    from PIL import Image  # noqa: PLC0415 - loaded with the first picture

    if not thumbs:
        return None
    columns = max(1, min(columns, len(thumbs)))
    high = max(thumb.height for thumb in thumbs)
    rows = -(-len(thumbs) // columns)
    sheet = Image.new("RGB", (columns * (_SHEET_WIDTH + 8), rows * (high + 8)), "white")
    for place, thumb in enumerate(thumbs):
        at = (place % columns * (_SHEET_WIDTH + 8), place // columns * (high + 8))
        sheet.paste(flatten(thumb), at)
    return encode_jpeg(sheet)
