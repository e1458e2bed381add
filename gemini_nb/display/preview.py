"""From a picture's bytes to pixels: first frame only, by Pillow, with a verdict of the bytes alone."""

from __future__ import annotations

import io
import threading
import warnings
from typing import TYPE_CHECKING, Any, Protocol

from gemini_nb.errors import ImageRefusedError

if TYPE_CHECKING:
    import PIL.Image


class Picture(Protocol):
    """What can be drawn: the bytes of a PNG, JPEG, WebP or GIF, and what its header says."""

    @property
    def mime_type(self) -> str: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def sha256(self) -> str: ...

    @property
    def data(self) -> bytes: ...


TYPE_NAMES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WebP", "image/gif": "GIF"}

_decoding = threading.Lock()  # what is set and set back around a decode belongs to the process


def decode(data: bytes, mime_type: str, *, at_least: tuple[int, int] | None = None) -> PIL.Image.Image:
    """Return the first frame of a picture that passed `inspect`, or raise ImageRefusedError.

    With `at_least`, JPEG is decoded straight to the smallest size that covers it, at a fraction of the time.
    The verdict is that of the bytes alone: neither warning filters nor Pillow's settings change it.
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


_JPEG_QUALITY = 60


def scale(image: Picture, width: int) -> Any:
    """Return the picture at most `width` pixels wide, as RGB or RGBA; raise `ImageRefusedError`."""
    width = min(width, image.width)
    size = (width, max(1, round(image.height * width / image.width)))
    picture = decode(image.data, image.mime_type, at_least=size)
    picture = picture if picture.mode in ("RGB", "RGBA") else picture.convert(_plain_mode(picture))
    return picture if picture.size == size else picture.resize(size, reducing_gap=2.0)


def _plain_mode(picture: Any) -> str:
    return "RGBA" if picture.has_transparency_data else "RGB"


def limit_width(picture: Any, width: int) -> Any:
    """Return a PIL picture at most `width` pixels wide."""
    if picture.width <= width:
        return picture
    return picture.resize((width, max(1, round(picture.height * width / picture.width))), reducing_gap=2.0)


def flatten(picture: Any) -> Any:
    """Return the picture on white, as on paper: JPEG has no transparency."""
    from PIL import Image  # noqa: PLC0415 - loaded with the first picture

    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def encode_jpeg(picture: Any) -> bytes:
    """Encode a PIL picture, on white where it is transparent."""
    return encode(flatten(picture), "JPEG", quality=_JPEG_QUALITY, optimize=True)


def encode_png(picture: Any) -> bytes:
    return encode(picture, "PNG")


def encode(picture: Any, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
