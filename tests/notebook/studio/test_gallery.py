"""The gallery as a notebook saves it."""

from __future__ import annotations

import json
import re

import pytest

from gemini_nb.notebook.studio.gallery import Gallery
from support.albums import album_of
from support.generations import answer
from support.images import PNG_END, chunk, encoded, png
from support.pngs import random_png
from support.studios import visiting

pytestmark = pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")


def rendered(*generations, **options):
    return Gallery().render(album_of(*generations).entries, **options)


def pages(count, **options):
    generations = [answer(f"{number} boats", encoded("PNG", 8 + number, 8)) for number in range(1, count + 1)]
    return rendered(*generations, **options)[0]["text/html"]


def test_the_gallery_is_updated_in_its_place():
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        (_, first), *_, (_, last) = visitor.shown
        assert (first["update"], last["update"]) == (False, True)
        assert first["transient"] == last["transient"]
        assert [row["number"] for row in last["metadata"]["gemini_nb"]["pictures"]] == [1]


def test_the_page_s_script_finds_it_and_a_reader_is_told_what_to_do():
    page = pages(1, studio_id='model"7')
    assert page.startswith('<div class="gemini-nb-gallery" data-gemini-nb-studio="model&quot;7"')
    assert page.count("Run this cell for the controls") == 1


def test_a_terminal_is_told_what_the_controls_need():
    bundle, _ = rendered(answer("a boat"))
    assert (
        bundle["text/plain"].splitlines()[-1]
        == "The studio's controls need a notebook page that shows widgets."
    )


def test_the_record_is_the_output_s_metadata():
    album = album_of(answer("a boat"))
    assert Gallery().render(album.entries, record=album.record())[1] == {"gemini_nb": album.record()}
    assert Gallery().render(album.entries)[1] == {}


def test_the_newest_are_shown_and_the_chosen_one_is_the_first():
    page = pages(30, selected=2)
    alts = re.findall(r'alt="(\d+) boats"', page)
    assert alts == ["2", *map(str, range(30, 6, -1))]
    assert "and 5 older" in page


def test_a_favourite_has_a_star():
    album = album_of(answer("a boat"))
    album.set_favourite(1, True)
    bundle, _ = Gallery().render(album.entries)
    assert "1 ★ · a boat" in bundle["text/html"]
    assert "1 ★ · a boat" in bundle["text/plain"]


@pytest.mark.parametrize("mode", ["aside", "over", "blink"])
def test_two_pictures_are_compared_as_the_notebook_was_left(mode):
    page = pages(3, selected=3, compared=1, comparison=mode)
    checked = re.findall(r'value="(\w+)"[^>]* checked>', page)
    assert checked == [mode, "50"]
    assert re.findall(r'alt="(\d+) boats"', page) == ["3", "1", "2"]


def test_radio_buttons_of_two_galleries_are_apart():
    names = [set(re.findall(r'name="([^"]+)"', pages(2, selected=1, compared=2))) for _ in range(2)]
    assert len(names[0]) == 2
    assert not names[0] & names[1]


def test_a_picture_takes_no_more_than_200_kb_however_hard_it_is_to_encode():
    album = album_of(answer("noise", random_png(1024, 1024)))
    bundle, metadata = Gallery().render(album.entries, selected=1, record=album.record())
    assert len(json.dumps([bundle, metadata])) < 220_000


def test_what_does_not_decode_is_said_in_its_place():
    broken = png()[:33] + chunk(b"IDAT", b"no pixels") + PNG_END
    page = rendered(answer("a boat", broken), answer("a fox"))[0]["text/html"]
    assert "cannot be decoded" in page
    assert 'alt="a fox"' in page


def test_prompts_are_escaped():
    page = rendered(answer('"><script>alert(1)</script>'))[0]["text/html"]
    assert "<script" not in page


def test_a_gallery_without_pictures_says_so():
    bundle, _ = rendered()
    assert "No pictures yet" in bundle["text/html"]
    assert "image/jpeg" not in bundle
