"""Tab in a real shell: which options and values are offered, and what they replace."""

from __future__ import annotations

import argparse

import pytest

from gemini_nb import models
from gemini_nb.notebook import options
from gemini_nb.notebook.completion import cursor, suggest
from gemini_nb.notebook.completion.candidates import Scope
from support.completions import offered, pressed

ALIASES = [("nano-banana-", f"nano-banana-{end}") for end in ("2", "pro", "2-lite", "2.1")]


OFFERED = {
    "long option": ("%%gemini_image --mo¦", [("--mo", "--model")]),
    "short option": ("%%gemini_image -q¦", [("-q", "-q")]),
    "option in a line magic": ("%gemini_image --asp¦", [("--asp", "--aspect-ratio")]),
    "option of an edit": ("%%gemini_edit --n¦", [("--n", "--new")]),
    "option after an assignment": ("pic = %gemini_image --asp¦", [("--asp", "--aspect-ratio")]),
    "option after a name and a value": ("%%gemini_image hero -a 16:9 --mo¦", [("--mo", "--model")]),
    "after a blank line": ("\n\n%%gemini_image --mo¦", [("--mo", "--model")]),
    "in a later line of a cell": ("x = 1\npic = %gemini_image --mo¦", [("--mo", "--model")]),
    "with text behind": ("%%gemini_image --mo¦ -q\na red square", [("--mo", "--model")]),
    "alias": ("%%gemini_image -m nano-banana-p¦", [("nano-banana-p", "nano-banana-pro")]),
    "alias behind an equals sign": ("%%gemini_image --model=nano-banana-¦pro", ALIASES),
    "alias joined": ("%%gemini_image -mnano-banana-p¦", [("nano-banana-p", "nano-banana-pro")]),
    "alias in quotes": ('%%gemini_image -m "nano-banana-p¦', [("nano-banana-p", "nano-banana-pro")]),
    "alias in quotes that are closed": ('%%gemini_image -m "nano-banana-¦"', ALIASES),
    "ratio past its colon": ("%%gemini_image -a 16:¦", [("16:", "16:9")]),
    "ratio in a long option": ("%%gemini_image --aspect-ratio=16:¦", [("16:", "16:9")]),
    "size": ("%%gemini_image -z 2¦", [("2", "2K")]),
    "size in small letters": ("%%gemini_image -z 2k¦", [("2k", "2K")]),
    "size of a model": ("%%gemini_image -m nano-banana-2-lite -z ¦", [("", "1K")]),
    "size of a model that follows": ("%%gemini_image -z ¦ -m nano-banana-2-lite", [("", "1K")]),
    "sizes of a model without": ("%%gemini_image -m nano-banana -z ¦", []),
    "ratio no model of the line has": ("%%gemini_image -m nano-banana-2 -m nano-banana-pro -a 1:4¦", []),
    "search": ("%%gemini_image --search b¦", [("b", "both")]),
    "thinking of a model that does not": ("%%gemini_image -m nano-banana --thinking ¦", []),
    "thinking that both models have": (
        "%%gemini_image -m nano-banana-2 -m nano-banana-2.1 --thinking ¦", [("", "minimal"), ("", "high")],
    ),
    "category of safety": ("%%gemini_image --safety=har¦", [("har", "harassment=")]),
    "setting that is JSON": (
        "%%gemini_image -c responseModalities=¦",
        [
            ("responseModalities=", """'responseModalities=["IMAGE"]'"""),
            ("responseModalities=", """'responseModalities=["TEXT","IMAGE"]'"""),
        ],
    ),
    "setting in quotes": ("%%gemini_image -c 'topK¦", [("topK", "topK=")]),
    "value of a setting that takes any": ("%%gemini_image -c topK=¦", []),
    "word of the house": ("%gemini stat¦", [("stat", "status")]),
    "argument of a word": ("%gemini key f¦", [("f", "forget")]),
}  # fmt: skip


@pytest.mark.parametrize("case", OFFERED)
def test_what_begins_like_this_is_offered(shell, case):
    source, expected = OFFERED[case]
    assert pressed(shell, source) == expected


NOT_OFFERED = {
    "unknown option": "%%gemini_image --zz¦",
    "value of a number": "%%gemini_image --width ¦",
    "behind --": "%gemini_image -- --mo¦",
    "in a comment": "%%gemini_image # --mo¦",
    "behind a closed quote that holds an option": '%%gemini_image "--mo"¦',
    "behind a closed quote": '%%gemini_image -m "nano"¦',
    "the magic's own name": "%%gemini_im¦",
    "right behind the magic's name": "%%gemini_image¦",
    "another magic": "%%gemini_images --mo¦",
    "Python": "x = --mo¦",
    "a prompt": "%%gemini_image\na red --mo¦",
    "a magic in a prompt": "%%gemini_image\n%gemini_image --mo¦",
    "a prompt in a line": "%gemini_image a --model-like -q thing¦",
    "a magic under a cell magic": "%%time\n%%gemini_image --mo¦",
    "a quote just opened": '%gemini_image "¦',
    "a quote that begins within the value": '%%gemini_image --model=nano-"ban¦',
    "a quoted prompt": '%gemini_image "a --mo¦',
}


@pytest.mark.parametrize("case", NOT_OFFERED)
def test_elsewhere_nothing_is_offered(shell, case):
    assert pressed(shell, NOT_OFFERED[case]) == []


def test_every_option_of_the_parser_is_offered(shell):
    known = options.image_parser(cell=True)._option_string_actions
    assert offered(shell, "%%gemini_image ¦") == list(known)


def test_every_model_is_offered_with_the_default_first(shell):
    assert offered(shell, "%%gemini_image -m ¦") == models.names()
    assert offered(shell, "%%gemini_image -m ¦")[0] == models.DEFAULT_MODEL


def test_the_default_model_decides_which_ratios_there_are(shell):
    magics = shell.magics_manager.registry["GeminiMagics"]
    assert "8:1" in offered(shell, "%%gemini_image -a ¦")
    magics.model = "nano-banana"
    assert "8:1" not in offered(shell, "%%gemini_image -a ¦")
    magics.model = models.DEFAULT_MODEL


def test_an_unknown_model_has_the_ratios_of_the_default(shell):
    assert offered(shell, "%%gemini_image -m gemini-99 -a 8:¦") == ["8:1"]


def parser_to_come():
    """A parser with options of every kind, for the completer reads whatever parser there is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", "-m", action="append")
    parser.add_argument("--vary", action="append")
    parser.add_argument("--each")
    parser.add_argument("--replay")
    parser.add_argument("--provider")
    parser.add_argument("--mode", choices=["fast", "fine"])
    parser.add_argument("--pair", nargs=2, choices=["a", "b"])
    parser.add_argument("--many", nargs="+", choices=["c"])
    return parser


TO_COME = {
    "lists": ("--vary ¦", ["cities", "rows"]),
    "frames": ("--each ¦", ["rows"]),
    "replay": ("--replay o¦", ["only", "off"]),
    "provider": ("--provider off¦", ["offline"]),
    "choices": ("--mode f¦", ["fast", "fine"]),
    "first of two": ("--pair ¦", ["a", "b"]),
    "second of two": ("--pair a ¦", ["a", "b"]),
    "third of two": ("--pair a b ¦", list(parser_to_come()._option_string_actions)),
    "any of many": ("--many c c c ¦", ["c"]),
    "behind a joined option": ("--pair --mode=fast ¦", list(parser_to_come()._option_string_actions)),
    "option instead of a value": ("--pair --mod¦", ["--model", "--mode"]),
}


@pytest.mark.parametrize("case", TO_COME)
def test_an_option_yet_to_come_completes_by_itself(case):
    typed, expected = TO_COME[case]
    variables = {"cities": ["Oslo"], "rows": [{"city": "Oslo"}], "n": 1, "text": "a"}
    place = cursor.Place("gemini_image", f" {typed.partition('¦')[0]}", cell=True)
    scope = Scope(variables, (models.DEFAULT_MODEL,))
    found = suggest.complete_at(place, parser_to_come()._option_string_actions, scope)
    assert [one.text for one in found.candidates] == expected


def test_the_columns_of_a_frame_are_names_of_its_fields():
    place = cursor.Place("gemini_image", " --each rows", cell=True, body="a view of {{ci")
    known = parser_to_come()._option_string_actions
    found = suggest.complete_at(place, known, Scope({"rows": [{"city": "Oslo", "no name": 1}]}))
    assert [one.text for one in found.candidates] == ["city"]


@pytest.mark.parametrize("line", ["--each rows -s out/{{s¦", "-s out/{{s¦ --each rows", "--save=out/{{s¦"])
def test_the_fields_of_a_file_name_are_those_of_the_prompt(shell, line):
    shell.user_ns["rows"] = [{"sku": "A1", "name": "cup"}]
    shell.user_ns["scale"] = 2
    wanted = ["scale", "sku"] if "--each" in line else ["scale"]
    assert [text for text in offered(shell, f"%%gemini_image {line}") if text.startswith("s")] == wanted
