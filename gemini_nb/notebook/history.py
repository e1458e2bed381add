"""The newest pictures of a store as a table with thumbnails, small enough to be saved with a notebook."""

from __future__ import annotations

import io
from base64 import b64encode
from itertools import islice
from typing import TYPE_CHECKING

from gemini_nb import stored_file
from gemini_nb.display.table import Table, Thumbnail
from gemini_nb.errors import GeminiError
from gemini_nb.images.image import MAX_IMAGE_BYTES, GeneratedImage
from gemini_nb.store import inventory

if TYPE_CHECKING:
    from gemini_nb.store.record import Record
    from gemini_nb.store.store import Store

THUMBNAIL_PIXELS = 96  # at most, across and down
_DENSITY = 1.5  # pixels to a CSS pixel, so that it stays sharp on dense screens


def history_table(store: Store, count: int) -> Table:
    """Return the newest `count` records; a picture that is missing or altered leaves its place empty."""
    total = inventory.count(store)
    records = list(islice(store.records(), count))
    return inventory.table(records, thumbnails=[_thumbnail(store, one) for one in records], total=total)


def _thumbnail(store: Store, record: Record) -> Thumbnail | str:
    stored = record.images[-1]
    data = stored_file.read_addressed(store.folder / "images" / stored.file_name, limit=MAX_IMAGE_BYTES)
    if data is None:
        return ""
    try:
        return _drawn(GeneratedImage.from_bytes(data, source=stored.source), record.prompt)
    except GeminiError:
        return ""


def _drawn(image: GeneratedImage, alt: str) -> Thumbnail:
    scale = min(1.0, THUMBNAIL_PIXELS / max(image.width, image.height))
    small = scale(image, max(1, round(image.width * scale)))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=75, method=4)
    source = f"data:image/webp;base64,{b64encode(buffer.getvalue()).decode('ascii')}"
    width, height = (max(1, round(side / _DENSITY)) for side in small.size)
    return Thumbnail(source, alt, width, height)
