"""Pictures in the studio: saved, exported, replayed and made again by a cell; the order of the keyboard.

And the links under a picture, which every way to read a notebook must follow.
"""

from __future__ import annotations

import hashlib
from contextlib import closing

import pytest

from support.jupyter_lab import download, open_studio, studio_cell
from support.studio_page import dialog, save

APPS = ("lab", "notebook")


@pytest.mark.parametrize("app", APPS)
def test_a_saved_notebook_shows_its_pictures_without_kernel_or_widgets(lab, gateway, app):
    prompts = ['a "blue" whale & <b>7</b> 🐳', "a red fox"]
    with open_studio(lab, f"saved-{app}", studio_cell(gateway), app=app) as page:
        for count, prompt in enumerate(prompts, start=1):
            page.generate(prompt)
            page.pictures(count)
        saved = save(page, 2)
        path = page.path
    assert "widgets" not in saved.metadata
    assert path.stat().st_size < 200_000 * len(prompts)
    with lab.open(path.relative_to(lab.folder).parent.name, app=app) as page:
        page.errors.clear()
        page.shut_down()
        assert set(page.pictures(2)) == set(prompts)
        assert page.tab.get_by_text("Run this cell for the controls").is_visible()
        assert page.tab.locator(".gemini-nb-studio").count() == 0
        assert (page.errors, page.strangers) == ([], [])


def test_a_saved_notebook_becomes_a_page_with_its_pictures(lab, gateway):
    from nbconvert import HTMLExporter

    with open_studio(lab, "exported", studio_cell(gateway)) as page:
        page.generate("a red fox")
        page.pictures(1)
        saved = save(page, 1)
    html, _ = HTMLExporter().from_notebook_node(saved)
    assert 'alt="a red fox"' in html
    assert "No description" not in html


def test_a_fresh_kernel_takes_the_pictures_from_the_store(lab, gateway):
    with open_studio(lab, "history", studio_cell(gateway)) as page:
        page.generate("a red fox")
        page.pictures(1)
        page.restart()
        page.run(0)
        assert page.pictures(1) == ["a red fox"]
        assert gateway.posts == 1


def test_a_copied_cell_makes_the_very_picture_from_the_store(lab, gateway, photo):
    with open_studio(lab, "copied", studio_cell(gateway)) as page:
        page.field("Number").fill("2")
        page.generate("a {{red}} fox\n\nwith $5 and # 7")
        page.says("2 pictures made")
        page.button("Copy as cell").click()
        page.says("Copy the text")
        source = page.field("Cell").input_value()
        cell = page.insert(source)
        page.run(cell)
        assert page.digests(cell) == [hashlib.sha256(photo).hexdigest()]
        assert "replayed from the store" in page.outputs(cell)
        assert gateway.posts == 2


def test_a_word_inserts_the_cell_of_a_picture(lab, gateway):
    with open_studio(lab, "inserted", studio_cell(gateway), "%gemini cell 1") as page:
        page.generate("a red fox")
        page.pictures(1)
        page.run(1)
        page.wait_for_cells(3)
        assert page.sources()[2] == "%%gemini_image\na red fox"


def test_the_keyboard_reaches_everything_in_order_and_keeps_the_focus(lab, gateway):
    with open_studio(lab, "keyboard", studio_cell(gateway)) as page:
        page.field("Prompt").focus()
        page.tab.keyboard.type("a red fox")
        order = [page.focused()]
        for _ in range(11):
            page.tab.keyboard.press("Tab")
            order.append(page.focused())
        assert order[:2] == ["Prompt", "Generate · about $0.067"]
        assert order[2:] == [
            "Source pictures", "Add", "Upload", "Model", "Aspect ratio", "Size", "Number", "More settings",
            "From the store…", "Keys",
        ]  # fmt: skip
        page.field("Prompt").press("Tab")
        page.press_key("Enter")
        page.pictures(1)
        page.says("1 picture made")
        page.button("Generate").wait_for()
        assert page.focused().startswith("Generate")
        page.generate("a blue whale")
        page.pictures(2)
        prompt = page.field("Prompt")
        walked = []
        prompt.fill("a draft")
        prompt.fill("a draft")
        for key in ("Control+Home", "ArrowUp", "ArrowUp", "ArrowUp", "Control+End", "ArrowDown", "ArrowDown"):
            prompt.press(key)
            walked.append(prompt.input_value())
        fox, whale, draft = "a red fox", "a blue whale", "a draft"
        assert walked == [draft, whale, fox, fox, fox, whale, draft]
        for key in ("a", "b", "Shift+M", "?"):  # the notebook's commands elsewhere
            page.button("Keys").press(key)
        assert len(page.sources()) == 1
        with dialog(page, "Keys") as keys:
            assert "earlier prompts" in keys.inner_text()
        assert page.focused() == "Keys"


LINKED = (
    "%load_ext gemini_nb",
    "%%gemini_image -z 512\na red square",
    "%%gemini_image -z 512 -s 'out/a füchs: 1.jpg'\na blue circle",
)


def links(tab):
    """The links under the pictures of a page."""
    links = tab.locator("figcaption a")
    links.nth(1).wait_for()
    return links.all()


def test_the_links_under_pictures_bring_the_originals_wherever_a_notebook_is_read(lab):
    from nbconvert import HTMLExporter

    with lab.open("linked", *LINKED) as page:
        for cell in range(len(LINKED)):
            page.run(cell)
        brought = list(map(download, links(page.tab)))
        digests = page.digests(1) + page.digests(2)
        assert brought == list(zip(("a-red-square.jpg", "a füchs_ 1.jpg"), digests, strict=True))
        saved = page.save()
    with lab.open("linked", app="notebook") as page:
        assert list(map(download, links(page.tab))) == brought
    export = page.path.with_suffix(".html")
    export.write_text(HTMLExporter().from_notebook_node(saved)[0])
    with closing(lab.browser.new_page()) as tab:
        tab.goto(export.as_uri())
        small, file = links(tab)
        assert download(small) == brought[0]
        file.click()  # of another origin, as a browser sees files: it is shown
        assert tab.locator("img").evaluate("image => image.naturalWidth") == 512
