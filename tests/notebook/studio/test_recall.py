"""Pictures brought back in a fresh kernel: of this notebook alone, from the store, else painted again."""

from __future__ import annotations

import json

import pytest

from gemini_nb import event_loop
from gemini_nb.notebook.studio.album import Album
from gemini_nb.notebook.studio.album_record import parse
from gemini_nb.notebook.studio.recall import CellMemory, recall
from gemini_nb.store.store import Store
from support.albums import Painter, album_of, numbers, prompts
from support.generations import answer
from support.images import png
from support.shells import a_shell

SECONDS = 60
CELL = "c0ffee00-cell"


def brought_back(album, store=None, into=None):
    """What another kernel makes of an album's record, as it is saved."""
    fresh = Album() if into is None else into
    record = parse(json.loads(json.dumps(album.record())))
    event_loop.run(recall_with(fresh, record, store))
    return fresh


def recall_with(album, record, store):
    async def run():
        await recall(album, record, store=store, find_painter=Painter())

    return run


def digests(album):
    return [entry.key for entry in album.entries]


def test_paid_pictures_come_from_the_store(tmp_path):
    store, generations = Store(tmp_path / "store"), [answer("one", png(4, 4)), answer("two", png(5, 5))]
    for generation in generations:
        store.keep(generation)
    store.keep(answer("of another notebook"))
    album = album_of(*generations)
    album.set_favourite(2, True)
    fresh = brought_back(album, store)
    assert digests(fresh) == digests(album)
    assert [entry.is_favourite for entry in fresh.entries] == [False, True]
    assert [entry.created for entry in fresh.entries] == [entry.created for entry in album.entries]
    assert fresh.record() == album.record()


def test_paintings_are_painted_again_and_what_was_made_of_them(tmp_path):
    painter = Painter()
    boat = painter.paint("a boat")
    night = painter.paint("at night", boat)
    album = album_of(boat, night, painter.paint("a red fox", take=2))
    fresh = brought_back(album)
    assert digests(fresh) == digests(album)
    assert fresh.entries[1].generation.request.images[0].sha256 == boat.image.sha256
    assert fresh.recall_note == ""


def test_an_edit_with_a_mask_is_painted_again_and_changes_nothing_outside():
    painter = Painter()
    boat = painter.paint("a boat")
    album = album_of(boat, painter.paint("at night", boat, mask=(10, 10, 80, 60), feather=4))
    assert digests(brought_back(album)) == digests(album)


def test_a_picture_that_was_removed_serves_those_made_of_it_and_is_not_shown():
    painter = Painter()
    boat = painter.paint("a boat")
    album = album_of(boat, painter.paint("at night", boat))
    album.remove(1)
    fresh = brought_back(album)
    assert prompts(fresh) == ["at night"]
    assert fresh.restore().generation.image.sha256 == boat.image.sha256


def test_what_cannot_come_back_is_counted_in_one_line(tmp_path):
    painter = Painter()
    boat = painter.paint("a boat")
    album = album_of(answer("never stored"), painter.paint("at night", png(9, 9)), boat)
    fresh = brought_back(album)
    assert (prompts(fresh), numbers(fresh)) == (["a boat"], [3])
    assert fresh.recall_note.startswith("2 earlier pictures could not be brought back")
    assert len(fresh.recall_note.splitlines()) == 1
    assert fresh.record() == album.record()  # a later kernel may find them


def test_a_file_that_a_painting_was_made_from_is_read_again(tmp_path):
    data = png(9, 9)
    (tmp_path / "mine.png").write_bytes(data)
    album = Album()
    album.add(Painter().paint("at night", data), sources=["mine.png"])
    assert prompts(brought_back(album)) == ["at night"]
    (tmp_path / "mine.png").write_bytes(png(8, 8))
    assert prompts(brought_back(album)) == []


def test_numbers_that_are_taken_are_not_given_twice():
    painter = Painter()
    boat, fox = painter.paint("a boat"), painter.paint("a red fox")
    album = album_of(boat)
    album.add(painter.paint("at night", boat), sources=["#1"])
    fresh = brought_back(album, into=album_of(fox))
    assert prompts(fresh) == ["a red fox", "at night", "a boat"]
    assert numbers(fresh) == [1, 2, 3]
    assert fresh.find(2).sources == ("#3",)
    assert fresh.add(answer("new")).number == 4


def test_a_picture_that_is_there_is_not_brought_back_twice():
    boat = Painter().paint("a boat")
    album = album_of(boat)
    assert numbers(brought_back(album, into=album)) == [1]


def test_a_picture_that_was_made_again_in_the_meantime_has_its_number():
    boat = Painter().paint("a boat")
    record = parse(album_of(answer("gone"), boat).record())
    album = Album()
    rows = album.expect(record.rows, next_number=record.next_number)
    assert album.recall_note == "Bringing back 2 earlier pictures…"
    assert album.add(boat).number == 2
    album.give_up(rows)
    assert numbers(album) == [2]
    assert album.recall_note.startswith("1 earlier picture ")


@pytest.mark.parametrize(
    "request_facts",
    [
        {"prompt": " "},
        {"prompt": "a boat", "model": []},
        {"prompt": "a boat", "take": "x"},
        {"prompt": "a boat", "config": "x"},
        {"prompt": "a boat", "extra": {"contents": []}},
        {"prompt": "a boat", "image_size": {"a": 1}},
        {"prompt": "a boat", "mask": {"png": "x", "feather": 0}},
        {"prompt": "a boat", "mask": {"png": "", "feather": True}},
        {"prompt": "a boat", "config": {"a": json.loads("[" * 900 + "]" * 900)}},
    ],
    ids=lambda facts: str(facts)[:60],
)
def test_a_request_that_nobody_can_ask_is_counted_and_the_others_come(request_facts):
    record = album_of(answer("odd"), Painter().paint("a boat")).record()
    record["pictures"][0]["request"] = request_facts
    album = Album()
    event_loop.run(recall_with(album, parse(record), None))
    assert numbers(album) == [2]


def test_an_answer_of_a_model_does_not_take_the_place_of_a_painting(tmp_path):
    store, painting = Store(tmp_path / "store"), Painter().paint("a boat")
    store.keep(answer(painting.request, png(7, 7)))
    fresh = brought_back(album_of(painting), store)
    assert digests(fresh) == digests(album_of(painting))


def remembering(shell, album):
    memory = CellMemory(shell.magics.session, album, CELL)
    memory.start()
    memory.recalling.result(SECONDS)
    return memory


def test_the_studio_of_a_cell_has_its_pictures_in_the_next_kernel():
    boat = Painter().paint("a boat")
    with a_shell() as shell:
        memory = remembering(shell, album := Album())
        album.add(boat)
        memory.writing.result(SECONDS)
    with a_shell() as shell:
        remembering(shell, album := Album())
        assert prompts(album) == ["a boat"]
        assert album.find(1).generation.image.sha256 == boat.image.sha256
        later = shell.magics.session.client().generate("without the boat", images=[album.find(1).generation])
        assert later.image.sha256 != boat.image.sha256


def test_a_studio_without_pictures_writes_nothing(tmp_path):
    with a_shell() as shell:
        remembering(shell, Album())
    assert not (tmp_path / "cache" / "gemini_nb" / "studio").exists()


def test_another_studio_of_the_session_remembers_its_pictures_too(tmp_path):
    with a_shell() as shell:
        remembering(shell, album_of(answer("one"))).writing.result(SECONDS)
    assert (tmp_path / "cache" / "gemini_nb" / "studio").exists()


def test_a_notebook_that_is_locked_to_its_store_still_gets_its_paintings(monkeypatch):
    with a_shell() as shell:
        memory = remembering(shell, album := Album())
        album.add(Painter().paint("a boat"))
        memory.writing.result(SECONDS)
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    with a_shell() as shell:
        remembering(shell, album := Album())
        assert prompts(album) == ["a boat"]
