"""Batch.save: all pictures into a folder, under their labels, once however often it is called."""

from __future__ import annotations

import warnings

import pytest

from gemini_nb import Batch, ImageRequest
from gemini_nb.errors import BlockedError, GeminiWarning, ImageLostError, SaveError
from support.generations import answer, picture
from support.images import png
from support.warned import messages


def batch_of(*outcomes, labels=()):
    requests = tuple(getattr(one, "request", ImageRequest("a failure")) for one in outcomes)
    return Batch(requests, outcomes, labels=labels)


def made(width):
    return answer(images=(picture(png(width)),))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_pictures_are_saved_under_their_labels_in_order(tmp_path):
    paths = batch_of(made(2), made(1), labels=("b/ü", "NUL")).save(tmp_path / "new" / "cards")
    assert [path.name for path in paths] == ["b-ü.png", "NUL-.png"]
    assert [path.read_bytes() for path in paths] == [png(2), png(1)]


def test_without_labels_the_prompts_are_the_names(tmp_path):
    assert [path.name for path in batch_of(answer("a red square")).save(f"{tmp_path}")] == [
        "a-red-square.png"
    ]


def test_called_again_it_leaves_alone_what_it_has_saved(tmp_path):
    batch = batch_of(made(1), made(2), made(1), labels=("a", "a", "a"))
    first = batch.save(tmp_path)
    stamps = [path.stat().st_mtime_ns for path in first]
    assert batch.save(tmp_path) == first == [tmp_path / "a.png", tmp_path / "a-2.png", tmp_path / "a.png"]
    assert [path.stat().st_mtime_ns for path in first] == stamps
    assert names(tmp_path) == ["a-2.png", "a.png"]


def test_many_pictures_of_one_label_are_numbered_in_order(tmp_path):
    outcomes = [made(1), BlockedError("no"), made(2), made(3)]
    with pytest.warns(GeminiWarning, match="1 of 4 pictures"):
        paths = batch_of(*outcomes, labels=("a",) * 4).save(tmp_path)
    assert [path.name for path in paths] == ["a.png", "a-2.png", "a-3.png"]
    assert [path.read_bytes() for path in paths] == [png(1), png(2), png(3)]


def test_promise_15_a_file_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "a.png").write_text("mine")
    assert batch_of(made(1), labels=("a",)).save(tmp_path) == [tmp_path / "a-2.png"]
    assert (tmp_path / "a.png").read_text() == "mine"


def test_what_has_no_picture_is_said(tmp_path):
    batch = batch_of(made(1), BlockedError("no"), *[None] * 9, labels=("a", "b", *"cdefghijk"))
    with pytest.warns(GeminiWarning) as said:
        assert batch.save(tmp_path) == [tmp_path / "a.png"]
    assert messages(said)[0] == (
        "10 of 11 pictures not saved, since they were not made: b (BlockedError), c (not asked), "
        "d (not asked), e (not asked), f (not asked), g (not asked), h (not asked), i (not asked) and 2 more."
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", GeminiWarning)
        assert len(batch[:1].save(tmp_path)) == 1


def test_one_that_cannot_be_saved_keeps_no_other_from_it(tmp_path):
    lost = made(1)
    held = lost.image.at(lost.save(tmp_path / "lost.png"))
    held.held.forget()
    (tmp_path / "lost.png").unlink()
    folder = tmp_path / "cards"
    with pytest.raises(ImageLostError, match="lost"):
        batch_of(answer(images=(held,)), made(2), labels=("a", "b")).save(folder)
    assert names(folder) == ["b.png"]


@pytest.mark.parametrize("folder", ["file", "a\0b", "~nobody-of-this-name/x"])
def test_a_folder_that_can_be_none_is_said_to_be_so(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SaveError):
        batch_of(made(1)).save(folder)
    assert names(tmp_path) == ["file"]
