"""One table, three ways to read it; what stands in a cell is other people's text."""

from __future__ import annotations

import pytest

from gemini_nb.display.table import Table, Thumbnail

DOT = Thumbnail("data:image/webp;base64,AAAA", 'a "dot" <b>', 8, 4)


def table(*cells, **settings) -> Table:
    """A table of one column with these cells."""
    return Table(("what",), tuple((cell,) for cell in cells), **settings)


def test_columns_line_up_and_numbers_end_together():
    both = Table(("name", "n", "rest"), (("a", "5", "x"), ("long", "1234", "y")), right=frozenset({"n"}))
    assert str(both).splitlines() == ["name     n  rest", "a        5  x", "long  1234  y"]


@pytest.mark.parametrize("wide", ["日本", "🍌🍌", "e\u0301e\u0301xx"])
def test_what_is_wide_or_combining_takes_its_place_on_a_terminal(wide):
    lines = str(Table(("a", "b"), ((wide, "|"), ("1234", "|")))).splitlines()
    assert lines[1] == f"{wide}  |"
    assert lines[2] == "1234  |"


def test_a_caption_stands_above_and_notes_below():
    assert str(table("x", caption="above", notes=("below",))).splitlines() == ["above", "what", "x", "below"]


def test_a_table_without_names_has_no_heading():
    bare = Table(("", ""), (("a", "b"),))
    assert str(bare) == "a  b"
    assert "<th" not in bare.html()


@pytest.mark.parametrize("text", ["two\nlines", "two\r\n\tlines", "two\u2028lines", "\u202etwo lines\u2069"])
def test_a_cell_keeps_to_its_line_and_its_direction(text):
    assert str(table(text)) == "what\ntwo lines"
    assert "| two lines |" in table(text).markdown()


def test_a_cell_does_not_steer_a_terminal():
    assert "\x1b" not in str(table("\x1b[31mred", caption="\x1b[2J", notes=("\x1b]0;x\x07",)))


def test_a_long_text_is_cut_and_says_so():
    long = "x" * 1_000_000
    assert len(str(table(long)).splitlines()[1]) < 80
    assert str(table(long)).endswith("…")
    assert len(table(long).html()) < 2_000
    assert "…" in table(long).html()


def test_html_escapes_every_text():
    hostile = '<script>alert(1)</script> "&" $x$'
    page = Table((hostile,), ((hostile,),), caption=hostile, notes=(hostile,)).html()
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 4
    assert "$x$" not in page


def test_markdown_escapes_what_could_be_markup():
    row = table("a | b ![x](http://t.invalid) <b> `c` *d* $e$").markdown().splitlines()[2]
    assert row == r"| a \| b \!\[x\](http://t.invalid) \<b\> \`c\` \*d\* \$e\$ |"


def test_a_thumbnail_has_alt_text_and_is_left_out_of_text():
    both = Table(("picture", "what"), ((DOT, "a dot"), ("", "gone")))
    assert 'alt="a &quot;dot&quot; &lt;b&gt;" width="8" height="4"' in both.html()
    assert str(both).splitlines() == ["what", "a dot", "gone"]


def test_a_row_that_is_too_wide_goes_on_below_in_its_widest_column():
    both = Table(("n", "what", "by"), (("7", "a boat on the sea " * 3, "me"),), right=frozenset({"n"}))
    assert both.text(40).splitlines() == [
        "n  what                               by",
        "7  a boat on the sea a boat on the    me",
        "   sea a boat on the sea",
    ]


def test_rows_of_many_columns_become_headings_with_their_cells_named():
    wide = Table(("model", "alias", "price"), (("a" * 20, "b" * 12, "1 K"), ("c", "", "2 K")), notes=("x",))
    assert wide.text(30).splitlines() == [
        "a" * 20,
        "  alias: bbbbbbbbbbbb",
        "  price: 1 K",
        "c",
        "  price: 2 K",
        "",
        "x",
    ]


def test_a_cell_of_a_heading_is_broken_where_it_alone_is_too_wide():
    (_, *facts) = Table(("a", "b"), (("x" * 25, "one two three four five six"),)).text(30).splitlines()
    assert facts == ["  b: one two three four five", "  six"]


def test_without_a_width_each_row_is_a_line():
    wide = Table(tuple("abcdefgh"), (("x" * 50,) * 8,))
    assert len(str(wide).splitlines()) == 2


def test_a_notebooks_text_has_80_columns():
    assert table("word " * 40)._repr_mimebundle_()["text/plain"] == table("word " * 40).text(80)


def test_a_notebook_gets_both_and_a_terminal_text():
    assert table("x")._repr_mimebundle_() == {"text/html": table("x").html(), "text/plain": "what\nx"}
    assert repr(table("x")) == "what\nx"


def test_a_name_and_a_date_are_not_broken_at_their_hyphens():
    page = table("seen on 2026-04-14", "nano-banana-2", "one, 1024 × 1024", f"a-{'x' * 60}").html()
    assert 'seen on <span style="white-space:nowrap">2026-04-14</span>' in page
    assert '<span style="white-space:nowrap">nano-banana-2</span>' in page
    assert 'one, <span style="white-space:nowrap">1024 × 1024</span>' in page
    assert page.count("<span") == 3
