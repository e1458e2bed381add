"""Layout: items with their counts, places and relations become figures with a point and a radius."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from gemini_nb.offline.painter.reading.scene import MAX_FIGURES
from gemini_nb.offline.painter.things import THINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gemini_nb.offline.painter.colours import Colour
    from gemini_nb.offline.painter.reading.scene import Item, Place

_INSIDE = 0.5
_TREES = ("tree", "pine", "palm")
_WIDE = {"rectangle": 1.3, "oval": 1.25, "line": 1.25, "planet": 1.3}


@dataclass(frozen=True)
class Figure:
    """One shape to draw: `x`, `y` and `radius` in pixels."""

    shape: str
    colour: Colour | None
    x: float
    y: float
    radius: float


@dataclass(eq=False)
class _Cell:
    """One figure before it has a point, and what stands inside it or before it."""

    shape: str
    colour: Colour | None
    size: float
    inside: list[_Cell]


def arrange(items: Sequence[Item], width: int, height: int) -> list[Figure]:
    """Place every figure of `items` on a picture of the given size, back to front."""
    rows: list[list[_Cell]] = []
    placed: list[tuple[Place, list[_Cell]]] = []
    latest: list[_Cell] = []
    total = 0
    for item in items:
        count = min(item.count or max(3, len(item.colours)), MAX_FIGURES - total)
        total += count
        cells = _make_cells(item, count)
        if item.relation in ("inside", "outside", "behind", "before") and latest:
            _nest(rows, placed, latest, cells, item.relation)
            latest = cells if item.relation in ("inside", "before") else latest
        elif item.place is not None:
            placed.append((item.place, list(cells)))
            latest = cells
        else:
            _set_row(rows, latest, cells, item.relation)
            latest = cells
    figures = _draw_rows(_wrap_rows(rows, width / height), width, height)
    for place, cells in placed:
        figures += _draw_place(place, cells, width, height)
    return figures


def _make_cells(item: Item, count: int) -> list[_Cell]:
    """Return so many figures of an item, in its colours by turns."""
    colours = item.colours or (None,)
    return [_Cell(item.shape, colours[index % len(colours)], item.size, []) for index in range(count)]


def _set_row(rows: list[list[_Cell]], latest: list[_Cell], cells: list[_Cell], relation: str | None) -> None:
    """Put cells into the row of those before them, or above or below it."""
    at = next((i for i, row in enumerate(rows) if latest and latest[0] in row), None)
    if at is None:
        rows.append(list(cells))
    elif relation == "above":
        rows.insert(at + 1, list(cells))
    elif relation == "below":
        rows.insert(at, list(cells))
    elif relation == "right":
        rows[at][:0] = cells
    elif relation is None and len(rows[at]) + len(cells) > 4:
        rows.append(list(cells))
    else:
        rows[at] += cells


def _nest(
    rows: list[list[_Cell]],
    placed: list[tuple[Place, list[_Cell]]],
    inner: list[_Cell],
    outer: list[_Cell],
    relation: str,
) -> None:
    """Put one group into the other; the outer one takes the place on the picture."""
    if not outer:  # past the number of figures that are drawn
        return
    if relation in ("outside", "before"):
        for index, cell in enumerate(outer):
            inner[index % len(inner)].inside.append(cell)
        return
    for line in [*rows, *(cells for _, cells in placed)]:
        if inner[0] in line:
            start = line.index(inner[0])
            line[start : start + len(inner)] = outer
    for index, cell in enumerate(inner):
        outer[index % len(outer)].inside.append(cell)


def _wrap_rows(rows: list[list[_Cell]], aspect: float) -> list[list[_Cell]]:
    """Break a single long row into a block of the picture's proportions."""
    if len(rows) != 1 or len(rows[0]) <= 3:
        return [part for row in rows for part in _split_row(row, max(6, round(6 * aspect)))]
    row = rows[0]
    columns = max(1, min(len(row), math.ceil(math.sqrt(len(row) * aspect) - 0.05)))
    return _split_row(row, columns)


def _split_row(row: list[_Cell], columns: int) -> list[list[_Cell]]:
    """Break a row evenly: seven in columns of three is 3, 2, 2 and never 3, 3, 1."""
    lines = math.ceil(len(row) / columns)
    base, more = divmod(len(row), max(1, lines))
    starts = [index * base + min(index, more) for index in range(lines + 1)]
    return [row[start:end] for start, end in pairwise(starts)]


def _draw_rows(rows: list[list[_Cell]], width: int, height: int) -> list[Figure]:
    if not rows:
        return []
    columns = max(len(row) for row in rows)
    if columns == len(rows) == 1 and rows[0][0].shape == "person":
        return _portrait(rows[0][0], width, height)
    widest = max(_WIDE.get(cell.shape, 1.0) for row in rows for cell in row)
    many = columns * len(rows) > 1
    across, down = width / (columns + 0.5 * many), height / (len(rows) + 0.5 * many)
    radius = min(across / widest, down) * (0.39 if many else 0.25)
    biggest = max(cell.size for row in rows for cell in row)
    if many and biggest > 1:
        radius *= 1.2 / biggest
    reach = 2.8 * radius * max(0.5, min(1.0, biggest))
    across, down = min(across, reach * widest), min(down, reach)
    figures: list[Figure] = []
    for line, row in enumerate(rows):
        y = height / 2 + (line - (len(rows) - 1) / 2) * down
        for column, cell in enumerate(row):
            x = width / 2 + (column - (len(row) - 1) / 2) * across
            figures += _place(cell, x, y, radius * cell.size)
    return figures


def _portrait(cell: _Cell, width: int, height: int) -> list[Figure]:
    """Let a person alone rise from the lower edge, as in a portrait."""
    radius = min(width * 0.56, height * 0.44) * min(1.0, cell.size)
    return _place(cell, width / 2, height - radius, radius)


def _draw_place(place: Place, cells: list[_Cell], width: int, height: int) -> list[Figure]:
    unit = min(width, height)
    radius = unit * (0.14 if len(cells) == 1 else 0.09)
    biggest = max((cell.size for cell in cells), default=1)
    margin = radius * biggest + 0.08 * unit
    x = _along(place[0], width, margin)
    y = _along(place[1], height, margin)
    step = 2.5 * radius
    columns = len(cells) // 3 if place[0] else len(cells)
    lines = _split_row(cells, max(1, columns))
    figures: list[Figure] = []
    for line, row in enumerate(lines):
        for column, cell in enumerate(row):
            dx = _spread(column, len(row), place[0]) * step
            dy = _spread(line, len(lines), place[1]) * step
            figures += _place(cell, x + dx, y + dy, radius * cell.size)
    return figures


def _along(side: int | None, length: int, margin: float) -> float:
    return length / 2 if not side else (margin if side < 0 else length - margin)


def _spread(index: int, count: int, side: int | None) -> float:
    """Count inwards from an edge, and both ways from the middle."""
    if not side:
        return index - (count - 1) / 2
    return index if side < 0 else index - (count - 1)


def _place(cell: _Cell, x: float, y: float, radius: float) -> list[Figure]:
    own = radius * (1.4 if cell.inside else 1)
    figures = [Figure(cell.shape, cell.colour, x, y, own)]
    count = len(cell.inside)
    part = own * _INSIDE / max(1.0, count * 0.75)
    # a triangle, heart or house has its room below or above its middle
    drop = {"triangle": 0.3, "house": 0.35, "heart": -0.1}.get(cell.shape, 0) * own
    for index, inner in enumerate(cell.inside):
        dx = (index - (count - 1) / 2) * part * 2.3
        size = part * min(1.2, inner.size) / _WIDE.get(inner.shape, 1)
        figures += _place_inner(inner, x + dx, y + drop, size)
    return figures


def _place_inner(cell: _Cell, x: float, y: float, radius: float) -> list[Figure]:
    figures = [Figure(cell.shape, cell.colour, x, y, radius)]
    for inner in cell.inside[:4]:
        figures += _place_inner(inner, x, y, radius * _INSIDE)
    return figures


def place_in_landscape(items: Sequence[Item], horizon: float, width: int, height: int) -> list[Figure]:
    """Place items in a landscape: what flies in the sky, what stands on the ground, what floats on water.

    Sun and moon are left out, for the sky has its own. `horizon` is in pixels from the top.
    """
    unit = min(width, height)
    figures: list[Figure] = []
    free = [item for item in items if item.shape not in ("sun", "moon")]
    sheltered = {index + 1: item for index, item in enumerate(free) if _is_under_tree(free, index)}
    slots = sum(
        item.count or 3
        for index, item in enumerate(free)
        if item.place is None and index + 1 not in sheltered
    )
    slot = 0
    for index, item in enumerate(free):
        cells = _make_cells(item, item.count or 3)
        if item.place is not None:
            figures += _draw_place(item.place, cells, width, height)
            continue
        for cell in () if index + 1 in sheltered else cells:
            slot += 1
            radius = min(unit * 0.15, width / (slots + 1) * 0.42) * item.size
            radius *= 2 if index in sheltered else 1
            x = width * slot / (slots + 1)
            # neighbours stand at different heights, as things in a landscape do
            shift = (0.0, 0.07, -0.03)[slot % 3] * unit * (slots > 1)
            y = _ground_line(item.shape, horizon, height, radius) + shift
            figures.append(Figure(cell.shape, cell.colour, x, y, radius))
            if index in sheltered:
                figures += _at_the_foot(sheltered.pop(index), figures[-1])
    return figures


def has_shelter(items: Sequence[Item]) -> bool:
    """Say whether one of the items stands under a tree, and so on the ground."""
    return any(_is_under_tree(items, index) for index in range(len(items)))


def _is_under_tree(items: Sequence[Item], index: int) -> bool:
    """Say whether an item stands under the next one: a house, an animal or a person under a tree."""
    tree = items[index + 1] if index + 1 < len(items) else None
    thing = THINGS.get(items[index].shape)
    return bool(
        tree
        and tree.shape in _TREES
        and tree.relation == "below"
        and (tree.place or items[index].place) is None
        and thing
        and thing.home == "ground"
    )


def _at_the_foot(item: Item, tree: Figure) -> list[Figure]:
    """Set the figures of an item before a tree, on its ground and beside its trunk."""
    cells = _make_cells(item, item.count or 3)
    radius = tree.radius * min(0.5 * item.size, 0.7) / max(1, len(cells) - 1)
    return [
        Figure(
            cell.shape,
            cell.colour,
            tree.x + tree.radius * 0.42 + (index - (len(cells) - 1) / 2) * 2.2 * radius,
            tree.y + tree.radius - radius,
            radius,
        )
        for index, cell in enumerate(cells)
    ]


def place_on_picture(items: Sequence[Item], width: int, height: int) -> list[Figure]:
    """Place items on a picture that exists: where they are told, or around its middle and smaller."""
    figures: list[Figure] = []
    for figure in arrange([item for item in items if item.place is None], width, height):
        x, y = width / 2 + (figure.x - width / 2) * 0.7, height / 2 + (figure.y - height / 2) * 0.7
        figures.append(Figure(figure.shape, figure.colour, x, y, figure.radius * 0.7))
    for item in items:
        if item.place is not None:
            figures += _draw_place(item.place, _make_cells(item, item.count or 3), width, height)
    return figures


def _ground_line(shape: str, horizon: float, height: int, radius: float) -> float:
    home = THINGS[shape].home if shape in THINGS else "sky"
    if home == "sky":
        return max(radius * 1.2, horizon * 0.42)
    if home == "water":
        return horizon + (height - horizon) * 0.42 - radius * 0.6
    return min(horizon + (height - horizon) * 0.72, height * 0.9) - radius
