"""Which saved files may be replaced, since they could be made again."""

from __future__ import annotations

import json
import os
from hashlib import sha256

import pytest

from gemini_nb.errors import SaveError
from gemini_nb.store import saved_files
from gemini_nb.store.replay import Replay
from support.generations import answer
from support.images import jpeg, png

BLUE = (0, 0, 255)
pytestmark = pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")


def kept(store, *pictures, mode="auto", provider="crazyrouter"):
    """Answers as a client of a store returns them, kept there unless they are painted offline."""
    replay = Replay(store.folder, mode)
    for data in pictures:
        made = answer(f"{len(data)} bytes", data, provider=provider)
        yield replay.with_archive(replay.add_path(replay.keep(made, None, None) or made))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a"])
def test_a_picture_of_the_store_is_replaced_by_the_next(store, tmp_path, name):
    first, second = kept(store, png(), png(5, 5, BLUE))
    path = first.save(tmp_path / name)
    before = path.read_bytes()
    assert first.save(tmp_path / name) == path
    assert second.save(tmp_path / name) == path
    assert path.read_bytes() != before
    first.save(tmp_path / name)
    assert path.read_bytes() == before


def test_a_picture_knows_its_store_in_another_process_no_more(store, tmp_path):
    import pickle

    first, second = kept(store, png(), png(5, 5, BLUE))
    first.save(tmp_path / "a.png")
    with pytest.raises(SaveError):
        pickle.loads(pickle.dumps(second)).save(tmp_path / "a.png")


def lose_picture(store):
    for path in (store.folder / "images").glob("*.png"):
        path.unlink()


def alter_picture(store):
    for path in (store.folder / "images").glob("*.png"):
        path.write_bytes(path.read_bytes() + b"x")


def rewrite(**changes):
    def act(store):
        for path in (store.folder / "saved").iterdir():
            path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return act


LOST = {
    "the store has lost the picture": ("a.png", lose_picture),
    "the store's picture was altered": ("a.png", alter_picture),
    "what it was converted from is lost": ("a.jpg", lose_picture),
    "what it was converted from was altered": ("a.jpg", alter_picture),
    "the store was cleared": ("a.jpg", lambda store: store.clear()),
    "a later version has written about it": ("a.jpg", rewrite(format=2)),
    "it names no digest": ("a.jpg", rewrite(sha256="../../x")),
    "it names no type": ("a.jpg", rewrite(mime_type=[])),
    "it has other facts": ("a.jpg", rewrite(more=1)),
}


@pytest.mark.parametrize(("name", "lose"), LOST.values(), ids=LOST)
def test_what_could_not_be_made_again_is_not_replaced(store, tmp_path, name, lose):
    (first,) = kept(store, png())
    path = first.save(tmp_path / name)
    before = path.read_bytes()
    lose(store)
    (second,) = kept(store, jpeg(5, 5, BLUE))
    with pytest.raises(SaveError, match="exists already"):
        second.save(path)
    assert path.read_bytes() == before


SEEN = {
    "sound": (None, 0),
    "of a later version": (rewrite(format=2), 0),
    "altered": (rewrite(format=None), 1),
}


@pytest.mark.parametrize(("change", "problems"), SEEN.values(), ids=SEEN)
def test_verify_reads_what_is_kept_of_saved_files(store, tmp_path, change, problems):
    (first,) = kept(store, png())
    first.save(tmp_path / "a.jpg")
    if change:
        change(store)
    found = store.verify().problems
    assert [problem.path.parent.name for problem in found] == ["saved"] * problems


def test_what_another_encoder_has_converted_is_left_alone(store, tmp_path):
    (first,) = kept(store, png())
    path = first.save(tmp_path / "a.jpg")
    (record,) = (store.folder / "saved").iterdir()
    other = path.read_bytes() + b"as another Pillow writes it"
    path.write_bytes(other)
    record.rename(record.with_name(f"{sha256(other).hexdigest()}.json"))
    assert first.save(path).read_bytes() == other


def test_with_replay_off_the_store_is_not_asked(store, tmp_path):
    (first,) = kept(store, png())
    first.save(tmp_path / "a.png")
    (second,) = kept(store, png(5, 5, BLUE), mode="off")
    with pytest.raises(SaveError):
        second.save(tmp_path / "a.png")


def test_a_link_in_the_way_is_not_replaced(store, tmp_path):
    first, second = kept(store, png(), png(5, 5, BLUE))
    first.save(tmp_path / "there.png")
    (tmp_path / "a.png").symlink_to("there.png")
    assert first.save(tmp_path / "a.png") == tmp_path / "a.png"  # it holds the picture
    with pytest.raises(SaveError):
        second.save(tmp_path / "a.png")


def test_a_store_that_cannot_be_written_costs_no_file(store, tmp_path):
    (first,) = kept(store, png())
    (store.folder / "saved").write_text("in the way")
    assert first.save(tmp_path / "a.jpg").exists()


def test_what_was_painted_offline_is_replaced_until_it_is_forgotten(store, tmp_path):
    first, second = kept(store, png(), png(5, 5, BLUE), provider="offline")
    assert not store.folder.exists()
    for made in (first, second, first):
        made.save(tmp_path / "a.png")
        made.save(tmp_path / "a.jpg")
    painted = saved_files._painted_file()
    assert painted.stat().st_mode & 0o777 == 0o600
    assert len(painted.read_text().splitlines()) == 4
    painted.unlink()
    with pytest.raises(SaveError):
        second.save(tmp_path / "a.png")


def test_the_list_of_what_was_painted_is_bounded(store, tmp_path):
    painted = saved_files._painted_file()
    painted.parent.mkdir(parents=True)
    digests = [sha256(str(number).encode()).hexdigest() for number in range(17_000)]
    painted.write_text("".join(f"{digest}\n" for digest in digests))
    first, second = kept(store, png(), png(5, 5, BLUE), provider="offline")
    first.save(tmp_path / "a.png")
    assert painted.read_text().splitlines() == [*digests[8_500:], first.image.sha256]
    second.save(tmp_path / "a.png")


def test_a_link_in_place_of_the_list_is_not_written_through(store, tmp_path):
    painted, mine = saved_files._painted_file(), tmp_path / "mine.txt"
    painted.parent.mkdir(parents=True)
    mine.write_text("my notes")
    painted.symlink_to(mine)
    (first,) = kept(store, png(), provider="offline")
    assert first.save(tmp_path / "a.png").exists()
    assert mine.read_text() == "my notes"


@pytest.mark.skipif(os.name == "nt", reason="modes")
def test_what_is_kept_of_a_saved_file_is_private_and_has_no_prompt(store, tmp_path):
    (first,) = kept(store, png())
    first.save(tmp_path / "a.jpg")
    (path,) = (store.folder / "saved").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stem == sha256((tmp_path / "a.jpg").read_bytes()).hexdigest()
    assert json.loads(path.read_text()) == {
        "format": 1,
        "sha256": first.image.sha256,
        "mime_type": "image/png",
        "is_on_white": False,
    }
