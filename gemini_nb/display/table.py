"""A table of texts and small pictures: HTML for a notebook, text for a terminal, Markdown for a page.

Every cell is other people's text: it is escaped, cut to a readable length and kept on its line.
"""

from __future__ import annotations

import html
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb.display.preview import PIXELS_PER_CSS_PIXEL, data_uri, encode, scale
from gemini_nb.text import escape_html, find_text_width, one_line, terminal_columns, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gemini_nb.display.preview import Picture

_TEXT_CHARACTERS = 56  # of a cell on a terminal
_HTML_CHARACTERS = 280
_SHORT_CHARACTERS = 40  # of a cell that never needs a second line
_TIED_CHARACTERS = 16  # of words that stay on one line, such as a size and its price
_NOTE_CHARACTERS = 500
_TIE = "\xa0"  # a space at which no line is broken
_GAP = 2  # spaces between two columns on a terminal
_LEAST_COLUMNS = 24  # of a column that goes on below its row

_TABLE = "border-collapse:collapse;border:none;margin:0.4em 0;font-size:0.92em"
_CAPTION = "caption-side:top;text-align:left;padding:0 0 6px;color:inherit;opacity:0.8"
_ROW = "border-bottom:1px solid rgba(128,128,128,0.35);background:none"  # visible on light and on dark
_CELL = "padding:5px 18px 5px 0;text-align:"
_LEFT = "left"
_LONG = "left;max-width:32em;overflow-wrap:break-word;white-space:normal"
_RIGHT = "right;white-space:nowrap;font-variant-numeric:tabular-nums"
_NOTES = "font-size:0.82em;opacity:0.75;max-width:60em;white-space:pre-line"
_MARKDOWN = re.compile(r"[\\`*_\[\]<>!|~&$]")


@dataclass(frozen=True)
class Thumbnail:
    """A small picture in a cell: `source` is a data URI, `width` and `height` are CSS pixels."""

    source: str
    alt: str
    width: int
    height: int


def make_thumbnail(image: Picture, alt: str, *, pixels: int) -> Thumbnail:
    """Draw a picture of so many pixels across and down at most; raise a `GeminiError` where it cannot be."""
    small = scale(image, pixels, pixels)
    source = data_uri("image/webp", encode(small, "WEBP", quality=75, method=4))
    width, height = (max(1, round(side / PIXELS_PER_CSS_PIXEL)) for side in small.size)
    return Thumbnail(source, alt, width, height)


@dataclass(frozen=True)
class Table:
    """Named columns and rows of cells; `right` names the columns of numbers.

    A notebook shows HTML, a terminal and `str()` text without the thumbnails.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | Thumbnail, ...], ...]
    caption: str = ""
    notes: tuple[str, ...] = ()
    right: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def text(self, width: int | None = None) -> str:
        """Return the table for a fixed-width font, of lines as long as they are, or of `width` columns.

        Where a row is too wide, the widest column goes on below it; where that column would be narrow, each
        row becomes a heading with its other cells, named, below it.
        """
        room, gap = width or sys.maxsize, "\n"
        columns, *rows = self._text_rows(_HTML_CHARACTERS if width else _TEXT_CHARACTERS)
        lines = [columns, *rows] if any(columns) else rows
        widths = [max(map(terminal_columns, column)) for column in zip(*lines, strict=True)]
        spare = room - sum(widths) - _GAP * (len(widths) - 1)
        if spare >= 0:
            body = [self._pad_row(columns, line, widths) for line in lines]
        elif max(widths) + spare >= _LEAST_COLUMNS:
            widest = widths.index(max(widths))
            widths[widest] += spare
            body = [row for line in lines for row in self._wrap_row(columns, line, widths, widest)]
        else:
            body, gap = [_stack_row(columns, row, room) for row in rows], "\n\n"
        above, *below = (wrap(one_line(note, _NOTE_CHARACTERS), room) for note in (self.caption, *self.notes))
        return gap.join(filter(None, (above, "\n".join(body), "\n".join(below))))

    def markdown(self) -> str:
        """Return the table in GitHub's Markdown, with everything escaped that could be markup."""
        columns, *rows = self._text_rows(_HTML_CHARACTERS)
        rule = ["---:" if name in self.right else "---" for name in columns]
        lines = [map(_escape_markdown, columns), rule, *(map(_escape_markdown, row) for row in rows)]
        above = [_escape_markdown(one_line(self.caption, _NOTE_CHARACTERS)) + "\n"] if self.caption else []
        below = ["\n" + _escape_markdown(one_line(note, _NOTE_CHARACTERS)) for note in self.notes]
        return "\n".join([*above, *(f"| {' | '.join(line)} |" for line in lines), *below])

    def html(self) -> str:
        """Return the table as HTML; every text is escaped here."""
        head = "".join(self._cell("th", name, name) for name in self.columns)
        body = "".join(
            f'<tr style="{_ROW}">'
            + "".join(self._cell("td", cell, name) for cell, name in zip(row, self.columns, strict=True))
            + "</tr>"
            for row in self.rows
        )
        caption = f'<caption style="{_CAPTION}">{escape_html(self.caption)}</caption>' if self.caption else ""
        heading = f'<thead><tr style="{_ROW}">{head}</tr></thead>' if any(self.columns) else ""
        notes = "\n".join(map(escape_html, self.notes))
        return f'<table style="{_TABLE}">{caption}{heading}<tbody>{body}</tbody></table>' + (
            f'<div style="{_NOTES}">{notes}</div>' if notes else ""
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:  # noqa: ARG002
        return {"text/html": self.html(), "text/plain": self.text(find_text_width())}

    def _wrap_row(self, columns: list[str], row: list[str], widths: list[int], widest: int) -> Iterator[str]:
        """Yield the lines of a row, in which the cell of the widest column goes on below itself."""
        for number, piece in enumerate(wrap(row[widest], widths[widest]).split("\n")):
            cells = [piece if at == widest else "" if number else cell for at, cell in enumerate(row)]
            yield self._pad_row(columns, cells, widths)

    def _pad_row(self, columns: list[str], row: list[str], widths: list[int]) -> str:
        cells = []
        for name, cell, width in zip(columns, row, widths, strict=True):
            gap = " " * (width - terminal_columns(cell))
            cells.append(gap + cell if name in self.right else cell + gap)
        return (" " * _GAP).join(cells).rstrip()

    def _text_rows(self, characters: int) -> list[list[str]]:
        """The column names, then the rows, without columns of thumbnails and every text on one line."""
        pictures = {
            index for row in self.rows for index, cell in enumerate(row) if isinstance(cell, Thumbnail)
        }
        return [
            [one_line(str(cell), characters) for index, cell in enumerate(row) if index not in pictures]
            for row in (self.columns, *self.rows)
        ]

    def _cell(self, tag: str, cell: str | Thumbnail, column: str) -> str:
        is_long = isinstance(cell, str) and len(cell) > _SHORT_CHARACTERS
        style = _CELL + (_RIGHT if column in self.right else _LONG if is_long else _LEFT)
        scope = ' scope="col"' if tag == "th" else ""
        content = render_cell(cell) if tag == "td" else escape_html(one_line(column, _HTML_CHARACTERS))
        return f'<{tag}{scope} style="{style}">{content}</{tag}>'


def render_cell(cell: str | Thumbnail) -> str:
    """Return the HTML of what stands in a cell, text escaped."""
    if isinstance(cell, Thumbnail):
        alt = html.escape(one_line(cell.alt, _HTML_CHARACTERS))
        size = f'width="{cell.width}" height="{cell.height}"'
        return f'<img src="{cell.source}" alt="{alt}" {size} style="border-radius:3px;max-width:none">'
    items = re.split("(?<=,) ", one_line(cell, _HTML_CHARACTERS))
    return " ".join(part for item in items for part in _render_item(item))


def _render_item(text: str) -> Iterator[str]:
    """Yield the parts of what a comma ends as HTML; a name, a date and a few words are not broken."""
    for part in [text] if len(text) <= _TIED_CHARACTERS else text.split(" "):
        is_tied = re.search("[ -]", part) and len(part) <= _SHORT_CHARACTERS
        yield f'<span style="white-space:nowrap">{escape_html(part)}</span>' if is_tied else escape_html(part)


def _stack_row(columns: list[str], row: list[str], width: int) -> str:
    """Return a row as its first cell, and below it, indented, its other cells with their names."""
    facts = (
        f"{name}: {cell}" if name else cell for name, cell in zip(columns[1:], row[1:], strict=True) if cell
    )
    joined = f"{_TIE}· ".join(fact.replace(" ", _TIE) for fact in facts)
    packed = wrap(f"  {joined}", width).replace(f"{_TIE}·\n", "\n").replace(_TIE, " ")
    return wrap(f"{row[0]}\n{packed}", width)


def _escape_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\g<0>", text)
