"""Decoding, scaling and encoding of pictures with Pillow: the first frame only, in a size for the page."""

from __future__ import annotations

import io
import threading
import warnings
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Protocol

from gemini_nb.errors import ImageRefusedError

if TYPE_CHECKING:
    import PIL.Image


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
    def data(self) -> bytes:
        """The bytes as they came; this may read a file and raise `ImageLostError`."""


TYPE_NAMES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP", "image/gif": "GIF"}

_JPEG_QUALITY = 60

_decoding = threading.Lock()  # warning filters and Pillow's settings, changed for a decode, are the process's


def decode(data: bytes, mime_type: str, *, at_least: tuple[int, int] | None = None) -> PIL.Image.Image:
    """Return the first frame of a picture; raise `ImageRefusedError` where the bytes do not decode.

    With `at_least`, JPEG is decoded straight to the smallest size that covers it, at a fraction of the time.
    The verdict depends on the bytes alone: neither warning filters nor Pillow's settings change it.
    """
    from PIL import Image, ImageFile  # noqa: PLC0415 - Pillow is not loaded with the package

    problem = ""
    with _decoding, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, False
        try:
            picture = Image.open(io.BytesIO(data), formats=[TYPE_NAMES[mime_type].upper()])
            if at_least:
                picture.draft(None, at_least)
            picture.load()
        except Exception as error:  # noqa: BLE001 - a broken file makes Pillow raise a dozen kinds
            problem = str(error) or type(error).__name__
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = settings
    if problem:
        raise ImageRefusedError(f"The {TYPE_NAMES[mime_type]} that came cannot be decoded: {problem[:200]}")
    return picture


def scale(image: Picture, width: int) -> Any:
    """Return a PIL image at most `width` pixels wide, RGB or RGBA; raise `ImageRefusedError`."""
    width = min(width, image.width)
    size = (width, max(1, round(image.height * width / image.width)))
    picture = decode(image.data, image.mime_type, at_least=size)
    if picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    return picture if picture.size == size else picture.resize(size, reducing_gap=2.0)


def limit_width(picture: Any, width: int) -> Any:
    """Return a PIL image at most `width` pixels wide, the same one if it is."""
    if picture.width <= width:
        return picture
    return picture.resize((width, max(1, round(picture.height * width / picture.width))), reducing_gap=2.0)


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


def encode(picture: Any, kind: str, **options: int) -> bytes:
    """Encode a PIL image as "JPEG", "PNG" or "WEBP", with Pillow's options for that format."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def data_uri(mime_type: str, data: bytes) -> str:
    """Return bytes as the `src` of an `<img>` that needs no other file."""
    return f"data:{mime_type};base64,{b64encode(data).decode('ascii')}"
