"""The studio's gallery as a notebook saves it: an ordinary output that needs no script and no kernel.

One picture is large, or two to compare, and the others are small. The page's script, where there is one,
finds it by `data-gemini-nb-studio` and shows its own gallery in its place.
"""

from __future__ import annotations

import html
import secrets
from typing import TYPE_CHECKING, Any

from gemini_nb import models
from gemini_nb.display import figure, grid
from gemini_nb.display.original import MAX_LINKED_BYTES, NO_ORIGINAL
from gemini_nb.errors import GeminiError
from gemini_nb.notebook.studio import album_record, comparison
from gemini_nb.notebook.studio.previews import TILE_WIDTH, Previews
from gemini_nb.text import format_time, one_line, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gemini_nb.notebook.studio.album import Entry
    from gemini_nb.notebook.studio.comparison import Mode

MAX_SHOWN = 24
RUN_FOR_CONTROLS = "Run this cell for the controls"
_TERMINAL_NOTE = "The studio's controls need a notebook page that shows widgets."
_NOTHING = "No pictures yet. Say what to paint, and press Generate."
_PROMPT_CHARACTERS = 240
_TILE_CHARACTERS = 90

_GALLERY = "display:flow-root;margin:0.5em 0;max-width:1120px"
_TILE = "display:inline-block;vertical-align:top;width:171px;max-width:46%;margin:0 16px 8px 0"
_FEATURED = "float:left;width:512px;max-width:100%;margin:0 20px 8px 0"
_NOTE = "opacity:0.8;margin:0 0 0.5em;font-size:0.9em"
_EMPTY = "opacity:0.8;margin:0.75em 0"


class Gallery:
    """Draws entries as one output; `previews` holds the small versions of their pictures."""

    def __init__(self) -> None:
        self.previews = Previews()
        self._name = secrets.token_hex(4)  # of radio buttons: other outputs of the page have some too

    def render(
        self,
        entries: Sequence[Entry],
        *,
        selected: int | None = None,
        compared: int | None = None,
        comparison: Mode = "aside",
        studio_id: str = "",
        record: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the MIME bundle of entries, newest first, and the metadata of the output.

        Number `selected` is large, beside `compared`, which begin as `comparison` says.
        `record` is what `Album.record` returned, `studio_id` the model id of the widget on the page.
        """
        by_number = {entry.number: entry for entry in entries}
        featured = [by_number.pop(number) for number in (selected, compared) if number in by_number]
        others = list(by_number.values())[: -MAX_SHOWN - 1 : -1]
        shown = [*featured, *others]
        page = self._render_featured(featured, comparison)
        page += "".join(f'<div style="{_TILE}">{self._draw(entry)}</div>' for entry in others)
        if (older := len(entries) - len(shown)) > 0:
            page += f"<div>… and {older} older; %gemini history lists them.</div>"
        if not shown:
            page = f'<p style="{_EMPTY}">{_NOTHING}</p>'
        marks = f' data-gemini-nb-studio="{html.escape(studio_id)}"' if studio_id else ""
        text = "\n".join([printable(describe(entry)) for entry in shown] or [_NOTHING])
        bundle = {
            "text/html": f'<div class="gemini-nb-gallery"{marks} style="{_GALLERY}">'
            f'<p style="{_NOTE}">{RUN_FOR_CONTROLS}</p>{page}</div>',
            **grid.render_contact_sheet(map(self._find_thumbnail, shown)),
            "text/plain": f"{text}\n{_TERMINAL_NOTE}",
        }
        return bundle, {} if record is None else {album_record.KEY: dict(record)}

    def _render_featured(self, featured: Sequence[Entry], mode: Mode) -> str:
        drawn = [self._draw(entry, is_large=True) for entry in featured]
        if len(featured) < 2:
            return "".join(f'<div style="{_FEATURED}">{page}</div>' for page in drawn)
        left, right = featured
        name = f"gemini-nb-compare-{self._name}"
        return comparison.render(*drawn, numbers=(left.number, right.number), name=name, mode=mode)

    def _draw(self, entry: Entry, *, is_large: bool = False) -> str:
        """Return the figure of an entry; what cannot be decoded is said in its place."""
        generation = entry.generation
        image, original = generation.image, generation.original
        caption = describe(entry, _PROMPT_CHARACTERS if is_large else _TILE_CHARACTERS)
        try:
            preview = (self.previews.preview if is_large else self.previews.tile)(entry)
        except GeminiError as error:
            return grid.render_problem(str(error), caption)
        # Where no file is named its bytes stand in the page: those of a large picture, if they are few.
        if not (original.saved_as or original.link or (is_large and image.size <= MAX_LINKED_BYTES)):
            original = NO_ORIGINAL
        return figure.render_html(
            image,
            preview,
            alt=generation.prompt,
            caption=caption,
            original=original,
            remarks=generation.remarks if is_large else (),
            width=figure.PREVIEW_WIDTH if is_large else TILE_WIDTH,
        )

    def _find_thumbnail(self, entry: Entry) -> Any:
        try:
            return self.previews.thumbnail(entry)
        except GeminiError:
            return None


def describe(entry: Entry, characters: int = _PROMPT_CHARACTERS) -> str:
    """Two lines: number, ★ of a favourite, and prompt; then model, pixels, price, seconds, and when."""
    generation = entry.generation
    image, alias = generation.image, models.alias_at(generation.model, generation.provider)
    facts = (
        alias or generation.model,
        f"{image.width} × {image.height}",
        *generation.describe_making(),
        format_time(entry.created),
    )
    number = f"{entry.number} ★" if entry.is_favourite else f"{entry.number}"
    return f"{number} · {one_line(generation.prompt, characters)}\n{' · '.join(facts)}"
