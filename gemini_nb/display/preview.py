"""Decoding, scaling and encoding of pictures with Pillow: the first frame only, in a size for the page.

What takes its time runs in a thread of its own, so that an interrupt reaches the cell that waits for it.
"""

from __future__ import annotations

import io
import threading
from base64 import b64encode
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gemini_nb import interrupts
from gemini_nb.errors import Cancelled, GeminiError, ImageRefusedError
from gemini_nb.event_loop import HAS_THREADS, call_in_daemon_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import PIL.Image
    import PIL.ImageFile

T = TypeVar("T")


@dataclass(frozen=True)
class Frame:
    """The first frame as a file of its own, and the `info` of Pillow that the whole file had besides."""

    data: bytes
    info: Mapping[str, bytes]


class Picture(Protocol):
    """What can be drawn: the bytes of a PNG, JPEG, WebP or GIF, and what their header says.

    `images.image.GeneratedImage` is one. The bytes need not decode: `decode` raises `ImageRefusedError`.
    """

    @property
    def mime_type(self) -> str:
        """A key of `TYPE_NAMES`, as told by the bytes."""

    @property
    def width(self) -> int:
        """The width in pixels."""

    @property
    def height(self) -> int:
        """The height in pixels."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes, in hexadecimal."""

    @property
    def size(self) -> int:
        """How many bytes it has, without reading them."""

    @property
    def data(self) -> bytes:
        """The bytes as they came; this may read a file and raise `ImageLostError`."""

    def first_frame(self) -> Frame:
        """Return what is decoded of the bytes; this may raise as `data` does, and `ImageRefusedError`."""


TYPE_NAMES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP", "image/gif": "GIF"}
PIXELS_PER_CSS_PIXEL = 1.5  # of a preview: it stays sharp on dense screens
MAX_PREVIEW_HEIGHT = 4096  # pixels: WebP ends at 16,383, and the encoder's time at the reader's patience

_JPEG_QUALITY = 60
_LARGE_PIXELS = 4_000_000  # decoded in less memory than one copy of all pixels, at 4 bytes each
_POLL_SECONDS = 0.1  # how soon an interrupt is seen


def decode(image: Picture) -> PIL.Image.Image:
    """Return the first frame of a picture; raise `ImageRefusedError` where the bytes do not decode.

    The verdict depends on the bytes alone: neither warning filters nor Pillow's settings change it.
    """
    return run_interruptibly(partial(_run, _decode, image))


def scale(image: Picture, width: int, height: int = MAX_PREVIEW_HEIGHT) -> PIL.Image.Image:
    """Return a PIL image of at most that size, RGB or RGBA; raise `ImageRefusedError`.

    A large picture is scaled while it is decoded.
    """
    return run_interruptibly(partial(_run, _scale, image, fit(image.width, image.height, width, height)))


def fit(width: int, height: int, max_width: int, max_height: int) -> tuple[int, int]:
    """Return the size of a picture scaled down, if need be, to fit both limits; no side is less than 1."""
    factor = min(1.0, max_width / width, max_height / height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def run_interruptibly(call: Callable[[], T], *, what: str = "decoding") -> T:
    """Run C code in another thread if this is the main one, where an interrupt would wait for its end.

    Raises `Cancelled` at an interrupt, and a `GeminiError` of the call as it is.
    """
    if not HAS_THREADS or threading.current_thread() is not threading.main_thread():
        return call()
    future = call_in_daemon_thread(call)
    if _is_interrupted(future):
        raise Cancelled(f"{what} was stopped; the picture is kept.")
    error = future.exception()
    if isinstance(error, GeminiError):
        raise error.with_traceback(None)
    return future.result()


def _is_interrupted(future: Future[Any]) -> bool:
    """Wait for the future; return whether an interrupt came first."""
    try:
        with interrupts.held() as hold:
            while not future.done():
                hold.check()  # here alone: raised in `wait`, an interrupt could leave a lock locked
                wait([future], timeout=_POLL_SECONDS)
    except KeyboardInterrupt:
        return True
    return False


def _run(function: Callable[..., T], image: Picture, *args: object) -> T:
    """Call a function of a frame; what Pillow raises becomes `ImageRefusedError`."""
    frame = image.first_frame()
    try:
        with _default_settings():
            return function(frame, image, *args)
    except Exception as error:  # noqa: BLE001 - a broken file makes Pillow raise a dozen kinds
        problem = str(error).partition(" <")[0] or type(error).__name__  # without the file's address
    name = TYPE_NAMES[image.mime_type]
    raise ImageRefusedError(f"The {name} that arrived cannot be decoded: {problem[:200]}")


def _decode(frame: Frame, image: Picture) -> PIL.Image.Image:
    picture = _open(frame, image)
    picture.load()
    picture.info.update(frame.info)
    return picture


def _scale(frame: Frame, image: Picture, size: tuple[int, int]) -> PIL.Image.Image:
    picture = _reduce(frame, image, size)
    return picture if picture.size == size else picture.resize(size, reducing_gap=2.0)


def _reduce(frame: Frame, image: Picture, size: tuple[int, int]) -> PIL.Image.Image:
    """Return the picture as RGB or RGBA, at least of that size."""
    picture = _open(frame, image)
    if image.width * image.height > _LARGE_PIXELS:
        from gemini_nb.display import large_pictures  # noqa: PLC0415 - hardly ever needed

        return large_pictures.reduce(picture, frame.data, size, _to_rgb)
    picture.draft(None, size)
    picture.load()
    return _to_rgb(picture)


def _open(frame: Frame, image: Picture) -> PIL.ImageFile.ImageFile:
    """Open a frame, whose size must be the one that was announced, before a pixel is decoded."""
    from PIL import Image  # noqa: PLC0415 - Pillow is not loaded with the package

    picture = Image.open(io.BytesIO(frame.data), formats=[TYPE_NAMES[image.mime_type].upper()])
    if picture.size != (image.width, image.height):
        width, height = picture.size
        raise ValueError(f"it is {width} by {height} pixels and says {image.width} by {image.height}")
    return picture


_lock = threading.Lock()
_users: list[tuple[int | None, bool]] = []  # the user's settings, once for each decode under way


@contextmanager
def _default_settings() -> Iterator[None]:
    """Decode strictly and without a limit of Pillow's own in the block: its settings are the process's."""
    from PIL import Image, ImageFile  # noqa: PLC0415 - Pillow is not loaded with the package

    with _lock:
        settings = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        _users.append(_users[0] if _users else settings)
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, False
    try:
        yield
    finally:
        with _lock:
            settings = _users.pop()
            if not _users:
                Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = settings


def _to_rgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return a PIL image of any mode as RGB or, where something is transparent, as RGBA."""
    if picture.mode.startswith("I"):  # 16 bits: the upper eight are what a screen shows
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
        picture.info.pop("transparency", None)  # of 16 bits as well
    if picture.mode in ("RGB", "RGBA") and "transparency" not in picture.info:
        return picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def limit(picture: PIL.Image.Image, width: int, height: int) -> PIL.Image.Image:
    """Return a PIL image of at most that size, the same one if it is."""
    size = fit(*picture.size, width, height)
    return picture if picture.size == size else picture.resize(size, reducing_gap=2.0)


def flatten(picture: Any) -> Any:
    """Return a PIL image on white, as on paper: JPEG has no transparency."""
    from PIL import Image  # noqa: PLC0415 - loaded with the first picture

    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def encode_jpeg(picture: Any) -> bytes:
    """Encode a PIL image small rather than fine, on white where it is transparent."""
    return encode(flatten(picture), "JPEG", quality=_JPEG_QUALITY, optimize=True)


def encode(picture: Any, kind: str, **options: Any) -> bytes:
    """Encode a PIL image as "JPEG", "PNG" or "WEBP", with Pillow's options for that format."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def data_uri(mime_type: str, data: bytes) -> str:
    """Return bytes as the `src` of an `<img>` that needs no other file."""
    return f"data:{mime_type};base64,{b64encode(data).decode('ascii')}"
