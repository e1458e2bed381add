"""The studio as people see it: JupyterLab and Notebook 7 in Chromium, against a server on loopback."""

from __future__ import annotations

import hashlib
import threading

import pytest

from support.gateway import Answer, Gateway
from support.jupyter_lab import SCREENSHOTS
from support.replies import inline, reply

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
APPS = ("lab", "notebook")
OFFLINE = "%load_ext gemini_nb\n%gemini studio"


def asking(gateway, *more: str) -> str:
    """The cell that opens a studio on a gateway."""
    settings = {"CRAZYROUTER_API_KEY": "a-key-of-tests", "GEMINI_NB_BASE_URL": gateway.url}
    return "\n".join(
        [f"import os; os.environ.update({settings!r})", "%load_ext gemini_nb", *more, "%gemini studio"]
    )


def opened(lab, name, *cells, **options):
    """A notebook whose first cell, with the studio, was run; what the application did itself is forgotten."""
    page = lab.open(name, *cells, **options)
    page.errors.clear()
    page.run(0)
    page.button("Generate").wait_for()
    return page


@pytest.mark.parametrize("app", APPS)
def test_two_prompts_become_two_pictures(lab, gateway, app):
    with opened(lab, f"two-{app}", asking(gateway), app=app) as page:
        for prompt in ("a red fox", 'a "blue" whale'):
            page.generate(prompt)
            page.says("1 picture made")
        assert page.pictures(2) == ['a "blue" whale', "a red fox"]
        assert gateway.posts == 2
        assert (page.errors, page.strangers) == ([], [])


def test_the_kernel_is_free_and_a_picture_arrives_while_another_cell_sleeps(lab, photo):
    hold = threading.Event()
    sleeping = "import time\nprint('asleep', flush=True)\ntime.sleep(600)"
    with (
        Gateway(Answer(reply(inline(photo)), hold=hold)) as gateway,
        opened(lab, "free", asking(gateway), "print(6 * 7)", sleeping) as page,
    ):
        page.generate("a red fox")
        assert gateway.wait_for_posts(1)
        page.run(1)
        assert "42" in page.outputs(1)
        page.run(2, wait=False)
        page.tab.get_by_text("asleep", exact=True).wait_for()
        hold.set()
        page.pictures(1)
        page.interrupt()


@pytest.mark.parametrize("app", APPS)
def test_stop_closes_the_connection(lab, app):
    with (
        Gateway(Answer(hold=threading.Event())) as gateway,
        opened(lab, f"stop-{app}", asking(gateway), app=app) as page,
    ):
        page.generate("a red fox")
        assert gateway.wait_for_posts(1)
        page.button("Stop").click()
        assert gateway.wait_for_disconnects(1)
        page.button("Generate").wait_for()
        page.says("Stopped")
        assert page.focused() == "Generate"
        assert gateway.posts == 1
        assert page.field("Prompt").input_value() == "a red fox"


def test_interrupting_the_kernel_closes_the_connection_of_a_cell(lab):
    with (
        Gateway(Answer(hold=threading.Event())) as gateway,
        opened(lab, "interrupt", asking(gateway), "%%gemini_image\na red fox") as page,
    ):
        page.run(1, wait=False)
        assert gateway.wait_for_posts(1)
        page.interrupt()
        assert gateway.wait_for_disconnects(1)
        assert gateway.posts == 1


HELD = """
import threading
from gemini_nb import event_loop
free = threading.Event()
async def hold():
    free.wait()
event_loop.submit(hold);
"""  # keeps the work from beginning, so that a click comes before it however slow the machine is


def test_stop_at_once_on_a_fresh_kernel_sends_nothing(lab, gateway):
    with opened(lab, "at-once", asking(gateway), HELD, "free.set()") as page:
        page.run(1)
        page.generate("a red fox")
        page.button("Stop").wait_for()
        page.tab.wait_for_timeout(100)  # so that it is no double click
        page.button("Stop").click()
        page.says("Stopped")
        page.run(2)
        page.generate("a blue whale")
        assert page.pictures(1) == ["a blue whale"]
        assert gateway.posts == 1


def test_a_double_click_is_one_click(lab, gateway):
    with opened(lab, "double", asking(gateway)) as page:
        page.field("Prompt").fill("a red fox")
        page.button("Generate").evaluate("button => { button.click(); button.click(); }")
        page.pictures(1)
        page.button("Generate").wait_for()
        assert gateway.posts == 1


@pytest.mark.parametrize("app", APPS)
def test_a_saved_notebook_shows_its_pictures_without_kernel_or_widgets(lab, gateway, app):
    prompts = ['a "blue" whale & <b>7</b> 🐳', "a red fox"]
    with opened(lab, f"saved-{app}", asking(gateway), app=app) as page:
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

    with opened(lab, "exported", asking(gateway)) as page:
        page.generate("a red fox")
        page.pictures(1)
        saved = page.save()
    html, _ = HTMLExporter().from_notebook_node(saved)
    assert 'alt="a red fox"' in html
    assert "No description" not in html


def test_a_fresh_kernel_takes_the_pictures_from_the_store(lab, gateway):
    with opened(lab, "history", asking(gateway)) as page:
        page.generate("a red fox")
        page.pictures(1)
        page.restart()
        page.run(0)
        assert page.pictures(1) == ["a red fox"]
        assert gateway.posts == 1


def test_a_copied_cell_makes_the_very_picture_from_the_store(lab, gateway, photo):
    with opened(lab, "copied", asking(gateway)) as page:
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
    with opened(lab, "inserted", asking(gateway), "%gemini cell 1") as page:
        page.generate("a red fox")
        page.pictures(1)
        page.run(1)
        page.wait_for_cells(3)
        assert page.sources()[2] == "%%gemini_image\na red fox"


def test_running_the_cell_again_keeps_the_prompt_the_pictures_and_the_work(lab, photo):
    hold = threading.Event()
    with (
        Gateway(Answer(reply(inline(photo))), Answer(hold=hold)) as gateway,
        opened(lab, "again", asking(gateway), app="notebook") as page,
    ):
        page.generate("a red fox")
        page.pictures(1)
        page.generate("a blue whale")
        assert gateway.wait_for_posts(2)
        page.field("Prompt").press("Shift+Enter")
        page.button("Stop").click()
        assert gateway.wait_for_disconnects(1)
        assert page.field("Prompt").input_value() == "a blue whale"
        assert page.pictures(1) == ["a red fox"]


def test_two_studios_work_side_by_side(lab, gateway):
    with opened(lab, "both", asking(gateway), "%gemini studio") as page:
        page.run(1)
        first, second = (page.tab.locator(".gemini-nb-studio").nth(at) for at in (0, 1))
        for studio, prompt in ((first, "a red fox"), (second, "a blue whale")):
            studio.get_by_label("Prompt", exact=True).fill(prompt)
        for studio in (first, second):
            studio.get_by_role("button", name="Generate", exact=True).click()
        assert sorted(page.pictures(4)) == ["a blue whale", "a blue whale", "a red fox", "a red fox"]
        assert gateway.posts == 2


def test_closing_a_studio_that_works_closes_its_connection(lab):
    closing = "import gemini_nb\nstudio = gemini_nb.Studio()\nstudio"
    with (
        Gateway(Answer(hold=threading.Event())) as gateway,
        opened(lab, "closing", asking(gateway).replace("%gemini studio", closing), "studio.close()") as page,
    ):
        page.generate("a red fox")
        assert gateway.wait_for_posts(1)
        page.run(1)
        assert gateway.wait_for_disconnects(1)
        page.tab.locator(".gemini-nb-studio").wait_for(state="detached")
        assert page.errors == []


HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    "![t](http://tracker.invalid/t.png) $x$"
)


def test_prompts_and_the_models_words_run_nothing_and_fetch_nothing(lab, photo):
    words = Answer(reply(HOSTILE, inline(photo)))
    refusal = Answer({"error": {"code": 400, "message": HOSTILE}}, status=400)
    with Gateway(words, refusal) as gateway, opened(lab, "hostile", asking(gateway)) as page:
        page.generate(HOSTILE)
        page.pictures(1)
        page.button("Generate").click()
        page.says("onerror")
        assert page.pictures(1) == [HOSTILE]
        assert page.tab.evaluate("() => window.hacked") is None
        assert (page.errors, page.strangers) == ([], [])


def test_a_refusal_stands_in_the_status_line_and_nothing_is_lost(lab, photo):
    blocked = Answer({"promptFeedback": {"blockReason": "SAFETY"}})
    with (
        Gateway(Answer(reply(inline(photo))), blocked) as gateway,
        opened(lab, "blocked", asking(gateway)) as page,
    ):
        page.generate("a red fox")
        page.pictures(1)
        page.generate("something else")
        page.says("SAFETY")
        page.says("Reword the prompt")
        assert page.field("Prompt").input_value() == "something else"
        assert page.pictures(1) == ["a red fox"]


def test_an_upload_and_a_picture_are_sources_of_the_next(lab, gateway, photo):
    with opened(lab, "sources", asking(gateway)) as page:
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
    with opened(lab, "keyboard", asking(gateway)) as page:
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
    with opened(lab, "compared", asking(gateway)) as page:
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
    with opened(lab, f"axe-{kind}", OFFLINE, height=1600) as page:
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
