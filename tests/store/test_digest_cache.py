"""Files are read once as long as they stay the same, and a change is seen however soon it comes."""

from __future__ import annotations

import os
from hashlib import sha256

import pytest

from gemini_nb import files
from gemini_nb.store import digest_cache
from gemini_nb.store.digest_cache import is_unaltered

DATA = bytes(range(256)) * 40


@pytest.fixture
def path(tmp_path):
    path = tmp_path / f"{sha256(DATA).hexdigest()}.png"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def reads(monkeypatch):
    """The names of the files that were read."""
    names = []

    def read(path, **options):
        names.append(path.name)
        return really_read(path, **options)

    really_read = files.is_addressed
    monkeypatch.setattr(files, "is_addressed", read)
    return names


@pytest.fixture
def settled(monkeypatch):
    """Files count as written long ago."""
    monkeypatch.setattr(digest_cache, "_SETTLED_SECONDS", -3600.0)


def flip(path):
    """Change one byte and nothing that a look at the file would show but its times."""
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    before = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.usefixtures("settled")
def test_a_file_that_stays_the_same_is_read_once(path, reads):
    assert [is_unaltered(path) for _ in range(5)] == [True] * 5
    assert reads == [path.name]


def test_a_file_that_was_just_written_is_read_each_time(path, reads):
    """A change within the same tick of the clock would leave its times as they were."""
    assert [is_unaltered(path) for _ in range(2)] == [True] * 2
    flip(path)
    assert not is_unaltered(path)
    assert len(reads) == 3


CHANGES = {
    "cut short": lambda path: path.write_bytes(DATA[:-1]),
    "longer": lambda path: path.write_bytes(DATA + b"x"),
    "gone": lambda path: path.unlink(),
    "replaced": lambda path: other(path).replace(path),
    "a link": lambda path: (path.rename(path.with_name("elsewhere")), path.symlink_to("elsewhere")),
}


def other(path):
    """Another file of the same size and times."""
    file = path.with_name("other")
    file.write_bytes(DATA[::-1])
    os.utime(file, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    return file


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(path, change):
    assert is_unaltered(path)
    CHANGES[change](path)
    assert not is_unaltered(path)


def test_what_is_damaged_is_read_again_when_it_is_whole_again(path):
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert not is_unaltered(path)
    path.write_bytes(DATA)
    assert is_unaltered(path)
