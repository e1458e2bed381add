"""GeneratedImage, and what may count as an image: four types, told by their bytes, within limits."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gemini_nb import files
from gemini_nb.display import figure
from gemini_nb.display.original import Original
from gemini_nb.display.preview import TYPE_NAMES, decode
from gemini_nb.errors import ImageRefusedError, TooLargeError
from gemini_nb.images import header, save
from gemini_nb.images.file_bytes import FileBytes, ImageBytes
from gemini_nb.images.first_frame import read_first_frame
from gemini_nb.images.header import SUFFIXES, sniff

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from os import PathLike
    from pathlib import Path

    import PIL.Image

    from gemini_nb.display.preview import Frame
    from gemini_nb.images.file_bytes import FileView
    from gemini_nb.images.save import Archive

MAX_IMAGE_BYTES = 32 * 1024 * 1024
MAX_PIXELS = 50_000_000

Source = str
"""How a picture came: one of SOURCES, or where in a reply of another shape, "other: output[0].result".

COMPOSED is a picture that was made here, of one that came and its source.
"""

SOURCES = ("inlineData", "data URI", "hosted URL", "openai")
OTHER_SOURCE = "other: "
COMPOSED = "composed"  # of a reply and its source, with a mask: see `images.composition`


@dataclass(frozen=True)
class Facts:
    """What a picture's bytes say about it; sizes in pixels."""

    mime_type: str
    width: int
    height: int


def open_view(data: ImageBytes) -> AbstractContextManager[bytes | FileView]:
    """Open a picture's bytes to look at parts of them, which are not checked."""
    return nullcontext(data) if isinstance(data, bytes) else data.open_view()


def type_of(data: ImageBytes) -> str | None:
    """Return the MIME type that bytes begin like, None for anything but PNG, JPEG, WebP and GIF."""
    with open_view(data) as seen:
        return sniff(seen)


def inspect(data: ImageBytes) -> Facts:
    """Return type and size of a picture, read from its bytes without decoding them.

    Raises ImageRefusedError for anything but a whole PNG, JPEG, WebP or GIF of up to MAX_PIXELS,
    TooLargeError past MAX_IMAGE_BYTES.
    """
    if len(data) > MAX_IMAGE_BYTES:
        raise TooLargeError(
            f"The picture has {len(data) / 2**20:.1f} MiB; the limit is {MAX_IMAGE_BYTES // 2**20} MiB."
        )
    with open_view(data) as seen:
        mime_type = sniff(seen)
        if mime_type is None:
            raise ImageRefusedError(
                f"The bytes received as a picture look like {header.describe(seen)}.",
                hint="Only PNG, JPEG, WebP and GIF pictures are accepted.",
            )
        try:
            width, height = header.read_size(seen, mime_type)
        except header.Malformed as error:
            problem = str(error)
        else:
            problem = _size_problem(width, height)
            if not problem:
                return Facts(mime_type, width, height)
    raise ImageRefusedError(f"The {TYPE_NAMES[mime_type]} that arrived is refused: {problem}.")


def _size_problem(width: int, height: int) -> str:
    if width == 0 or height == 0:
        return f"it is {width} by {height} pixels"
    if width * height > MAX_PIXELS:
        return f"{width} by {height} pixels are more than {MAX_PIXELS // 10**6} million"
    return ""


@dataclass(frozen=True, eq=False)
class GeneratedImage:
    """One picture as it was received: its bytes, and what they and the reply say about it.

    `mime_type` is told by the bytes, `declared_mime_type` is what the reply claimed. `held` is where the
    bytes are: in memory, or in a file, from which `data` then reads them anew each time. `archive` knows
    which files the picture may replace.
    """

    held: ImageBytes = field(repr=False)
    mime_type: str
    width: int
    height: int
    source: Source
    declared_mime_type: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)  # often signed, so not for an output
    archive: Archive | None = field(default=None, repr=False)

    @classmethod
    def from_bytes(
        cls,
        data: ImageBytes,
        *,
        source: Source,
        declared_mime_type: str | None = None,
        url: str | None = None,
    ) -> GeneratedImage:
        """Make an image of bytes that pass `inspect`, or raise ImageRefusedError or TooLargeError."""
        facts = inspect(data)
        return cls(data, facts.mime_type, facts.width, facts.height, source, declared_mime_type, url)

    @property
    def data(self) -> bytes:
        """The bytes as they were received; raises ImageLostError where their file gives others, or none."""
        return self.held if isinstance(self.held, bytes) else self.held.read()

    @property
    def size(self) -> int:
        """How many bytes it has, without reading them."""
        return len(self.held)

    @cached_property
    def sha256(self) -> str:
        """The bytes' SHA-256 in hex."""
        return hashlib.sha256(self.held).hexdigest() if isinstance(self.held, bytes) else self.held.sha256

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GeneratedImage):
            return NotImplemented
        if self._facts() != other._facts():
            return False
        if isinstance(self.held, bytes) and isinstance(other.held, bytes):
            return self.held == other.held
        return self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[object, ...]:
        declared = self.declared_mime_type
        return (self.size, self.mime_type, self.width, self.height, self.source, declared, self.url)

    @property
    def suffix(self) -> str:
        """The file name suffix of its type, with the dot."""
        return SUFFIXES[self.mime_type]

    def put(self, path: Path, *, flush: bool = True) -> None:
        """Write the bytes to a file of mode 0600, in place of whatever has that name; raise OSError."""
        if isinstance(self.held, bytes):
            files.write_private(path, self.held, flush=flush)
        else:
            self.held.put(path, flush=flush)

    def is_in(self, path: Path) -> bool:
        """Whether a plain file, named by the digest, holds just these bytes."""
        return files.holds(path, self.held) if isinstance(self.held, bytes) else self.held.is_in(path)

    def at(self, path: Path, *, owner: object = None) -> GeneratedImage:
        """Return the picture with its bytes in a file that holds them; `owner` is kept alive for it."""
        if isinstance(self.held, bytes):
            held = FileBytes(size=self.size, sha256=self.sha256, path=path, owner=owner)
            held.remember(self.held)
            return replace(self, held=held)
        self.held.settle(path, owner=owner)
        return self

    def in_memory(self) -> GeneratedImage:
        """Return the picture with its bytes in memory, if their file has no name and would soon be gone."""
        if not isinstance(self.held, bytes) and self.held.is_unnamed:
            self.held.load()
        return self

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return figure.render_bundle(
            self,
            alt=f"a picture of {self.width} by {self.height}",
            caption=figure.describe(self),
            original=Original(f"image{self.suffix}"),
        )

    @property
    def pil(self) -> PIL.Image.Image:
        """A PIL image of the first frame with its colour profile and EXIF, decoded anew at each use.

        Raises ImageRefusedError for bytes that cannot be decoded.
        """
        return decode(self)

    def first_frame(self) -> Frame:
        """Return what Pillow is given to decode; raise as `data` does, and ImageRefusedError."""
        data = self.data
        try:
            return read_first_frame(data, self.mime_type)
        except (header.Malformed, IndexError) as error:
            problem = str(error)
        raise ImageRefusedError(f"The {TYPE_NAMES[self.mime_type]} that arrived cannot be decoded: {problem}")

    def save(
        self,
        path: str | PathLike[str],
        *,
        overwrite: bool = False,
        unique: bool = False,
        stem: str = "image",
        sidecar: Mapping[str, Any] | None = None,
    ) -> Path:
        """Save the picture and return the path: the bytes as they were received, or another type.

        The suffix says which type is wanted: PNG, JPEG, WebP or GIF, to which the picture is converted, with
        a `GeminiWarning`; one that is missing is added. A folder as `path` gets a name made of `stem`. A file
        that holds this picture is left alone, and one that was saved from the store in use, or painted
        offline, and not changed since is replaced; of any other, `overwrite` replaces it, and `unique` counts
        NAME-2, NAME-3. `sidecar` facts go to NAME.png.json or, where that is taken and may not be replaced,
        to NAME.png-2.json, with a warning. Raises SaveError, which holds this image.
        """
        saved = save.save(self, path, overwrite=overwrite, unique=unique, stem=stem)
        if remark := save.describe_conversions([saved]):
            save.warn(remark)
        if sidecar is not None:
            save.write_sidecar(saved.path, sidecar, overwrite=overwrite, image=self)
        return saved.path

    def __getstate__(self) -> dict[str, Any]:
        """Leave `archive`, which knows files on this machine's disk, out of pickles and copies."""
        return {**self.__dict__, "archive": None}
