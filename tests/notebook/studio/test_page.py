"""What the page is told: settings, prices, pictures in three sizes, and the output that is saved."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from gemini_nb.notebook.studio import settings
from support.gateway import Answer
from support.replies import inline, reply
from support.studios import PNG, offline, visiting


def test_the_price_is_said_before_it_is_spent():
    with visiting() as (visitor, gateway):
        visitor.set(number=3, size="4K")
        assert visitor.work["label"] == "Generate 3 · about $0.453"
        assert "crazyrouter" in visitor.work["price"]
        assert gateway.posts == 0


def test_what_the_store_has_is_free_and_the_button_says_so():
    with visiting() as (visitor, gateway):
        visitor.shell.run("%%gemini_image\na red square")
        visitor.set(prompt="a red square")
        assert visitor.work["label"] == "Generate · free"
        assert "from the store" in visitor.work["price"]
        visitor.generate("a red square")
        assert "from the store at no cost" in visitor.status
        assert gateway.posts == 1


def test_the_button_says_which_picture_it_edits():
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        visitor.add_source("#1")
        visitor.until(lambda: visitor.work["label"] == "Edit #1 · about $0.067")
        visitor.set(number=2)
        assert visitor.work["label"] == "Edit #1, 2 times · about $0.134"
        visitor.shell.names["photo"] = PNG
        visitor.add_source("photo")
        visitor.until(lambda: visitor.work["label"] == "Generate 2 from 2 pictures · about $0.134")


def test_the_choices_are_those_of_the_model():
    offer = settings.list_offer("crazyrouter", "gemini-3-pro-image")
    assert ["8:1", "8:1"] not in offer["ratio"]
    assert ["4K", "4K"] in offer["size"]
    with offline() as visitor:
        visitor.set(model="gemini-3-pro-image")
        assert visitor.widget.offer["ratio"] == offer["ratio"]


@pytest.mark.parametrize("number", ["0", "", "1000", "x", "-1", "1.5", pytest.param("9" * 5000, id="many")])
def test_a_number_that_is_none_is_said(number):
    with visiting() as (visitor, gateway):
        visitor.generate("a red square", number=number)
        assert "Number is a whole number from 1 to" in visitor.problem
        assert gateway.posts == 0


def test_a_picture_comes_in_three_sizes_and_the_original_is_byte_for_byte():
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        for size in ("tile", "preview", "original"):
            visitor.sent.clear()
            visitor.ask("picture", number=1, size=size)
            visitor.until(lambda: visitor.sent)
            (message, (data,)) = visitor.sent[0]
            assert (message["kind"], message["number"], message["size"]) == ("picture", 1, size)
            assert Image.open(io.BytesIO(data)).size == (64, 48)
            assert (data == PNG) is (size == "original")


@pytest.mark.parametrize(("number", "size"), [(7, "tile"), (1, "enormous")])
def test_a_picture_that_is_none_is_answered_with_the_problem(number, size):
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        visitor.sent.clear()
        visitor.ask("picture", number=number, size=size)
        visitor.until(lambda: visitor.sent)
        assert visitor.sent[0][0]["problem"]


def test_the_output_that_is_saved_holds_no_widget_and_the_record_of_its_pictures():
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        assert all("widget" not in kind for data, _ in visitor.shown for kind in data)
        data, rest = visitor.shown[-1]
        assert f'data-gemini-nb-studio="{visitor.widget.studio_id}"' in data["text/html"]
        assert rest["update"]
        assert "gemini_nb" in rest["metadata"]


def test_vs_code_gets_a_view_of_the_widget_and_nobody_else():
    view = "application/vnd.jupyter.widget-view+json"
    with offline() as visitor:
        visitor.studio._ipython_display_()
        visitor.shell.names["__vsc_ipynb_file__"] = "/nowhere/notebook.ipynb"
        visitor.studio._ipython_display_()
        assert [view in data for data, _ in visitor.shown] == [False, False, True, False]


def test_what_is_chosen_on_the_page_is_large_in_the_saved_output():
    with offline() as visitor:
        visitor.generate("a red square")
        visitor.generate("a blue square")
        view = {**visitor.widget.view, "chosen": 1}
        visitor._send({"method": "update", "state": {"view": view}, "buffer_paths": []})
        red, blue = 'alt="a red square"', 'alt="a blue square"'
        visitor.until(lambda: visitor.page.index(red) < visitor.page.index(blue))


HOSTILE = '<script>alert(1)</script>" onerror="x'


def test_every_text_of_the_saved_output_is_escaped():
    with visiting(Answer(reply(HOSTILE, inline(PNG)))) as (visitor, _):
        visitor.generate(HOSTILE)
        assert "&lt;script&gt;" in visitor.page
        assert "<script" not in visitor.page
        assert visitor.widget.entries[0]["prompt"] == HOSTILE  # the script writes it as text


def test_pictures_of_the_store_are_listed_and_come_in_only_when_chosen():
    with visiting() as (visitor, gateway):
        visitor.shell.run("%%gemini_image\na red square")
        visitor.ask("store", page=0)
        visitor.until(lambda: visitor.sent)
        message, thumbnails = visitor.sent[0]
        assert [one["prompt"] for one in message["pictures"]] == ["a red square"]
        assert len(thumbnails) == 1
        assert visitor.widget.entries == []
        visitor.ask("recall", digests=[message["pictures"][0]["digest"]])
        visitor.until(lambda: visitor.widget.entries)
        assert gateway.posts == 1


def test_a_store_that_is_off_says_so():
    with visiting() as (visitor, _):
        visitor.shell.magics.store = "off"
        visitor.ask("store", page=0)
        visitor.until(lambda: visitor.sent)
        assert "The store is off" in visitor.sent[0][0]["problem"]
