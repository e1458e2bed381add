"""A reply's JSON while it arrives: its base64 is decoded piece by piece and never held as text.

A long run of base64 is decoded, and a token takes its place: under `"data"` or `"b64_json"`, behind
`;base64,`, and where it begins like a picture behind a quote, a space or a line end. One that is not written
as usual is held as it was written, too. What turns out to be anything else is written back as it was.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pybase64

from gemini_nb.images.file_bytes import FileBytes
from gemini_nb.images.image import MAX_IMAGE_BYTES
from gemini_nb.images.spooled import SpooledBytes
from gemini_nb.reply.base64_blobs import Base64Blob, BlobTable, LooseBase64, decode_strict
from gemini_nb.reply.text_images import PICTURE_START

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

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
_LETTERS = re.compile(rb"[A-Za-z0-9+/]*+")
_LAST_LETTERS = re.compile(rb"([A-Za-z0-9+/]{0,3})(={0,2})")
_LONGEST_ESCAPE = 6
_CUT_SHORT = re.compile(rb"|\\(?:u[0-9A-Fa-f]*+)?|%[0-9A-Fa-f]?")  # an escape that may not be all there
_ENCLOSED_END = re.compile(rb"""["'<>()`\]]|\\["']""")
_LOOSE_BYTES = 256 * 1024
_GOES_ON = re.compile(rb"[A-Za-z0-9+/_%=-]|\\[u/]")  # text may be read on from here, so it cannot be cut here


@dataclass(frozen=True)
class ReceivedBody:
    """A reply as far as it came: its bytes as `rest`, in which tokens of `blobs` stand for the base64."""

    rest: bytes = field(repr=False)
    blobs: BlobTable = field(default_factory=BlobTable, repr=False)
    packed: bytes = field(default=b"", repr=False)  # the same, as it came compressed and broke off

    def raw(self) -> bytes:
        """Return the bytes as they were received, unpacked."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the bytes as they were received, unpacked, piece by piece."""
        return self.blobs.restore_body(self.rest)

    def abridged(self, length: int) -> bytes:
        """Return at most `length` bytes of its beginning, with an ellipsis for each blob."""
        return self.blobs.elide(self.rest[:length])


class JSONReceiver:
    """Receives one reply for `transport.send`; `finish` gives it as a `ReceivedBody`.

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
        self._loose: LooseBase64 | None = None  # of a run that is not written as usual
        self._written: list[bytes] = []  # such a run
        self._picture: SpooledBytes | None = None
        # A function, not a bound method: that would be a cycle, and megabytes would wait for the collector.
        self._step: Callable[[JSONReceiver], bool] = JSONReceiver._begin

    def expect(self, length: int) -> None:
        """Hear how many bytes are to come: a large picture's memory is then taken at once."""
        self._expected = length

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece of the body, which may be overwritten afterwards."""
        for _ in self.take(piece):
            pass

    def take(self, piece: bytes | memoryview, /) -> Generator[None, None, None]:
        """Take the next piece step by step; see `Receiver`."""
        self._expected -= len(piece)
        taken = 0
        try:
            while taken < len(piece):
                block = piece[taken : taken + _BLOCK_BYTES]
                taken += len(block)
                self._see(block)
                while self._step(self):
                    yield
                yield
        finally:
            self._seen, self._at = bytes(self._seen[self._at :]) + bytes(piece[taken:]), 0

    def _see(self, piece: bytes | memoryview) -> None:
        left = bytes(self._seen[self._at :])
        # In the middle of a run only the one group that is split over two pieces is joined, not the pieces.
        if self._picture is not None and self._step is JSONReceiver._run and len(piece) >= MIN_RUN_CHARS:
            taken = -len(left) % 4
            group = left + bytes(piece[:taken])
            data = decode_strict(group)
            if data is not None and len(data) * 4 == len(group) * 3:
                self._picture.write(data)
                self._seen, self._at = piece, taken
                return
        self._seen, self._at = (left + piece if left else bytes(piece)), 0

    @property
    def size(self) -> int:
        """How many bytes are held that `finish` has to deal with."""
        picture = self._picture.size if self._picture else 0
        return self._rest.tell() + picture + sum(map(len, self._written))

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
        if decode_strict(head) is not None:
            self._picture, self._step = self._new_picture(), JSONReceiver._run
        else:
            loose = LooseBase64(head, is_field=not self._in_text)
            if loose.find_end(head, 0, len(head)) > len(head) - _LONGEST_ESCAPE:
                self._picture, self._loose = self._new_picture(), loose
                self._step = JSONReceiver._run_loosely
        return True

    def _new_picture(self) -> SpooledBytes:
        expected = max(0, self._expected + len(self._seen) - self._at) * 3 // 4
        new_file = self._new_file if self._blobs.files < MAX_FILES else None
        return SpooledBytes(new_file, expected=min(expected, MAX_IMAGE_BYTES))

    def _run(self) -> bool:
        """Decode the whole groups of four letters in what was seen of a run."""
        end = _likely_end(self._seen, self._at)
        data = self._decode(end)
        if data is None and not isinstance(self._seen, bytes):
            self._seen, self._at = bytes(self._seen[self._at :]), 0  # the end is in it, and is found now
            return True
        if data is None:
            match = _LETTERS.match(self._seen, self._at)
            end = match.end() if match else self._at
            data = self._decode(end)
        if self._picture is not None and data:
            self._picture.write(data)
        self._at += (end - self._at) // 4 * 4
        if end < len(self._seen):
            self._step = JSONReceiver._close
        return end < len(self._seen)

    def _decode(self, end: int) -> bytes | None:
        return decode_strict(memoryview(self._seen)[self._at : end - (end - self._at) % 4])

    def _is_last(self, end: int) -> bool:
        r"""Whether a run ends here: what follows is known, and is not the beginning of an escape."""
        follows = bytes(self._seen[end : end + _LONGEST_ESCAPE])
        return len(follows) == _LONGEST_ESCAPE or not _CUT_SHORT.fullmatch(follows)

    def _close(self) -> bool:
        """Deal with the end of a run: its last letters and padding, and with what follows it."""
        match = _LAST_LETTERS.match(self._seen, self._at)
        letters, padding = match.groups() if match else (b"", b"")
        end = self._at + len(letters) + len(padding)
        if not self._is_last(end):
            return False
        last = decode_strict(letters)
        # Encoding gives the same letters again, unless the last one has spare bits set.
        is_exact = last is not None and pybase64.b64encode(last).rstrip(b"=") == letters
        if is_exact and self._is_whole(end):
            self._put(last, padding.decode("ascii"), end)
        else:  # it goes on, written otherwise from here on
            self._loose = LooseBase64(b"", is_field=not self._in_text)
            self._written = list(map(pybase64.b64encode, self._picture.pieces() if self._picture else ()))
            self._step = JSONReceiver._run_loosely
        return True

    def _run_loosely(self) -> bool:
        """Decode what was seen of a run in loose base64, and hold it as it is written."""
        if self._loose is None or self._picture is None:
            return False
        seen = self._seen = bytes(self._seen)
        limit = min(len(seen), self._at + _LOOSE_BYTES)
        end = self._loose.find_end(seen, self._at, limit)
        data = self._loose.decode(seen[self._at : end])
        self._written.append(seen[self._at : end])
        self._at = end
        if data is None or self._picture.size > MAX_IMAGE_BYTES:
            self._write_back()
            return True
        self._picture.write(data)
        if end > limit - _LONGEST_ESCAPE and limit < len(seen):
            return True
        if not self._is_last(end):
            return False
        last, padding = self._loose.finish()
        if last is not None and self._is_whole(end) and not (self._in_text and len(padding) > 2):
            self._put(last, padding, end)
        else:
            self._write_back()
        return True

    def _is_whole(self, end: int) -> bool:
        """Whether a run may end here, by what follows it."""
        follows = bytes(self._seen[end : end + 2])
        if self._in_text and self._loose is not None and self._loose.width:
            return _ENCLOSED_END.match(follows) is not None
        return not _GOES_ON.match(follows) if self._in_text else follows.startswith(b'"')

    def _put(self, last: bytes | None, padding: str, end: int) -> None:
        picture, self._picture = self._picture, None
        if picture is None:
            return
        picture.write(last or b"")
        data = picture.data()
        self._blobs.files += isinstance(data, FileBytes)
        is_altered = self._loose is not None and self._loose.is_altered
        blob = Base64Blob(data, padding, tuple(self._written), is_altered)
        self._rest.write(self._blobs.put(blob).encode("ascii"))
        self._at, self._loose, self._written = end, None, []
        self._step = JSONReceiver._scan

    def _write_back(self) -> None:
        """Write a run as it was: what was decoded strictly is encoded again, which gives the same."""
        picture, self._picture = self._picture, None
        if picture is not None and self._loose is None:
            self._rest.writelines(map(pybase64.b64encode, picture.pieces()))
        del picture
        self._loose = None
        for place, written in enumerate(self._written):
            self._rest.write(written)
            self._written[place] = b""
        self._written = []
        self._step = JSONReceiver._scan

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
