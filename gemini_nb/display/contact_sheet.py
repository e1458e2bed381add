"""A contact sheet: one HTML file of many pictures with their captions, which asks nothing of any server.

It is written piece by piece, so that thousands of pictures take no more memory than one. Every text in it is
other people's: it is escaped.
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_nb.display.preview import data_uri, encode, scale
from gemini_nb.errors import GeminiError
from gemini_nb.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gemini_nb.display.preview import Picture

# How wide a thumbnail is in pixels, and a tile on the page, by how many tiles there are at most: a photograph
# takes 20, 10 and 5 kB, so that five thousand make a page of 35 MB.
_SIZES = ((500, 360, "14rem"), (2000, 240, "11rem"), (math.inf, 160, "8rem"))
_WEBP = {"quality": 65, "method": 2}  # 4 takes twice as long and saves a thirtieth
_TEXT_CHARACTERS = 280
_ALT_CHARACTERS = 500
_PROBLEM_CHARACTERS = 600

# Nothing is fetched and nothing runs, whatever a text may hold.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Tile:
    """One picture, or the `problem` in its place, with its caption.

    `facts` are names and values below the caption. `link` is the address of the original, "" for none;
    `file_name` is what a browser saves it as, where the address is its data.
    """

    alt: str
    caption: str
    facts: tuple[tuple[str, str], ...] = ()
    image: Picture | None = None
    problem: str = ""
    link: str = ""
    file_name: str = ""


def render_pieces(tiles: Iterable[Tile], *, count: int, title: str, totals: str) -> Iterator[bytes]:
    """Yield the page of `count` tiles in UTF-8; `totals` stand below the title."""
    pixels, width = next((pixels, width) for most, pixels, width in _SIZES if count <= most)
    style = Path(__file__).with_suffix(".css").read_text("utf-8")
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{_escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<header>\n<h1 dir="auto">{_escape(title)}</h1>\n'
        f'<p>{_escape(totals)}</p>\n</header>\n<main>\n<ul style="--tile: {width}">\n'
    )
    yield head.encode()
    for tile in tiles:
        yield f"<li>{_render_tile(tile, pixels)}</li>\n".encode()
    yield b"</ul>\n</main>\n</body>\n</html>\n"


def _render_tile(tile: Tile, pixels: int) -> str:
    problem = tile.problem
    if tile.image is not None:
        try:
            return _render_figure(_render_picture(tile, tile.image, pixels), tile)
        except GeminiError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a Pillow without WebP, no memory: the others are there
            problem = f"It cannot be shown here ({type(error).__name__})."
    words = _escape(problem, _PROBLEM_CHARACTERS)
    return _render_figure(f'<div class="problem"><strong>No picture</strong>{words}</div>', tile)


def _render_picture(tile: Tile, image: Picture, pixels: int) -> str:
    small = scale(image, pixels, 2 * pixels)
    source = data_uri("image/webp", encode(small, "WEBP", **_WEBP))
    tag = (
        f'<img src="{source}" alt="{_escape(tile.alt, _ALT_CHARACTERS)}"'
        f' width="{small.width}" height="{small.height}" loading="lazy" decoding="async">'
    )
    if not tile.link:
        return tag
    download = f' download="{_escape(tile.file_name)}"' if tile.file_name else ""
    return f'<a href="{html.escape(printable(tile.link))}"{download}>{tag}</a>'


def _render_figure(content: str, tile: Tile) -> str:
    facts = "".join(
        f'<div dir="auto"><dt>{_escape(name)}:</dt> <dd>{_escape(value)}</dd></div>'
        for name, value in tile.facts
    )
    caption = f'<div dir="auto">{_escape(tile.caption)}</div>' if tile.caption else ""
    below = caption + (f"<dl>{facts}</dl>" if facts else "")
    return f"<figure>{content}{f'<figcaption>{below}</figcaption>' if below else ''}</figure>"


def _escape(text: str, limit: int = _TEXT_CHARACTERS) -> str:
    return html.escape(one_line(text, limit))
