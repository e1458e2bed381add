"""Small versions of an album's pictures as WebP, each made once: for the page and for the saved gallery.

Making one takes some hundredths of a second, so the event loop leaves it to a worker thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from gemini_nb.display.figure import PREVIEW_WIDTH, encode_webp
from gemini_nb.display.grid import SHEET_WIDTH
from gemini_nb.display.preview import limit, scale

if TYPE_CHECKING:
    from gemini_nb.notebook.studio.album import Entry

TILE_WIDTH = 256
_MAX_HEIGHT_RATIO = 2  # of a small version: a tall picture becomes no tower
_MAX_BYTES = 150_000  # of a preview, which are 200 KB in base64
_MAX_HELD = {"tile": 500, "preview": 32, "thumbnail": 64}


class Previews:
    """The small versions of entries, held by the SHA-256 of the picture. Safe to share between threads.

    Each method raises `ImageRefusedError` for what does not decode, and `ImageLostError` where its file is
    gone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, OrderedDict[str, Any]] = {kind: OrderedDict() for kind in _MAX_HELD}
        self._decoded: tuple[str, Any] = ("", None)  # the last one: its other sizes are often wanted next

    def tile(self, entry: Entry) -> bytes:
        """Return the picture at 256 pixels of width at most, for a grid."""
        return bytes(self._find("tile", entry))

    def preview(self, entry: Entry) -> bytes:
        """Return the picture at 768 pixels of width at most, in no more than 150 kB."""
        return bytes(self._find("preview", entry))

    def thumbnail(self, entry: Entry) -> Any:
        """Return the picture as a PIL image for a contact sheet."""
        return self._find("thumbnail", entry)

    def _find(self, kind: str, entry: Entry) -> Any:
        sha256, held = entry.generation.image.sha256, self._held[kind]
        with self._lock:
            if sha256 in held:
                held.move_to_end(sha256)
                return held[sha256]
        small = self._make(kind, entry)
        with self._lock:
            held[sha256] = small
            while len(held) > _MAX_HELD[kind]:
                held.popitem(last=False)
        return small

    def _make(self, kind: str, entry: Entry) -> Any:
        picture = self._decode(entry)
        if kind == "preview":
            return _encode(picture)
        width = TILE_WIDTH if kind == "tile" else SHEET_WIDTH
        small = limit(picture, width, _MAX_HEIGHT_RATIO * width)
        return _encode(small) if kind == "tile" else small

    def _decode(self, entry: Entry) -> Any:
        """Return the picture as a PIL image of the largest size that is needed."""
        image = entry.generation.image
        sha256, picture = self._decoded
        if sha256 != image.sha256:
            picture = scale(image, PREVIEW_WIDTH)
            self._decoded = (image.sha256, picture)
        return picture


def _encode(picture: Any) -> bytes:
    """Encode a picture as WebP, smaller and smaller until it has no more than `_MAX_BYTES`."""
    data = encode_webp(picture)
    while len(data) > _MAX_BYTES:
        picture = limit(picture, max(1, picture.width * 3 // 4), picture.height)
        data = encode_webp(picture)
    return data
