"""What newcomers mistype: each is told what to write instead, and what works goes on working."""

from __future__ import annotations

import pytest

FRAME = """
import pandas as pd
df = pd.DataFrame({"city": ["Oslo", "Łódź"], "sky": ["red", "grey"], "top 1": [1, 2]})
cities, count = ["Oslo", "Łódź"], 3
"""

REFUSED = {
    "an expression for --each": ("%%gemini_image --each df.head(3)\n{{city}}", "rows = …, then --each rows"),
    "an expression in pieces": ("%%gemini_image --each df[df.x > 3]\n{{city}}", "rows = …, then --each rows"),
    "a file for --each": (
        "%%gemini_image --each cities.csv\n{{city}}",
        "name of a variable, not 'cities.csv'",
    ),
    "a list for --vary": ("%%gemini_image --vary [1,2]\n{{x}}", "values = …, then --vary values"),
    "a list for --each": ("%%gemini_image --each cities\n{{city}}", "with --vary cities"),
    "a frame for --vary": ("%%gemini_image --vary df\n{{df}}", "with --each df"),
    "a number for --vary": ("%%gemini_image --vary count\n{{count}}", "Give a list, such as [1, 2]"),
    "a misspelt list": ("%%gemini_image --vary citys\n{{citys}}", "Did you mean 'cities'?"),
    "no field for --vary": ("%%gemini_image --vary cities\na city", "Write {{cities}} where"),
    "a misspelt column": ("%%gemini_image --each df\n{{ctiy}} at dawn", "Did you mean 'city'?"),
    "a column that is none": ("%%gemini_image --each df\n{{town}}", "Its columns: city, sky, top 1."),
    "a misspelt attribute": ("%%gemini_image\n{{df.ctiy[0]}}", "Did you mean {{df['city']}}?"),
    "a misspelt key": ("%%gemini_image --each df\n{{row['ctiy']}}", "Did you mean {{row['city']}}?"),
    "a key as attribute": ("%%gemini_image --each df\n{{row.sky}}", "Did you mean {{row['sky']}}?"),
    "a method that is misspelt": ("%%gemini_image\n{{df.shpae}}", "Did you mean 'shape'?"),
    "a prompt on the line": ("%%gemini_image a red square\n\n", 'on the line: %gemini_image "a red square"'),
    "a prompt on the line, and a body": ("%%gemini_image a red square\nin oil", "prompt below the line"),
    "a quoted prompt on the line": ("%%gemini_image 'a red square'\nin oil", "prompt below the line"),
    "a prompt of one word": ("%%gemini_image sunset\n\n", "'sunset' on the line is the name"),
    "a prompt on the line of an edit": ("%%gemini_edit at night\nx", "in the body of the cell."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_with_what_to_write(shell, gateway, case):
    source, hint = REFUSED[case]
    assert shell.run(FRAME).error is None
    assert hint in shell.refused(source)
    assert gateway.posts == 0


WARNED = {
    "options in the body": ("-a 16:9\na cat", "'-a 16:9' as text: options belong on the first line"),
    "options at the end": ("a cat\n--save=cat.png", "after %%gemini_image."),
}


@pytest.mark.parametrize("case", WARNED)
def test_options_in_the_body_are_text_and_that_is_said(shell, gateway, case):
    body, hint = WARNED[case]
    assert hint in shell.said(f"%%gemini_image\n{body}")
    assert gateway.requests[0].json["contents"][0]["parts"][0]["text"] == body


@pytest.mark.parametrize("body", ["- a cat\n- a dog", "--- a cat ---", "a cat -a 16:9 wide", "-5 °C, snow"])
def test_a_dash_is_no_option(shell, body):
    assert "options" not in shell.said(f"%%gemini_image\n{body}")


def test_options_in_the_body_of_an_edit_are_said(shell):
    shell.run("%%gemini_image\na cat")
    assert "after %%gemini_edit." in shell.said("%%gemini_edit\n--undo\nat night")


def test_a_prompt_without_a_column_is_said(shell, gateway):
    shell.run(FRAME)
    printed = shell.said("%%gemini_image --each df\na view of {city}")
    assert "The prompt uses no column of df" in printed
    assert "write {{city}} where a value belongs" in printed
    assert gateway.posts == 1


def test_a_name_that_hides_a_builtin_is_assigned_and_said(shell):
    printed = shell.said("%%gemini_image list\na red square")
    assert "list hides Python's own list now: del list brings that back." in printed
    assert shell.names["list"].prompt == "a red square"


def test_a_name_that_hides_a_module_is_assigned_and_said(shell):
    shell.run("import math as np")
    assert "np was the module math and is this result now" in shell.said("%%gemini_image np -n 2\na cat")
    assert "np" not in shell.said("%%gemini_image np\na cat")
    assert "now" not in shell.said("%%gemini_image hero\na cat")
