"""A reply's JSON while it arrives: its base64 is decoded piece by piece and never held as text.

A long run of strict base64 is decoded, whichever way it is spelled, and a token takes its place: under
`"data"` or `"b64_json"`, behind `;base64,`, and where it begins like a picture behind a quote, a space or a
line end. What turns out to be anything else is written back as it was.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gemini_nb.images.file_bytes import FileBytes
from gemini_nb.images.spooled import SpooledBytes
from gemini_nb.reply.base64_blobs import Base64Blob, BlobTable, Spelling
from gemini_nb.reply.text_images import PICTURE_START

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.files import UnnamedFile

MAX_FILES = 16  # open at a time for one reply, whatever it holds
MIN_RUN_CHARS = 1024

_BLOCK_BYTES = 2**20  # each run in a block may search all that is behind it
_MAX_MARKS = 20_000
# Each alternative begins with one letter, which is none of base64: so the search for it runs at full speed.
_MARK = re.compile(
    rb'"(?:data|b64_json)"[ \t\r\n]{0,32}:[ \t\r\n]{0,32}"|;base64,|'
    + b"|".join(
        rb"%b(?=%b)" % (before, PICTURE_START.encode("ascii")) for before in (b'"', b"'", b" ", rb"\\n")
    )
)
_LONGEST_MARK = 80
_PADDING = re.compile(rb"={0,2}")
_GOES_ON = re.compile(rb"[A-Za-z0-9+/_%=-]|\\[u/]")  # text may be read on from here, so it cannot be cut here


@dataclass(frozen=True)
class ReceivedBody:
    """A reply as far as it came: its bytes as `rest`, in which tokens of `blobs` stand for the base64."""

    rest: bytes = field(repr=False)
    blobs: BlobTable = field(default_factory=BlobTable, repr=False)

    def raw(self) -> bytes:
        """Return the bytes as they were received."""
        return self.blobs.restore_body(self.rest)

    def abridged(self, length: int) -> bytes:
        """Return at most `length` bytes of its beginning, with an ellipsis for each blob."""
        return self.blobs.elide(self.rest[:length])


def receive(body: bytes) -> ReceivedBody:
    """Take a whole body apart as if it had just arrived."""
    receiver = JSONReceiver()
    receiver.write(body)
    return receiver.finish()


class JSONReceiver:
    """Receives one reply for `transport.post`; `finish` gives it as a `ReceivedBody`.

    `new_file` opens a file for a large picture; without it, or where the disk refuses, all stays in memory.
    Several receivers may write the tokens of one `blobs`.
    """

    def __init__(
        self, new_file: Callable[[], UnnamedFile] | None = None, *, blobs: BlobTable | None = None
    ) -> None:
        self._blobs = BlobTable() if blobs is None else blobs
        self._new_file = new_file
        self._expected = 0
        self._marks = 0
        self._rest = io.BytesIO()
        self._seen: bytes | memoryview = b""  # what came and is not dealt with yet begins at `_at`
        self._at = 0
        self._in_text = False
        self._spelling = Spelling.STANDARD
        self._picture: SpooledBytes | None = None
        # A function, not a bound method: that would be a cycle, and megabytes would wait for the collector.
        self._step: Callable[[JSONReceiver], bool] = JSONReceiver._begin

    def expect(self, length: int) -> None:
        """Hear how many bytes are to come: a large picture's memory is then taken at once."""
        self._expected = length

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece of the body, which may be overwritten afterwards."""
        self._expected -= len(piece)
        for start in range(0, len(piece), _BLOCK_BYTES):
            self._see(piece[start : start + _BLOCK_BYTES])
            while self._step(self):
                pass
        self._seen, self._at = bytes(self._seen[self._at :]), 0

    def _see(self, piece: bytes | memoryview) -> None:
        left = bytes(self._seen[self._at :])
        # In the middle of a run only the one group that is split over two pieces is joined, not the pieces.
        if self._picture is not None and self._step is JSONReceiver._run and len(piece) >= MIN_RUN_CHARS:
            taken = -len(left) % 4
            group = left + bytes(piece[:taken])
            data = self._spelling.decode(group)
            if data is not None and len(data) * 4 == len(group) * 3:
                self._picture.write(data)
                self._seen, self._at = piece, taken
                return
        self._seen, self._at = (left + piece if left else bytes(piece)), 0

    def finish(self) -> ReceivedBody:
        """Return what came; nothing can be written any more."""
        self._write_back()
        self._pass()
        return ReceivedBody(self._rest.getvalue(), self._blobs)

    # Steps of a state machine: each deals with some of what was seen, and says whether the next may follow.

    def _begin(self) -> bool:
        if len(self._seen) < 16:
            return False
        is_utf8 = json.detect_encoding(bytes(self._seen[:16])) in ("utf-8", "utf-8-sig")
        # UTF-16 has no runs of base64 bytes.
        self._step = JSONReceiver._scan if is_utf8 else JSONReceiver._pass
        return True

    def _pass(self) -> bool:
        self._leave(len(self._seen))
        return False

    def _scan(self) -> bool:
        mark = _MARK.search(self._seen, self._at)
        if mark is None:
            self._leave(max(self._at, len(self._seen) - _LONGEST_MARK))  # one may be split here
            return False
        self._leave(mark.end())
        self._in_text = mark[0][:1] != b'"' or len(mark[0]) == 1
        self._marks += 1
        self._step = JSONReceiver._open if self._marks < _MAX_MARKS else JSONReceiver._pass
        return True

    def _open(self) -> bool:
        head = bytes(self._seen[self._at : self._at + MIN_RUN_CHARS])
        if len(head) < MIN_RUN_CHARS:
            return False
        self._step = JSONReceiver._scan
        for spelling in Spelling:
            if spelling.decode(spelling.whole_groups(head)) is not None:
                expected = max(0, self._expected + len(self._seen) - self._at) * 3 // 4
                new_file = self._new_file if self._blobs.files < MAX_FILES else None
                self._picture = SpooledBytes(new_file, expected=expected)
                self._spelling = spelling
                self._step = JSONReceiver._run
                break
        return True

    def _run(self) -> bool:
        """Decode what was seen of a run: whole groups of four letters, and at its end the last ones."""
        end = _likely_end(self._seen, self._at)
        data, length = self._decode(end)
        if data is None:
            if not isinstance(self._seen, bytes):
                self._seen, self._at = bytes(self._seen[self._at :]), 0  # the end is in it, and is found now
                return True
            end = self._spelling.end(self._seen, self._at)
            data, length = self._decode(end)
        if self._picture is not None and data:
            self._picture.write(data)
        is_last = self._is_last(end)
        self._at += length
        if is_last:
            self._step = JSONReceiver._close
        return is_last

    def _decode(self, end: int) -> tuple[bytes | None, int]:
        """Decode letters up to `end` and return how many they are; None where others are among them."""
        letters = memoryview(self._seen)[self._at : end]
        groups = self._spelling.whole_groups(letters)
        tail = bytes(letters[len(groups) :])
        if tail and self._is_last(end) and self._spelling.is_exact(tail):
            groups = letters
        elif tail and not tail.isalnum() and self._spelling.end(tail, 0) < len(tail):
            return None, 0
        return self._spelling.decode(groups), len(groups)

    def _is_last(self, end: int) -> bool:
        r"""Whether a run ends here: what follows is known, and is not the first half of `\/`."""
        return bytes(self._seen[end : end + 2]) not in (b"", b"\\")

    def _close(self) -> bool:
        """Deal with the padding of a run, and with what follows it."""
        match = _PADDING.match(self._seen, self._at)
        padding = match[0] if match else b""
        end = self._at + len(padding)
        if not self._is_last(end):
            return False
        follows = bytes(self._seen[end : end + 2])
        is_whole = not _GOES_ON.match(follows) if self._in_text else follows.startswith(b'"')
        if is_whole and self._picture is not None:
            self._put(self._picture, padding=padding.decode("ascii"))
            self._at = end
        else:
            self._write_back()
        self._step = JSONReceiver._scan
        return True

    def _put(self, picture: SpooledBytes, *, padding: str) -> None:
        data = picture.data()
        self._blobs.files += isinstance(data, FileBytes)
        self._rest.write(self._blobs.put(Base64Blob(data, self._spelling, padding)).encode("ascii"))
        self._picture = None

    def _write_back(self) -> None:
        """Encode again what was decoded of a run: strict decoding is reversible."""
        picture, self._picture = self._picture, None
        for piece in picture.pieces() if picture else ():
            self._rest.write(self._spelling.encode(piece).rstrip(b"="))

    def _leave(self, end: int) -> None:
        """Pass on as it is what was seen up to `end`."""
        self._rest.write(memoryview(self._seen)[self._at : end])
        self._at = end


def _likely_end(seen: bytes | memoryview, at: int) -> int:
    """Return where a string or brackets end; a view, which cannot be searched at speed, at its own end."""
    if not isinstance(seen, bytes):
        return len(seen)
    end = min((place for mark in (b'"', b")") if (place := seen.find(mark, at)) >= 0), default=len(seen))
    return end - seen.count(b"=", max(end - 2, at), end)
