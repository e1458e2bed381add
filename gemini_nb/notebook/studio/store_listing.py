"""The pictures of a store that are not in an album: page by page, newest first, to choose from.

What it does reads files and encodes pictures, so the event loop leaves it to a worker thread.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemini_nb import files
from gemini_nb.display.figure import encode_webp
from gemini_nb.display.preview import scale
from gemini_nb.errors import GeminiError, GeminiWarning
from gemini_nb.store import maintenance
from gemini_nb.text import format_dollars, format_time, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gemini_nb.generation import Generation
    from gemini_nb.notebook.studio.album import Album, Entry
    from gemini_nb.store.record import Record
    from gemini_nb.store.store import Store

PAGE_LENGTH = 24
THUMBNAIL_PIXELS = 160  # at most, across and down
_PROMPT_CHARACTERS = 240
_HEAD_BYTES = 1000  # of a record, its keys in order: `created` is the second fact of its reply
_CREATED = re.compile(rb'"created": "([\dT:.+Z-]{10,40})"')


@dataclass(frozen=True)
class StoredPicture:
    """A stored picture to choose: the digest of its request, its prompt on one line, and its facts in words.

    `thumbnail` is a WebP of 160 pixels at most.
    """

    digest: str
    prompt: str
    facts: str
    thumbnail: bytes


@dataclass(frozen=True)
class StorePage:
    """A page of stored pictures; `next` is the number of the page after it, 0 where it is the last."""

    pictures: tuple[StoredPicture, ...]
    next: int


class StoreListing:
    """Stored pictures that an album does not show, as they were when the listing was made."""

    def __init__(self, store: Store, album: Album) -> None:
        self._store = store
        self._album = album
        shown = {entry.key[0] for entry in album.entries}
        self._digests = [digest for digest in _list_newest(store) if digest not in shown]

    def read_page(self, number: int = 0) -> StorePage:
        """Return a page of pictures; one of a record that cannot be read is left out of it."""
        start, end = number * PAGE_LENGTH, (number + 1) * PAGE_LENGTH
        read = map(self._read, self._digests[start:end])
        pictures = tuple(picture for picture in read if picture is not None)
        return StorePage(pictures, number + 1 if end < len(self._digests) else 0)

    def _read(self, digest: str) -> StoredPicture | None:
        record = self._store.read_record(digest)
        image = None if record is None else self._store.image(record.images[-1])
        if record is None or image is None:
            return None
        try:
            thumbnail = encode_webp(scale(image, THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
        except GeminiError:
            return None
        prompt = one_line(record.prompt, _PROMPT_CHARACTERS)
        return StoredPicture(digest, prompt, _describe(record), thumbnail)

    def add(self, digests: Iterable[str]) -> list[Entry]:
        """Add the pictures of these requests to the album, and return their entries."""
        found = (read_stored(self._store, digest) for digest in digests)
        return [
            self._album.add(stored.generation, created=stored.created, is_whole=stored.is_whole)
            for stored in found
            if stored is not None
        ]


@dataclass(frozen=True)
class StoredGeneration:
    """A stored answer; its request `is_whole` unless its conversation or input images are not stored."""

    generation: Generation
    created: str
    is_whole: bool


def read_stored(store: Store, digest: str) -> StoredGeneration | None:
    """Return the answer to the request of a digest; None for one that is missing or altered."""
    record = store.read_record(digest)
    image = None if record is None else store.image(record.images[-1])
    if record is None or image is None:
        return None
    try:
        request = store.request(record)
    except (GeminiError, GeminiWarning):  # of a version that took what this one refuses
        return None
    received = [image for stored in record.received if (image := store.image(stored)) is not None]
    generation = record.generation(request, [image], received=received)
    return StoredGeneration(generation, record.created, request.digest == record.digest)


def _list_newest(store: Store) -> list[str]:
    """Return the digests of a store's records, the newest first: of each only the beginning is read."""
    found = [(_peek_created(path), path.stem) for path in maintenance.list_files(store.folder, "records")]
    return [digest for created, digest in sorted(found, reverse=True) if created]


def _peek_created(path: Path) -> bytes:
    """Return when a record says that it was made; b"" where it does not say so at its beginning."""
    file = files.open_plain(path)
    if file is None:
        return b""
    with file, suppress(OSError):
        match = _CREATED.search(file.read(_HEAD_BYTES))
        return match[1] if match else b""
    return b""


def _describe(record: Record) -> str:
    image = record.images[-1]
    facts = (record.model, f"{image.width} × {image.height}", format_dollars(record.estimated_cost))
    return " · ".join((*facts, format_time(record.created)))
