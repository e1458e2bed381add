"""The store: answered requests as plain files in one folder, so that no picture is paid for twice.

    README.md  .gitignore
    records/<request digest>.json      what was asked and what came
    images/<sha256>.png                pictures, as they were received
    contents/<sha256>.json             model content that a conversation must echo as it came
    unread/                            replies that could not be used; others write them
    claims/<request digest>-<token>.…  what workers were given to ask for; others write them

Files are whole or absent, named by digests and checked on reading; there are no locks. What is not what its
name says counts as absent, whoever owns it; another user's file that is, counts.
"""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from copy import copy
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemini_nb import files
from gemini_nb.errors import GeminiError, GeminiWarning
from gemini_nb.files import UnnamedFile
from gemini_nb.images.file_bytes import FileBytes
from gemini_nb.images.image import MAX_IMAGE_BYTES, SUFFIXES, GeneratedImage
from gemini_nb.images.inputs import InputImage
from gemini_nb.reply import content as contents
from gemini_nb.request import ImageRequest
from gemini_nb.store import maintenance, nearest, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from gemini_nb.generation import Generation
    from gemini_nb.providers.secret import Secret
    from gemini_nb.store.maintenance import Report
    from gemini_nb.store.record import Record, StoredImage

    class _Addressed(Protocol):
        """Any picture that is known by digest and type: generated, stored or given as input."""

        @property
        def sha256(self) -> str: ...
        @property
        def mime_type(self) -> str: ...


_TRIES_WHILE_CLEARED = 50
_warned: set[Path] = set()


class Store:
    """Answered requests in a folder, which is made with the first that is kept.

    Kernels may share one: each sees what the others kept.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).expanduser().absolute()

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    @property
    def unread(self) -> Path:
        """Where replies go that were paid for and could not be used."""
        return self.folder / "unread"

    def find(self, request: ImageRequest) -> Generation | None:
        """Return the stored answer, with `replayed` set and the first call's seconds, or None.

        Any change to the record or a picture makes it a miss; a draft that is gone is only left out.
        """
        found = self._record(request.digest)
        if found is None or not found.answers(request):
            return None
        images = [self.image(image) for image in found.images]
        sound = tuple(image for image in images if image is not None)
        if len(sound) < len(images):
            return None
        drafts = (self.image(image) for image in found.drafts)
        return found.generation(request, sound, (draft for draft in drafts if draft is not None))

    def keep(self, generation: Generation, content: Any = None, *, key: Secret | None = None) -> bool:
        """Store an answer; True once it is whole on disk, where it outlives this process.

        `content` is the model's raw content, for `content()`. `key` is masked in what the server said.
        Offline paintings and replays are not kept, nor is a request that holds the key. A disk that
        refuses gives one GeminiWarning for each folder and process.
        """
        if generation.replayed or generation.provider == "offline":
            return False
        images = (*generation.images, *generation.drafts)
        raw_content = contents.encode(content, images=images, key=key)
        try:
            raw = _record_bytes(generation, raw_content, key)
        except _NotKept as problem:
            warnings.warn(f"This picture is not kept in the store: {problem}.", GeminiWarning, stacklevel=2)
            return False
        try:
            self._write(generation, raw_content, raw)
        except OSError as error:
            self._warn(error.strerror or type(error).__name__)
            return False
        return True

    def _write(self, generation: Generation, content: bytes | None, raw: bytes) -> None:
        for _ in range(_TRIES_WHILE_CLEARED - 1):
            # Another process clears the store under our hands; a folder that goes while it is made "exists".
            with suppress(FileNotFoundError, FileExistsError):
                return self._write_once(generation, content, raw)
        return self._write_once(generation, content, raw)

    def _write_once(self, generation: Generation, content: bytes | None, raw: bytes) -> None:
        """Pictures first, the record last: a record that can be read has its pictures."""
        self.prepare()
        for image in (*generation.images, *generation.drafts):
            self._write_addressed(self.image_path(image), image.size, image.put)
        if content is not None:
            path = self.folder / "contents" / f"{sha256(content).hexdigest()}.json"
            self._write_addressed(path, len(content), lambda path: files.write_private(path, content))
        files.make_private_folder(self.folder / "records")
        files.write_private(self._record_path(generation.digest), raw)

    def _write_addressed(self, path: Path, size: int, write: Callable[[Path], None]) -> None:
        files.make_private_folder(path.parent)
        if not files.is_addressed(path, limit=size):
            write(path)

    def new_file(self) -> UnnamedFile:
        """Return a file to decode a picture into while it arrives: where `keep` only has to name it."""
        self.prepare()
        files.make_private_folder(self.folder / "images")
        return UnnamedFile(self.folder / "images", mode=0o600)

    def point_to_files(self, generation: Generation) -> Generation:
        """Return an answer that was kept with its pictures read from the store, which frees their memory."""
        images = tuple(image.at(self.image_path(image)) for image in generation.images)
        drafts = tuple(image.at(self.image_path(image)) for image in generation.drafts)
        return replace(generation, images=images, drafts=drafts)

    def image_path(self, image: _Addressed) -> Path:
        """Return where a picture's file is, or would be; its type is one of those that models send."""
        return self.folder / "images" / (image.sha256 + SUFFIXES[image.mime_type])

    def prepare(self) -> None:
        """Make the folder, its README and its .gitignore; raise OSError where the disk refuses."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in maintenance.ABOUT.items():
            files.write_private_if_missing(self.folder / name, text)

    def content(self, request: ImageRequest | str) -> Any | None:
        """Return the model content kept for a request or its digest, with exactly the values that came."""
        found = self._record(request if isinstance(request, str) else request.digest)
        if found is None or found.content is None:
            return None
        path = self.folder / "contents" / f"{found.content}.json"
        raw = files.read_addressed(path, limit=contents.MAX_CONTENT_BYTES)
        if raw is None:
            return None
        stored = {image.sha256: image for image in (*found.images, *found.drafts)}
        return contents.decode(raw, lambda name: self._read(stored[name]))

    def _read(self, image: _Addressed) -> bytes | None:
        return files.read_addressed(self.image_path(image), limit=MAX_IMAGE_BYTES)

    def records(self) -> Iterator[Record]:
        """Yield what is stored, newest first by what the clock said then; unreadable records are left out."""
        found = (maintenance.read_record(path) for path in maintenance.list_files(self.folder, "records"))
        sound = [one for one in found if one is not None]
        return iter(sorted(sound, key=lambda one: one.created, reverse=True))

    def nearest(self, request: ImageRequest) -> tuple[Record, tuple[str, ...]] | None:
        """Return the record most like a request and what differs, such as "take: 1, stored 0"."""
        return nearest.find(request, self.records())

    def next_take(self, request: ImageRequest) -> int:
        """Return the first take of a request that is not stored."""
        return next(take for take in count() if not self.holds(_with_take(request, take)))

    def verify(self) -> Report:
        """Read and check every file; nothing is changed."""
        return maintenance.verify(self.folder)

    def clear(self) -> int:
        """Remove every record, picture, content, kept reply and left-over; return how many files went.

        What is not the store's stays: other names, other folders, links and an edited README.
        """
        return maintenance.clear(self.folder)

    def _record_path(self, digest: str) -> Path:
        return self.folder / "records" / f"{digest}.json"

    def _record(self, digest: str) -> Record | None:
        return maintenance.read_record(self._record_path(digest)) if record.DIGEST.fullmatch(digest) else None

    def image(self, stored: StoredImage) -> GeneratedImage | None:
        """Return a record's picture, its bytes left in their file; None where that is missing or altered."""
        size, path = files.plain_size(self.image_path(stored)), self.image_file(stored)
        if path is None:
            return None
        held = FileBytes(size=size, sha256=stored.sha256, path=path)
        try:
            return GeneratedImage.from_bytes(
                held, source=stored.source, declared_mime_type=stored.declared_mime_type, url=stored.url
            )
        except GeminiError:
            return None

    def image_file(self, image: _Addressed) -> Path | None:
        """Return the file that holds exactly a picture's bytes; None where there is none."""
        if image.mime_type not in SUFFIXES:
            return None
        path = self.image_path(image)
        return path if files.is_addressed(path, limit=MAX_IMAGE_BYTES) else None

    def request(self, record: Record) -> ImageRequest:
        """Return the request of a record, with those of its input images that are pictures of this store.

        Its digest is the record's only where nothing is missing: other input images and the turns of a
        conversation are not kept. Raises `ArgumentError` for what this version would not ask for.
        """
        given = [(image, self._read(image)) for image in record.inputs if image.mime_type in SUFFIXES]
        return ImageRequest(
            record.prompt,
            model=record.model,
            images=tuple(InputImage(data, image.mime_type) for image, data in given if data is not None),
            aspect_ratio=record.aspect_ratio,
            image_size=record.image_size,
            take=record.take,
            text=record.asked_text,
            config=record.config,
            extra=record.extra,
        )

    def holds(self, request: ImageRequest) -> bool:
        """Whether `find` would answer, told by the sizes of its files; their bytes are not read."""
        found = self._record(request.digest)
        return found is not None and all(files.plain_size(self.image_path(image)) for image in found.images)

    def _warn(self, reason: str) -> None:
        if self.folder not in _warned:
            _warned.add(self.folder)
            warnings.warn(
                f"The store {self.folder} cannot be written: {reason.lower()}. Pictures are not kept there; "
                "the work goes on.",
                GeminiWarning,
                stacklevel=3,
            )


class _NotKept(Exception):  # noqa: N818 - a reason in words, caught where it is told
    pass


def _record_bytes(generation: Generation, content: bytes | None, key: Secret | None) -> bytes:
    digest = None if content is None else sha256(content).hexdigest()
    try:
        whole = record.to_json(generation, content=digest)
        if key is not None and key.redact_all(whole["request"]) != whole["request"]:
            raise _NotKept("the request holds the API key")
        raw = record.encode(whole if key is None else {**whole, "reply": key.redact_all(whole["reply"])})
    except (ValueError, TypeError, RecursionError):
        raise _NotKept("its facts nest too deeply, or are no JSON") from None
    if len(raw) > maintenance.MAX_RECORD_BYTES:
        raise _NotKept(f"its record would have {len(raw) / 2**20:.0f} MiB")
    return raw


def default_folder(folder: Path | None = None) -> Path:
    """Return the store's place for a notebook in `folder` (None: the current one).

    It is `.gemini_nb` in that folder where it exists or can be made, else a folder of the user's cache.
    """
    try:
        here = (folder or Path.cwd()).absolute()
    except OSError:  # the current folder was removed
        here = Path(os.sep)
    store = here / ".gemini_nb"
    # One that is there is used even where it is read-only: its pictures cost nothing.
    if store.is_dir() or (os.access(here, os.W_OK | os.X_OK) and here.name != ""):
        return store
    from platformdirs import user_cache_path  # noqa: PLC0415 - seldom needed

    name = sha256(os.fsencode(here)).hexdigest()[:16]
    return user_cache_path("gemini_nb") / "store" / name


def _with_take(request: ImageRequest, take: int) -> ImageRequest:
    """Return the request with another take, without the checks and warnings it has been through."""
    other = copy(request)
    object.__setattr__(other, "take", take)
    other.__dict__.pop("digest", None)
    return other
