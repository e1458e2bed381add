"""`--stream` in a real shell and a real kernel: words as they come, in place, and an ordinary result."""

from __future__ import annotations

import pytest

from support.faults import FaultServer
from support.gateway import Answer, Gateway
from support.images import noise_png, png
from support.kernels import a_kernel
from support.replies import inline, reply
from support.shells import KEY, a_shell
from support.streams import Steps, event, picture, stream, words

HOSTILE = "<script>alert(1)</script> "


@pytest.fixture
def gateway():
    with Gateway(Answer(stream())) as gateway:
        yield gateway


@pytest.fixture
def shell(gateway):
    with a_shell(gateway.url) as shell:
        yield shell


def test_a_stream_ends_in_the_ordinary_result(shell, gateway):
    streamed = shell.run("%%gemini_image hero --stream\na red square").result
    whole = shell.run("%%gemini_image --text\na red square").result
    assert gateway.posts == 1
    assert (streamed.digest, streamed.text, streamed.image) == (whole.digest, whole.text, whole.image)
    assert streamed is shell.names["hero"]
    assert gateway.requests[0].query["alt"] == "sse"


def test_the_words_of_a_stream_are_shown_once(shell):
    done = shell.run("%%gemini_image --stream\na red square")
    assert (done.stdout.count("Here is a red square."), done.shown) == (1, [])
    assert done.result._repr_mimebundle_()["text/html"].count("Here is a red square.") == 1


def test_a_line_magic_streams(shell):
    assert shell.run('%gemini_image --stream "a red square"').result.text == "Here is a red square."


def test_an_edit_streams_and_goes_on_from_what_came():
    turns = [Answer(stream()), Answer(words("At ") + event(reply("night.", inline(noise_png(900)))))]
    with Gateway(*turns) as gateway, a_shell(gateway.url) as shell:
        shell.run("%%gemini_image --stream\na red square")
        edited = shell.run("%%gemini_edit --stream\nat night").result
    assert edited.text == "At night."
    assert gateway.requests[1].query["alt"] == "sse"


@pytest.mark.parametrize("options", ["-n 2", "-m nano-banana-2 -m nano-banana-pro"])
def test_a_stream_is_of_one_picture(shell, gateway, options):
    done = shell.run(f"%%gemini_image --stream {options}\na red square")
    assert "one picture" in str(done.error)
    assert gateway.posts == 0


def test_the_code_of_a_streamed_picture_streams(shell, gateway):
    shell.run("%%gemini_image --stream\na red square")
    code = shell.run("%gemini code").stdout
    done = shell.run(code + "\nprint()\nprint(generation.replayed)")
    assert "stream=True" in code
    assert done.stdout.splitlines() == ["Here is a red square.", "True"]
    assert gateway.posts == 1


FAILED = ["%%gemini_image\na blue one", "%%gemini_image -n 2\na blue one", "%%gemini_edit\nat night"]


@pytest.mark.parametrize("cell", FAILED)
def test_a_cell_that_fails_leaves_the_code_of_the_last_picture_as_it_was(tmp_path, cell):
    (tmp_path / "photo.png").write_bytes(png(9, 9))
    with Gateway(Answer(stream()), Answer({}, status=400)) as gateway, a_shell(gateway.url) as shell:
        shell.run("%%gemini_image --stream -i photo.png\na red square")
        code = shell.run("%gemini code").stdout
        assert shell.run(cell).error
        assert shell.run("%gemini code").stdout == code
    assert 'images=["photo.png"]' in code
    assert "stream=True" in code


def test_help_says_that_it_asks_for_words(shell):
    page = " ".join(shell.run("%gemini_image --help").stdout.split())
    assert "--stream show the words as they come; asks for them as --text does" in page


def test_words_are_drawn_escaped_as_they_come_and_taken_away_at_the_end(monkeypatch):
    """The server sends on only once the notebook has drawn what came before."""
    steps = Steps(words(HOSTILE + "here "), words("it is. "), picture())
    with FaultServer(steps) as server:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
        monkeypatch.setenv("GEMINI_NB_BASE_URL", server.url)
        with a_kernel() as kernel:
            cell = kernel.start("%%gemini_image --stream\na red square")
            (*_, first) = kernel.until(cell, lambda one: "here" in html_of(one))
            steps.go()
            (*_, second) = kernel.until(cell, lambda one: "it is." in html_of(one))
            steps.go()
            rest = kernel.finish(cell)
    assert (first["type"], second["type"]) == ("display_data", "update_display_data")
    assert first["transient"] == second["transient"]
    assert "&lt;script&gt;" in html_of(first)
    assert not any("<script" in html_of(one) for one in (first, second, *rest))
    assert [one["type"] for one in rest][-2:] == ["clear_output", "execute_result"]
    assert html_of(rest[-1]).count("it is.") == 1


def html_of(output) -> str:
    return output.get("data", {}).get("text/html", "")
