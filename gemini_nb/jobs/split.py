"""Requests divided into batch jobs, by model and by what a provider takes; written to disk as they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from gemini_nb.errors import ArgumentError
from gemini_nb.jobs.wire import encode_row
from gemini_nb.store.jobs import JobRecord
from gemini_nb.store.jobs import encode_row as encode_facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.files import UnnamedFile
    from gemini_nb.providers.provider import Provider
    from gemini_nb.providers.secret import Secret
    from gemini_nb.request import ImageRequest
    from gemini_nb.store.jobs import JobFolder


@dataclass(frozen=True)
class Limits:
    """What one job may hold: Google takes 20 MB in a body, and files of 2 GB.

    The results of a job in a body come in one JSON, and those of any job lie on the disk for a while: so its
    rows are limited too.
    """

    inline_bytes: int = 19 * 10**6  # the API counts what stands around the rows as well
    inline_rows: int = 100
    file_bytes: int = 2 * 10**9
    rows: int = 1000

    def is_inline(self, record: JobRecord) -> bool:
        """Whether the rows of a job go in the body that creates it, and not in a file."""
        return record.size <= self.inline_bytes and record.rows <= self.inline_rows


@dataclass
class _Part:
    rows: UnnamedFile
    body: UnnamedFile
    digests: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, digest: str, facts: bytes, line: bytes) -> None:
        self.rows.write(facts)
        self.body.write(line)
        self.digests.append(digest)
        self.size += len(line)


@dataclass
class Planner:
    """Puts requests into jobs, none of which is sent; `finish` returns their records.

    `choose_name` makes the name of a job from one that stands for its rows. Where the disk refuses a row,
    `add` raises `OSError`, and none of the jobs is to be sent.
    """

    folder: JobFolder
    provider: Provider
    key: Secret | None
    choose_name: Callable[[str], str]
    limits: Limits
    _open: dict[str, _Part] = field(default_factory=dict, init=False)
    _records: list[JobRecord] = field(default_factory=list, init=False)

    def add(self, request: ImageRequest) -> None:
        """Put a request into a job; raise `ArgumentError` where it cannot be in one."""
        line, facts = encode_row(request.digest, request.encode()), encode_facts(request)
        if self.key is not None and self.key.redact_bytes(line) is not line:
            raise ArgumentError(
                "The request contains the API key, and a batch job would write it to the disk.",
                hint="Nothing was sent. Take the key out of the prompt.",
            )
        if len(line) > self.limits.file_bytes:
            raise ArgumentError("The request is too large for a batch job.", hint="Use smaller pictures.")
        part = self._open.get(request.model)
        is_full = part is not None and (
            len(part.digests) >= self.limits.rows or part.size + len(line) > self.limits.file_bytes
        )
        if is_full:
            self._close(request.model)
        if part is None or is_full:
            part = self._open[request.model] = _Part(self.folder.new_file(), self.folder.new_file())
        part.add(request.digest, facts, line)

    def copy(self, record: JobRecord, digests: frozenset[str]) -> JobRecord:
        """Write a job of some rows of another one that was not created, and return its record."""
        part = _Part(self.folder.new_file(), self.folder.new_file())
        names = (digest for digest, _ in self.folder.rows(record.name))
        files = (self.folder.rows_file(record.name), self.folder.body(record.name))
        with self.folder.writing(), files[0].open("rb") as rows, files[1].open("rb") as body:
            for digest, facts, line in zip(names, rows, body, strict=True):
                if digest in digests:
                    part.add(digest, facts, line)
        return self._write(record.model, part)

    def finish(self) -> list[JobRecord]:
        """Write the record of every job, and return them."""
        for model in tuple(self._open):
            self._close(model)
        return self._records

    def _close(self, model: str) -> None:
        self._records.append(self._write(model, self._open.pop(model)))

    def _write(self, model: str, part: _Part) -> JobRecord:
        try:
            record = JobRecord(
                self.choose_name(_name_rows(self.provider.base_url, model, part.digests)),
                provider=self.provider.name,
                base_url=self.provider.base_url,
                model=model,
                created=datetime.now(UTC).isoformat(timespec="milliseconds"),
                rows=len(part.digests),
                size=part.size,
            )
            self.folder.create(record, rows=part.rows, body=part.body)
        finally:
            part.rows.close()
            part.body.close()
        return record


def _name_rows(base_url: str, model: str, digests: list[str]) -> str:
    """Return a name that the same requests have in every notebook, whatever their order."""
    text = "\n".join([base_url, model, *sorted(digests)])
    return f"gemini-nb-{sha256(text.encode()).hexdigest()[:32]}"
