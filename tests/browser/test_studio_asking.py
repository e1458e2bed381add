"""Asking for pictures in the studio, as people see it: JupyterLab and Notebook 7 in Chromium."""

from __future__ import annotations

import threading

import pytest

from support.gateway import Answer, Gateway
from support.jupyter_lab import open_studio, studio_cell
from support.replies import inline, reply
from support.studio_page import STUDIO, TAKES, expect_texts

APPS = ("lab", "notebook")


@pytest.mark.parametrize("app", APPS)
def test_two_prompts_become_two_pictures(lab, gateway, app):
    with open_studio(lab, f"two-{app}", studio_cell(gateway), app=app) as page:
        page.generate("a red fox")
        page.says("1 picture made")
        page.button("Generate").wait_for()
        page.field("Prompt").fill('a "blue" whale')
        page.press_key("Control+Enter")
        assert page.pictures(2) == ['a "blue" whale', "a red fox"]
        assert page.focused() == "Prompt"
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
        page.press("Stop")
        assert gateway.wait_for_disconnects(1)
        page.button("Generate").wait_for()
        page.says("Stopped")
        assert page.focused().startswith("Generate")
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


def test_takes_are_tiles_and_stop_keeps_what_came_and_what_failed(lab, photo):
    come = threading.Event()
    answers = (
        Answer(reply(inline(photo)), hold=come),
        Answer({"promptFeedback": {"blockReason": "SAFETY"}}, hold=come),
        Answer(hold=threading.Event()),
    )
    with Gateway(*answers) as gateway, open_studio(lab, "takes", studio_cell(gateway)) as page:
        page.field("Number").fill("3")
        page.button("Generate").filter(has_text="Generate 3 · about $0.20").wait_for()
        page.generate("a red fox")
        assert gateway.wait_for_posts(3)
        expect_texts(page, TAKES, "Take 1", "Take 2", "Take 3")
        assert page.tab.locator(f"{TAKES} progress").count() == 3
        come.set()
        page.pictures(1)
        expect_texts(page, f"{TAKES}.problem", "SAFETY")
        expect_texts(page, f"{TAKES}:not(.problem)", "Take")
        page.press("Stop")
        page.says("finished pictures are kept")
        expect_texts(page, TAKES, "SAFETY")
        assert page.pictures(1) == ["a red fox"]
        assert gateway.wait_for_disconnects(1)
        assert (page.errors, gateway.posts) == ([], 3)


def test_a_wait_of_a_rate_limit_is_shown(lab, photo):
    limited = Answer({"error": {"code": 429, "message": "slow down"}}, 429, {"Retry-After": "100"})
    with Gateway(limited) as gateway, open_studio(lab, "limited", studio_cell(gateway)) as page:
        page.generate("a red fox")
        expect_texts(page, TAKES, "rate limited; asking again in")
        page.press("Stop")
        page.says("nothing more is billed")
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
        page.press("Stop")
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
        page.press("Stop")
        assert gateway.wait_for_disconnects(1)
        assert page.field("Prompt").input_value() == "a blue whale"
        assert page.pictures(1) == ["a red fox"]


def test_two_studios_work_side_by_side(lab, photo):
    hold = threading.Event()
    with (
        Gateway(Answer(reply(inline(photo)), hold=hold)) as gateway,
        open_studio(lab, "both", studio_cell(gateway), "%gemini studio") as page,
    ):
        page.run(1)
        for at, prompt in enumerate(("a red fox", "a blue whale")):
            field = page.tab.locator(STUDIO).nth(at).get_by_label("Prompt", exact=True)
            field.fill(prompt)
            field.press("Control+Enter")  # no click: what the first one shows moves the other's button
        assert gateway.wait_for_posts(2)
        hold.set()
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
        page.generate()
        page.alerts("onerror")
        assert page.pictures(1) == [HOSTILE]
        assert page.tab.evaluate("() => window.hacked") is None
        assert (page.errors, page.strangers) == ([], [])


def test_a_refusal_is_an_alert_and_nothing_is_lost(lab, photo):
    blocked = Answer({"promptFeedback": {"blockReason": "SAFETY"}})
    with (
        Gateway(Answer(reply(inline(photo))), blocked) as gateway,
        open_studio(lab, "blocked", studio_cell(gateway)) as page,
    ):
        page.generate("a red fox")
        page.pictures(1)
        page.generate("something else")
        page.alerts("SAFETY")
        page.alerts("Reword the prompt")
        assert page.field("Prompt").input_value() == "something else"
        assert page.pictures(1) == ["a red fox"]
