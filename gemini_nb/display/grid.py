"""A grid of pictures as a notebook shows it: an HTML table with captions, a JPEG contact sheet, text."""

from __future__ import annotations

import html
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb.display import figure
from gemini_nb.display.original import NO_ORIGINAL, Original
from gemini_nb.display.preview import encode_jpeg, flatten, limit, scale
from gemini_nb.errors import GeminiError
from gemini_nb.text import escape_html, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gemini_nb.display.preview import Picture

TILE_WIDTH = 384  # pixels of a tile's preview
MAX_TILES = 60  # a saved notebook of more is too large to open; the rest is counted
MAX_COLUMNS = 4
SHEET_WIDTH = 160  # pixels of a picture on the contact sheet, which may be twice as high
_SHEET_GAP = 8
_COLUMN_PIXELS = 266  # a tile of 256 on the page, and the space beside it

_HINT = "save the originals with -s FOLDER/ or .save(FOLDER)"
_TABLE = "border-collapse:collapse;border:none;margin:0.25em 0;table-layout:fixed;width:100%"
_CELL = "border:none;padding:4px 10px 10px 0;vertical-align:top;text-align:left;background:none"
_PROBLEM = (
    "box-sizing:border-box;width:256px;max-width:100%;min-height:96px;margin:0.25em 0;padding:12px;"
    "border-radius:4px;border:1px dashed #888;opacity:0.85;font-size:0.85em;white-space:pre-wrap;"
    "overflow-wrap:anywhere"
)


@dataclass(frozen=True)
class Tile:
    """One picture with its caption, below it `remarks`, or the `problem` that stands in its place."""

    alt: str
    caption: str
    image: Picture | None = None
    problem: str = ""
    original: Original = NO_ORIGINAL
    remarks: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The tile in text: its caption, where the picture was saved, and remarks, or the problem."""
        words = " · ".join((self.caption, *self.original.words))
        return f"{words}: {self.problem}" if self.problem else "\n".join((words, *self.remarks))


def render_bundle(tiles: Sequence[Tile], *, columns: int = MAX_COLUMNS, heading: str = "") -> dict[str, Any]:
    """Return the MIME bundle of a grid: an HTML table, a JPEG contact sheet and text. Never raises."""
    first = tiles[:MAX_TILES]
    text = render_text(tiles, heading=heading)
    try:
        drawn = [draw_tile(tile) for tile in first]
        page = render_table([tile.html for tile in drawn], columns=columns, heading=heading, count=len(tiles))
        if any(tile.image and not (tile.original.saved_as or tile.original.link) for tile in tiles):
            page += f'<div style="{figure.CAPTION_STYLE}">{_HINT}</div>'
        sheet = render_contact_sheet([tile.thumbnail for tile in drawn], columns)
    except Exception as error:  # noqa: BLE001 - a Pillow without WebP, no memory: the pictures are there
        return {"text/plain": f"{text}\nThe pictures cannot be shown here ({type(error).__name__})."}
    return {"text/html": page, "text/plain": text, **sheet}


def render_text(tiles: Sequence[Tile], *, heading: str = "") -> str:
    """Return the text of a grid: the heading, a line or two for each tile, and how many more there are."""
    lines = (heading, *(tile.text for tile in tiles[:MAX_TILES]), _count_rest(len(tiles)))
    return "\n".join(printable(line) for line in lines if line)


def render_table(
    cells: Sequence[str], *, columns: int = MAX_COLUMNS, heading: str = "", count: int | None = None
) -> str:
    """Return an HTML table of tiles that `draw_tile` made, the first of `count`."""
    columns = max(1, min(columns, len(cells)))
    width = f"width:{100 / columns:.2f}%"  # equal columns: pictures of a comparison are of one size
    tds = [f'<td style="{_CELL};{width}">{cell}</td>' for cell in cells]
    rows = ["".join(tds[start : start + columns]) for start in range(0, len(tds), columns)]
    body = "".join(f'<tr style="background:none">{row}</tr>' for row in rows)
    more = _count_rest(count or 0)
    return (
        (f'<div style="margin:0.25em 0">{escape_html(heading)}</div>' if heading else "")
        + f'<table role="presentation" style="{_TABLE};max-width:{columns * _COLUMN_PIXELS}px">{body}</table>'
        + (f"<div>{html.escape(more)}</div>" if more else "")
    )


def _count_rest(count: int) -> str:
    return f"… and {count - MAX_TILES:,} more; to_html() shows them all" if count > MAX_TILES else ""


@dataclass(frozen=True)
class DrawnTile:
    """A tile's HTML, and its picture as a small PIL image for the contact sheet, or None."""

    html: str
    thumbnail: Any = None


def draw_tile(tile: Tile) -> DrawnTile:
    """Draw a tile: decode its picture once, for a preview and for the contact sheet."""
    if tile.image is None:
        return DrawnTile(render_problem(tile.problem, tile.caption))
    try:
        preview = scale(tile.image, TILE_WIDTH)
    except GeminiError as error:
        return DrawnTile(render_problem(str(error), tile.caption))
    page = figure.render_html(
        tile.image,
        preview,
        alt=tile.alt,
        caption=tile.caption,
        original=tile.original,
        remarks=tile.remarks,
        width=TILE_WIDTH,
    )
    return DrawnTile(page, limit(preview, SHEET_WIDTH, 2 * SHEET_WIDTH))


def render_problem(problem: str, caption: str) -> str:
    return (
        f'<div style="{_PROBLEM}">{escape_html(problem)}</div>'
        f'<div style="{figure.CAPTION_STYLE}">{escape_html(caption)}</div>'
    )


def render_contact_sheet(thumbnails: Iterable[Any], columns: int = MAX_COLUMNS) -> dict[str, str]:
    """Return the MIME bundle of a small JPEG of all pictures, for front ends without HTML.

    A thumbnail that is None has no place on it; without any the bundle is empty.
    """
    images = [thumbnail for thumbnail in thumbnails if thumbnail is not None]
    if not images:
        return {}
    from PIL import Image  # noqa: PLC0415 - loaded with the first picture

    columns = max(1, min(columns, len(images)))
    width, height = SHEET_WIDTH + _SHEET_GAP, max(image.height for image in images) + _SHEET_GAP
    sheet = Image.new("RGB", (columns * width, -(-len(images) // columns) * height), "white")
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        sheet.paste(flatten(image), (column * width, row * height))
    return {"image/jpeg": b64encode(encode_jpeg(sheet)).decode("ascii")}
