"""The store's other pictures, page by page, and those that are chosen of them."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gemini_nb.notebook.studio.store_listing import StoreListing
from gemini_nb.store import record as records
from gemini_nb.store.store import Store
from support.albums import album_of, prompts
from support.generations import answer
from support.images import encoded, png


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def kept(store, count):
    """Answers in a store, each made a minute after the one before."""
    generations = [answer(f"{number} boats", png(4, 4 + number)) for number in range(count)]
    for minute, generation in enumerate(generations):
        store.keep(generation)
        whole = records.to_json(generation)
        whole["reply"]["created"] = f"2026-11-30T12:{minute:02}:00.000+00:00"
        (store.folder / "records" / f"{generation.digest}.json").write_bytes(records.encode(whole))
    return generations


def listed(page):
    return [picture.prompt for picture in page.pictures]


def test_the_newest_come_first_page_by_page(store):
    kept(store, 27)
    listing = StoreListing(store, album_of())
    first, second = listing.read_page(0), listing.read_page(1)
    assert listed(first) == [f"{number} boats" for number in range(26, 2, -1)]
    assert listed(second) == ["2 boats", "1 boats", "0 boats"]
    assert (first.next, second.next) == (1, 0)
    assert listed(listing.read_page(9)) == []


def test_what_the_album_shows_is_not_offered(store):
    generations = kept(store, 3)
    album = album_of(generations[1])
    assert listed(StoreListing(store, album).read_page()) == ["2 boats", "0 boats"]
    album.remove(1)
    assert listed(StoreListing(store, album).read_page()) == ["2 boats", "1 boats", "0 boats"]


def test_what_is_chosen_is_in_the_album_as_it_was_made(store):
    generations, album = kept(store, 3), album_of()
    StoreListing(store, album).add([generations[2].digest, generations[0].digest, "a" * 64, "../x"])
    assert prompts(album) == ["2 boats", "0 boats"]
    assert [entry.created[:16] for entry in album.entries] == ["2026-11-30T12:02", "2026-11-30T12:00"]
    assert album.find(1).generation.replayed


def test_a_picture_to_choose_has_a_thumbnail_and_its_facts(store):
    store.keep(answer("a  boat\n<b>at night", encoded("PNG", 640, 320), seconds=31))
    (picture,) = StoreListing(store, album_of()).read_page().pictures
    thumbnail = Image.open(io.BytesIO(picture.thumbnail))
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (160, 80))
    assert picture.prompt == "a boat <b>at night"
    assert picture.facts.startswith("gemini-3.1-flash-image-preview · 640 × 320 · $0.067")


def test_records_that_cannot_be_read_cost_no_other(store, tmp_path):
    generations = kept(store, 4)
    paths = [store.folder / "records" / f"{generation.digest}.json" for generation in generations]
    paths[0].write_text("{}")
    paths[1].write_bytes(paths[1].read_bytes().replace(b"1 boats", b"9 boats"))
    store.image_path(generations[2].image).unlink()
    assert listed(StoreListing(store, album_of()).read_page()) == ["3 boats"]


def test_a_store_that_is_not_there_is_empty(store):
    page = StoreListing(store, album_of()).read_page()
    assert (page.pictures, page.next) == ((), 0)


def test_only_the_records_of_the_page_are_read_whole(store):
    for generation in kept(store, 27)[:3]:
        path = store.folder / "records" / f"{generation.digest}.json"
        path.write_bytes(path.read_bytes()[:-20])
    listing = StoreListing(store, album_of())
    assert (len(listing.read_page(0).pictures), listing.read_page(0).next) == (24, 1)
    assert listed(listing.read_page(1)) == []
