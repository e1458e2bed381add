"""Where `gemini-nb generate` saves: as another type, again, and over no other file."""

from __future__ import annotations

from itertools import count

import pytest
from PIL import Image

from gemini_nb.cli.main import main
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import inline, reply
from support.shells import KEY


@pytest.fixture
def gateway(monkeypatch):
    """A gateway whose pictures grow wider by a pixel each."""
    widths = count(1)
    with Gateway(lambda _request: Answer(reply(inline(png(next(widths), 4))))) as gateway:
        monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
        monkeypatch.setenv("GEMINI_NB_BASE_URL", gateway.url)
        yield gateway


def generate(prompt, *options):
    return main(["generate", prompt, "-z", "512", "-o", *options])


def width_of(path):
    with Image.open(path) as picture:
        return picture.width


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_with_a_store_a_file_is_left_alone_then_replaced_and_refused_once_it_was_edited(
    gateway, tmp_path, capsys, name
):
    for prompt, width in ("a cat", 1), ("a cat", 1), ("a dog", 2), ("a cat", 1):
        assert generate(prompt, name, "--store", "kept") == 0
        assert width_of(name) == width
    assert capsys.readouterr().out == f"{name}\n" * 4
    (tmp_path / name).write_bytes(b"edited")
    assert generate("a fox", name, "--store", "kept") == 1
    assert "--overwrite" in capsys.readouterr().err
    assert (tmp_path / name).read_bytes() == b"edited"
    assert gateway.posts == 2
    assert generate("a fox", name, "--store", "kept", "--overwrite") == 0
    assert width_of(name) == 3


def test_without_a_store_no_file_is_replaced_unasked(gateway):
    assert generate("a cat", "a.png") == 0
    assert generate("a dog", "a.png") == 1
    assert gateway.posts == 1
    assert generate("a dog", "a.png", "--overwrite") == 0


def test_what_was_painted_offline_is_replaced_until_it_was_edited(tmp_path, capsys):
    for prompt in ("a cat", "a dog"):
        assert generate(prompt, "a.jpg", "-p", "offline") == 0
    (tmp_path / "a.jpg").write_bytes(b"edited")
    assert generate("a cat", "a.jpg", "-p", "offline") == 1
    said = capsys.readouterr().err
    assert "'a.jpg' exists already" in said
    assert "--overwrite" in said
    assert (tmp_path / "a.jpg").read_bytes() == b"edited"


@pytest.mark.filterwarnings("default::gemini_nb.errors.GeminiWarning")
def test_a_picture_of_another_type_is_converted_and_a_line_says_so(gateway, capsys):
    assert generate("a cat", "a.webp") == 0
    with Image.open("a.webp") as picture:
        assert picture.format == "WEBP"
    line = "gemini-nb: a.webp was converted from the PNG that came. Name it .png to save the original bytes."
    assert line in capsys.readouterr().err.splitlines()


def test_in_a_folder_a_picture_is_saved_once_and_another_of_the_same_words_beside_it(gateway, tmp_path):
    for replay in ("auto", "auto", "refresh"):
        assert generate("a cat", "out/", "--store", "kept", "--replay", replay) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a-cat-2.png", "a-cat.png"]
