"""The source pictures of a studio's next picture, as chips: read when they are named, kept while pinned."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from gemini_nb.display import preview
from gemini_nb.display.figure import encode_webp
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.event_loop import run_in_thread
from gemini_nb.images.image import SOURCES, GeneratedImage
from gemini_nb.images.inputs import ReferencedImage
from gemini_nb.notebook import variables
from gemini_nb.notebook.studio.album_record import NUMBER_WORD
from gemini_nb.providers.keys import check_no_keys, mask_keys
from gemini_nb.text import format_count, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from gemini_nb.client.async_client import AsyncClient
    from gemini_nb.images.inputs import InputImage
    from gemini_nb.notebook.studio.album import Album

MAX_UPLOAD_BYTES = 20_000_000  # a request takes no more
_THUMBNAIL_PIXELS = 72
_NAME_CHARACTERS = 48
_MAX_UPLOADS = 16  # that have begun and not ended


@dataclass(frozen=True)
class Source:
    """One word that names source pictures, with what was read; `number` is that of a picture of the album.

    `problem` says why there is no picture. One that was `used` goes when another prompt is typed, unless it
    is `pinned`. A `mask`, as PNG, says where alone the picture may change.
    """

    id: str
    word: str
    images: tuple[InputImage, ...] = ()
    number: int = 0
    thumbnail: str = ""
    problem: str = ""
    pinned: bool = False
    used: bool = False
    mask: bytes | None = None
    feather: int = 0

    def describe(self) -> dict[str, Any]:
        """Return what the page shows."""
        more = f" ({format_count(len(self.images), 'picture')})" if len(self.images) > 1 else ""
        return {
            "id": self.id,
            "name": one_line(self.word, _NAME_CHARACTERS) + more,
            "number": self.number,
            "thumbnail": self.thumbnail,
            "problem": self.problem,
            "pinned": self.pinned,
            "masked": self.mask is not None,
        }


class Sources:
    """The chips in their order; a change may come on any thread."""

    def __init__(self, album: Album) -> None:
        self._album = album
        self._lock = threading.Lock()
        self._list: list[Source] = []
        self._uploads: dict[str, list[bytes]] = {}
        self._ids = count(1)

    @property
    def all(self) -> tuple[Source, ...]:
        """The chips."""
        with self._lock:
            return tuple(self._list)

    def usable(self) -> tuple[Source, ...]:
        """Return the chips with pictures; raise `ArgumentError` where one has none."""
        for source in self.all:
            if source.problem:
                raise ArgumentError(f"{source.word}: {source.problem}", hint="Remove this source first.")
        return self.all

    async def add(self, word: str, names: Mapping[str, Any], client: AsyncClient) -> Source:
        """Add what a word names: #number in the album, else what `-i` takes."""
        source = Source(f"s{next(self._ids)}", mask_keys(word))
        try:
            check_no_keys([word])
            if match := NUMBER_WORD.fullmatch(word):
                entry = self._album.find(int(match[1]))
                images = await client.read_images([entry.generation])
                source = replace(source, images=tuple(images), number=entry.number)
            else:
                found = variables.find_images([word], names)
                source = await _with_images(source, await variables.read_images(found, client))
        except GeminiError as error:
            source = _with_problem(source, error)
        return self._append(source)

    def take_piece(self, upload: Mapping[str, Any], piece: bytes) -> bytes | None:
        """Take a piece of an upload; return the whole with its last, None before; raise `ArgumentError`."""
        key = str(upload.get("id", ""))
        with self._lock:
            if len(self._uploads) >= _MAX_UPLOADS and key not in self._uploads:
                self._uploads.clear()
            pieces = self._uploads.setdefault(key, [])
            pieces.append(piece)
            size = max(sum(map(len, pieces)), int(upload.get("size", 0)))
            if size > MAX_UPLOAD_BYTES:
                del self._uploads[key]
                raise ArgumentError(
                    f"It has {size / 1e6:,.1f} MB; a request takes {MAX_UPLOAD_BYTES // 1_000_000} MB.",
                    hint="Make it smaller first.",
                )
            return b"".join(self._uploads.pop(key)) if upload.get("last") else None

    async def add_upload(self, name: str, data: bytes, client: AsyncClient) -> Source:
        """Add an uploaded file."""
        source = Source(f"s{next(self._ids)}", make_word(name))
        try:
            source = await _with_images(source, await client.read_images([data]))
            source = replace(source, word=self._free_word(source))
        except GeminiError as error:
            source = _with_problem(source, error)
        return self._append(source)

    def _free_word(self, source: Source) -> str:
        """Return the word, with a number where another picture has it: whatever is pasted is "image.png"."""
        taken = {other.word for other in self.all if other.images != source.images}
        name = PurePath(source.word)
        words = (f"{name.stem}-{number}{name.suffix}" for number in count(2))
        return next(word for word in chain([source.word], words) if word not in taken)

    def refuse(self, name: str, error: GeminiError) -> None:
        """Add a chip that says why a file was not taken."""
        self._append(_with_problem(Source(f"s{next(self._ids)}", make_word(name)), error))

    def _append(self, source: Source) -> Source:
        """Add a chip; one that names the same picture takes its place."""
        with self._lock:
            places = [place for place, known in enumerate(self._list) if known.word == source.word]
            if places:
                known = self._list[places[0]]
                source = replace(source, pinned=known.pinned, mask=known.mask, feather=known.feather)
                self._list[places[0]] = source
            else:
                self._list.append(source)
        return source

    def remove(self, source_id: str) -> None:
        """Take a chip away."""
        self._filter(lambda source: source.id != source_id)

    def keep_pinned(self) -> None:
        """Take away what is not pinned: an edit begins."""
        self._filter(lambda source: source.pinned)

    def drop_used(self) -> bool:
        """Take away what was used and is not pinned; return whether there was any."""
        return self._filter(lambda source: source.pinned or not source.used)

    def _filter(self, is_kept: Callable[[Source], bool]) -> bool:
        with self._lock:
            before = self._list
            self._list = list(filter(is_kept, before))
            return len(self._list) < len(before)

    def change(self, source_id: str, **changes: Any) -> None:
        """Change a chip."""
        self._map(lambda source: replace(source, **changes) if source.id == source_id else source)

    def turn_pin(self, source_id: str) -> None:
        """Pin a chip, or no longer."""
        self._map(lambda source: replace(source, pinned=source.pinned != (source.id == source_id)))

    def drop_masks(self) -> None:
        """Forget what was painted."""
        self._map(lambda source: replace(source, mask=None, feather=0))

    def mark_used(self, ids: Collection[str]) -> None:
        """Note that a picture was made of these."""
        self._map(lambda source: replace(source, used=source.used or source.id in ids))

    def _map(self, change: Callable[[Source], Source]) -> None:
        with self._lock:
            self._list = list(map(change, self._list))


def make_word(name: str) -> str:
    """Return a file's name as one word that needs no quotes and begins no comment."""
    return "_".join("".join(c for c in name if c not in "\"',").split()).lstrip("#-") or "upload"


async def _with_images(source: Source, images: Any) -> Source:
    if not images:
        raise ArgumentError("It names no picture.")
    thumbnail = await run_in_thread(_draw_thumbnail, images[0])
    return replace(source, images=tuple(images), thumbnail=thumbnail)


def _draw_thumbnail(image: InputImage) -> str:
    """Return a data URI, "" for what is not drawn here: it is sent as it is."""
    if isinstance(image, ReferencedImage):
        return ""
    try:
        picture = GeneratedImage.from_bytes(image.data, source=SOURCES[0])
        small = preview.scale(picture, _THUMBNAIL_PIXELS, _THUMBNAIL_PIXELS)
        return preview.data_uri("image/webp", encode_webp(small))
    except GeminiError:
        return ""


def _with_problem(source: Source, error: GeminiError) -> Source:
    return replace(source, problem=str(error).removeprefix("-i "))
