"""Atomic writes, and reads of plain files only; images/ and store/ try them on full and failing disks."""

from __future__ import annotations

import os
from hashlib import sha256

import pytest

from gemini_nb import files
from support.processes import ran_bare

DATA = b"0123456789"


def test_a_file_without_hard_links_is_claimed_all_the_same(tmp_path):
    (tmp_path / "whole").write_bytes(DATA)
    assert files._claim_exclusively(tmp_path / "whole", tmp_path / "a.png")
    (tmp_path / "whole").write_bytes(b"other")
    assert not files._claim_exclusively(tmp_path / "whole", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == DATA


def test_a_system_without_hard_links_claims_and_replaces_names(tmp_path):
    """As in a browser, where Python has neither this nor users: the file has a temporary name at first."""
    code = f"""
import os
del os.link, os.geteuid
from pathlib import Path
from gemini_nb import files
folder = Path({str(tmp_path)!r})
for data in (b"first", b"second"):
    with files.atomic_file(data, folder) as file:
        print(file.is_named, file.claim(folder / "claimed"))
    files.write_private(folder / "replaced", data)
files.make_secret_folder(folder)
print(sorted((path.name, path.read_bytes()) for path in folder.iterdir()))
"""
    lines = ran_bare(code).splitlines()
    assert lines[:2] == ["True True", "True False"]
    assert lines[2] == "[('claimed', b'first'), ('replaced', b'second')]"


def test_a_file_that_gets_no_name_leaves_nothing(tmp_path):
    with files.atomic_file(DATA, tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_replaced_or_left_as_it_was(tmp_path):
    (tmp_path / "a").write_bytes(b"mine")
    with files.atomic_file([b"01234", b"56789"], tmp_path) as file:
        assert not file.claim(tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == b"mine"
        file.replace(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == DATA


def test_what_was_written_is_read_while_more_is_written(tmp_path):
    new_file = files.UnnamedFile(tmp_path)
    new_file.write(DATA)
    with new_file.open_reader() as reader:
        new_file.write(b"more")
        reader.seek(8)
        assert reader.read() == b"89more"
    new_file.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", [files.write_private, files.write_private_if_missing])
def test_a_private_file_is_its_owners_alone(tmp_path, write):
    files.make_private_folder(tmp_path / "private")
    write(tmp_path / "private" / "a", DATA)
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "private" / "a").stat().st_mode & 0o777 == 0o600
    write(tmp_path / "private" / "a", b"again")
    kept = DATA if write is files.write_private_if_missing else b"again"
    assert (tmp_path / "private" / "a").read_bytes() == kept


def test_a_link_in_a_folders_place_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OSError, match="symbolic link"):
        files.make_private_folder(tmp_path / "link")


def test_only_so_much_is_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(DATA)
    assert files.read_plain(path, limit=10) == DATA
    assert files.read_plain(path, limit=9) is None


def test_a_pipe_is_not_read_whatever_it_offers(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR)
    os.write(pipe, DATA)
    assert files.read_plain(path, limit=1000) is None
    os.close(pipe)


def test_a_link_and_a_folder_count_as_missing(tmp_path):
    (tmp_path / "file").write_bytes(DATA)
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name in ("link", ".", "gone", "a\0b"):
        assert files.read_plain(tmp_path / name, limit=1000) is None
    assert files.plain_size(tmp_path / "link") == files.plain_size(tmp_path) == 0
    assert files.plain_size(tmp_path / "file") == 10


HELD = {
    "the same": (DATA, True),
    "another": (DATA[:-1] + b"x", False),
    "shorter": (DATA[:-1], False),
    "longer": (DATA + b"x", False),
    "empty": (b"", False),
    "many megabytes": (DATA * 100_000, False),
}


@pytest.mark.parametrize(("written", "is_held"), HELD.values(), ids=HELD)
def test_a_file_holds_just_these_bytes(tmp_path, written, is_held):
    (tmp_path / "file").write_bytes(written)
    assert files.holds(tmp_path / "file", DATA) is is_held
    with (tmp_path / "file").open("rb", buffering=0) as other:
        assert files.holds(tmp_path / "file", other)


def test_what_is_no_plain_file_holds_nothing(tmp_path):
    (tmp_path / "file").write_bytes(DATA)
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert [files.holds(tmp_path / name, DATA) for name in ("link", "gone", ".")] == [False] * 3


def test_a_file_is_addressed_by_the_digest_of_its_bytes(tmp_path):
    right, wrong = tmp_path / f"{sha256(DATA).hexdigest()}.png", tmp_path / f"{sha256(b'').hexdigest()}.png"
    for path in (right, wrong):
        path.write_bytes(DATA)
    assert (files.read_addressed(right, limit=10), files.is_addressed(right, limit=10)) == (DATA, True)
    for path, limit in ((wrong, 10), (right, 9)):
        assert (files.read_addressed(path, limit=limit), files.is_addressed(path, limit=limit)) == (
            None,
            False,
        )
