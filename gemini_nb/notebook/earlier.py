"""The picture that an edit in a fresh kernel goes on from: one that an earlier kernel left in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gemini_nb import stored_file
from gemini_nb.errors import GeminiError
from gemini_nb.images.image import MAX_IMAGE_BYTES, GeneratedImage

if TYPE_CHECKING:
    from gemini_nb.store.record import Record, StoredImage
    from gemini_nb.store.store import Store


class Earlier(NamedTuple):
    """A stored picture and what is known of it."""

    record: Record
    image: GeneratedImage


def earlier_picture(store: Store | None, prompt: str) -> Earlier | None:
    """Return the newest stored picture, or None where there is none.

    Where an edit of this prompt is stored, it is the picture which that edit began with: so the cell, run
    again in another fresh kernel, is replayed and does not edit its own result.
    """
    records = list(store.records()) if store is not None else []
    of = {image.sha256: (record, image) for record in reversed(records) for image in record.images}
    begun = [
        of[record.inputs[0].sha256]
        for record in records
        if record.prompt == prompt and record.inputs and record.inputs[0].sha256 in of
    ]
    newest = [(record, record.images[-1]) for record in records]
    for record, stored in (*begun, *newest):
        image = _read(store, stored) if store is not None else None
        if image is not None:
            return Earlier(record, image)
    return None


def _read(store: Store, stored: StoredImage) -> GeneratedImage | None:
    path = store.folder / "images" / stored.file_name
    data = stored_file.read_addressed(path, limit=MAX_IMAGE_BYTES)
    if data is None:
        return None
    try:
        return GeneratedImage.from_bytes(data, source=stored.source)
    except GeminiError:
        return None
