"""What the studio looks like: on a laptop, on a phone, to a screen reader, in light and dark."""

from __future__ import annotations

import threading
from itertools import chain

from support.gateway import Answer, Gateway
from support.jupyter_lab import open_studio, studio_cell
from support.numbered_pictures import BLOCKED
from support.replies import inline, reply
from support.shells import prompt_of
from support.studio_page import CHIPS, LARGE, STUDIO, TAKES, chip_button, dialog, expect_texts, stroke

LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
THEMES = ("JupyterLab Light", "JupyterLab Dark")


def test_a_laptop_shows_prompt_button_and_a_whole_picture_together(lab, gateway):
    with open_studio(lab, "laptop", studio_cell(gateway)) as page:
        page.tab.set_viewport_size(LAPTOP)
        page.tab.evaluate(_OPEN_FILES)
        page.tab.locator(".jp-DirListing").first.wait_for()
        page.generate("a red fox")
        page.pictures(1)
        page.button("Generate").wait_for()
        page.tab.locator(STUDIO).evaluate("studio => studio.scrollIntoView({block: 'start'})")
        (room,) = page.places(".jp-Notebook .jp-WindowedPanel-outer")
        shown = page.places(f"{STUDIO} textarea[data-name=prompt], {STUDIO} .go, {LARGE}")
        page.screenshot("studio-laptop")
        assert len(shown) == 3
        for left, top, width, height, *_ in shown:
            assert width > 50
            assert (left >= room[0], top >= room[1]) == (True, True)
            assert left + width <= room[0] + room[2]
            assert top + height <= room[1] + room[3]
        page.tab.evaluate(_CLOSE_FILES)
        page.tab.set_viewport_size({"width": 1600, "height": 900})
        page.tab.wait_for_function(_COLUMNS, arg=2)
        page.tab.set_viewport_size(PHONE)
        page.tab.wait_for_function(_COLUMNS, arg=1)
        page.screenshot("studio-phone")
        assert page.overflow(STUDIO) == page.overflow(f"{STUDIO} .gemini-nb-gallery") == 0


def test_axe_finds_nothing_in_any_state_and_theme(lab, axe, photo, tmp_path):
    words = tmp_path / "words.png"
    words.write_text("no picture")

    def answer(request):
        if "blocked" in prompt_of(request):
            return BLOCKED
        return Answer(reply(inline(photo)), hold=threading.Event() if "held" in prompt_of(request) else None)

    cells = "%%gemini_image\na green hill"
    with (
        Gateway(answer) as gateway,
        open_studio(lab, "axe", studio_cell(gateway), cells, height=1300) as page,
    ):
        page.run(1)
        themes = THEMES
        for state in chain(show_asking(page, words), show_pictures(page), show_dialogs(page)):
            for rules, theme in zip(("all", "colour"), themes, strict=True):
                page.theme(theme)
                page.screenshot(f"studio-{state}-{theme.split()[-1].lower()}")
                assert (state, theme, page.violations(axe, STUDIO, rules=rules)) == (state, theme, [])
            themes = themes[::-1]  # the next state is looked at first in the theme that is there
        page.theme(THEMES[0])  # other tests look at this tab after it
        assert (page.errors, page.strangers) == ([], [])


def show_asking(page, words):
    """Bring the studio into the states of asking for a picture."""
    page.tab.get_by_text("More settings").click()
    yield "empty"
    for count, prompt in enumerate(("a red fox", "a blue whale"), start=1):
        page.generate(prompt)
        page.pictures(count)
        page.button("Generate").wait_for()
    page.press("Favourite")
    page.press("Copy as cell")
    page.field("Cell").wait_for()
    page.press("Use as source")
    page.upload(words)
    expect_texts(page, CHIPS, "#2", "words.png")
    chip_button(page, 0, "Pin").click()
    page.generate("refused")
    page.alerts("Remove this source")
    yield "sources"
    chip_button(page, 1, "Remove source").click()
    expect_texts(page, CHIPS, "#2")
    page.generate("blocked")
    page.alerts("SAFETY")
    yield "failed"
    chip_button(page, 0, "Remove source").click()
    expect_texts(page, CHIPS)
    page.generate("held")
    expect_texts(page, TAKES, "Your picture")
    yield "running"
    page.press("Stop")
    page.says("Stopped")


def show_pictures(page):
    """Bring the studio into the states of painting and comparing."""
    page.press("Paint mask")
    stroke(page, (0.3, 0.3), (0.6, 0.5))
    page.says("Only what is painted over changes")
    assert page.tab.locator(TAKES).count() == 0  # the one that was stopped is gone
    yield "painting"
    page.press("Compare")
    page.tab.get_by_role("group", name="Comparison").wait_for()
    yield "aside"
    page.press("Blink")
    yield "blink"
    page.press("Slider")
    page.tab.get_by_role("slider", name="How much of picture").wait_for()
    yield "slider"
    page.press("End comparison")
    page.press("Remove from here")
    page.says("is removed")
    yield "removed"


def show_dialogs(page):
    """Open each dialog."""
    page.press("Enlarge")
    with dialog(page, "Enlarged picture"):
        page.tab.keyboard.press("+")
        yield "enlarged"
    page.press("Keys")
    with dialog(page, "Keys"):
        yield "keys"
    page.press("From the store…")
    with dialog(page, "From the store") as shown:
        shown.get_by_role("checkbox").first.check()
        yield "store"


_OPEN_FILES = """() => {
  jupyterapp.shell.mode = 'multiple-document';
  jupyterapp.shell.expandLeft();
  return jupyterapp.commands.execute('filebrowser:activate');
}"""
_COLUMNS = """count => {
  const parts = document.querySelectorAll('.gemini-nb-studio .columns > *');
  return new Set([...parts].map(part => part.getBoundingClientRect().x)).size === count;
}"""
_CLOSE_FILES = """() => {
  jupyterapp.shell.collapseLeft();
  jupyterapp.shell.mode = 'single-document';
}"""
