"""Models that a provider has shut down: names mean a living one, and a dead one is said to be dead."""

from __future__ import annotations

import asyncio
import warnings

import pytest

from gemini_nb import APIError, AsyncClient, Client, GeminiWarning, ImageRequest, models
from support.command_line import run_program
from support.gateway import Answer, Gateway
from support.google_today import ALIVE, DEAD, google, model_of
from support.images import png
from support.replies import inline, reply
from support.shells import a_shell
from support.warned import messages

KEY = "a-key-of-tests"
NAMES = tuple(models.ALIASES)
MEANS = {
    "default": "gemini-nano-banana-2.1",
    "nano-banana": "gemini-nano-banana-2.1",
    "nano-banana-2": "gemini-nano-banana-2.1",
    "nano-banana-pro": "gemini-3-pro-image",
    "nano-banana-2-lite": "gemini-3.1-flash-lite-image",
    "nano-banana-2.1": "gemini-nano-banana-2.1",
}


@pytest.fixture
def gateway():
    with google() as gateway:
        yield gateway


@pytest.fixture
def client(gateway):
    with Client("google", api_key=KEY, base_url=gateway.url) as client:
        yield client


def options(name):
    return {} if name == "default" else {"model": name}


def given(client, name):
    """A request that was made without a word of the provider."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        request = ImageRequest("a hut", **options(name))
    return client.generate(request)


def streamed(client, name):
    with client.generate("a hut", stream=True, **options(name)) as stream:
        return stream.result()


def awaited(client, name):
    async def main():
        async with AsyncClient("google", api_key=KEY, base_url=client.provider.base_url) as other:
            return await other.generate("a hut", **options(name))

    return asyncio.run(main())


WAYS = {
    "generate": lambda client, name: client.generate("a hut", **options(name)),
    "request": given,
    "stream": streamed,
    "await": awaited,
    "many": lambda client, name: client.generate_many(["a hut"], **options(name)).generations[0],
    "many requests": lambda client, name: client.generate_many([given(client, name).request]).generations[0],
    "chat": lambda client, name: client.chat(**options(name)).send("a hut"),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS)
def test_default_and_aliases_give_pictures_at_google(client, gateway, way, name):
    assert WAYS[way](client, name).model == MEANS[name]
    assert {model_of(request) for request in gateway.requests if request.method == "POST"} == {MEANS[name]}


@pytest.mark.parametrize("name", NAMES)
def test_default_and_aliases_give_pictures_in_cells_and_on_the_command_line(
    gateway, monkeypatch, name, tmp_path
):
    for variable, value in {"PROVIDER": "google", "BASE_URL": gateway.url}.items():
        monkeypatch.setenv(f"GEMINI_NB_{variable}", value)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    option = "" if name == "default" else f"-m {name}"
    with a_shell() as shell:
        for cell in (f"%%gemini_image {option}\na hut", f"%%gemini_image {option} -n 2\na boat"):
            assert shell.run(cell).error is None
        edited = shell.run("%%gemini_edit\nat night")
        assert edited.error is None
        assert "shut down" not in edited.stdout
    done = run_program("generate", "a hut", "-o", tmp_path / "hut.png", *option.split())
    assert done.returncode == 0
    assert {model_of(request) for request in gateway.requests} == {MEANS[name]}


@pytest.mark.parametrize("name", ["default", "nano-banana", "nano-banana-2", "nano-banana-pro"])
@pytest.mark.filterwarnings("ignore:Crazyrouter had the billing:gemini_nb.GeminiWarning")
def test_crazyrouter_is_asked_for_the_ids_of_its_page(name):
    page = {
        "default": "gemini-3.1-flash-image-preview",
        "nano-banana-2": "gemini-3.1-flash-image-preview",
        "nano-banana": "gemini-2.5-flash-image",
        "nano-banana-pro": "gemini-3-pro-image-preview",
    }
    with Gateway(Answer(reply(inline(png())))) as gateway:
        with Client("crazyrouter", api_key=KEY, base_url=gateway.url) as client:
            client.generate("a hut", **options(name))
        assert [model_of(request) for request in gateway.requests] == [page[name]]


@pytest.mark.parametrize("model", DEAD)
def test_a_dead_model_is_warned_of_in_one_line_and_the_404_names_a_living_one(client, gateway, model):
    with pytest.warns(GeminiWarning) as caught, pytest.raises(APIError) as refused:
        client.generate("a hut", model=model)
    lines = [line for line in messages(caught) if "shut down" in line]
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert lines[0].startswith(f"{model} was shut down at google on 2026-")
    assert sum(name in lines[0] for name in ALIVE) == 1
    assert sum(name in refused.value.hint for name in ALIVE) == 1
    assert f"{model} was shut down at google on 2026-" in refused.value.hint
    assert refused.value.status == 404
    assert gateway.posts == 1


@pytest.mark.parametrize("model", ["gemini-9-image", "gemini-9-image-preview"])
def test_the_hint_for_a_model_that_nobody_knows_is_alive_too(client, model):
    with pytest.warns(GeminiWarning, match="not in the catalogue"), pytest.raises(APIError) as refused:
        client.generate("a hut", model=model)
    assert "Try 'gemini-nano-banana-2.1'" in refused.value.hint


def test_a_cell_prints_the_line_before_the_request(gateway, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with a_shell() as shell:
        shell.magics.provider, shell.magics.base_url = "google", gateway.url
        done = shell.run("%%gemini_image -m gemini-2.5-flash-image\na hut")
        assert done.stdout.startswith("gemini-2.5-flash-image was shut down at google on 2026-10-02; ask for")
        assert len(str(done.error).splitlines()) <= 3
        dry = shell.printed("%%gemini_image --dry-run -m gemini-3.1-flash-image\na hut")
        assert "gemini-3.1-flash-image was shut down at google on 2026-10-29" in dry


def test_a_stored_picture_of_a_dead_model_is_replayed_without_a_word(gateway, tmp_path):
    request = ImageRequest("a hut", model="gemini-3.1-flash-image")
    with (
        Gateway(Answer(reply(inline(png())))) as before,
        Client("google", api_key=KEY, base_url=before.url, store=tmp_path / "s") as client,
        pytest.warns(GeminiWarning, match="shut down"),
    ):
        client.generate(request)
    with Client("google", api_key=KEY, base_url=gateway.url, store=tmp_path / "s") as client:
        assert client.generate(request).replayed
    assert gateway.posts == 0


def test_warnings_as_errors_cost_no_picture():
    with Gateway(Answer(reply(inline(png())))) as gateway, warnings.catch_warnings():
        warnings.simplefilter("error", GeminiWarning)
        with Client("google", api_key=KEY, base_url=gateway.url) as client:
            assert client.generate("a hut", model="gemini-3.1-flash-image").image.width == 4
