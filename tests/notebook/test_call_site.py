"""What a cell does with a magic's value: each picture is shown once, where nobody takes it too."""

from __future__ import annotations

import re

import pytest

from gemini_nb.notebook import call_site
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import inline, reply
from support.shells import a_shell


@pytest.fixture(scope="module")
def shell():
    """One shell for all: what a cell shows does not depend on those before it."""
    with Gateway(Answer(reply(inline(png(8, 8))))) as gateway, a_shell(gateway.url) as shell:
        yield shell


RUN = "get_ipython().run_cell_magic"
FUNCTION = "def paint():\n    %gemini_image a\n"

# A cell, and how many pictures it shows.
CELLS = {
    "the last expression": ("%gemini_image a", 1),
    "a cell magic": ("%%gemini_image\na", 1),
    "assigned": ("hero = %gemini_image a", 0),
    "a statement before another": ("%gemini_image a\nx = 1", 1),
    "two statements": ("%gemini_image a\n%gemini_image b", 2),
    "a loop": ("for n in range(3):\n    %gemini_image a", 3),
    "a loop that assigns": ("for n in range(3):\n    hero = %gemini_image a", 0),
    "a loop that displays": ("for n in range(3):\n    hero = %gemini_image a\n    display(hero)", 3),
    "a loop over grids": ("for n in range(2):\n    %gemini_image -n 2 a", 2),
    "a condition": ("if True:\n    %gemini_image a", 1),
    "an error that is caught": ("try:\n    %gemini_image a\nexcept GeminiError:\n    pass", 1),
    "a function": (f"{FUNCTION}paint()", 1),
    "a function that returns it": ("def paint():\n    hero = %gemini_image a\n    return hero\npaint()", 1),
    "a coroutine": ("async def paint():\n    %gemini_image a\nawait paint()", 1),
    "a cell magic in a loop": (f"for n in range(2):\n    {RUN}('gemini_image', '', 'a')", 2),
    "timed": ("%time %gemini_image a", 1),
    "a timed cell": ("%%time\n%gemini_image a\nx = 1", 1),
    "quiet": ("%gemini_image -q a", 0),
    "quiet in a loop": ("for n in range(3):\n    %gemini_image -q a", 0),
    "quiet and assigned": ("hero = %gemini_image -q a\nhero", 1),
    "an edit in a loop": (f"for n in range(2):\n    {RUN}('gemini_edit', '--new', 'a')", 2),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_picture_is_shown_once_unless_other_code_takes_it(shell, case):
    source, count = CELLS[case]
    shell.run("from IPython.display import display\nfrom gemini_nb import GeminiError")
    assert len(SHOWN.findall(shell.printed(source))) == count


SHOWN = re.compile(r"Out\[|^Generation\(|^Batch\(", re.MULTILINE)  # a result, or what `display` prints here


def test_a_picture_is_shown_once_where_every_expression_is(shell, monkeypatch):
    monkeypatch.setattr(shell.shell, "ast_node_interactivity", "all")
    assert len(SHOWN.findall(shell.printed("%gemini_image a\nfor n in range(2):\n    %gemini_image b"))) == 3


def test_a_table_that_nobody_takes_is_shown_too(shell):
    assert "at no cost" in shell.printed("%gemini cost\nx = 1")


def test_what_is_warned_of_stands_above_a_picture_wherever_that_is_shown(shell):
    for source in ("%gemini_image -m no-model a", "%gemini_image -m another a\nx = 1"):
        warning, *_, picture = shell.printed(source).splitlines()
        assert "not in the catalogue" in warning
        assert SHOWN.match(picture)


def test_a_magic_called_as_a_function_shows_nothing(shell):
    shell.names["magics"] = shell.magics
    assert shell.printed("x = magics.gemini_image('a')") == ""


# A cell, and for each call whether the cell had done nothing before it.
FIRST = {
    "alone": ("%where", [True]),
    "a cell magic": ("%%where\nwords", [True]),
    "assigned": ("x = %where\nprint(x)", [True]),
    "after a comment": ("# words\n\n%where", [True]),
    "after a statement": ("x = 1\n%where", [False]),
    "two": ("%where\n%where", [True, False]),
    "two in a line": (f"{RUN}('where', '', 'x'); {RUN}('where', '', 'x')", [True, False]),
    "a loop": ("for n in range(2):\n    %where", [False, False]),
    "a list": (f"[{RUN}('where', '', 'x') for n in range(2)]", [False, False]),
    "a function": ("def call():\n    %where\ncall()", [False]),
    "an argument that is computed": (f"{RUN}('where', '', str(print('x')))", [False]),
    "a cell that another one runs": ("get_ipython().run_cell('%where')", [False]),
    "a script that it runs": ("%run script.py", [False]),
    "timed": ("%%time\n%where", [False]),
    "a cell that waits for others": ("import asyncio\nawait asyncio.sleep(0)\n%where", [False]),
}


@pytest.mark.parametrize("case", FIRST)
def test_a_call_is_the_first_statement_of_its_cell_or_not(shell, case, tmp_path):
    source, expected = FIRST[case]
    (tmp_path / "script.py").write_text(f"{RUN}('where', '', 'x')")
    found = []

    def where(_line, _cell=None):
        found.append(call_site.find().is_first)

    shell.shell.register_magic_function(where, "line_cell")
    shell.printed(source)
    assert found == expected
