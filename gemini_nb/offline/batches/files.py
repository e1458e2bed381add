"""The files of the offline server: uploads in pieces that can be resumed, and what jobs wrote.

The protocol is Google's "resumable": start, upload, query, finalize, in headers `X-Goog-Upload-…`.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import shutil
import tempfile
import threading
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

MAX_FILE_BYTES = 2 * 2**30
"""The longest file that is taken: https://ai.google.dev/gemini-api/docs/files."""

GRANULARITY = 256 * 1024
"""Each piece of an upload but the last is a multiple of so many bytes."""

_KEPT = timedelta(hours=48)


@dataclass(frozen=True)
class StoredFile:
    """A file that was uploaded, or written by a job (`is_generated`), under "files/ID"."""

    id: str
    path: Path
    mime_type: str
    created: datetime
    display_name: str = ""
    is_generated: bool = False

    def describe(self, origin: str) -> dict[str, Any]:
        """Return the file's metadata as the API tells it; only a generated one has a `downloadUri`."""
        uri = f"{origin}/v1beta/files/{self.id}"
        facts = {
            "name": f"files/{self.id}",
            "mimeType": self.mime_type,
            "sizeBytes": str(self.path.stat().st_size),
            "createTime": to_json_time(self.created),
            "updateTime": to_json_time(self.created),
            "expirationTime": to_json_time(self.created + _KEPT),
            "sha256Hash": base64.b64encode(self._sha256().encode()).decode("ascii"),
            "uri": uri,
            "state": "ACTIVE",
            "source": "GENERATED" if self.is_generated else "UPLOADED",
        }
        if self.display_name:
            facts["displayName"] = self.display_name
        return facts | ({"downloadUri": f"{uri}:download?alt=media"} if self.is_generated else {})

    def _sha256(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class Upload:
    """A file that is on its way: `received` of its `size` bytes have come; `file` once all are there."""

    def __init__(self, path: Path, *, size: int, mime_type: str, display_name: str) -> None:
        self.id = secrets.token_urlsafe(24)
        self.size = size
        self.received = 0
        self.file: StoredFile | None = None
        self.mime_type = mime_type
        self.display_name = display_name
        self.path = path
        self.lock = threading.Lock()
        path.touch()

    def append(self, piece: bytes) -> None:
        """Add the next bytes."""
        with self.path.open("ab") as file:
            file.write(piece)
        self.received += len(piece)


class Files:
    """Every file of a server, in a temporary folder that goes with it. Safe to share between threads."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._files: dict[str, StoredFile] = {}
        self._uploads: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def new_path(self) -> Path:
        """Return a path at which nothing is yet."""
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="gemini_nb-offline-"))
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            return self._folder / secrets.token_hex(16)

    def start_upload(self, *, size: int, mime_type: str, display_name: str) -> Upload:
        """Begin an upload of so many bytes."""
        upload = Upload(self.new_path(), size=size, mime_type=mime_type, display_name=display_name)
        with self._lock:
            self._uploads[upload.id] = upload
        return upload

    def find_upload(self, upload_id: str) -> Upload | None:
        """Return an upload, under way or finished; None for one that is not known."""
        return self._uploads.get(upload_id)

    def finish_upload(self, upload: Upload) -> None:
        """Make a file of an upload."""
        upload.file = self.add(upload.path, mime_type=upload.mime_type, display_name=upload.display_name)

    def add(
        self, path: Path, *, mime_type: str, display_name: str = "", generated_as: str = ""
    ) -> StoredFile:
        """Add what is at a path; `generated_as` is the id of a file that a job wrote."""
        file_id = generated_as or secrets.token_hex(6)
        stored = StoredFile(
            file_id, path, mime_type, datetime.now(UTC), display_name, is_generated=bool(generated_as)
        )
        with self._lock:
            self._files[file_id] = stored
        return stored

    def find(self, file_id: str) -> StoredFile | None:
        """Return a file by its id; None where there is none."""
        return self._files.get(file_id)

    def list(self) -> list[StoredFile]:
        """Return all files, the newest first."""
        with self._lock:
            return list(self._files.values())[::-1]

    def delete(self, file_id: str) -> None:
        """Delete a file, if it is there still."""
        with self._lock:
            stored = self._files.pop(file_id, None)
        if stored:
            stored.path.unlink(missing_ok=True)


def to_json_time(moment: datetime) -> str:
    """Write a moment in UTC as the API does: RFC 3339 with microseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
