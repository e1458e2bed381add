from __future__ import annotations

import re

import pytest

from gemini_nb.errors import ArgumentError
from gemini_nb.notebook import options


def parsed(line, *, cell=True):
    return options.image_parser(cell=cell).parse_words(options.split_words(line))


def refusal(line, *, cell=True):
    with pytest.raises(ArgumentError) as refused:
        parsed(line, cell=cell)
    return str(refused.value)


LINES = {
    "-m 'my model'": ["-m", "my model"],
    'a "b c" d': ["a", "b c", "d"],
    "hero # a comment": ["hero"],
    "#nocomment a#b": ["#nocomment", "a#b"],
    r"-s C:\new\table": ["-s", r"C:\new\table"],
    "'it''s'": ["its"],
    "hero # don't": ["hero"],
    "'#' x": ["#", "x"],
    "": [],
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_split_as_people_mean_it(line):
    assert options.split_words(line) == LINES[line]


def test_repeated_options_add_up():
    asked = parsed("hero -m a -m b -i x -i y --vary p --vary q")
    assert (asked.name, asked.models, asked.images, asked.vary) == (
        "hero",
        ["a", "b"],
        ["x", "y"],
        ["p", "q"],
    )


BAD = {
    "--modle x": "did you mean --model",
    "--concurency 3": "did you mean --concurrency",
    "--mod x": "there is no option --mod",
    "-n 0": "a count from 1",
    "-n 99999": "a count from 1",
    "-n 1.5": "a count from 1",
    "-n ٣": "a count from 1",
    "--max-cost much": "amount in US dollars",
    "--max-cost nan": "amount in US dollars",
    "--max-cost -1": "amount in US dollars",
    "--replay never": "invalid choice",
    "--width 5": "a width in pixels",
    "a b": "takes one NAME and options, not 'a b'",
    "lambda": "not a name",
    "--key=abc": "does not belong in a cell",
    "-i AIzaSyA1234567890abcdefghijk": "does not belong in a cell",
    "-m sk-0123456789abcdefghij": "does not belong in a cell",
    "-i https://x.invalid/?key=AIzaSyA1234567890abcdefghijk": "does not belong in a cell",
}


@pytest.mark.parametrize("line", BAD)
def test_a_wrong_line_says_what_is_wrong(line):
    assert BAD[line] in refusal(line)


@pytest.mark.parametrize("line", ["--" + "x" * 10**6, "a " + "y" * 10**6, "-n " + "9" * 10**6, "-" * 10**6])
def test_a_long_word_is_cut_in_the_message(line):
    assert len(refusal(line)) < 400


def test_a_refused_key_is_not_repeated():
    assert "1234567890" not in refusal("-m AIzaSyA1234567890abcdefghijk")


PARSERS = {
    "%%gemini_image": options.image_parser(cell=True),
    "%gemini_image": options.image_parser(cell=False),
    "%%gemini_edit": options.edit_parser(),
}


@pytest.mark.parametrize("magic", PARSERS)
def test_help_is_written_as_it_is_typed(magic, capsys):
    with pytest.raises(options.HelpShown):
        PARSERS[magic].parse_words(["--help"])
    page = capsys.readouterr().out
    assert page.startswith(f"usage: {magic} ")
    assert "%%%" not in page
    assert "%%gemini models" not in page
    assert "%gemini models" in " ".join(page.split())
    assert "%config GeminiMagics" in page.replace("%%config", "")
    assert max(map(len, page.splitlines())) <= 80


def test_help_shows_fields_with_two_braces(capsys):
    PARSERS["%%gemini_image"].print_help()
    page = capsys.readouterr().out
    assert "{{city}}" in page
    assert "{{VAR}}" in page
    assert "{{{" not in page


@pytest.mark.parametrize("magic", PARSERS)
def test_every_option_is_explained(magic):
    actions = PARSERS[magic]._actions
    assert all(action.help and len(action.help) > 10 for action in actions)


@pytest.mark.parametrize("magic", ["%%gemini_image", "%%gemini_edit"])
def test_the_examples_of_the_help_are_lines_that_parse(magic):
    page = PARSERS[magic].format_help()
    examples = re.findall(rf"^  {magic}(.*)$", page.split("examples:")[1], re.MULTILINE)
    assert len(examples) >= 3
    for line in examples:
        assert PARSERS[magic].parse_words(options.split_words(line))


def test_help_says_that_it_asks_for_words(keyless):
    page = " ".join(keyless.run("%gemini_image --help").stdout.split())
    assert "--stream show the text as it arrives; asks for it as --text does" in page
