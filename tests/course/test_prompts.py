"""The course shows what it says: of no prompt that the offline painter gets does it leave a word out.

A word that it may leave out stands in the notebook's text in italics: the reader is told.
"""

from __future__ import annotations

import ast
import re
import shlex

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from gemini_nb.offline.job import BLOCKED_PHRASE
from gemini_nb.offline.painter import edit_plan
from gemini_nb.offline.painter.reading import scene
from support.course import each_notebook, solution

ASKING = {
    "asked",
    "generate",
    "generate_content",
    "generate_content_stream",
    "generate_many",
    "raw_reply",
    "send",
}
LISTS = {
    "animal",
    "animals",
    "birds",
    "boats",
    "colour",
    "prompt",
    "prompts",
    "shapes",
    "time_of_day",
    "trees",
}
FILLED_IN = re.compile(r"\{\{.*?\}\}|\[fault:[^\]]*\]")


@each_notebook
def test_the_painter_leaves_out_nothing_that_a_notebook_asks_for(path):
    notebook = nbformat.read(path, as_version=4)
    told = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert [name for name in left_out(notebook) if f"*{name}*" not in told] == []


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("%%gemini_image hero -a 16:9\na horse on a boat", ["horse"]),
        ("%%gemini_edit\nremove the boat from the lake", []),
        ("%%gemini_edit --new -i boat\nadd a horse", ["horse"]),
        ('x = %gemini_image -z 512 "a {{colour}} horse"', ["horse"]),
        ('client.generate(f"a {colour} horse [fault: drafts]")', ["horse"]),
        ('prompts = [f"a {colour} horse" for colour in ("red", "blue")]', ["horse"]),
        ('print("a horse")', []),
    ],
)
def test_a_prompt_is_found_wherever_a_cell_has_it(cell, names):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell), nbformat.v4.new_markdown_cell()]
    )
    assert left_out(notebook) == names


def left_out(notebook):
    """The words that the painter leaves out of a notebook's prompts, those of its solutions included."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"] + solution(notebook)
    found = [(prompt, is_edit) for cell in cells for prompt, is_edit in prompts(cell)]
    names = []
    for prompt, is_edit in found:
        if BLOCKED_PHRASE in prompt:
            continue
        words = FILLED_IN.sub(" ", prompt)
        # what is taken out of a picture is there, for the picture was painted for it
        known = scene.read(" ".join(first for first, _ in found)) if is_edit else None
        names += edit_plan.read(words, known).left_out if is_edit else scene.read(words).left_out
    return names


def prompts(cell):
    """The prompts of a cell, and whether each is an edit."""
    for node in ast.walk(ast.parse(TransformerManager().transform_cell(cell))):
        if isinstance(node, ast.Call):
            yield from called(node)
        elif isinstance(node, ast.Assign) and LISTS & {getattr(name, "id", "") for name in node.targets}:
            yield from ((text, False) for text in texts(node.value))


def called(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name == "run_cell_magic" and call.args[0].value.startswith("gemini_"):
        options = shlex.split(call.args[1].value)
        yield call.args[2].value, call.args[0].value == "gemini_edit" or "-i" in options
    elif name == "run_line_magic" and call.args[0].value == "gemini_image":
        yield shlex.split(call.args[1].value)[-1], False
    elif name in ASKING:
        arguments = [
            *call.args,
            *(word.value for word in call.keywords if word.arg in ("contents", "prompt")),
        ]
        words = [text for argument in arguments for text in texts(argument)]
        yield from ((text, name == "send") for text in words if " " in text)


def texts(node):
    """The strings of an expression, what is filled into them left out."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else " " for part in node.values)
    elif isinstance(node, ast.Constant):
        yield from [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, ast.List | ast.Tuple):
        for item in node.elts:
            yield from texts(item)
    elif isinstance(node, ast.ListComp):
        yield from texts(node.elt)
