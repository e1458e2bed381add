"""Source pictures and masks in the studio: how they come, what is seen of them, and what is sent."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from support.gateway import Answer, Gateway
from support.jupyter_lab import open_studio, studio_cell
from support.masks import changed
from support.replies import inline, reply
from support.studio_page import CHIPS, LARGE, STUDIO, chip_button, choose, drop, expect_texts, paste, stroke

VARIABLE = "from PIL import Image; red = Image.new('RGB', (40, 30), 'red')"
GREEN = (1, 200, 30)


def pictures_of(request) -> list[bytes]:
    """The pictures that a request carries."""
    import base64

    parts = request.json["contents"][0]["parts"]
    return [base64.b64decode(part["inlineData"]["data"]) for part in parts if "inlineData" in part]


@pytest.fixture
def files(tmp_path, photo):
    """A picture, words that call themselves one, and a file that no request takes."""
    picture, words, large = (tmp_path / name for name in ("my photo.png", "words.png", "large.png"))
    picture.write_bytes(photo)
    words.write_text("no picture")
    with large.open("wb") as file:
        file.truncate(20_000_001)
    return picture, words, large


def test_sources_come_by_every_way_and_what_is_no_picture_says_so(lab, gateway, files, photo):
    picture, words, large = files
    path = picture.with_name("by_path.png")
    Image.new("RGB", (64, 48)).save(path)
    gateway.files["/linked.png"] = (photo, "image/png")
    with open_studio(lab, "ways", studio_cell(gateway, VARIABLE)) as page:
        page.generate("a red fox")
        page.pictures(1)
        page.upload(picture, words)
        expect_texts(page, CHIPS, "my_photo.png", "words.png")
        page.upload(large)
        expect_texts(page, CHIPS, "my_photo.png", "words.png", "large.png")
        expect_texts(page, f"{CHIPS}.problem", "PNG, JPEG, WebP", "20.0 MB; a request takes 20 MB")
        page.generate("not sent")
        page.alerts("Remove this source first")
        for left in (["my_photo.png", "large.png"], ["my_photo.png"]):
            chip_button(page, 1, "Remove source").press("Enter")
            expect_texts(page, CHIPS, *left)
            page.tab.wait_for_function("() => document.activeElement.closest('.gemini-nb-studio')")
        chip_button(page, 0, "Remove source").click()
        drop(page, picture)
        expect_texts(page, CHIPS, "my_photo.png")
        paste(page, "pasted here.png", photo)
        expect_texts(page, CHIPS, "my_photo.png", "pasted_here.png")
        page.press("Copy image")
        page.says("is copied")
        page.field("Prompt").press("Control+v")
        expect_texts(page, CHIPS, "my_photo.png", "pasted_here.png", "image.png")
        page.tab.locator(LARGE).drag_to(page.field("Source pictures"))
        expect_texts(page, CHIPS, "my_photo.png", "pasted_here.png", "image.png", "#1")
        for word in ("red", f"{gateway.url}/linked.png", str(path), "no_such_name"):
            page.field("Source pictures").press_sequentially(word)
            page.field("Source pictures").press("Enter")
        expect_texts(page, f"{CHIPS}.problem", "no_such_name")
        chip_button(page, 7, "Remove source").click()
        page.button("Generate").filter(has_text="Generate from 7 pictures").wait_for()
        shown = page.tab.locator(f"{CHIPS} img:visible")
        assert shown.evaluate_all("all => all.every(one => one.naturalWidth > 0)")
        page.generate("mix them")
        page.pictures(2)
        assert [Image.open(io.BytesIO(one)).size for one in pictures_of(gateway.requests[-1])] == [
            (1024, 1024), (1024, 1024), (1024, 1024), (1024, 1024), (40, 30), (1024, 1024), (64, 48),
        ]  # fmt: skip
        assert gateway.posts == 2
        assert (page.errors, page.strangers) == ([], [])


def test_used_sources_go_with_a_new_prompt_unless_they_are_pinned(lab, gateway, files):
    with open_studio(lab, "pinned", studio_cell(gateway, VARIABLE)) as page:
        page.generate("a red fox")
        page.pictures(1)
        page.press("Edit this")
        page.says("Say what to change in picture 1")
        assert page.focused() == "Prompt"
        page.field("Prompt").press_sequentially("make it blue")
        page.tab.get_by_role("button", name="Generate: Edit #1 · about $0.067", exact=True).wait_for()
        page.generate()
        page.pictures(2)
        expect_texts(page, CHIPS, "#1")
        page.field("Source pictures").fill("red")
        page.button("Add").click()
        expect_texts(page, CHIPS, "#1", "red")
        chip_button(page, 1, "Pin").press("Enter")
        page.tab.locator(f"{CHIPS} [aria-pressed=true]").wait_for()
        assert page.focused() == "Pin"
        page.field("Prompt").fill("a blue whale")
        page.says("A new prompt begins without the source pictures")
        expect_texts(page, CHIPS, "red")
        for prompt in ("a blue whale", "a green hill"):
            page.generate(prompt)
            page.says("1 picture made")
            page.button("Generate").wait_for()
        expect_texts(page, CHIPS, "red")
        assert [len(pictures_of(request)) for request in gateway.requests] == [0, 1, 1, 1]


def test_only_what_is_painted_over_changes(lab, photo):
    answers = Answer(reply(inline(photo))), Answer(changed((1024, 1024), GREEN))
    with Gateway(*answers) as gateway, open_studio(lab, "mask", studio_cell(gateway)) as page:
        page.generate("a red fox")
        page.pictures(1)
        page.press("Paint mask")
        stroke(page, (0.3, 0.3), (0.5, 0.4), (0.6, 0.6))
        page.says("Only what is painted over changes in picture 1")
        page.button("Take back").click()
        expect_texts(page, f"{CHIPS}:has-text('only where painted')")
        page.button("Rectangle").click()
        stroke(page, (0.25, 0.25), (0.5, 0.5))
        page.button("Brush").click()
        stroke(page, (0.7, 0.7), (0.8, 0.8))
        page.button("Eraser").click()
        stroke(page, (0.25, 0.45), (0.5, 0.45))
        expect_texts(page, CHIPS, "only where painted")
        painted = check_masked_edit(page, gateway, photo, "make it green")
        assert painted[300, 300]
        assert painted[768, 768]
        assert not painted[300, 768]
        assert not painted[461, 384]


def test_a_feather_softens_the_edge_of_what_changes(lab, photo):
    answers = Answer(reply(inline(photo))), Answer(changed((1024, 1024), GREEN))
    with Gateway(*answers) as gateway, open_studio(lab, "feather", studio_cell(gateway)) as page:
        page.generate("a red fox")
        page.pictures(1)
        page.press("Paint mask")
        page.field("Feather").fill("40")
        page.button("Rectangle").click()
        stroke(page, (0.25, 0.25), (0.75, 0.75))
        page.says("Only what is painted over changes in picture 1")
        painted, before, after = make_masked_edit(page, gateway, photo, "make it green")
        left = np.nonzero(painted)[1].min()
        assert (after[~painted] == before[~painted]).all()
        assert (after[512, left + 60 : 700] == GREEN).all()
        at_edge = after[512, left + 5 : left + 35].astype(int)
        assert (at_edge != GREEN).any(axis=1).all()
        assert (at_edge != before[512, left + 5 : left + 35]).any(axis=1).all()


def test_a_rectangle_is_painted_by_keyboard(lab, photo):
    answers = Answer(reply(inline(photo))), Answer(changed((1024, 1024), GREEN))
    with Gateway(*answers) as gateway, open_studio(lab, "box", studio_cell(gateway)) as page:
        page.generate("a red fox")
        page.pictures(1)
        page.press("Paint mask")
        assert page.focused().startswith("Mask")
        for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown", "Enter"):
            page.tab.keyboard.press(key)
        page.says("Only what is painted over changes in picture 1")
        painted = check_masked_edit(page, gateway, photo, "make it green")
        rows, columns = np.nonzero(painted)
        assert (columns.min(), rows.min(), columns.max(), rows.max()) == (368, 368, 639, 639)
        assert painted.sum() == 272 * 272
        choose(page, 1)
        page.press("Paint mask")
        page.button("Invert").click()
        page.says("Only what is painted over")
        page.button("Clear mask").click()
        expect_texts(page, f"{CHIPS}:has-text('only where painted')")


def check_masked_edit(page, gateway, photo, prompt):
    """Make the edit; return where its mask was white after the result was compared with what it came from."""
    painted, before, after = make_masked_edit(page, gateway, photo, prompt)
    assert (after[~painted] == before[~painted]).all()
    assert (after[painted] == GREEN).all()
    return painted


def make_masked_edit(page, gateway, photo, prompt):
    """Make the edit; return where its mask was white, and the picture before and after."""
    page.tab.get_by_role("button", name="Generate: Edit #1 where painted").wait_for()
    page.generate(prompt)
    page.pictures(2)
    source, mask = pictures_of(gateway.requests[1])
    assert hashlib.sha256(source).hexdigest() == hashlib.sha256(photo).hexdigest()
    painted = np.asarray(Image.open(io.BytesIO(mask)).convert("L")) > 127
    assert 0 < painted.sum() < painted.size
    with page.tab.expect_download() as coming:
        page.press("Download")
    assert page.tab.locator(f"{STUDIO} figcaption").inner_text().count("mask") > 0
    before, after = (Image.open(one).convert("RGB") for one in (io.BytesIO(photo), coming.value.path()))
    return painted, np.asarray(before), np.asarray(after)
