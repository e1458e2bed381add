"""Data frames of pandas and polars that hold pictures, in the frame's own HTML with a thumbnail for each.

The frame decides what is shown: its options, its rows and columns, and how all other cells are written.
"""

from __future__ import annotations

import re
import secrets
import sys
from typing import TYPE_CHECKING, Any

from gemini_nb.display.table import make_thumbnail, render_cell
from gemini_nb.errors import GeminiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gemini_nb.display.preview import Picture

    FindPicture = Callable[[Any], tuple[Picture, str] | None]

MAX_PICTURES = 100  # drawn in one frame; a frame shows 60 rows unless it is told otherwise
_PIXELS = 144
_SEARCHED_ROWS = 100  # at each end of a column: those that are shown
_SEARCHED_COLUMNS = 100  # of objects: a frame shows fewer


def render_html(frame: Any, find_picture: FindPicture) -> str | None:
    """Return the HTML of a frame, in which each cell that holds a picture shows it.

    `find_picture` returns the picture that a value is, and its alt text, or None. A frame without such cells
    in the first and last rows of its columns of objects is shown as it shows itself.
    """
    cells = _Cells(find_picture)
    page: str | None = _mark_pictures(frame, cells)._repr_html_()
    return page and cells.draw(page)


class _Cells:
    """The pictures of a frame, each with a mark that stands for it until it is drawn."""

    def __init__(self, find_picture: FindPicture) -> None:
        self._find = find_picture
        self._found: list[tuple[Picture, str]] = []
        self._secret = f"p{secrets.token_hex(4)}"  # no text of the frame holds it
        self._drawn = 0

    def has_pictures(self, values: Any) -> bool:
        """Whether there is a picture near one of the ends of a column."""
        near = [*values[:_SEARCHED_ROWS], *values[-_SEARCHED_ROWS:]]
        return any(self._find(value) for value in near)

    def mark(self, values: Any) -> Iterator[Any]:
        """Yield the values with a mark for each picture."""
        for value in values:
            found = self._find(value)
            if found:
                self._found.append(found)
            yield _Mark(f"{self._secret}n{len(self._found) - 1}.") if found else value

    def draw(self, page: str) -> str:
        """Return the page with its marks replaced by thumbnails."""
        return re.sub(
            rf"{self._secret}n(\d+)\.", lambda mark: self._draw_one(*self._found[int(mark[1])]), page
        )

    def _draw_one(self, picture: Picture, alt: str) -> str:
        size = f"{picture.width} × {picture.height}"
        self._drawn += 1
        if self._drawn > MAX_PICTURES:
            return size
        try:
            return render_cell(make_thumbnail(picture, alt or f"a picture of {size}", pixels=_PIXELS))
        except GeminiError:
            return f"{size}, which cannot be shown"


class _Mark(str):
    __slots__ = ()
    __repr__ = str.__str__  # without quotes


def _mark_pictures(frame: Any, cells: _Cells) -> Any:
    """Return the frame itself, or a copy in which marks stand for its pictures."""
    if hasattr(frame, "iloc"):
        return _mark_pandas(frame, cells)
    polars = sys.modules["polars"]
    columns = {
        column.name: column.to_list() for column in frame.get_columns() if column.dtype == polars.Object
    }
    marked = [
        polars.Series(name, list(cells.mark(values)), dtype=polars.Object)
        for name, values in columns.items()
        if cells.has_pictures(values)
    ]
    return frame.with_columns(marked) if marked else frame


def _mark_pandas(frame: Any, cells: _Cells) -> Any:
    places = [place for place, kind in enumerate(frame.dtypes) if str(kind) == "object"]
    places = [place for place in places[:_SEARCHED_COLUMNS] if cells.has_pictures(frame.iloc[:, place].array)]
    if not places:
        return frame
    copy = frame.copy(deep=False)
    for place in places:
        column = frame.iloc[:, place]
        marks = type(column)(list(cells.mark(column.array)), index=column.index, dtype=object)
        copy.isetitem(place, marks)
    return copy
