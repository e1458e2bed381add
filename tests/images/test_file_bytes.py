from __future__ import annotations

import copy
import os
import pickle
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from gemini_nb.errors import GeminiError, ImageLostError
from gemini_nb.images.file_bytes import FileBytes
from gemini_nb.images.image import GeneratedImage, inspect
from support.held_pictures import PICTURE, draft_of, image_of, stored
from support.image_cases import REFUSED, VALID
from support.images import gif, jpeg, noise_png, png, webp
from support.processes import ran

OTHER = PICTURE[:-20] + bytes(20)
UNREADABLE = Path("/proc/self/mem")  # is opened as any other, and nothing is at its beginning


def test_the_bytes_are_read_each_time_they_are_asked_for(tmp_path):
    image = image_of(stored(tmp_path))
    assert image.data == image.data == PICTURE
    assert b"".join(image.held.pieces()) == PICTURE
    assert (image.size, image.sha256) == (len(PICTURE), sha256(PICTURE).hexdigest())


def removed(path):
    path.unlink()


def replaced_by_a_link(path):
    path.rename(path.with_name("b.png"))
    path.symlink_to("b.png")


def replaced_by_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def replaced_by_a_folder(path):
    path.unlink()
    path.mkdir()


LOST = {
    "removed": removed,
    "altered": lambda path: path.write_bytes(OTHER),
    "cut short": lambda path: os.truncate(path, 1000),
    "emptied": lambda path: os.truncate(path, 0),
    "longer": lambda path: path.write_bytes(PICTURE + b"\0"),
    "a link": replaced_by_a_link,
    "a pipe": replaced_by_a_pipe,
    "a folder": replaced_by_a_folder,
}
READ = {
    "data": lambda image, _: image.data,
    "pil": lambda image, _: image.pil,
    "save": lambda image, folder: image.save(folder / "saved.png"),
    "save over another": lambda image, folder: image.save(folder / "there.png", overwrite=True),
    "pickle": lambda image, _: pickle.dumps(image),
}


@pytest.mark.parametrize("read", READ.values(), ids=READ)
@pytest.mark.parametrize("lose", LOST.values(), ids=LOST)
def test_a_file_that_is_gone_or_altered_is_an_error_and_never_another_picture(lose, read, tmp_path):
    image = image_of(stored(tmp_path))
    (tmp_path / "there.png").write_bytes(b"mine")
    lose(tmp_path / "a.png")
    with pytest.raises(ImageLostError, match=r"a\.png"):
        read(image, tmp_path)
    assert not (tmp_path / "saved.png").exists()
    assert (tmp_path / "there.png").read_bytes() == b"mine"


UNREAD = {
    **{name: read for name, read in READ.items() if name != "pickle"},
    "pieces": lambda image, _: list(image.held.pieces()),
    "inspect": lambda image, _: inspect(image.held),
}


@pytest.mark.skipif(not UNREADABLE.exists(), reason="this system has no file whose reading fails")
@pytest.mark.parametrize("read", UNREAD.values(), ids=UNREAD)
def test_a_file_that_cannot_be_read_is_an_error_of_ours(read, tmp_path):
    held = FileBytes(size=len(PICTURE), sha256=sha256(PICTURE).hexdigest(), path=UNREADABLE)
    (tmp_path / "there.png").write_bytes(b"mine")
    with pytest.raises(ImageLostError, match="cannot be read: input/output error") as caught:
        read(GeneratedImage(held, "image/png", 1, 1, "inlineData"), tmp_path)
    assert "paid for, again" not in str(caught.value)  # it may be there still, and is paid for
    assert (tmp_path / "there.png").read_bytes() == b"mine"


TOO_MANY_FILES = """
import os, resource
from pathlib import Path
from tempfile import TemporaryDirectory
from gemini_nb import ImageLostError
from support.held_pictures import PICTURE, draft_of
with TemporaryDirectory() as folder:
    held = draft_of(Path(folder))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        pass
    try:
        held.read()
    except ImageLostError as error:
        print(error.args[0])
    for descriptor in taken:
        os.close(descriptor)
    assert held.read() == PICTURE
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
def test_a_draft_is_not_lost_to_too_many_open_files():
    assert ran(TOO_MANY_FILES) == "The picture's file cannot be read: too many open files."


def test_a_picture_in_a_file_is_equal_to_the_same_one_in_memory(tmp_path):
    here, there, other = image_of(stored(tmp_path)), image_of(PICTURE), image_of(noise_png(600_001))
    assert here == there
    assert hash(here) == hash(there)
    assert here != other
    assert {here, there, other} == {there, other}


def test_a_pickle_carries_the_bytes(tmp_path):
    pickled = pickle.dumps(image_of(stored(tmp_path)))
    (tmp_path / "a.png").unlink()
    image = pickle.loads(pickled)
    assert image.data == PICTURE
    assert image == image_of(PICTURE)


def test_a_copy_reads_the_same_file(tmp_path):
    image = image_of(stored(tmp_path))
    assert copy.deepcopy(image).held is copy.copy(image).held is image.held


@pytest.mark.parametrize("data", [png(), jpeg(), webp(), gif()], ids=["PNG", "JPEG", "WebP", "GIF"])
def test_a_picture_in_a_file_is_saved_byte_for_byte(data, tmp_path):
    assert image_of(stored(tmp_path, data)).save(tmp_path / "saved").read_bytes() == data


def verdict(data) -> object:
    try:
        return inspect(data)
    except GeminiError as error:
        return str(error)


@pytest.mark.parametrize(
    "data", [*(data for data, *_ in VALID.values()), *REFUSED.values()], ids=[*VALID, *REFUSED]
)
def test_the_verdict_on_a_file_is_that_on_its_bytes(data, tmp_path):
    assert verdict(stored(tmp_path, data)) == verdict(data)


@pytest.mark.parametrize("length", [1, 3000, 65_535, 65_536, 65_537, 200_000])
def test_the_end_of_a_jpeg_is_found_wherever_it_stands(length, tmp_path):
    data = jpeg() + bytes(length)
    assert verdict(stored(tmp_path, data)) == verdict(data) == inspect(jpeg())


def test_a_draft_is_read_named_and_read_again(tmp_path):
    held = draft_of(tmp_path)
    assert held.is_unnamed
    assert held.read() == PICTURE
    held.put(tmp_path / "named.png")
    held.settle(tmp_path / "named.png")
    assert not held.is_unnamed
    assert held.read() == (tmp_path / "named.png").read_bytes() == PICTURE
    assert stat.S_IMODE((tmp_path / "named.png").stat().st_mode) == 0o600


def test_a_draft_that_is_forgotten_leaves_no_file(tmp_path):
    held = draft_of(tmp_path)
    del held
    assert list(tmp_path.iterdir()) == []


def test_a_draft_can_be_held_in_memory_instead(tmp_path):
    held = draft_of(tmp_path)
    held.load()
    assert not held.is_unnamed
    assert held.read() == PICTURE


def test_a_name_that_was_taken_away_is_given_again(tmp_path):
    held = draft_of(tmp_path)
    held.put(tmp_path / "named.png")
    (tmp_path / "named.png").unlink()
    with pytest.raises(FileNotFoundError):
        held.put(tmp_path / "named.png")
    held.put(tmp_path / "named.png")
    assert (tmp_path / "named.png").read_bytes() == PICTURE


def test_a_picture_that_was_held_in_memory_and_has_a_file_now_gives_the_memory_back(tmp_path):
    held = draft_of(tmp_path)
    held.load()
    held.put(tmp_path / "named.png")
    held.settle(tmp_path / "named.png")
    assert held.read() == PICTURE
    (tmp_path / "named.png").unlink()
    with pytest.raises(ImageLostError):
        held.read()


def test_who_reads_a_draft_at_the_same_time_reads_all_of_it(tmp_path):
    held = draft_of(tmp_path)
    one, other = held.pieces(), held.pieces()
    assert [b"".join(pieces) for pieces in zip(*zip(one, other, strict=True), strict=True)] == [PICTURE] * 2


NAMED_DRAFTS = """
import gc, os
del os.O_TMPFILE
from pathlib import Path
from tempfile import mkdtemp
from support.held_pictures import PICTURE, draft_of
folder = Path(mkdtemp())
held = draft_of(folder)
part, = folder.iterdir()
assert part.suffix == ".part" and held.read() == PICTURE
part.unlink()
assert held.read() == b"".join(held.pieces()) == PICTURE
with held.open_view() as seen:
    assert (seen[:8], seen[len(seen) - 8 :]) == (PICTURE[:8], PICTURE[-8:])
try:
    held.put(folder / "a.png")
except FileNotFoundError:
    held.put(folder / "a.png")
held.settle(folder / "a.png")
other = draft_of(folder)
del other
print(sorted(path.name for path in folder.iterdir()), held.read() == PICTURE)
(folder / "a.png").unlink()
folder.rmdir()
"""


def test_a_draft_on_a_system_without_nameless_files_is_cleared_away_too():
    assert ran(NAMED_DRAFTS) == "['a.png'] True"
