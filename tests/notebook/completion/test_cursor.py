"""Where the cursor is when Tab is pressed."""

from __future__ import annotations

import pytest

from gemini_nb.notebook.completion import cursor

WORDS = {
    "nothing": ("", (), "", "", ""),
    "between words": (" a  b ", ("a", "b"), "", "", ""),
    "in a word": ("a bc", ("a",), "bc", "bc", ""),
    "in a quote": ('-s "my pic', ("-s",), "my pic", "my pic", '"'),
    "at a quote": ("-s '", ("-s",), "", "", "'"),
    "a quote within a word": ('--s="my p', (), "--s=my p", "my p", '"'),
    "the other quote": ("'a\"b", (), 'a"b', 'a"b', "'"),
    "empty word": ("'' b", ("",), "b", "b", ""),
    "no escapes": ("a\\ b", ("a\\",), "b", "b", ""),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_line_is_split_up_to_the_cursor(case):
    line, *expected = WORDS[case]
    assert cursor.split_line(line) == cursor.Words(*expected)
