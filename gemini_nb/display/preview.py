"""From a picture's bytes to pixels: first frame only, by Pillow, with a verdict of the bytes alone."""

from __future__ import annotations

import io
import threading
import warnings
from typing import TYPE_CHECKING

from gemini_nb.errors import ImageRefusedError

if TYPE_CHECKING:
    import PIL.Image

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
