"""A stored picture of an id that a name had before answers for the name, and never for another model."""

from __future__ import annotations

import pytest

from gemini_nb import Client, ImageRequest, ReplayMissError
from gemini_nb.store.store import Store
from support.gateway import Answer, Gateway
from support.google_today import google, model_of
from support.images import png
from support.kept_store import EXPECTED, copied
from support.replies import inline, reply
from support.shells import a_shell

KEY = "a-key-of-tests"
FLASH = "gemini-3.1-flash-image-preview"
NANO = "gemini-nano-banana-2.1"
COMPARED = (
    ("nano-banana-2.1", "nano-banana-2", "nano-banana", "nano-banana-pro"),
    ("nano-banana-2.1", "default"),
    ("gemini-3-pro-image-preview", "gemini-3-pro-image"),
    ("gemini-2.5-flash-image-preview", "gemini-2.5-flash-image"),
)


@pytest.fixture
def kept(tmp_path):
    with copied(tmp_path) as store:
        yield store


@pytest.fixture
def gateway():
    with google() as gateway:
        yield gateway


def client_of(gateway, store, provider="google", **settings):
    return Client(provider, api_key=KEY, base_url=gateway.url, store=store, **settings)


@pytest.mark.parametrize("asked", ["crazyrouter", "google"])
@pytest.mark.parametrize("name", ["default", "nano-banana-2", "nano-banana", "nano-banana-pro"])
@pytest.mark.filterwarnings("ignore:Crazyrouter had the billing:gemini_nb.GeminiWarning")
def test_without_former_ids_the_kept_store_answers_no_more(kept, gateway, monkeypatch, asked, name):
    options = {} if name == "default" else {"model": name}
    with client_of(gateway, kept, replay="only") as client:
        assert client.generate(f"{name}, asked of {asked}", **options).replayed
        monkeypatch.setattr("gemini_nb.models.former_ids", lambda _model, _alias=None: {})
        with pytest.raises(ReplayMissError):
            client.generate(f"{name}, asked of {asked}", **options)


def test_the_caption_the_row_and_the_frame_say_which_model_made_the_picture(kept, gateway):
    with client_of(gateway, kept) as client:
        made = client.generate("default, asked of google")
        batch = client.generate_many(["default, asked of google"])
    assert f" · {FLASH} · $0.077 by estimate · replayed from the store" in made.caption
    assert made.model == batch.rows()[0]["model"] == FLASH
    assert made.digest == batch.rows()[0]["digest"] == Store(kept).find(made.request).digest
    assert made.image.sha256 == EXPECTED["google, default"][0]


def test_refresh_asks_the_model_of_today_and_auto_prefers_its_picture_from_then_on(kept, gateway):
    with client_of(gateway, kept, replay="refresh") as client:
        assert client.generate("default, asked of google").model == NANO
    with client_of(gateway, kept) as client:
        again = client.generate("default, asked of google")
    assert (again.model, again.replayed, gateway.posts) == (NANO, True, 1)


@pytest.mark.parametrize("names", COMPARED, ids=" ".join)
@pytest.mark.filterwarnings("ignore:Crazyrouter had the billing:gemini_nb.GeminiWarning")
def test_models_that_are_compared_are_not_taken_for_each_other(tmp_path, names):
    """Crazyrouter offers both: the picture of one is no answer to the name of the other."""
    with (
        Gateway(lambda request: Answer(reply(inline(png(len(model_of(request))))))) as gateway,
        client_of(gateway, tmp_path / "store", provider="crazyrouter") as client,
    ):
        made = [client.generate("a hut", model=name) for name in names]
    assert not any(one.replayed for one in made)
    assert len({one.model for one in made}) == len(names)


def test_a_new_edit_of_a_dead_models_picture_asks_the_living_one_and_sends_the_picture(kept, gateway):
    with client_of(gateway, kept) as client:
        chat = client.chat()
        first = chat.send("a cat, asked of google")
        second = chat.send("as a woodcut")
    assert (first.model, first.replayed, second.model, second.replayed) == (FLASH, True, NANO, False)
    (request,) = gateway.requests
    assert model_of(request) == NANO
    assert len(request.json["contents"]) == 1
    assert "inlineData" in request.json["contents"][0]["parts"][1]


def test_a_new_edit_in_a_fresh_kernel_asks_the_living_one(kept, gateway, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with a_shell() as shell:
        shell.magics.provider, shell.magics.base_url, shell.magics.store = "google", gateway.url, str(kept)
        done = shell.run("%%gemini_edit\nin a style of its own")
        assert done.error is None
    assert [model_of(request) for request in gateway.requests] == [NANO]


def test_a_new_edit_in_a_cell_of_a_replayed_picture_asks_the_living_one(kept, gateway, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    with a_shell() as shell:
        shell.magics.provider, shell.magics.base_url, shell.magics.store = "google", gateway.url, str(kept)
        replayed = shell.run("%%gemini_image\nfor google: a hut").result
        done = shell.run("%%gemini_edit\nas nobody has seen it")
    assert (replayed.replayed, replayed.model, done.error) == (True, FLASH, None)
    assert [model_of(request) for request in gateway.requests] == [NANO]


def test_the_next_take_is_one_that_no_former_id_has(kept):
    request = ImageRequest("default, asked of google", provider="google")
    assert request.model == NANO
    assert Store(kept).next_take(request) == 1


def test_another_providers_meaning_counts_only_for_pictures_made_there(kept, gateway):
    with client_of(gateway, kept, provider="crazyrouter", replay="only") as client:
        with pytest.raises(ReplayMissError):
            client.generate("nano-banana-2.1, asked of crazyrouter", model="nano-banana-2")
        made = client.generate("nano-banana-2.1, asked of google", model="nano-banana-2")
    assert (made.model, made.provider) == (NANO, "google")
