"""A table of texts and small pictures: HTML for a notebook, text for a terminal, Markdown for a page.

Every cell is other people's text: it is escaped, cut to a readable length and kept on its line.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_nb.text import escape_html, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXT_CHARACTERS = 56  # of a cell on a terminal
_HTML_CHARACTERS = 280
_SHORT_CHARACTERS = 40  # of a cell that never needs a second line
_NOTE_CHARACTERS = 500

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

    def text(self) -> str:
        """Return the table for a fixed-width font."""
        columns, *rows = self._text_rows(_TEXT_CHARACTERS)
        lines = [columns, *rows] if any(columns) else rows
        widths = [max(map(_terminal_columns, column)) for column in zip(*lines, strict=True)]
        above = [one_line(self.caption, _NOTE_CHARACTERS)] if self.caption else []
        below = [one_line(note, _NOTE_CHARACTERS) for note in self.notes]
        body = ["  ".join(_pad_cells(columns, line, widths, self.right)).rstrip() for line in lines]
        return "\n".join([*above, *body, *below])

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
        return {"text/html": self.html(), "text/plain": self.text()}

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
        return f'<{tag}{scope} style="{style}">{_render_cell(cell)}</{tag}>'


def _render_cell(cell: str | Thumbnail) -> str:
    if isinstance(cell, Thumbnail):
        alt = html.escape(one_line(cell.alt, _HTML_CHARACTERS))
        size = f'width="{cell.width}" height="{cell.height}"'
        return f'<img src="{cell.source}" alt="{alt}" {size} style="border-radius:3px;max-width:none">'
    return escape_html(one_line(cell, _HTML_CHARACTERS))


def _pad_cells(
    columns: Iterable[str], row: Iterable[str], widths: Iterable[int], right: frozenset[str]
) -> list[str]:
    cells = []
    for name, cell, width in zip(columns, row, widths, strict=True):
        gap = " " * (width - _terminal_columns(cell))
        cells.append(gap + cell if name in right else cell + gap)
    return cells


def _terminal_columns(text: str) -> int:
    """How many columns of a terminal a text takes: two for each wide character, none for combining ones."""
    spacing = (
        c for c in text if not unicodedata.combining(c) and unicodedata.category(c) not in ("Cf", "Mn", "Me")
    )
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in spacing)


def _escape_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\g<0>", text)
