"""The store: answered requests as plain files in one folder, so that no picture is paid for twice.

    README.md  .gitignore
    records/<request digest>.json      what was asked and what came
    images/<sha256>.png                pictures, as they were received, or as they were composed with a mask
    inputs/<sha256>.png                the source and the mask of an edit with a mask
    contents/<sha256>.json             model content that a conversation must echo as it came
    saved/<sha256 of a saved file>.json  what it was converted from; `conversion` has the format
    unread/                            replies that could not be used; others write them
    claims/<request digest>-<token>.…  what workers were given to ask for; others write them

Each file is written atomically, named by a digest and checked when it is read; there are no locks. A file
whose content does not match its name is treated as missing. Files of other users are read if they match.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any

from gemini_nb import files
from gemini_nb.errors import GeminiError, GeminiWarning
from gemini_nb.files import UnnamedFile
from gemini_nb.images.composition import compose_all
from gemini_nb.images.file_bytes import FileBytes
from gemini_nb.images.header import SUFFIXES
from gemini_nb.images.image import MAX_IMAGE_BYTES, GeneratedImage
from gemini_nb.images.inputs import InputImage
from gemini_nb.images.mask import Mask
from gemini_nb.reply import content as contents
from gemini_nb.request import ImageRequest
from gemini_nb.store import maintenance
from gemini_nb.store import record as records
from gemini_nb.store.digest_cache import is_unaltered
from gemini_nb.store.record_checks import DIGEST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
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


_LEFT_ALONE = (
    "The store's record of this picture is of a later version of gemini_nb and was left alone: "
    "the new picture is among the store's images, but will not be replayed."
)
_TRIES_WHILE_CLEARED = 50
_warned: set[Path] = set()


class Store:
    """Answered requests in a folder, which is created with the first answer.

    Kernels may share a folder: each finds the answers of the others. Raises `ArgumentError` for what can be
    no path; a folder that cannot be read or written counts as empty, and `keep` warns.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = files.expand_path(folder, what="The store").absolute()

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    @property
    def unread(self) -> Path:
        """The folder for replies that were paid for and could not be used."""
        return self.folder / "unread"

    def find(self, request: ImageRequest, *, made_by: Collection[str] | None = None) -> Generation | None:
        """Return the stored answer, with `replayed` set and the seconds of the call that made it, or None.

        Any change to the record or to a picture makes it a miss; a missing draft is only left out. `made_by`
        are the providers whose answers count, None: all. For another feather than the record's the picture is
        composed anew, of what came.
        """
        record = self._answering_record(request, made_by)
        if record is None:
            return None
        images, drafts, received = (
            [image for stored in pictures if (image := self.image(stored)) is not None]
            for pictures in (record.images, record.drafts, record.received)
        )
        if len(images) < len(record.images):
            return None
        found = record.generation(request, images, drafts, received)
        if request.mask is None or request.mask.feather == record.feather:
            return found
        if len(received) < len(images):
            return None
        (source,) = request.images
        composed = compose_all(source, request.mask, received)
        if composed.failures:
            raise composed.failures[0]
        return replace(found, images=composed.images)

    def keep(self, generation: Generation, content: Any = None, *, key: Secret | None = None) -> bool:
        """Store an answer and return whether it is on the disk.

        `content` is the model's raw content, for `content()`. `key` is masked in the server's words. Offline
        pictures, replays and requests that contain the key are not kept. Where the disk refuses, a
        `GeminiWarning` is given, once for each folder and process.
        """
        if generation.replayed or generation.provider == "offline":
            return False
        raw_content = contents.encode(content, images=generation.pictures, key=key)
        try:
            raw = _record_bytes(generation, raw_content, key)
        except _NotStorable as reason:
            _warn(f"This picture is not kept in the store: {reason}.")
            return False
        try:
            is_left_alone = self._write(generation, raw_content, raw)
        except (OSError, ValueError, GeminiError) as error:  # GeminiError: the picture's own file is gone
            problem = getattr(error, "strerror", None) or str(error) or type(error).__name__
            if self.folder not in _warned:
                _warned.add(self.folder)
                _warn(
                    f"The store {self.folder} cannot be written: {problem.lower()}. Pictures are not kept "
                    "there; everything else goes on."
                )
            return False
        if is_left_alone:
            _warn(_LEFT_ALONE)
        return True

    def _write(self, generation: Generation, content: bytes | None, raw: bytes) -> bool:
        for _ in range(_TRIES_WHILE_CLEARED - 1):
            # Another process is clearing the store; a folder removed during mkdir raises FileExistsError.
            with suppress(FileNotFoundError, FileExistsError):
                return self._write_once(generation, content, raw)
        return self._write_once(generation, content, raw)

    def _write_once(self, generation: Generation, content: bytes | None, raw: bytes) -> bool:
        """Write the pictures first and the record last, so that each readable record has its pictures.

        Return whether the record is one of a later version, which is never destroyed.
        """
        images = self._make_folder("images")
        for image in generation.pictures:
            path = images / (image.sha256 + image.suffix)
            if not image.is_in(path):
                image.put(path)
        if generation.request.mask is not None:
            self.keep_inputs(generation.request)
        if content is not None:
            path = self._make_folder("contents") / f"{sha256(content).hexdigest()}.json"
            if not files.holds(path, content):
                files.write_private(path, content)
        path = self._make_folder("records") / f"{generation.digest}.json"
        if maintenance.read_later_record(path) is not None:
            return True
        files.write_private(path, raw)
        return False

    def keep_inputs(self, request: ImageRequest) -> None:
        """Keep the source and the mask of an edit: with the reply they make its picture again."""
        for image in request.inputs:
            if self.input_file(image) is None:
                path = self._make_folder("inputs") / (image.sha256 + SUFFIXES[image.mime_type])
                files.write_private(path, image.data)

    def new_file(self) -> UnnamedFile:
        """Return a file in `images/` to decode a picture into while it arrives; `keep` then only names it."""
        return UnnamedFile(self._make_folder("images"), mode=0o600)

    def _make_folder(self, name: str) -> Path:
        """Return a folder of the store, made for its owner alone if it is not there; raise `OSError`."""
        folder = self.folder / name
        if not files.is_plain_folder(folder):
            self.prepare()
            files.make_private_folder(folder)
        return folder

    def point_to_files(self, generation: Generation) -> Generation:
        """Return a kept answer whose pictures are read from the store when needed; frees their memory."""
        return generation.map_pictures(lambda image: image.at(self.image_path(image)))

    def image_path(self, image: _Addressed) -> Path:
        """Return the path for a PNG, JPEG, WebP or GIF picture, whether or not there is a file."""
        return self.folder / "images" / (image.sha256 + SUFFIXES[image.mime_type])

    def prepare(self) -> None:
        """Create the folder, its README and its .gitignore; raise `OSError` where the disk refuses."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in maintenance.ABOUT.items():
            files.write_private_if_missing(self.folder / name, text)

    def content(self, request: ImageRequest | str) -> Any | None:
        """Return the model content kept for a request or its digest, with exactly the values received."""
        record = self.read_record(request if isinstance(request, str) else request.digest)
        if record is None or record.content is None:
            return None
        path = self.folder / "contents" / f"{record.content}.json"
        raw = files.read_addressed(path, limit=contents.MAX_CONTENT_BYTES)
        if raw is None:
            return None
        stored = {image.sha256: image for image in (*record.images, *record.drafts)}
        return contents.decode(raw, lambda name: self._read(stored[name]))

    def recall(self, sha256: str, *, digest: str | None = None) -> tuple[Generation, Any] | None:
        """Return the answer whose primary picture has this SHA-256, with its content; None without content.

        It is the newest one, or that of the request `digest`.
        """
        records = self.records() if digest is None else filter(None, [self.read_record(digest)])
        for record in records:
            if record.images[-1].sha256 == sha256 and record.content is not None:
                image, content = self.image(record.images[-1]), self.content(record.digest)
                with suppress(GeminiError):  # a request that this version refuses
                    if image is not None and content is not None:
                        return record.generation(self.request(record), [image]), content
        return None

    def _read(self, image: _Addressed) -> bytes | None:
        return files.read_addressed(self.image_path(image), limit=MAX_IMAGE_BYTES)

    def find_later_record(self, request: ImageRequest) -> Path | None:
        """Return the file of a request's record if a later version has written it, in a format of its own."""
        path = self._record_path(request.digest)
        return None if maintenance.read_later_record(path) is None else path

    def records(self) -> Iterator[Record]:
        """Yield the readable records, newest first by their `created`."""
        paths = maintenance.list_files(self.folder, "records")
        records = [record for path in paths if (record := maintenance.read_record(path)) is not None]
        return iter(sorted(records, key=lambda record: record.created, reverse=True))

    def describe_nothing(self) -> str:
        """Say why no record is read: the store is empty, cannot be looked at, or is damaged."""
        problem = files.why_not_listed(self.folder) or files.why_not_listed(self.folder / "records")
        if problem:
            return f"The store {self.folder} cannot be read ({problem})"
        if next(maintenance.list_files(self.folder, "records"), None):
            return f"The store {self.folder} has no record that can be read"
        return f"The store {self.folder} is empty"

    def next_take(self, request: ImageRequest) -> int:
        """Return the first take of a request that is not stored."""
        requests = (request.with_values(take=take) for take in count())
        return next(candidate.take for candidate in requests if not self._is_taken(candidate))

    def _is_taken(self, request: ImageRequest) -> bool:
        """Whether an answer is stored, be it under a former id of the model or by a later version."""
        if self.holds(request) or self.find_later_record(request):
            return True
        return any(self.holds(form, made_by=made_by) for form, made_by in request.former_forms())

    def verify(self) -> Report:
        """Read and check every file; nothing is changed."""
        return maintenance.verify(self.folder)

    def clear(self) -> int:
        """Remove every record, picture, content, kept reply and left-over; return the number of files.

        Files with other names, other folders, links and an edited README stay.
        """
        return maintenance.clear(self.folder)

    def _record_path(self, digest: str) -> Path:
        return self.folder / "records" / f"{digest}.json"

    def read_record(self, digest: str) -> Record | None:
        """Return the record of a request's digest, whose pictures are not looked at; None without one."""
        return maintenance.read_record(self._record_path(digest)) if DIGEST.fullmatch(digest) else None

    def image(self, stored: StoredImage) -> GeneratedImage | None:
        """Return a record's picture, read from its file when needed; None if that is missing or altered."""
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
        """Return the file with exactly the bytes of a picture; None if it is missing or altered."""
        if image.mime_type not in SUFFIXES:
            return None
        path = self.image_path(image)
        return path if is_unaltered(path) else None

    def input_file(self, image: _Addressed) -> Path | None:
        """Return the file with exactly the bytes of an input image; None if it is not kept here."""
        if image.mime_type not in SUFFIXES:
            return None
        kept = self.folder / "inputs" / (image.sha256 + SUFFIXES[image.mime_type])
        return self.image_file(image) or (kept if is_unaltered(kept) else None)

    def read_input(self, image: _Addressed) -> InputImage | None:
        """Return an input image whose bytes are kept here, else None."""
        path = self.input_file(image)
        data = None if path is None else files.read_addressed(path, limit=MAX_IMAGE_BYTES)
        return None if data is None else InputImage(data, image.mime_type)

    def request(self, record: Record) -> ImageRequest:
        """Return the request of a record, with those of its input images that are kept in this store.

        Other input images and the earlier turns of a conversation are not stored; where one is missing, the
        digest differs from the record's. Raises `ArgumentError` for a request that this version refuses.
        """
        images = [image for stored in record.inputs if (image := self.read_input(stored)) is not None]
        mask = None
        if record.feather is not None and len(images) == len(record.inputs):
            mask = Mask(images.pop(), record.feather)
        return ImageRequest(
            record.prompt,
            model=record.model,
            images=tuple(images),
            mask=mask,
            aspect_ratio=record.aspect_ratio,
            image_size=record.image_size,
            take=record.take,
            text=record.asked_text,
            config=record.config,
            extra=record.extra,
        )

    def holds(self, request: ImageRequest, *, made_by: Collection[str] | None = None) -> bool:
        """Whether `find` would answer; files are read for it, but each once as long as it stays the same."""
        record = self._answering_record(request, made_by)
        if record is None:
            return False
        is_same = request.mask is None or request.mask.feather == record.feather
        pictures = record.images if is_same else (*record.images, *record.received)
        return all(self.image(image) is not None for image in pictures)

    def _answering_record(self, request: ImageRequest, made_by: Collection[str] | None) -> Record | None:
        record = self.read_record(request.digest)
        if record is None or not record.answers(request):
            return None
        return record if made_by is None or record.provider in made_by else None


def _warn(message: str) -> None:
    """Warn of the same once only, as Python does by itself: a batch may keep a thousand pictures."""
    with suppress(GeminiWarning):  # warnings may be errors: this must not cost the picture
        warnings.warn(message, GeminiWarning, stacklevel=3)


class _NotStorable(Exception):  # noqa: N818 - the reason in words; `keep` makes a warning of it
    pass


def _record_bytes(generation: Generation, content: bytes | None, key: Secret | None) -> bytes:
    digest = None if content is None else sha256(content).hexdigest()
    try:
        whole = records.to_json(generation, content=digest)
        if key is not None and key.redact_all(whole["request"]) != whole["request"]:
            raise _NotStorable("the request contains the API key")
        raw = records.encode(whole if key is None else {**whole, "reply": key.redact_all(whole["reply"])})
    except (ValueError, TypeError, RecursionError):
        raise _NotStorable("its facts are nested too deeply, are not JSON, or are too many") from None
    if len(raw) > maintenance.MAX_RECORD_BYTES:
        raise _NotStorable(f"its record would have {len(raw) / 2**20:.0f} MiB")
    return raw
