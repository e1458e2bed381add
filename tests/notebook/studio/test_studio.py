"""The studio in a real shell with real widgets; `tests/browser/` shows it to a browser."""

from __future__ import annotations

import threading

import pytest

from gemini_nb import ArgumentError, Studio
from support.gateway import Answer
from support.shells import a_shell
from support.studios import offline, visiting


def test_a_prompt_becomes_a_picture_in_the_gallery():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square", number=2, ratio="16:9", size="2K")
        assert visitor.page.count('alt="a red square"') == 2
        assert gateway.posts == 2
        asked = gateway.requests[0].json["generationConfig"]["imageConfig"]
        assert asked == {"aspectRatio": "16:9", "imageSize": "2K"}


def test_the_studio_begins_with_pictures_of_other_cells():
    with offline() as visitor:
        boat = visitor.shell.run("%%gemini_image\na boat").result
        again = Studio(boat, boat, shell=visitor.shell.shell)
        assert again.pictures == [boat]
        assert visitor.text("cell") == "%%gemini_image\na boat"


def test_the_studio_needs_ipython():
    with pytest.raises(ArgumentError, match="needs IPython"):
        Studio()


def test_the_studio_loads_the_extension():
    with a_shell() as shell:
        shell.run("%unload_ext gemini_nb")
        Studio(shell=shell.shell)
        assert "GeminiMagics" in shell.shell.magics_manager.registry


def test_closing_stops_the_work():
    with visiting(Answer(hold=threading.Event())) as (visitor, gateway):
        visitor.start("a red square")
        assert gateway.wait_for_posts(1)
        visitor.studio.close()
        assert gateway.wait_for_disconnects(1)


def test_the_word_cell_inserts_the_cell_of_a_picture():
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        visitor.shell.run("%gemini cell 1")
        assert visitor.shell.shell.rl_next_input == "%%gemini_image\na red square"


@pytest.mark.parametrize("number", ["2", "x", "", "123456x", pytest.param("7" * 5000, id="many")])
def test_the_word_cell_says_which_pictures_there_are_none(number):
    with visiting() as (visitor, _):
        assert "no picture" in str(visitor.shell.run(f"%gemini cell {number}").error)
