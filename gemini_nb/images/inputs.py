"""Input images: whatever a caller may hand over → bytes, and the type that those bytes tell."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from gemini_nb.errors import ArgumentError
from gemini_nb.images.header import sniff
from gemini_nb.images.image import GeneratedImage

MAX_INPUT_BYTES = 32 * 2**20

_HEIF_BRANDS = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif", b"msf1": "image/heif"}


@dataclass(frozen=True)
class InputImage:
    """An image to send along: its bytes as given and their MIME type (PNG, JPEG, WebP, HEIC or HEIF)."""

    data: bytes
    mime_type: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", bytes(self.data))  # a bytearray may change later

    @cached_property
    def sha256(self) -> str:
        """The bytes' SHA-256 in hex."""
        return sha256(self.data).hexdigest()

    def __repr__(self) -> str:
        return f"InputImage({self.mime_type}, {len(self.data)} bytes)"


class SentImage(InputImage):
    """An input image without its bytes, which were let go once they had been sent."""

    def __init__(self, image: InputImage) -> None:
        self.__dict__.update(mime_type=image.mime_type, sha256=image.sha256)

    @property
    def data(self) -> bytes:
        """Raise ArgumentError: there are no bytes any more."""
        raise ArgumentError(
            "The bytes of this input picture were let go once its answer had come.",
            hint="Give the picture again; a batch holds those of a list, not those of an iterator.",
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InputImage) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"InputImage({self.mime_type}, sent and let go)"


def is_link(source: object) -> bool:
    """Whether `source` is a web address, which must be fetched before it can be read."""
    return isinstance(source, str) and source.lower().startswith(("https://", "http://"))


def read(source: Any) -> InputImage:
    """Read one input image.

    `source` is a path, bytes, a PIL image, a NumPy array (height × width, optionally × 1, 3 or 4; uint8,
    bool, or float in 0…1), a Matplotlib figure, a `GeneratedImage`, a `Generation` or an `InputImage`.
    Raises `ArgumentError` for anything else and for files that are no picture.
    """
    if isinstance(source, InputImage):
        return source
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _read_bytes(bytes(source), "The input image")
    if isinstance(source, (str, Path)):
        return _read_path(source)
    image = getattr(source, "image", source)  # a Generation's primary picture
    if isinstance(image, GeneratedImage):
        return _read_bytes(image.data, "The picture")
    return _read_bytes(_encode(source), "The input image")


def _read_path(source: str | Path) -> InputImage:
    try:
        path = Path(source).expanduser()
        data = path.read_bytes()
    except (OSError, ValueError, RuntimeError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise ArgumentError(f"Cannot read the input image {str(source)[:200]!r}: {reason}.") from None
    return _read_bytes(data, str(path))


def _read_bytes(data: bytes, what: str) -> InputImage:
    if len(data) > MAX_INPUT_BYTES:
        raise ArgumentError(
            f"{what} has {len(data) / 2**20:.0f} MiB; at most 32 can be sent.", hint="Make it smaller."
        )
    mime_type = sniff(data) or _HEIF_BRANDS.get(data[8:12] if data[4:8] == b"ftyp" else b"")
    if mime_type is None:
        raise ArgumentError(f"{what} is not a PNG, JPEG, WebP, GIF, HEIC or HEIF picture.")
    if mime_type == "image/gif":  # the API takes no GIF: send its first frame
        return InputImage(_convert_gif(data, what), "image/png")
    return InputImage(data, mime_type)


def _convert_gif(data: bytes, what: str) -> bytes:
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

    try:
        with Image.open(io.BytesIO(data), formats=["GIF"]) as frame:
            return _encode_pil(frame.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise ArgumentError(f"{what} looks like a GIF and cannot be read.") from None


def _encode(source: Any) -> bytes:
    """Return the PNG of a PIL image, an array or a figure."""
    pil = sys.modules.get("PIL.Image")
    if pil is not None and isinstance(source, pil.Image):
        return _encode_pil(source)
    if callable(getattr(source, "savefig", None)):
        return _encode_figure(source)
    if hasattr(source, "__array_interface__") or hasattr(source, "__array__"):
        return _encode_pil(_image_from_array(source))
    raise ArgumentError(
        f"A {type(source).__name__} cannot be an input image.",
        hint="Give a path, bytes, a PIL image, a NumPy array, a Matplotlib figure or an earlier result.",
    )


def _encode_figure(figure: Any) -> bytes:
    """Return the PNG of what a figure shows, which is the same whichever version of Matplotlib drew it.

    What `savefig` writes names that version. So its pixels are written anew, with settings that stay: a chart
    that has not changed is the same request.
    """
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded when a picture is

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    with Image.open(drawn, formats=["PNG"]) as picture:
        width, height = picture.size
        pixels = picture.convert("RGBA").tobytes()
    stride = 4 * width
    rows = b"".join(b"\0" + pixels[at : at + stride] for at in range(0, len(pixels), stride))  # 0: no filter
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(rows, level=6), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(_encode_chunk(kind, data) for kind, data in chunks.items())


def _encode_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _encode_pil(picture: Any) -> bytes:
    buffer = io.BytesIO()
    if picture.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        picture = picture.convert("RGB")
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _image_from_array(source: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - whoever hands over an array has it
    from PIL import Image  # noqa: PLC0415

    array = np.asarray(source)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise ArgumentError(
            f"An array of shape {array.shape} is no picture.",
            hint="It must be height × width, optionally × 3 (RGB) or × 4 (RGBA).",
        )
    return Image.fromarray(np.ascontiguousarray(_as_uint8(array, np)))


def _as_uint8(array: Any, np: Any) -> Any:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype.kind == "f" and np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1:
        return np.rint(array * 255).astype(np.uint8)
    raise ArgumentError(
        f"An array of {array.dtype} is no picture as it stands.",
        hint="Use uint8 in 0…255, or floats in 0…1 without NaN.",
    )
