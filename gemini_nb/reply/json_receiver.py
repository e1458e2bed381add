"""A reply's JSON while it arrives: its base64 is decoded piece by piece and never held as text.

Only the usual case is decoded here: a long run of strict standard base64 under `"data"` or `"b64_json"`, or
behind `;base64,`. A token of `cut.Cut` takes its place. Anything odd is left, or written back, to `cut`.
"""

from __future__ import annotations

import io
import json
import re
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pybase64

from gemini_nb.images.file_bytes import FileBytes
from gemini_nb.images.spooled import SpooledBytes
from gemini_nb.reply.base64_blobs import GOES_ON, MIN_RUN_CHARS, Base64Blob, BlobTable, decoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from gemini_nb.files import UnnamedFile

MAX_FILES = 16  # open at a time for one reply, whatever it holds

_BLOCK_BYTES = 256 * 1024
_GROUP_BYTES = 3  # what four characters hold, unless they are padded
_MAX_MARKS = 20_000
_MARK = re.compile(rb'"(?:data|b64_json)"[ \t\r\n]{0,32}:[ \t\r\n]{0,32}"|;base64,')
_LONGEST_MARK = 80
_ALPHABET = string.ascii_letters.encode() + string.digits.encode() + b"+/"
_LAST_GROUP = re.compile(rb"[A-Za-z0-9+/]{0,3}={0,2}")


@dataclass(frozen=True)
class ReceivedBody:
    """A whole reply: its JSON as `rest`, in which tokens of `cut` stand for the base64."""

    rest: bytes = field(repr=False)
    cut: BlobTable = field(default_factory=BlobTable, repr=False)

    def raw(self) -> bytes:
        """Return the bytes as they were received."""
        return self.cut.raw(self.rest)


class JSONReceiver:
    """Receives one reply for `transport.post`; `finish` gives it as a `Body`.

    `draft` opens a file for a large picture; without it, or where the disk refuses, all stays in memory.
    Several may write the tokens of one `cut`.
    """

    def __init__(
        self, draft: Callable[[], UnnamedFile] | None = None, *, cut: BlobTable | None = None
    ) -> None:
        self._cut = BlobTable() if cut is None else cut
        self._draft = draft
        self._expected = 0
        self._marks = 0
        self._rest = io.BytesIO()
        self._seen: bytes | memoryview = b""  # what came and is not dealt with yet begins at `_at`
        self._at = 0
        self._in_text = False
        self._sink: SpooledBytes | None = None
        # A function, not a bound method: that would be a cycle, and megabytes would wait for the collector.
        self._step: Callable[[JSONReceiver], bool] = JSONReceiver._begin

    def expect(self, length: int) -> None:
        """Hear how many bytes are to come: a large picture's memory is then taken at once."""
        self._expected = length

    def write(self, piece: bytes | memoryview) -> None:
        self._expected -= len(piece)
        view = memoryview(piece)
        for start in range(0, len(piece), _BLOCK_BYTES):
            self._see(view[start : start + _BLOCK_BYTES])
            while self._step(self):
                pass
        self._seen, self._at = bytes(self._seen[self._at :]), 0  # the piece may be overwritten now

    def _see(self, block: memoryview) -> None:
        left = bytes(self._seen[self._at :])
        taken = -len(left) % 4
        # In the middle of a run only the one group that is split over two blocks is joined, not the blocks.
        if self._sink is not None and self._step is JSONReceiver._run and left and len(block) > taken:
            group = decoded(left + block[:taken])
            if group is not None and len(group) == _GROUP_BYTES:
                self._sink.write(group)
                self._seen, self._at = block, taken
                return
        self._seen, self._at = left + block, 0

    def finish(self) -> ReceivedBody:
        """Return what came; nothing can be written any more."""
        self._write_back()
        self._pass()
        return ReceivedBody(self._rest.getvalue(), self._cut)

    # Each step deals with some of what was seen, and says whether the next one may follow at once.

    def _begin(self) -> bool:
        if len(self._seen) < 16:
            return False
        is_utf8 = json.detect_encoding(bytes(self._seen[:16])) in ("utf-8", "utf-8-sig")
        self._step = (
            JSONReceiver._scan if is_utf8 else JSONReceiver._pass
        )  # UTF-16 has no runs of base64 bytes
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
        self._in_text = mark[0] == b";base64,"
        self._marks += 1
        self._step = JSONReceiver._open if self._marks < _MAX_MARKS else JSONReceiver._pass
        return True

    def _open(self) -> bool:
        head = bytes(self._seen[self._at : self._at + MIN_RUN_CHARS])
        if len(head) < MIN_RUN_CHARS:
            return False
        if head.endswith(b"=") or decoded(head) is None:
            self._step = JSONReceiver._scan
            return True
        expected = max(0, self._expected + len(self._seen) - self._at) * 3 // 4
        self._sink = SpooledBytes(self._draft if self._cut.files < MAX_FILES else None, expected=expected)
        self._step = JSONReceiver._run
        return True

    def _run(self) -> bool:
        end = len(self._seen) - (len(self._seen) - self._at) % 4
        data = decoded(memoryview(self._seen)[self._at : end])
        is_last = data is None or _alphabet_ends(self._seen[max(end - 1, self._at) :]) is not None
        if is_last:
            end = self._at + (_alphabet_ends(self._seen[self._at :]) or 0)
            end -= (end - self._at) % 4
            data = decoded(memoryview(self._seen)[self._at : end])
            self._step = JSONReceiver._close
        if self._sink is not None and data:
            self._sink.write(data)
        self._at = end
        return is_last

    def _close(self) -> bool:
        """Deal with the last group of a run, which may be padded, and with what follows it."""
        match = _LAST_GROUP.match(self._seen, self._at)
        group = match[0] if match else b""
        end = self._at + len(group)
        follows = bytes(self._seen[end : end + 2])
        if follows in (b"", b"\\"):
            return False
        data = decoded(group) if len(group) in (0, 4) else None
        is_whole = not GOES_ON.match(follows) if self._in_text else follows.startswith(b'"')
        # Spare bits may be set in it: that would not encode to the same.
        if is_whole and data is not None and self._sink is not None and pybase64.b64encode(data) == group:
            self._sink.write(data)
            self._put(self._sink, padding="=" * group.count(b"="))
            self._at = end
        else:
            self._write_back()
        self._step = JSONReceiver._scan
        return True

    def _put(self, sink: SpooledBytes, *, padding: str) -> None:
        data = sink.data()
        self._cut.files += isinstance(data, FileBytes)
        self._rest.write(self._cut.put(Base64Blob(data, url_safe=False, padding=padding)).encode("ascii"))
        self._sink = None

    def _write_back(self) -> None:
        """Encode again what was decoded of a run: strict decoding is reversible."""
        sink, self._sink = self._sink, None
        for piece in sink.pieces() if sink else ():
            self._rest.write(pybase64.b64encode(piece))

    def _leave(self, end: int) -> None:
        """Pass on as it is what was seen up to `end`."""
        self._rest.write(memoryview(self._seen)[self._at : end])
        self._at = end


def _alphabet_ends(text: bytes | memoryview) -> int | None:
    """Return where the first byte stands that is no letter of base64; five times as fast as a pattern."""
    text = bytes(text)
    others = text.translate(None, _ALPHABET)
    return text.index(others[:1]) if others else None
