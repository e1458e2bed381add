"""Text that is safe to show, as a table of inputs: what each function makes of them."""

import time

import pytest

from gemini_nb.text import (
    escape_html,
    format_count,
    format_dollars,
    format_size,
    format_time,
    one_line,
    printable,
    replace_surrogates,
    wrap,
)

# text, as printable text, as one line of at most 20 characters
SAFE = {
    "nothing": ("", "", ""),
    "words": ("a red square", "a red square", "a red square"),
    "lines and tabs": ("two\nlines,\t a  tab", "two\nlines,\t a  tab", "two lines, a tab"),
    "a terminal's commands": ("\x1b[2Jcleared\x07", "�[2Jcleared�", "�[2Jcleared�"),
    "C1 controls": ("a\x9b31mb", "a�31mb", "a�31mb"),
    "NUL and DEL": ("a\0b\x7fc", "a�b�c", "a�b�c"),
    "carriage returns": ("a\r\nb\rc", "a�\nb�c", "a b c"),
    "separators of lines": ("a\u2028b\u2029c\x85d", "a\u2028b\u2029c�d", "a b c d"),
    "lone surrogates": ("a\ud800b\udfffc", "a�b�c", "a�b�c"),
    "a surrogate too many": ("\ud83d\ud83d\ude00\ude00", "�😀�", "�😀�"),
    "a surrogate pair": ("a\ud83d\ude00b", "a😀b", "a😀b"),
    "other scripts": ("naïve 漢字 שלום", "naïve 漢字 שלום", "naïve 漢字 שלום"),
    "a family": ("👩\u200d👧", "👩\u200d👧", "👩\u200d👧"),
    "marks that reorder a line": ("a\u202eb\u2066c\u200fd", "a\u202eb\u2066c\u200fd", "a b c d"),
    "space around": ("  a \n", "  a \n", "a"),
    "as long as fits": ("x" * 20, "x" * 20, "x" * 20),
    "one too long": ("x" * 21, "x" * 21, "x" * 19 + "…"),
    "cut at a space": ("x" * 18 + " yyy", "x" * 18 + " yyy", "x" * 18 + "…"),
    "much space inside": ("a" + " " * 99 + "b", "a" + " " * 99 + "b", "a…"),
    "much space before": (" " * 99 + "b", " " * 99 + "b", "b"),
}


@pytest.mark.parametrize(("text", "lines", "line"), SAFE.values(), ids=SAFE)
def test_text_is_safe_to_show(text, lines, line):
    assert printable(text) == lines
    assert one_line(text, 20) == line


@pytest.mark.parametrize(("text", "lines", "line"), SAFE.values(), ids=SAFE)
def test_what_is_safe_stays_as_it_is(text, lines, line):
    assert printable(lines) == lines
    assert one_line(line, 20) == line
    assert replace_surrogates(text).encode().decode() == replace_surrogates(text)


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("$x$ \\(y\\)", "<span>$</span>x<span>$</span> <span>\\</span>(y<span>\\</span>)"),
        ("\x1b<\ud800", "�&lt;�"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_html_is_escaped_and_no_mathematics_is_set(text, page):
    assert escape_html(text) == page


@pytest.mark.parametrize(
    "text", ["a line\n" * 150_000, "漢字かな\n" * 200_000, "\x1b" * 10**6, "\ud800" * 10**6]
)
@pytest.mark.parametrize("show", [printable, escape_html, lambda text: one_line(text, 60)])
def test_a_megabyte_is_made_safe_at_once(show, text):
    started = time.perf_counter()
    show(text)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "unknown"),
        (0.0, "$0.000"),
        (0.0674, "$0.067"),
        (9.999, "$9.999"),
        (9.9996, "$10.00"),
        (10, "$10.00"),
        (1e4, "$10,000.00"),
    ],
)
def test_dollars(amount, words):
    assert format_dollars(amount) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(1, "1 byte"), (999, "999 bytes"), (1000, "1 kB"), (999_900, "1.0 MB"), (2_345_678, "2.3 MB")],
)
def test_sizes(size, words):
    assert format_size(size) == words


def test_counts_have_the_noun_of_their_number():
    assert [format_count(1, "reply", "replies"), format_count(0, "reply", "replies")] == [
        "1 reply",
        "0 replies",
    ]
    assert format_count(1234, "picture") == "1,234 pictures"


@pytest.mark.parametrize("created", ["", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_unknown(created):
    assert format_time(created) == "unknown"


def test_a_time_is_local_to_the_minute():
    assert format_time("2026-04-14T10:20:30") == "2026-04-14 10:20"


WRAPPED = {
    "short": ("a red square", "a red square"),
    "at a space": ("a red square in a circle", "a red square in a\ncircle"),
    "a long word stays whole": ("see /tmp/a/long/folder/name here", "see\n/tmp/a/long/folder/name\nhere"),
    "under its value": ("model   nano banana two", "model   nano banana\n        two"),
    "indented": ("  a red square in a b", "  a red square in a\n  b"),
    "lines apart": ("one\n\ntwo", "one\n\ntwo"),
    "wide letters": ("日本語 日本語 日本語 x", "日本語 日本語 日本語\nx"),
    "a gap far on": ("a red square in  a circle", "a red square in  a\ncircle"),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_lines_are_broken_at_spaces(case):
    text, wrapped = WRAPPED[case]
    assert wrap(text, 20) == wrapped
