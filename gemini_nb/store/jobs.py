"""Batch jobs as a store knows them: a record of each, written before it is sent.

    jobs/<name>.json    the record: how far the job is, and what became of its rows
    jobs/<name>.rows    the requests of its rows, a line each: `record.describe_request`, and the digest
    jobs/<name>.jsonl   what is sent, until the provider has answered that it has it
    jobs/sending.lock   held by the process that sends, see `lock`

The record is written last, so that a job with a record has all of its files; each is written atomically.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from io import BufferedReader
from typing import TYPE_CHECKING, Any, Literal, get_args

from gemini_nb import files
from gemini_nb.errors import ArgumentError, GeminiError
from gemini_nb.files import UnnamedFile
from gemini_nb.images.inputs import InputImage, SentImage
from gemini_nb.images.mask import Mask
from gemini_nb.request import ImageRequest
from gemini_nb.store import record as records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gemini_nb.store.store import Store

FORMAT = 1
NAME = re.compile(r"gemini-nb-[0-9a-f]{32}-[0-9a-z]{1,16}", re.ASCII)
MAX_RECORD_BYTES = 64 * 2**20

_TOLD = ("name", "state", "said", "rows", "made", "failed", "model", "created", "job", "provider", "base_url")

State = Literal["planned", "creating", "created", "over"]


@dataclass(frozen=True)
class JobRecord:
    """What is known of a job; `name` is its display name at the provider, made from its rows.

    `state` is "planned" (nothing was created), "creating" (it was sent, and no answer came yet), "created"
    (the provider has it, as `job`), or "over" (its results are in the store). `upload` is the URL of an
    upload that was begun, `file` the name of what was uploaded, `sent_at` the time of the latest creation
    in seconds since 1970. `said` is the provider's word for its state, `made` and `failed` its counts, of
    `rows`. `failures` are the errors of its rows by digest, as `jobs.failures` writes them; `is_told` says
    that a caller has been given them, so that another run sends these rows again.
    """

    name: str
    provider: str
    base_url: str
    model: str
    created: str
    rows: int
    size: int
    state: State = "planned"
    job: str | None = None
    upload: str | None = None
    file: str | None = None
    sent_at: float = 0.0
    said: str = ""
    made: int = 0
    failed: int = 0
    failures: Mapping[str, Any] = field(default_factory=dict)
    is_told: bool = False

    @property
    def is_live(self) -> bool:
        """Whether its rows are not to be sent again: they are under way, or their failures were not told."""
        return self.state != "over" or not self.is_told

    def facts(self) -> dict[str, Any]:
        """Return what may be told of the job, as JSON values."""
        return {name: getattr(self, name) for name in _TOLD}


class JobFolder:
    """The jobs of a store; what cannot be read there counts as missing. Writing raises `ArgumentError`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.folder = store.folder / "jobs"

    def prepare(self) -> None:
        """Make the folder, which git leaves alone; raise `ArgumentError` where the disk refuses."""
        with self.writing():
            self.store.prepare()
            files.make_private_folder(self.folder)
            files.write_private_if_missing(self.folder / ".gitignore", b"*\n")

    def new_file(self) -> UnnamedFile:
        """Return a new file of the folder, which is gone when it is closed unless it is named."""
        with self.writing():
            return UnnamedFile(self.folder, mode=0o600)

    def write(self, record: JobRecord) -> None:
        """Write a record, on the disk before this returns."""
        raw = json.dumps({"format": FORMAT, **asdict(record)}, indent=1).encode("ascii")
        with self.writing():
            files.write_private(self._path(record.name, "json"), raw + b"\n")

    def create(self, record: JobRecord, *, rows: UnnamedFile, body: UnnamedFile) -> None:
        """Give a new job its files, and then its record."""
        with self.writing():
            for file, suffix in ((rows, "rows"), (body, "jsonl")):
                file.finish()
                file.file.replace(self._path(record.name, suffix))
        self.write(record)

    def read(self, name: str) -> JobRecord | None:
        """Return the record of a job, None where there is none that can be read."""
        if not NAME.fullmatch(name):
            return None
        raw = files.read_plain(self._path(name, "json"), limit=MAX_RECORD_BYTES)
        try:
            values = json.loads(raw or b"")
            return _decode(values) if values["name"] == name and values.pop("format") == FORMAT else None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def names(self) -> list[str]:
        """Return the names of all jobs, in alphabetical order; nothing is read."""
        return sorted(path.stem for path in self._list("json") if NAME.fullmatch(path.stem))

    def records(self) -> list[JobRecord]:
        """Return the records of all jobs, oldest first."""
        found = [self.read(path.stem) for path in self._list("json")]
        return sorted(filter(None, found), key=lambda record: (record.created, record.name))

    def rows(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield digest and facts of each row of a job."""
        file = files.open_plain(self._path(name, "rows"))
        if file is None:
            return
        with BufferedReader(file) as lines, suppress(ValueError, TypeError, KeyError, OSError):
            for line in lines:
                facts = json.loads(line)
                yield facts.pop("digest"), facts

    def body(self, name: str) -> Path:
        """Return the path of what is sent to create a job."""
        return self._path(name, "jsonl")

    def rows_file(self, name: str) -> Path:
        """Return the path of the requests of a job's rows."""
        return self._path(name, "rows")

    def drop_body(self, name: str) -> None:
        """Remove what was sent: the provider has it."""
        with suppress(OSError):
            self.body(name).unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove all files of a job, its record first."""
        for suffix in ("json", "rows", "jsonl"):
            with suppress(OSError):
                self._path(name, suffix).unlink(missing_ok=True)

    def request(self, digest: str, facts: Mapping[str, Any]) -> ImageRequest | None:
        """Return the request of a row, without its input images' bytes; None where it cannot be read."""
        try:
            inputs = [records.StoredInput(**row) for row in facts["inputs"]]
            request = ImageRequest(facts["prompt"], model=facts["model"])
            mask = None
            images: list[InputImage] = [SentImage(row) for row in inputs]  # type: ignore[arg-type]  # do as well
            if facts.get("feather") is not None:
                read = [image for row in inputs if (image := self.store.read_input(row))]
                if len(read) < len(inputs):
                    return None
                *images, last = read
                mask = Mask(last, facts["feather"])
            names = ("aspect_ratio", "image_size", "take", "text", "config", "extra")
            values = {name: facts[name] for name in names}
            request = request.with_values(model=facts["model"], images=tuple(images), mask=mask, **values)
        except (GeminiError, TypeError, KeyError, AttributeError):
            return None
        request.__dict__["digest"] = digest
        return request

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Raise `ArgumentError` where the disk refuses what the block writes."""
        try:
            yield
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise ArgumentError(
                f"The store {self.store.folder} cannot be written: {reason}. Nothing more was sent.",
                hint="A batch job needs a record on the disk before it is sent. Choose another store.",
            ) from None

    def _path(self, name: str, suffix: str) -> Path:
        return self.folder / f"{name}.{suffix}"

    def _list(self, suffix: str) -> list[Path]:
        with suppress(OSError):
            return [path for path in self.folder.iterdir() if path.suffix == f".{suffix}"]
        return []


def encode_row(request: ImageRequest) -> bytes:
    """Return the line of a request in the file of a job's rows."""
    facts = {"digest": request.digest, **records.describe_request(request)}
    return json.dumps(facts, separators=(",", ":")).encode("ascii") + b"\n"


def _decode(values: dict[str, Any]) -> JobRecord:
    record = JobRecord(**{name: values[name] for name in values.keys() & {f.name for f in fields(JobRecord)}})
    numbers = (record.rows, record.size, record.sent_at, record.made, record.failed)
    texts = (record.name, record.provider, record.base_url, record.model, record.created, record.said)
    is_sound = (
        isinstance(record.failures, dict)
        and record.state in get_args(State)
        and all(isinstance(number, int | float) for number in numbers)
        and all(isinstance(text, str) for text in texts)
    )
    if not is_sound:
        raise ValueError(record.name)
    return replace(record, is_told=record.is_told is True)
