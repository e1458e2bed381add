"""Pictures in the studio: saved, exported, replayed, compared and used again; keyboard and accessibility."""

from __future__ import annotations

import hashlib

import pytest

from support.jupyter_lab import SCREENSHOTS, open_studio, studio_cell

APPS = ("lab", "notebook")
OFFLINE = "%load_ext gemini_nb\n%gemini studio"


@pytest.mark.parametrize("app", APPS)
def test_a_saved_notebook_shows_its_pictures_without_kernel_or_widgets(lab, gateway, app):
    prompts = ['a "blue" whale & <b>7</b> 🐳', "a red fox"]
    with open_studio(lab, f"saved-{app}", studio_cell(gateway), app=app) as page:
        for count, prompt in enumerate(prompts, start=1):
            page.generate(prompt)
            page.pictures(count)
        saved = page.save()
        path = page.path
    assert "widgets" not in saved.metadata
    assert path.stat().st_size < 200_000 * len(prompts)
    with lab.open(path.relative_to(lab.folder).parent.name, app=app) as page:
        page.errors.clear()
        page.shut_down()
        assert set(page.pictures(2)) == set(prompts)
        assert (page.errors, page.strangers) == ([], [])


def test_a_saved_notebook_becomes_a_page_with_its_pictures(lab, gateway):
    from nbconvert import HTMLExporter

    with open_studio(lab, "exported", studio_cell(gateway)) as page:
        page.generate("a red fox")
        page.pictures(1)
        saved = page.save()
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
        assert f"sha256 {hashlib.sha256(photo).hexdigest()[:12]}" in page.outputs(cell)
        assert "replayed from the store" in page.outputs(cell)
        assert gateway.posts == 2


def test_a_word_inserts_the_cell_of_a_picture(lab, gateway):
    with open_studio(lab, "inserted", studio_cell(gateway), "%gemini cell 1") as page:
        page.generate("a red fox")
        page.pictures(1)
        page.run(1)
        page.wait_for_cells(3)
        assert page.sources()[2] == "%%gemini_image\na red fox"


def test_an_upload_and_a_picture_are_sources_of_the_next(lab, gateway, photo):
    with open_studio(lab, "sources", studio_cell(gateway)) as page:
        page.generate("a red fox")
        page.pictures(1)
        page.button("Use as source").click()
        page.says("Picture 1 is a source")
        page.upload("my photo.png", photo)
        page.says("Uploaded")
        assert page.field("Source pictures").input_value() == "#1 my_photo.png"
        page.generate("mix them")
        page.pictures(2)
        parts = gateway.requests[1].json["contents"][0]["parts"]
        assert [part.get("inlineData", {}).get("mimeType") for part in parts] == [
            None,
            "image/png",
            "image/png",
        ]


def test_the_keyboard_reaches_everything_in_order_and_keeps_the_focus(lab, gateway):
    with open_studio(lab, "keyboard", studio_cell(gateway)) as page:
        page.field("Prompt").focus()
        page.tab.keyboard.type("a red fox")
        order = [page.focused()]
        while order[-1] != "Generate":
            page.tab.keyboard.press("Tab")
            order.append(page.focused())
        assert order == [
            "Prompt", "Model", "Aspect ratio", "Size", "Number", "Source pictures", "Upload (0)",
            "Clear sources", "Generate",
        ]  # fmt: skip
        page.tab.keyboard.press("Enter")
        page.pictures(1)
        page.says("1 picture made")
        assert page.focused() == "Generate"


def test_two_pictures_are_compared_side_by_side_and_under_a_slider(lab, gateway):
    with open_studio(lab, "compared", studio_cell(gateway)) as page:
        for count, prompt in enumerate(("a red fox", "a blue whale"), start=1):
            page.generate(prompt)
            page.pictures(count)
        page.field("Compare with").select_option("1 · a red fox")
        slider = page.tab.locator(".gemini-nb-steps input")
        slider.first.wait_for()
        (left, *_), (right, *_) = page.places(".gemini-nb-pair img")
        assert left < right
        slider.nth(9).click()
        slider.nth(9).press("ArrowRight")
        one, other = page.places(".gemini-nb-pair img")
        assert one == other
        assert page.clip(".gemini-nb-pair > div:last-child") == "inset(0px 0px 0px 50%)"


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_and_it_looks_well(lab, axe, theme):
    kind = theme.split()[-1].lower()
    with open_studio(lab, f"axe-{kind}", OFFLINE, height=1600) as page:
        page.theme(theme)
        for count, prompt in enumerate(
            (
                "a sunset over the sea behind mountains",
                "a red house under a tree",
                "three sailing boats on the sea at dawn",
            ),
            start=1,
        ):
            page.generate(prompt)
            page.pictures(count)
        page.screenshot(SCREENSHOTS / f"studio-{kind}.png")
        page.field("Compare with").select_option("2 · a red house under a tree")
        page.button("Copy as cell").click()
        page.says("Copy the text")
        page.tab.get_by_label("50 % of picture 3").check()
        page.screenshot(SCREENSHOTS / f"compare-{kind}.png")
        assert page.violations(axe, ".gemini-nb-studio", ".gemini-nb-gallery") == []
        page.tab.set_viewport_size({"width": 480, "height": 1600})
        page.screenshot(SCREENSHOTS / f"narrow-{kind}.png")
        assert page.overflow(".gemini-nb-studio") == page.overflow(".gemini-nb-gallery") == 0
