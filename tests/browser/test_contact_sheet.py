"""The contact sheet of a frame of 40 rows, some of which failed, opened from the disk in Chromium."""

from __future__ import annotations

import io

import pytest

from support.browsers import RUN_AXE
from support.gateway import Answer, Gateway
from support.jupyter_lab import take_screenshot
from support.numbered_pictures import BLOCKED
from support.replies import inline, reply
from support.shells import a_shell, prompt_of

COUNT = 40
CELL = "%%gemini_image cards --each frame --max-cost 10 --concurrency 8 -q\n{{what}}, number {{number}}"
WIDE, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def photos():
    """Three photographs in different formats, as a model would send them."""
    from PIL import Image
    from skimage import data

    encoded = []
    for pixels in (data.astronaut(), data.coffee(), data.chelsea()):
        image = Image.fromarray(pixels)
        image.thumbnail((320, 320))
        image.save(into := io.BytesIO(), "PNG")
        encoded.append(inline(into.getvalue()))
    return encoded


@pytest.fixture(scope="module")
def cards(photos, tmp_path_factory):
    """The frame, and the batch that a cell made of it."""
    pandas = pytest.importorskip("pandas")

    def script(request):
        number = int(prompt_of(request).split()[-1])
        if number % 10 == 7:
            return BLOCKED
        if number % 10 == 3:
            return Answer({"error": {"code": 502, "message": "<b>Bad</b> gateway"}}, status=502)
        return Answer(reply(photos[number % 3]))

    frame = pandas.DataFrame(
        {
            "what": ["Łódź by day", "a <i>cat</i>", "日本の橋", "coffee & cake"] * 10,
            "number": range(COUNT),
            "status": ["draft"] * COUNT,
        },
        index=pandas.Index([f"card-{number:02}" for number in range(COUNT)], name="card"),
    )
    with Gateway(script) as gateway, a_shell(gateway.url) as shell:
        shell.magics.store = "off"
        shell.names["frame"] = frame
        assert shell.run(CELL).error is None
        return frame, shell.names["cards"]


@pytest.fixture(scope="module")
def sheet(cards, tmp_path_factory):
    _, batch = cards
    path = tmp_path_factory.mktemp("sheet") / "sheet.html"
    return batch.to_html(path, columns=["card", "what", "number"], title="Cards of <spring>")


def test_the_frame_is_joined_to_what_came(cards):
    frame, batch = cards
    joined = frame.join(batch.to_frame())
    assert joined.index.equals(frame.index)
    failed = joined[joined["image_status"] == "failed"]
    assert list(failed["number"]) == [number for number in range(COUNT) if number % 10 in (3, 7)]
    assert list(joined["prompt"]) == [f"{row.what}, number {row.number}" for row in frame.itertuples()]
    assert batch["card-08"].prompt == "Łódź by day, number 8"


@pytest.fixture
def open_sheet(browser, sheet):
    """Open the page with a colour scheme at a size; what it asks for is in `asked`."""
    contexts = []

    def opened(scheme="light", size=WIDE):
        context = browser.new_context(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
        contexts.append(context)
        page = context.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(sheet.as_uri())
        page.evaluate("() => [...document.images].forEach(image => { image.loading = 'eager'; })")
        page.wait_for_function("() => [...document.images].every(i => i.complete && i.naturalWidth > 0)")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("scheme", "size"), [("light", PHONE), ("dark", WIDE)], ids=["light", "dark"])
def test_the_page_is_readable_and_asks_for_nothing(open_sheet, sheet, axe, scheme, size):
    page = open_sheet(scheme, size)
    take_screenshot(page, f"sheet-{scheme}")
    assert [url for url in page.asked if not url.startswith("data:")] == [sheet.as_uri()]
    assert page.evaluate("() => document.documentElement.scrollWidth") == size[0]
    assert page.locator("img").count() == COUNT - 8
    page.evaluate(axe)
    assert page.evaluate(RUN_AXE, ["all", []]) == []


def test_its_words_are_those_of_the_frame_and_of_the_failures(open_sheet):
    page = open_sheet()
    assert page.title() == page.locator("h1").inner_text() == "Cards of <spring>"
    assert "40 pictures: 32 made, 8 failed" in page.locator("header").inner_text()
    tiles = [tile.inner_text() for tile in page.locator("li").all()]
    assert tiles[2].splitlines() == ["card: card-02", "what: 日本の橋", "number: 2"]
    assert "No picture\n" in tiles[3]
    assert "<b>Bad</b> gateway" in tiles[3]
    assert "safety filter" in tiles[7]


def test_a_phone_shows_two_in_a_row_and_an_original_is_one_touch_away(open_sheet):
    page = open_sheet(size=PHONE)
    tops = page.evaluate("() => [...document.querySelectorAll('li')].map(i => i.getBoundingClientRect().top)")
    assert tops[0] == tops[1] < tops[2]
    with page.expect_download() as download:
        page.locator("a").first.click()
    assert download.value.suggested_filename == "Łódź-by-day-0.png"


def test_no_tile_is_broken_over_printed_pages_and_paper_is_white(open_sheet):
    page = open_sheet("dark")
    page.emulate_media(media="print")
    style = "() => { const s = getComputedStyle; return [s(document.querySelector('li')).breakInside,"
    style += " s(document.querySelector('li')).contentVisibility, s(document.body).backgroundColor]; }"
    assert page.evaluate(style) == ["avoid", "visible", "rgb(255, 255, 255)"]
