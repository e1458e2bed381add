"""Whatever happens to the files of a store, a read gives the right picture or none, and never an error."""

from __future__ import annotations

import codecs
import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from gemini_nb.request import ImageRequest
from gemini_nb.store import nearest, record
from gemini_nb.store.store import Store
from support.generations import answer, content_of, full_answer
from support.images import jpeg, png
from support.systems import is_root

if TYPE_CHECKING:
    from pathlib import Path

RIGHT, OTHER = png(4, 4, (255, 0, 0)), png(4, 4, (0, 0, 255))
ASKED, ELSE = ImageRequest("a red square"), ImageRequest("a blue square")


@pytest.fixture
def store(tmp_path):
    """A store of two answers."""
    store = Store(tmp_path / "store")
    assert store.keep(answer(ASKED, RIGHT), content_of({"parts": []}))
    assert store.keep(answer(ELSE, OTHER))
    return store


def record_of(store: Store, request: ImageRequest = ASKED) -> Path:
    return store.folder / "records" / f"{request.digest}.json"


def image_of(store: Store, data: bytes = RIGHT) -> Path:
    return next(path for path in (store.folder / "images").iterdir() if path.read_bytes() == data)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def swap(one: Path, other: Path) -> None:
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)


def replace_text(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8", "surrogatepass")
    assert old in text
    path.write_text(text.replace(old, new))


def resealed(store: Store, change, request: ImageRequest = ASKED) -> None:
    """Write a record anew with a fitting checksum, as only a hand with intent would."""
    path = record_of(store, request)
    whole = json.loads(path.read_bytes())
    del whole["checksum"]
    change(whole)
    path.write_bytes(record.encode(whole))


def put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_bytes(b"")


def make_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_sparse(path: Path, size: int) -> None:
    path.unlink()
    with path.open("wb") as file:
        file.truncate(size)


def encode_as(path: Path, encoding: str) -> None:
    path.write_bytes(path.read_text("utf-8").encode(encoding))


def seal_image(store: Store, **facts) -> None:
    resealed(store, lambda whole: whole["reply"]["images"][0].update(facts))


def seal_other_picture(store: Store) -> None:
    path = store.folder / "images" / f"{'0' * 64}.png"
    path.write_bytes(OTHER)
    seal_image(store, sha256="0" * 64)


def seal_no_picture(store: Store) -> None:
    data = b"<svg onload=alert(1)>"
    (store.folder / "images" / f"{record.sha256(data).hexdigest()}.png").write_bytes(data)
    seal_image(store, sha256=record.sha256(data).hexdigest())


def seal_path_outside(store: Store) -> None:
    """A picture outside the folder, whose name would be reached by a path in place of a digest."""
    (store.folder.parent / "outside.png").write_bytes(OTHER)
    seal_image(store, sha256="../../outside")


def seal_request(store: Store, **facts) -> None:
    resealed(store, lambda whole: whole["request"].update(facts))


MISSES = {
    "image cut short": lambda s: put(image_of(s), RIGHT[:-20]),
    "image with bytes after it": lambda s: put(image_of(s), RIGHT + b"more"),
    "image with one bit flipped": lambda s: flip(image_of(s), 45),
    "image empty": lambda s: put(image_of(s), b""),
    "image gone": lambda s: image_of(s).unlink(),
    "images gone": lambda s: shutil.rmtree(s.folder / "images"),
    "images swapped": lambda s: swap(image_of(s), image_of(s, OTHER)),
    "image of another type": lambda s: put(image_of(s), jpeg()),
    "folder in the image's place": lambda s: make_folder(image_of(s)),
    "link in the image's place": lambda s: make_link(image_of(s)),
    "pipe in the image's place": lambda s: make_pipe(image_of(s)),
    "image of a gigabyte": lambda s: make_sparse(image_of(s), 2**30),
    "file in the images' place": lambda s: make_file(s.folder / "images"),
    "record cut short": lambda s: put(record_of(s), record_of(s).read_bytes()[:-20]),
    "record empty": lambda s: put(record_of(s), b""),
    "record gone": lambda s: record_of(s).unlink(),
    "records swapped": lambda s: swap(record_of(s), record_of(s, ELSE)),
    "another's record under this name": lambda s: shutil.copy(record_of(s, ELSE), record_of(s)),
    "another's record with this digest": lambda s: (
        shutil.copy(record_of(s, ELSE), record_of(s)),
        resealed(s, lambda whole: whole.update(digest=ASKED.digest)),
    ),
    "record without the last brace": lambda s: put(record_of(s), record_of(s).read_bytes().rstrip()[:-1]),
    "record with one letter changed": lambda s: replace_text(record_of(s), "crazyrouter", "crazyroutes"),
    "record that names another picture": lambda s: replace_text(
        record_of(s), image_of(s).stem, image_of(s, OTHER).stem
    ),
    "record of format 2": lambda s: resealed(s, lambda whole: whole.update(format=2)),
    "record without a format": lambda s: resealed(s, lambda whole: whole.pop("format")),
    "record without its checksum": lambda s: replace_text(record_of(s), '"checksum"', '"chequesum"'),
    "record with a field more": lambda s: replace_text(record_of(s), '"format": 1', '"x": 1, "format": 1'),
    "record with one more fact": lambda s: seal_request(s, negative_prompt="x"),
    "record with a fact of another type": lambda s: seal_request(s, config=["x"]),
    "record of another prompt": lambda s: seal_request(s, prompt="a blue square"),
    "record of another model": lambda s: seal_request(s, model="gemini-3-pro-image"),
    "record of another take": lambda s: seal_request(s, take=1),
    "record of another input image": lambda s: seal_request(s, inputs=[{"sha256": "a", "mime_type": "x"}]),
    "record without pictures": lambda s: resealed(s, lambda whole: whole["reply"].update(images=[])),
    "record without a reply": lambda s: resealed(s, lambda whole: whole.pop("reply")),
    "record whose picture has another digest": seal_other_picture,
    "record whose picture is none": seal_no_picture,
    "record that leads outside": seal_path_outside,
    "record with a picture of an unknown type": lambda s: seal_image(s, mime_type="image/svg+xml"),
    "record with a picture of unknown source": lambda s: seal_image(s, source="elsewhere"),
    "record whose content is no digest": lambda s: resealed(
        s, lambda whole: whole["reply"].update(content="../x")
    ),
    "record of a gigabyte": lambda s: make_sparse(record_of(s), 2**30),
    "record nested without end": lambda s: put(record_of(s), b"[" * 10**6),
    "record nested in itself": lambda s: put(record_of(s), b'{"checksum":' * 10**5 + b"1" + b"}" * 10**5),
    "record with NaN": lambda s: replace_text(record_of(s), '"take": 0', '"take": NaN'),
    "record with a number of 10,000 digits": lambda s: replace_text(
        record_of(s), '"take": 0', '"take": ' + "9" * 10_000
    ),
    "record that is a list": lambda s: put(record_of(s), b"[1, 2]"),
    "record that is null": lambda s: put(record_of(s), b"null"),
    "record in UTF-16": lambda s: encode_as(record_of(s), "utf-16"),
    "record with a byte order mark": lambda s: put(
        record_of(s), codecs.BOM_UTF8 + record_of(s).read_bytes()
    ),
    "record that is no text": lambda s: put(record_of(s), RIGHT),
    "folder in the record's place": lambda s: make_folder(record_of(s)),
    "link in the record's place": lambda s: make_link(record_of(s)),
    "pipe in the record's place": lambda s: make_pipe(record_of(s)),
    "store gone": lambda s: shutil.rmtree(s.folder),
    "file in the store's place": lambda s: make_file(s.folder),
}  # fmt: skip


@pytest.mark.parametrize("damage", MISSES.values(), ids=MISSES)
def test_promise_20_a_damaged_entry_is_a_miss(store, damage):
    damage(store)
    assert store.find(ASKED) is None
    assert not store.holds(ASKED)


READ_ALL = {name: MISSES[name] for name in MISSES if "store" not in name}


@pytest.mark.parametrize("damage", READ_ALL.values(), ids=READ_ALL)
def test_promise_20_damage_to_one_entry_breaks_no_other_reading(store, damage):
    store.keep(answer("a third", png(3, 3)))
    damage(store)
    report = store.verify()
    assert "a third" in {one.prompt for one in store.records()}
    assert nearest.find(ASKED, store.records()) is not None
    assert store.content(ASKED) in (None, {"parts": []})
    assert report.records >= 1


NO_RECORDS = [name for name in MISSES if name.startswith(("another's record under", "record that leads"))]


@pytest.mark.parametrize("name", NO_RECORDS)
def test_promise_20_a_record_that_is_not_what_its_name_says_is_told_and_not_listed(store, name):
    MISSES[name](store)
    assert [one.prompt for one in store.records()] == [ELSE.prompt]
    assert record_of(store) in [problem.path for problem in store.verify().problems]


@pytest.mark.skipif(is_root(), reason="root reads everything")
@pytest.mark.parametrize("path", [record_of, image_of], ids=["record", "image"])
def test_promise_20_a_file_that_may_not_be_read_is_a_miss(store, path):
    path(store).chmod(0)
    assert store.find(ASKED) is None


def line_ends(store: Store) -> None:
    put(record_of(store), record_of(store).read_bytes().replace(b"\n", b"\r\n"))


def minified(store: Store) -> None:
    put(record_of(store), json.dumps(json.loads(record_of(store).read_bytes())).encode())


def read_only(store: Store) -> None:
    record_of(store).chmod(0o444)


def linked_store(store: Store) -> None:
    moved = store.folder.rename(store.folder.with_name("elsewhere"))
    store.folder.symlink_to(moved)


HARMLESS = {
    "line ends that git rewrote": line_ends,
    "white space": minified,
    "modes of a checkout": read_only,
    "another time": lambda s: os.utime(record_of(s), (0, 0)),
    "contents gone": lambda s: shutil.rmtree(s.folder / "contents"),
    "README and .gitignore gone": lambda s: [(s.folder / n).unlink() for n in ("README.md", ".gitignore")],
    "strangers": lambda s: put(s.folder / "records" / "notes.txt", b"mine"),
    "the store is a link": linked_store,
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_changes_no_meaning_stays_a_hit(store, change):
    change(store)
    assert store.find(ASKED).image.data == RIGHT


@pytest.mark.parametrize("at", range(0, 1200, 7))
def test_promise_20_a_record_with_any_bit_flipped_gives_no_other_picture(store, at):
    path = record_of(store)
    flip(path, at % len(path.read_bytes()))
    found = store.find(ASKED)
    assert found is None or found.image.data == RIGHT
    assert store.holds(ASKED) is (found is not None)


def test_a_draft_that_is_damaged_is_left_out(tmp_path):
    store, kept = Store(tmp_path / "store"), full_answer()
    store.keep(kept)
    image_of(store, kept.drafts[0].data).unlink()
    found = store.find(kept.request)
    assert (len(found.images), found.drafts) == (2, ())
