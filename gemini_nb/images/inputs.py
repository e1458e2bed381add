"""Input images: a path, bytes, an open file, pixels or an earlier result → bytes, and the type they tell."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gemini_nb.errors import ArgumentError
from gemini_nb.images import header, input_bytes, pixels
from gemini_nb.images.image import GeneratedImage
from gemini_nb.images.input_bytes import is_data_uri
from gemini_nb.text import with_article

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_HEIF_BRANDS = {b"mif1", b"mif2", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_MAX_BRANDS = 64
_TYPES_BY_SUFFIX = {
    **{suffix: mime_type for mime_type, suffix in header.SUFFIXES.items()},
    ".jpeg": "image/jpeg",
    ".heic": "image/heic",
    ".heif": "image/heif",
}
_UNKNOWN_TYPE = "application/octet-stream"
_FILES_API = "https://generativelanguage.googleapis.com/"
_REFERENCE = re.compile(rf"(?i:gs)://[!-~]{{3,2000}}|{_FILES_API}v1\w*/files/[\w-]{{1,200}}", re.ASCII)


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

    def part(self, encode: Callable[[InputImage], str]) -> dict[str, Any]:
        """Return the part of a request that holds it; `encode` gives what stands for its bytes."""
        return {"inlineData": {"mimeType": self.mime_type, "data": encode(self)}}

    def __repr__(self) -> str:
        return f"InputImage({self.mime_type}, {len(self.data)} bytes)"


class ReferencedImage(InputImage):
    """An input image that the provider reads itself, at a `gs://` or a Files API address.

    Its MIME type is told by the address's suffix; `sha256` is that of the address.
    """

    uri: str

    def __init__(self, uri: str) -> None:
        suffix = PurePosixPath(urlsplit(uri).path).suffix.lower()
        mime_type = _TYPES_BY_SUFFIX.get(suffix, _UNKNOWN_TYPE)
        self.__dict__.update(uri=uri, mime_type=mime_type, sha256=sha256(uri.encode()).hexdigest())

    @property
    def data(self) -> bytes:
        """Raise ArgumentError: the bytes are with the provider."""
        raise ArgumentError("The bytes of this input image are at the provider, not here.")

    def part(self, encode: Callable[[InputImage], str]) -> dict[str, Any]:  # noqa: ARG002 - it has no bytes
        """Return the part of a request that names it."""
        named = {} if self.mime_type == _UNKNOWN_TYPE else {"mimeType": self.mime_type}
        return {"fileData": {**named, "fileUri": self.uri}}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReferencedImage) and self.uri == other.uri

    def __hash__(self) -> int:
        return hash(self.uri)

    def __repr__(self) -> str:
        return f"ReferencedImage({self.uri!r})"


class SentImage(InputImage):
    """An input image without its bytes, which were let go once they had been sent."""

    def __init__(self, image: InputImage) -> None:
        self.__dict__.update(mime_type=image.mime_type, sha256=image.sha256)

    @property
    def data(self) -> bytes:
        """Raise ArgumentError: there are no bytes any more."""
        raise ArgumentError(
            "The bytes of this input image were released once its reply had come.",
            hint="Pass the picture again; a batch keeps those of a list, not those of an iterator.",
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InputImage) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"InputImage({self.mime_type}, sent and let go)"


def let_go(image: InputImage) -> InputImage:
    """Return an input image without its bytes, for what has been sent."""
    return image if isinstance(image, ReferencedImage) else SentImage(image)


def from_part(part: Mapping[str, Any]) -> InputImage:
    """Return the input image of a part that `InputImage.part` wrote."""
    if "fileData" in part:
        return ReferencedImage(part["fileData"]["fileUri"])
    return InputImage(b64decode(part["inlineData"]["data"]), part["inlineData"]["mimeType"])


def find_reference(source: object) -> ReferencedImage | None:
    """Return the picture that a `gs://` address, a Files API address or google-genai's `File` names, or None.

    >>> find_reference("gs://bucket/cat.png")
    ReferencedImage('gs://bucket/cat.png')
    """
    uri = source if isinstance(source, str) else getattr(source, "uri", None)
    return ReferencedImage(uri) if isinstance(uri, str) and _REFERENCE.fullmatch(uri) else None


def is_link(source: object) -> bool:
    """Whether `source` is a web address, which must be fetched before it can be read."""
    return isinstance(source, str) and source[:8].lower().startswith(("https://", "http://"))


def read(source: Any) -> InputImage:
    """Read one input image; `sources.list_sources` finds those that something else holds.

    `source` is a path of this machine or of another file system (fsspec, universal_pathlib), a `data:` or
    `file:` address, bytes, an open binary file, a PIL image, a NumPy array (height × width, optionally × 1, 3
    or 4; uint8, bool, or float in 0…1), a Matplotlib figure, a `GeneratedImage`, a `Generation` or an
    `InputImage`. Only plain files are read, of up to 32 MiB. Raises `ArgumentError` for anything else and for
    what is no picture.
    """
    image = source if isinstance(source, InputImage) else _identify(*_read_bytes(source))
    _ = image.sha256  # every request is told by it, and here it is not the event loop that waits for it
    return image


def _read_bytes(source: Any) -> tuple[bytes, str]:
    """Return a picture's bytes, those of a PNG for pixels, and the words for it in an error."""
    what = "The input image"
    if isinstance(source, bytes | bytearray | memoryview):
        input_bytes.check_size(memoryview(source).nbytes, what)
        return bytes(source), what
    if is_data_uri(source):
        return input_bytes.decode_data_uri(source), "The data URI"
    if isinstance(source, str | os.PathLike):
        is_local = getattr(source, "protocol", "") in ("", "file", "local")  # universal_pathlib has others
        read_path = input_bytes.read_path if is_local else input_bytes.open_and_read
        return read_path(source), input_bytes.quote(source)
    image = getattr(source, "image", source)  # a Generation's primary picture
    if isinstance(image, GeneratedImage):
        return image.data, "The picture"
    if pixels.is_pil(source):
        return pixels.encode_pil(source), what
    if pixels.is_figure(source):
        return pixels.encode_figure(source), what
    if pixels.is_array(source):
        return pixels.encode_array(source), what
    if callable(getattr(source, "read", None)):
        return input_bytes.read_file(source), what
    if callable(getattr(source, "read_bytes", None)) or hasattr(source, "fs"):
        return input_bytes.open_and_read(source), input_bytes.quote(source)
    name = "None" if source is None else with_article(type(source).__name__)
    raise ArgumentError(
        f"{name} cannot be an input image.",
        hint="Give a path, an https address, bytes, an open file, a PIL image, an array, a Matplotlib "
        "figure, an IPython or ipywidgets image, an upload or an earlier result.",
    )


def _identify(data: bytes, what: str) -> InputImage:
    input_bytes.check_size(len(data), what)
    mime_type = header.sniff(data) or _find_heif_type(data)
    if mime_type == "image/gif":  # the API takes no GIF: send its first frame
        return _identify(pixels.encode_gif(data, what), what)
    if mime_type is not None:
        return InputImage(data, mime_type)
    seen = "an AVIF picture" if _read_brands(data) & _AVIF_BRANDS else header.describe(data)
    hint = "If Pillow can open it, pass Image.open(…)." if seen.endswith(("picture", "icon")) else None
    raise ArgumentError(
        f"{what} is not a PNG, JPEG, WebP, GIF, HEIC or HEIF picture; it looks like {seen}.", hint=hint
    )


def _find_heif_type(data: bytes) -> str | None:
    """Return the type of a HEIF file by the brands it names; None for AVIF, which has the same container."""
    brands = _read_brands(data)
    if data[8:12] in _HEIF_BRANDS and not brands & _AVIF_BRANDS:
        return "image/heif"
    if brands & _HEIC_BRANDS and data[8:12] not in _AVIF_BRANDS:
        return "image/heic"
    return "image/heif" if brands & _HEIF_BRANDS and not brands & _AVIF_BRANDS else None


def _read_brands(data: bytes) -> set[bytes]:
    """Return the major brand and the compatible ones of a file that begins with a box of them."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), len(data), 16 + 4 * _MAX_BRANDS)
    return {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}
