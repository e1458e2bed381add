"""A store that an earlier release kept answers in full, whatever models, aliases and defaults have become."""

from __future__ import annotations

import warnings

import pytest

from gemini_nb import Client
from support.gateway import Gateway
from support.kept_store import EXPECTED, KEPT, PROVIDERS, ask_in_cells, ask_in_python, copied
from support.paths import files_under

KEY = "a-key-of-tests"
VARIABLES = {"crazyrouter": "CRAZYROUTER_API_KEY", "google": "GEMINI_API_KEY"}


@pytest.fixture
def store(tmp_path):
    with copied(tmp_path) as store, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the catalogue's notes on single models
        yield store


def expected(provider: str, *, cells: bool) -> dict[str, tuple[str, str]]:
    return {
        name: tuple(facts)
        for name, facts in EXPECTED.items()
        if name.startswith(f"{provider}, ") and name.startswith(f"{provider}, cell ") is cells
    }


def test_the_kept_store_holds_what_it_was_made_of():
    assert [len(expected(provider, cells=False)) for provider in PROVIDERS] == [29, 29]
    assert [len(expected(provider, cells=True)) for provider in PROVIDERS] == [14, 14]


@pytest.mark.parametrize("asked", PROVIDERS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_it_answers_python_with_a_key_and_nothing_is_sent(store, provider, asked):
    with Gateway() as gateway, Client(provider, api_key=KEY, base_url=gateway.url, store=store) as client:
        assert ask_in_python(client, asked) == expected(asked, cells=False)
        assert gateway.posts == 0


@pytest.mark.parametrize("asked", PROVIDERS)
@pytest.mark.parametrize("provider", [*PROVIDERS, "auto"])
def test_it_answers_python_under_the_lock_without_a_key(store, provider, asked, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    with Client(provider, store=store) as client:
        assert ask_in_python(client, asked) == expected(asked, cells=False)
    assert files_under(store) == files_under(KEPT / "store")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_it_answers_the_cells_of_a_notebook_with_a_key_and_nothing_is_sent(store, provider):
    with Gateway() as gateway:
        variables = {"GEMINI_NB_BASE_URL": gateway.url, VARIABLES[provider]: KEY}
        assert ask_in_cells(provider, store, **variables) == expected(provider, cells=True)
        assert gateway.posts == 0


@pytest.mark.parametrize("asked", PROVIDERS)
@pytest.mark.parametrize("provider", [*PROVIDERS, "auto"])
def test_it_answers_the_cells_of_a_notebook_under_the_lock(store, provider, asked):
    variables = {"GEMINI_NB_REPLAY": "only", "GEMINI_NB_PROVIDER": provider}
    assert ask_in_cells(asked, store, **variables) == expected(asked, cells=True)
