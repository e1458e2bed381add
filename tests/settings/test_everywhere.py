"""Every option in every place gives the same body: Python, magics, edits, the studio and the command line."""

from __future__ import annotations

import anyio
import pytest

from gemini_nb import AsyncClient, Client, generate
from gemini_nb.cli import main
from support.gateway import Answer, Gateway
from support.images import png
from support.replies import inline, reply
from support.request_options import OPTIONS
from support.shells import KEY, a_shell
from support.studios import Visitor

pytestmark = pytest.mark.filterwarnings("ignore:Unvalidated on Crazyrouter")


@pytest.fixture(scope="module")
def gateway():
    with Gateway(Answer(reply(inline(png(64, 48))))) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def shell(gateway):
    with a_shell(gateway.url) as shell:
        shell.magics.store = "off"
        yield shell


@pytest.fixture(autouse=True)
def _asking(gateway, shell, monkeypatch, tmp_path):
    """The clients of each place ask the gateway; no place has a store or a picture to go on from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_NB_BASE_URL", gateway.url)
    shell.magics.session.last = shell.magics.session.chat = None


async def ask_later(**keywords):
    async with AsyncClient() as client:
        await client.generate("a red square", **keywords)


def in_python(_shell, option):
    Client().generate("a red square", **option.keywords)


def streamed(_shell, option):
    with Client().generate("a red square", stream=True, **option.keywords) as stream:
        assert list(stream)


def of_the_package(_shell, option):
    generate("a red square", **option.keywords)


def in_a_coroutine(_shell, option):
    anyio.run(lambda: ask_later(**option.keywords))


def in_a_batch(_shell, option):
    assert not Client().generate_many(["a red square"], **option.keywords).errors


def in_a_chat(_shell, option):
    Client().chat(**option.keywords).send("a red square")


def in_a_turn(_shell, option):
    Client().chat().send("a red square", **option.keywords)


def in_a_cell(shell, option):
    assert shell.run(f"%%gemini_image {option.line}\na red square").error is None


def in_a_line(shell, option):
    assert shell.run(f'pic = %gemini_image {option.line} "a red square"').error is None


def in_an_edit(shell, option):
    assert shell.run(f"%%gemini_edit --new {option.line}\na red square").error is None


def in_the_studio(shell, option):
    visitor = Visitor(shell)
    visitor.generate("a red square", **option.controls)
    assert visitor.status == "1 picture made."
    visitor.studio.close()


def on_the_command_line(shell, option):
    from gemini_nb.notebook.options import split_words

    assert main(["generate", "a red square", "-o", "a.png", *split_words(option.line)]) == 0


PLACES = {
    place.__name__: place
    for place in (
        in_python, streamed, of_the_package, in_a_coroutine, in_a_batch, in_a_chat, in_a_turn,
        in_a_cell, in_a_line, in_an_edit, in_the_studio, on_the_command_line,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("place", PLACES)
def test_an_option_is_sent_from_every_place(place, name, gateway, shell):
    before, option = gateway.posts, OPTIONS[name]
    PLACES[place](shell, option)
    assert gateway.posts == before + 1
    sent = gateway.requests[-1].json
    assert sent == {
        "contents": [{"role": "user", "parts": [{"text": "a red square"}]}],
        "generationConfig": {"responseModalities": ["IMAGE"], **option.config},
        **option.body,
    }
