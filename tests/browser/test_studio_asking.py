"""Asking for pictures in the studio, as people see it: JupyterLab and Notebook 7 in Chromium."""

from __future__ import annotations

import threading

import pytest

from support.gateway import Answer, Gateway
from support.jupyter_lab import open_studio, studio_cell
from support.replies import inline, reply

APPS = ("lab", "notebook")


@pytest.mark.parametrize("app", APPS)
def test_two_prompts_become_two_pictures(lab, gateway, app):
    with open_studio(lab, f"two-{app}", studio_cell(gateway), app=app) as page:
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
        open_studio(lab, "free", studio_cell(gateway), "print(6 * 7)", sleeping) as page,
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
        open_studio(lab, f"stop-{app}", studio_cell(gateway), app=app) as page,
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
        open_studio(lab, "interrupt", studio_cell(gateway), "%%gemini_image\na red fox") as page,
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
    with open_studio(lab, "at-once", studio_cell(gateway), HELD, "free.set()") as page:
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
    with open_studio(lab, "double", studio_cell(gateway)) as page:
        page.field("Prompt").fill("a red fox")
        page.button("Generate").evaluate("button => { button.click(); button.click(); }")
        page.pictures(1)
        page.button("Generate").wait_for()
        assert gateway.posts == 1


def test_running_the_cell_again_keeps_the_prompt_the_pictures_and_the_work(lab, photo):
    hold = threading.Event()
    with (
        Gateway(Answer(reply(inline(photo))), Answer(hold=hold)) as gateway,
        open_studio(lab, "again", studio_cell(gateway), app="notebook") as page,
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
    with open_studio(lab, "both", studio_cell(gateway), "%gemini studio") as page:
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
        open_studio(
            lab, "closing", studio_cell(gateway).replace("%gemini studio", closing), "studio.close()"
        ) as page,
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
    with Gateway(words, refusal) as gateway, open_studio(lab, "hostile", studio_cell(gateway)) as page:
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
        open_studio(lab, "blocked", studio_cell(gateway)) as page,
    ):
        page.generate("a red fox")
        page.pictures(1)
        page.generate("something else")
        page.says("SAFETY")
        page.says("Reword the prompt")
        assert page.field("Prompt").input_value() == "something else"
        assert page.pictures(1) == ["a red fox"]
