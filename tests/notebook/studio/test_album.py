"""The pictures of a session, which all of its studios show."""

from __future__ import annotations

import pytest

from gemini_nb.errors import ArgumentError
from gemini_nb.notebook.studio.album import Album
from support.albums import Watcher, album_of, numbers, prompts
from support.generations import answer
from support.studios import Visitor, visiting

pytestmark = pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")


def three() -> Album:
    return album_of(*map(answer, ("one", "two", "three")))


def test_a_second_studio_shows_what_the_first_makes():
    with visiting() as (visitor, _):
        other = Visitor(visitor.shell)
        visitor.generate("a red square")
        assert len(other.studio.pictures) == 1
        assert [entry["prompt"] for entry in other.widget.entries] == ["a red square"]


def test_a_removed_picture_is_gone_and_its_number_is_not_used_again():
    album = three()
    album.remove(2)
    album.add(answer("four"))
    assert prompts(album) == ["one", "three", "four"]
    assert numbers(album) == [1, 3, 4]


def test_a_removed_picture_comes_back_in_its_place():
    album = three()
    album.remove(1)
    album.remove(2)
    assert album.restore().number == 2
    assert album.restore().number == 1
    assert prompts(album) == ["one", "two", "three"]
    with pytest.raises(ArgumentError, match="no removed picture"):
        album.restore()


def test_a_removed_picture_that_is_made_again_has_its_number():
    album = three()
    album.remove(2)
    assert album.add(answer("two")).number == 2
    assert album.removed == ()


def test_a_picture_that_is_there_keeps_its_number_and_its_mark():
    album = three()
    album.set_favourite(1, True)
    entry = album.add(answer("one"))
    assert (entry.number, entry.is_favourite) == (1, True)


def test_every_change_is_told():
    album = three()
    watcher = Watcher(album)
    album.set_favourite(1, True)
    album.remove(1)
    album.restore()
    album.set_path(album.find(1), "one.png")
    album.add(answer("four"))
    assert watcher.changes == 5
    album.unwatch(watcher)
    album.remove(1)
    assert watcher.changes == 5


@pytest.mark.parametrize("change", [Album.find, Album.remove])
def test_a_number_that_nothing_has_is_said(change):
    with pytest.raises(ArgumentError, match="There is no "):
        change(three(), 9)


def test_a_removed_picture_is_said_to_be_removed():
    album = three()
    album.remove(1)
    with pytest.raises(ArgumentError, match="was removed"):
        album.find(1)


def test_takes_that_were_removed_may_be_made_again():
    album = three()
    request = album.find(1).generation.request
    assert album.known_takes(request) == {0}
    album.remove(1)
    assert album.known_takes(request) == set()
