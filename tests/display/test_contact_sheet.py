"""The page of a contact sheet; tests/browser looks at it in Chromium."""

from __future__ import annotations

import re

import pytest

from gemini_nb.display import contact_sheet
from gemini_nb.display.contact_sheet import Tile
from gemini_nb.images.image import GeneratedImage
from support.generations import picture
from support.html_tags import Tags
from support.images import encoded, png

HOSTILE = '"><img src=http://tracker.invalid/x onerror=alert(1)><script>alert(2)</script>\x1b[2J\ud800 🟥'
SEEN = HOSTILE.replace("\x1b", "�").replace("\ud800", "�")
IMAGE = picture(png(600, 300))


def page_of(*tiles, title="Cards", totals="1 picture", count=None):
    pieces = contact_sheet.render_pieces(tiles, count=count or len(tiles), title=title, totals=totals)
    return b"".join(pieces).decode()


def test_a_picture_is_a_thumbnail_that_links_to_its_original():
    page = Tags(page_of(Tile("a cat", "Oslo", image=IMAGE, link="cats/a%20b.png")))
    (image,) = page.all("img")
    assert image["src"].startswith("data:image/webp;base64,")
    assert (image["alt"], image["width"], image["height"]) == ("a cat", "360", "180")
    assert page.all("a") == [{"href": "cats/a%20b.png"}]


def test_what_is_data_is_downloaded_under_a_name():
    page = Tags(
        page_of(Tile("a cat", "Oslo", image=IMAGE, link="data:image/png;base64,AA", file_name="Oslo.png"))
    )
    assert page.all("a") == [{"href": "data:image/png;base64,AA", "download": "Oslo.png"}]


def test_promise_16_every_text_is_escaped_and_nothing_could_be_fetched():
    tiles = (
        Tile(HOSTILE, HOSTILE, ((HOSTILE, HOSTILE),), IMAGE, link=HOSTILE, file_name=HOSTILE),
        Tile(HOSTILE, HOSTILE, problem=HOSTILE),
    )
    page = Tags(page_of(*tiles, title=HOSTILE, totals=HOSTILE))
    assert page.all("img")[0]["alt"] == SEEN
    assert not {"script", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    sources = [attrs.get("src") or "data:" for _, attrs in page.tags]
    assert all(source.startswith("data:") for source in sources)
    (policy,) = [attrs["content"] for attrs in page.all("meta") if "http-equiv" in attrs]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_a_style_of_the_page_names_no_other_file():
    (style,) = re.findall(r"<style>(.*?)</style>", page_of(), re.DOTALL)
    assert not re.search(r"url\(|@import|http", style)


def test_a_failure_is_said_in_its_place_with_its_caption():
    page = page_of(Tile("a", "Oslo", (("n", "7"),), problem="The prompt was blocked.\nReword it."))
    assert "No picture</strong>The prompt was blocked. Reword it.</div>" in page
    assert "Oslo" in page
    assert "<dt>n:</dt> <dd>7</dd>" in page
    assert "<img" not in page


def test_a_picture_that_cannot_be_drawn_costs_no_other():
    broken = GeneratedImage(encoded("PNG", 64, 64)[:90], "image/png", 64, 64, "inlineData")
    page = page_of(Tile("a", "broken", image=broken), Tile("b", "whole", image=IMAGE))
    assert page.count("<img") == 1
    assert "cannot be decoded" in page


@pytest.mark.parametrize(("count", "width"), [(500, "360"), (501, "240"), (2000, "240"), (2001, "160")])
def test_the_more_pictures_the_smaller_they_are(count, width):
    page = page_of(Tile("a", "", image=IMAGE), count=count)
    assert Tags(page).all("img")[0]["width"] == width


def test_a_tile_is_written_before_the_next_one_is_asked_for():
    drawn = []
    tiles = (drawn.append(number) or Tile("a", str(number), problem="no") for number in range(3))
    pieces = contact_sheet.render_pieces(tiles, count=3, title="", totals="")
    next(pieces)
    assert b"0" in next(pieces)
    assert drawn == [0]
