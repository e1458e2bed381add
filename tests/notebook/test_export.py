"""The Python of a picture: run as it was printed, it makes the same request, mostly for nothing."""

from __future__ import annotations

import pytest

from gemini_nb.request import ImageRequest
from support.gateway import Answer, Gateway
from support.images import png
from support.shells import a_shell
from support.streams import stream

pytestmark = pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")


def in_a_fresh_namespace(code):
    """The result of running a script as it was printed."""
    names = {}
    exec(compile(code, "code", "exec"), names)
    return names["generation"]


PROMPTS = {
    "plain": "a red square",
    "quotes": """it's "quoted" \\n and \\""",
    "lines": 'first\n\n  second\ttab\u2028third\n"""',
    "braces": "{{'a'}} {name} %d",
    "odd characters": "日本語 🍌 \u202e rtl \x00 \ud800",
}


@pytest.mark.parametrize("kind", PROMPTS)
def test_the_code_of_a_picture_runs_and_is_replayed(shell, gateway, kind):
    magics = shell.magics
    request = ImageRequest(
        PROMPTS[kind], aspect_ratio="3:2", take=2, text=True, config={"seed": 7, "a": {"b": None}}
    )
    made = magics.session.client().generate(request)
    magics.session.keep(made)
    again = in_a_fresh_namespace(shell.printed("%gemini code"))
    assert (again.digest, again.replayed) == (made.digest, True)
    assert again.prompt == PROMPTS[kind]
    assert gateway.posts == 1


def test_the_code_of_a_picture_that_is_not_stored_asks_the_same_server(shell, gateway):
    shell.magics.store, shell.magics.base_url = "off", gateway.url
    made = shell.run("%%gemini_image -m nano-banana-pro -z 2K\na red square").result
    again = in_a_fresh_namespace(shell.printed("%gemini code"))
    assert (again.digest, again.replayed) == (made.digest, False)
    assert gateway.requests[0].body == gateway.requests[1].body


def test_the_code_takes_an_input_picture_from_the_store(shell, gateway):
    hero = shell.run("%%gemini_image hero\na red square").result
    del shell.names["hero"]
    magics = shell.magics
    made = magics.session.client().generate("bluer", images=[hero])
    magics.session.keep(made)
    code = shell.printed("%gemini code")
    assert f".gemini_nb/images/{hero.image.sha256}.png" in code
    again = in_a_fresh_namespace(code)
    assert (again.digest, again.replayed) == (made.digest, True)


def test_the_code_names_the_variable_that_holds_an_input_picture(shell, gateway):
    shell.names["photo"] = png(9, 9)
    shell.run("%%gemini_image -i photo\nbluer")
    assert "images=[photo]" in shell.printed("%gemini code")


@pytest.mark.parametrize("magic", ["%%gemini_image", "%%gemini_image -n 2", "%%gemini_edit"])
def test_the_code_names_the_file_that_was_given(shell, gateway, tmp_path, magic):
    (tmp_path / "photo.png").write_bytes(png(9, 9))
    shell.run(f"{magic} -i photo.png\nbluer")
    code = shell.printed("%gemini code")
    assert 'images=["photo.png"]' in code
    assert in_a_fresh_namespace(code).replayed


def test_a_file_that_has_changed_since_is_not_taken_for_the_input_picture(shell, gateway, tmp_path):
    (tmp_path / "photo.png").write_bytes(png(9, 9))
    shell.run("%%gemini_image -i photo.png\nbluer")
    shell.magics.session.last_sources = ("photo.png",)
    (tmp_path / "photo.png").write_bytes(png(8, 8))
    assert "photo.png" not in shell.printed("%gemini code")


def test_the_code_without_its_input_picture_fails_before_it_pays(shell, gateway, tmp_path):
    (tmp_path / "photo.png").write_bytes(png(9, 9))
    shell.run("%%gemini_image -i photo.png\nbluer")
    (tmp_path / "photo.png").unlink()
    code = shell.printed("%gemini code")
    assert "# First set picture_1 to the input image: image/png" in code
    with pytest.raises(NameError, match="picture_1"):
        in_a_fresh_namespace(code)
    assert gateway.posts == 1


def test_the_code_of_an_edit_repeats_its_turns_from_the_store(shell, gateway):
    magics = shell.magics
    chat = magics.session.client().chat("nano-banana-2")
    chat.send("a cat", aspect_ratio="16:9")
    chat.send("at night", images=[png(9, 9)])
    made = chat.send("with a moon", image_size="2K")
    magics.session.keep(made)
    assert made.request.history
    shell.names["moon"] = png(9, 9)
    code = shell.printed("%gemini code")
    assert "not in the store" not in code
    again = in_a_fresh_namespace("moon = b''\n" + code.replace("[moon]", f"[{png(9, 9)!r}]"))
    assert (again.digest, again.replayed) == (made.digest, True)
    assert gateway.posts == 3


def test_the_code_of_an_edit_says_which_turns_are_paid_for_again(shell, gateway):
    magics = shell.magics
    magics.store = "off"
    chat = magics.session.client().chat("nano-banana-2")
    chat.send("a cat")
    magics.session.keep(chat.send("at night"))
    assert shell.printed("%gemini code").count("# This turn is not in the store") == 1


def test_the_code_of_a_streamed_picture_streams(streaming):
    shell, gateway = streaming
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
