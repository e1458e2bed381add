"""Every option is said again: in a dry run, as Python, as a cell, and in the line about Crazyrouter."""

from __future__ import annotations

import json
import warnings

import pytest

from gemini_nb import Client
from gemini_nb.cli import main
from gemini_nb.client import pipeline
from gemini_nb.errors import GeminiWarning
from gemini_nb.notebook.options import split_words
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import inline, reply
from support.request_options import OPTIONS
from support.shells import KEY, a_shell
from support.studios import Visitor

pytestmark = pytest.mark.filterwarnings("ignore:Unvalidated on Crazyrouter")


@pytest.fixture
def gateway(monkeypatch):
    with Gateway(Answer(reply(inline(png(64, 48))))) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
        monkeypatch.setenv("GEMINI_NB_BASE_URL", gateway.url)
        yield gateway


@pytest.fixture
def shell(gateway):
    with a_shell(gateway.url) as shell:
        yield shell


def body_in(printed):
    return json.loads(printed[printed.index("\n{") :].rpartition("}")[0] + "}")


def expected(name):
    option = OPTIONS[name]
    return {
        "contents": [{"role": "user", "parts": [{"text": "a red square"}]}],
        "generationConfig": {"responseModalities": ["IMAGE"], **option.config},
        **option.body,
    }


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("magic", ["%%gemini_image", "%gemini_image", "%%gemini_edit --new"])
def test_a_dry_run_shows_it(shell, gateway, magic, name):
    prompt = "\na red square" if magic.startswith("%%") else ' "a red square"'
    printed = shell.printed(f"{magic} --dry-run {OPTIONS[name].line}{prompt}")
    assert body_in(printed) == expected(name)
    assert "Not validated on Crazyrouter, passed on as given: " in printed
    assert gateway.posts == 0


@pytest.mark.parametrize("name", OPTIONS)
def test_a_dry_run_on_the_command_line_shows_it(gateway, name, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("CRAZYROUTER_API_KEY")
    words = split_words(OPTIONS[name].line)
    assert main(["generate", "a red square", "-o", "a.png", "--dry-run", *words]) == 0
    assert body_in(capsys.readouterr().out) == expected(name)
    assert (gateway.posts, list(tmp_path.iterdir())) == (0, [])


def run_as_printed(code):
    names = {}
    exec(compile(code, "code", "exec"), names)
    return names["generation"]


@pytest.mark.parametrize("name", OPTIONS)
def test_the_code_of_a_picture_says_it_and_is_replayed(shell, gateway, name):
    made = shell.run(f"%%gemini_image {OPTIONS[name].line}\na red square").result
    code = shell.printed("%gemini code")
    assert all(f"{keyword}=" in code for keyword in OPTIONS[name].keywords)
    again = run_as_printed(code)
    assert (again.request, again.replayed, gateway.posts) == (made.request, True, 1)


def test_the_code_of_an_edit_says_the_options_of_its_earlier_turns(shell, gateway):
    shell.run("%%gemini_edit --new --seed 7 --system 'Be brief.'\na red square")
    made = shell.run("%%gemini_edit --search web -c topK=4\nbluer").result
    code = shell.printed("%gemini code")
    assert 'chat.send("a red square", system="Be brief.", seed=7)' in code
    again = run_as_printed(code)
    assert (again.request, again.replayed, gateway.posts) == (made.request, True, 2)


def copied_cell(visitor):
    return visitor.text("cell")


@pytest.mark.parametrize("name", OPTIONS)
def test_a_copied_cell_says_it_and_is_replayed(shell, gateway, name):
    visitor = Visitor(shell)
    visitor.generate("a red square", **OPTIONS[name].controls)
    cell = copied_cell(visitor)
    again = shell.run(cell).result
    assert (again.request, again.replayed, gateway.posts) == (visitor.studio.pictures[0].request, True, 1)
    with a_shell(gateway.url) as fresh:
        visitor = Visitor(fresh)
        visitor.recall()
        assert copied_cell(visitor) == cell


def test_a_copied_cell_names_the_variable_of_a_system_instruction_of_several_lines(shell, gateway):
    shell.names["style"] = "Paint in oil.\nNo people."
    assert shell.run("%%gemini_image --system style\na red square").error is None
    visitor = Visitor(shell)
    visitor.recall()
    cell = copied_cell(visitor)
    assert cell.splitlines()[0] == "%%gemini_image --system style"
    assert shell.run(cell).result.replayed
    del shell.names["style"]
    visitor.press("cell")
    assert "no variable holds it" in visitor.problem


def test_a_system_instruction_is_a_variable_where_there_is_one(shell, gateway):
    shell.names.update(style="Paint in oil.", number=7)
    shell.run("%%gemini_image --system style\na red square")
    assert gateway.requests[0].json["systemInstruction"] == {"parts": [{"text": "Paint in oil."}]}
    assert "the variable is a int, not a text" in shell.refused("%%gemini_image --system number\na square")
    printed = shell.run("%%gemini_image --system stile --dry-run\na red square").stdout
    assert "--system stile is taken as text. Did you mean the variable style?" in printed
    assert gateway.posts == 1


def test_a_ratio_said_twice_is_refused(shell, gateway):
    line = "%%gemini_image -a 16:9 -c imageConfig.aspectRatio=1:1\na red square"
    assert "--aspect-ratio and -c imageConfig.aspectRatio" in shell.refused(line)
    assert gateway.posts == 0


def test_it_is_said_once_that_an_option_is_unvalidated_on_crazyrouter(shell, gateway, monkeypatch):
    monkeypatch.setattr(pipeline, "_warned", set())
    said = "Not validated on Crazyrouter, passed on as given: seed.\n"
    assert shell.run("%%gemini_image -q --seed 7\na red square").stdout == said
    assert shell.run("%%gemini_image -q --seed 8\na red square").stdout == ""
    assert shell.run("%%gemini_image -q --seed 7\na red square").stdout == ""
    printed = shell.run("%%gemini_image -q --seed 9 --search web -c topK=4\na red square").stdout
    assert printed == said.replace("seed", "search, topK")


def test_promise_2_a_warning_that_is_an_error_costs_no_picture(gateway, monkeypatch):
    monkeypatch.setattr(pipeline, "_warned", set())
    with warnings.catch_warnings():
        warnings.simplefilter("error", GeminiWarning)
        assert Client().generate("a red square", seed=7).image.data == png(64, 48)
    assert gateway.posts == 1


def test_nothing_is_said_of_it_offline_or_at_google(shell, gateway, monkeypatch):
    monkeypatch.setattr(pipeline, "_warned", set())
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    for provider in ("offline", "google"):
        shell.magics.provider = provider
        assert "Unvalidated" not in shell.printed("%%gemini_image -q --seed 7 --dry-run\na red square")
        assert shell.printed("%%gemini_image -q --seed 7\na red square") == ""


def test_the_studio_says_it_beside_the_price(shell, gateway):
    visitor = Visitor(shell)
    visitor.set(prompt="a red square", seed=7)
    assert "Not validated on Crazyrouter, passed on as given: seed." in visitor.work["price"]
    visitor.set(seed="seven")
    assert "seed must be a whole number" in visitor.work["price"]
    visitor.generate("a red square")
    assert "seed must be a whole number" in visitor.problem
    assert gateway.posts == 0


def test_the_studio_offers_what_the_model_takes(shell):
    visitor = Visitor(shell)
    assert [value for value, _ in visitor.widget.offer["thinking"]] == ["", "minimal", "high"]
    visitor.set(model="gemini-2.5-flash-image")
    assert [value for value, _ in visitor.widget.offer["thinking"]] == [""]
