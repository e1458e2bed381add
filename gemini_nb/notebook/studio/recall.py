"""An album's pictures brought back in a fresh kernel: from the store at no cost, else painted offline again.

`CellMemory` does it for the cell of a studio, on the background loop, and keeps the album's record from then
on. No provider is asked for anything.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from pybase64 import b64decode

from gemini_nb import event_loop
from gemini_nb.errors import GeminiError, GeminiWarning
from gemini_nb.event_loop import run_in_thread
from gemini_nb.images import inputs
from gemini_nb.images.composition import read_mask
from gemini_nb.images.mask import find_source
from gemini_nb.notebook.studio import record_file
from gemini_nb.notebook.studio.album import Entry
from gemini_nb.notebook.studio.store_listing import read_stored
from gemini_nb.notebook_folder import find_notebook
from gemini_nb.request import ImageRequest
from gemini_nb.store.record import StoredInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from gemini_nb.client.async_client import AsyncClient
    from gemini_nb.generation import Generation
    from gemini_nb.images.inputs import InputImage
    from gemini_nb.notebook.session import Session
    from gemini_nb.notebook.studio.album import Album
    from gemini_nb.notebook.studio.album_record import AlbumRecord, Row
    from gemini_nb.store.store import Store

_OPTIONS = ("model", "aspect_ratio", "image_size", "take", "text", "config", "extra")
_ADDRESS = re.compile(r"[\\/]{2}|\w\w+:|#")  # of the network, which is not asked; of another picture
# A notebook is other people's: what it says is a request may be anything that JSON can hold.
_REFUSED = (GeminiError, GeminiWarning, TypeError, ValueError, RecursionError)


class CellMemory:
    """What the studio of one cell remembers: `start` brings its pictures back, then each change is kept.

    Whoever shows the studio holds it: the album does not.
    """

    def __init__(self, session: Session, album: Album, cell_id: str) -> None:
        self._session = session
        self._album = album
        self._cell_id = cell_id
        self._notebook = find_notebook(session.shell.user_ns)
        self._lock = Lock()
        self._has_changed = self._is_writing = False
        self.recalling: Future[None] | None = None
        self.writing: Future[None] | None = None

    def start(self) -> None:
        """Begin to bring the pictures back, on the background loop, and return at once."""
        self.recalling = event_loop.submit(self._recall)

    async def _recall(self) -> None:
        record = await run_in_thread(record_file.read, self._cell_id, self._notebook)
        self._album.watch(self)
        if record is not None:
            store = await run_in_thread(self._open_store)
            await recall(self._album, record, store=store, find_painter=self._find_painter)
        elif self._album.entries:  # of the session's other studios
            self.redraw()

    def _open_store(self) -> Store | None:
        with suppress(GeminiError):
            return self._session.open_store()
        return None

    def _find_painter(self) -> AsyncClient:
        """Return the session's client if it paints offline: later edits need what it remembers; else one."""
        from gemini_nb.client.async_client import AsyncClient  # noqa: PLC0415 - loaded when something is painted

        with suppress(GeminiError):
            client = self._session.client()
            if client.is_offline and client.may_ask:
                return client.asynchronous
        return AsyncClient("offline")

    def redraw(self) -> None:
        """Write the record; the album calls this when it has changed."""
        with self._lock:
            self._has_changed = True
            if not self._is_writing:
                self._is_writing = True
                self.writing = event_loop.submit(run_in_thread, self._write)

    def _write(self) -> None:
        """Write the record until it is that of the last change."""
        while True:
            with self._lock:
                self._is_writing = self._has_changed
                self._has_changed = False
                if not self._is_writing:
                    return
            record_file.write(self._cell_id, self._notebook, self._album.record())


async def recall(
    album: Album, record: AlbumRecord, *, store: Store | None, find_painter: Callable[[], AsyncClient]
) -> None:
    """Bring back the pictures of a record that are not in the album, in the order of their numbers.

    Those of the store come first and at once. `find_painter` gives the client that paints the others, one
    after the other, since one may be made from another. What cannot come back is counted by the album.
    """
    rows = await run_in_thread(partial(album.expect, record.rows, next_number=record.next_number))
    found = await run_in_thread(_read_store, rows, store)
    await run_in_thread(album.bring_back, found)
    left = [row for row in rows if row.number not in {row.number for row, _entry in found}]
    await run_in_thread(album.give_up, [row for row in left if row.request is None])
    if not (painted := [row for row in left if row.request is not None]):
        return
    pictures = {entry.key[1]: entry.generation for entry in (*album.removed, *album.entries)}
    pictures |= {row.sha256: entry.generation for row, entry in found}
    painter = await run_in_thread(find_painter)
    for row in painted:
        generation = await _paint(row, painter, partial(_find_input, pictures=pictures, store=store))
        if generation is None:
            await run_in_thread(album.give_up, [row])
            continue
        pictures[row.sha256] = generation  # by what the record says: another version may paint another one
        await run_in_thread(album.bring_back, [(row, _make_entry(row, generation))])


def _make_entry(row: Row, generation: Generation, *, is_whole: bool = True) -> Entry:
    return Entry(row.number, generation, row.created, row.sources, is_whole, row.is_favourite)


def _read_store(rows: Sequence[Row], store: Store | None) -> list[tuple[Row, Entry]]:
    """Return the rows that the store answers, with their entries."""
    if store is None:
        return []
    found = []
    for row in rows:
        stored = read_stored(store, row.digest)
        if stored is None or (row.request is not None and stored.generation.image.sha256 != row.sha256):
            continue  # painted, and the same was asked of a model since
        found.append((row, _make_entry(row, stored.generation, is_whole=stored.is_whole)))
    return found


async def _paint(
    row: Row, painter: AsyncClient, find_input: Callable[[StoredInput, Row], InputImage | None]
) -> Generation | None:
    """Paint a row's picture again; None where that fails, or needs a picture that is gone."""
    try:
        request = await run_in_thread(_build_request, row, find_input)
        generation = None if request is None else await painter.generate(request)
    except _REFUSED:
        return None
    is_painting = generation is not None and generation.provider == "offline"
    return generation if is_painting else None  # since then the same was asked of a model, and is stored


def _build_request(
    row: Row, find_input: Callable[[StoredInput, Row], InputImage | None]
) -> ImageRequest | None:
    facts = dict(row.request or {})
    images = [find_input(StoredInput(**image), row) for image in facts.get("inputs", ())]
    given = tuple(image for image in images if image is not None)
    if len(given) < len(images):
        return None
    options = {name: facts[name] for name in _OPTIONS if name in facts}
    if "mask" in facts:
        png, source = b64decode(facts["mask"]["png"], validate=True), find_source(given)
        options["mask"] = read_mask(png, source, feather=facts["mask"]["feather"])
    return ImageRequest(facts["prompt"], images=given, provider="offline", **options)


def _find_input(
    wanted: StoredInput, row: Row, *, pictures: Mapping[str, Generation], store: Store | None
) -> InputImage | None:
    """Return an input picture: another one of the record, or a file of the store or of the row's sources."""
    if wanted.sha256 in pictures:
        return inputs.read(pictures[wanted.sha256])
    path = store.image_file(wanted) if store is not None else None
    if path is not None:
        return inputs.read(path)
    for word in row.sources:
        if not _ADDRESS.match(word):
            with suppress(GeminiError):
                image = inputs.read(word)
                if image.sha256 == wanted.sha256:
                    return image
    return None
