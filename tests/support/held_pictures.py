"""A picture whose bytes are in a file: under a name, or in a file that has none yet."""

from __future__ import annotations

from hashlib import sha256

from gemini_nb.files import UnnamedFile
from gemini_nb.images.file_bytes import FileBytes
from gemini_nb.images.image import GeneratedImage
from support.images import noise_png

PICTURE = noise_png(600_000)


def stored(folder, data: bytes = PICTURE) -> FileBytes:
    (folder / "a.png").write_bytes(data)
    return FileBytes(size=len(data), sha256=sha256(data).hexdigest(), path=folder / "a.png")


def draft_of(folder, data: bytes = PICTURE) -> FileBytes:
    new_file = UnnamedFile(folder, mode=0o600)
    new_file.write(data)
    return FileBytes(size=len(data), sha256=sha256(data).hexdigest(), new_file=new_file)


def image_of(held) -> GeneratedImage:
    return GeneratedImage.from_bytes(held, source="inlineData")
