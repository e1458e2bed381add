from __future__ import annotations

import sys
import types

import pytest

from gemini_nb import Client, MissingKeyError
from gemini_nb.errors import ArgumentError
from gemini_nb.providers import provider as providers
from gemini_nb.providers.keys import enter_key, find_key, forget_key, read_dotenv, require_key
from gemini_nb.providers.provider import CRAZYROUTER, GOOGLE, OFFLINE
from gemini_nb.providers.selection import choose_provider
from support.key_leaks import KEY, leaks, shown

GIVEN = {CRAZYROUTER: "CRAZYROUTER_API_KEY", GOOGLE: "GEMINI_API_KEY"}


@pytest.fixture(autouse=True)
def _no_key_of_an_earlier_test():
    yield
    for provider in providers.KEYED:
        forget_key(provider)


@pytest.mark.parametrize("variable", ["GEMINI_API_KEY", "GOOGLE_API_KEY"])
def test_a_key_comes_from_the_environment(monkeypatch, variable):
    monkeypatch.setenv(variable, f" {KEY}\n")
    key = find_key(GOOGLE)
    assert key.reveal() == KEY
    assert key.where == variable
    assert find_key(CRAZYROUTER) is None


def test_gemini_api_key_goes_before_google_api_key(monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", "second")
    monkeypatch.setenv("GEMINI_API_KEY", "first")
    assert find_key(GOOGLE).reveal() == "first"


def test_an_empty_variable_is_no_key(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "  ")
    assert find_key(GOOGLE) is None


def test_a_key_that_was_entered_goes_before_the_environment_until_it_is_forgotten(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "first")
    enter_key(GOOGLE, KEY)
    assert find_key(GOOGLE).reveal() == KEY
    assert "session" in find_key(GOOGLE).where
    forget_key(GOOGLE)
    assert find_key(GOOGLE).reveal() == "first"


def test_no_frame_of_an_error_keeps_what_was_entered():
    with pytest.raises(ArgumentError) as caught:
        enter_key(GOOGLE, f"{KEY}\n{KEY}")
    assert leaks(shown(caught.value.with_traceback(caught.tb.tb_next))) == []
    assert find_key(GOOGLE) is None


@pytest.fixture
def colab(monkeypatch):
    """Stand in for the module that Colab's kernels have loaded, with its secrets in a dictionary."""
    secrets = {}
    module = types.ModuleType("google.colab")
    module.userdata = types.SimpleNamespace(get=secrets.__getitem__)
    monkeypatch.setitem(sys.modules, "google.colab", module)
    return secrets


def test_a_key_comes_from_colabs_secrets(colab):
    colab["GOOGLE_API_KEY"] = KEY
    assert find_key(GOOGLE).reveal() == KEY
    assert find_key(GOOGLE).where == "Colab's secret GOOGLE_API_KEY"
    assert choose_provider("auto") is GOOGLE


def test_the_environment_goes_before_colabs_secrets(colab, monkeypatch):
    colab["GEMINI_API_KEY"] = KEY
    monkeypatch.setenv("GOOGLE_API_KEY", "first")
    assert find_key(GOOGLE).reveal() == "first"


def test_a_secret_that_colab_does_not_grant_is_no_key(colab):
    assert find_key(GOOGLE) is None
    colab["GEMINI_API_KEY"] = None
    assert find_key(GOOGLE) is None


def test_a_broken_key_in_colabs_secrets_is_an_error(colab):
    colab["GEMINI_API_KEY"] = "two words"
    with pytest.raises(ArgumentError, match="Colab's secret GEMINI_API_KEY"):
        find_key(GOOGLE)


@pytest.mark.parametrize(
    "text",
    [
        f"GEMINI_API_KEY={KEY}",
        f"\ufeffGEMINI_API_KEY={KEY}",
        f"# mine\r\nexport  GEMINI_API_KEY = '{KEY}'  # comment\r\n",
        f'GEMINI_API_KEY="{KEY}"\nOTHER=x',
        f"GEMINI_API_KEY={KEY} # comment",
        f"GEMINI_API_KEY=old\nGEMINI_API_KEY={KEY}",
        f"GOOGLE_API_KEY={KEY}",
        f"GOOGLE_API_KEY=second\nGEMINI_API_KEY={KEY}",
    ],
)
def test_a_key_comes_from_a_dotenv_file(tmp_path, text):
    path = tmp_path / ".env"
    path.write_text(text)
    read_dotenv(str(path))
    assert find_key(GOOGLE).reveal() == KEY
    assert find_key(GOOGLE).where == str(path)
    assert find_key(CRAZYROUTER) is None


def test_a_dotenv_file_is_never_read_unasked(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text(f"CRAZYROUTER_API_KEY={KEY}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingKeyError):
        Client()


@pytest.mark.parametrize(
    "text", ["", f"# GEMINI_API_KEY={KEY}", f"MY_GEMINI_API_KEY={KEY}", "GEMINI_API_KEY=", "\xff"]
)
def test_a_dotenv_file_without_a_key_is_an_error(tmp_path, text):
    path = tmp_path / ".env"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ArgumentError):
        read_dotenv(str(path))


def test_promise_11_a_key_in_place_of_a_files_name_is_not_repeated():
    with pytest.raises(ArgumentError, match="cannot be read") as caught:
        read_dotenv(KEY)
    assert leaks(str(caught.value)) == []


def test_no_frame_of_an_error_keeps_what_a_dotenv_file_holds(tmp_path):
    path = tmp_path / ".env"
    path.write_text(f'GEMINI_API_KEY="{KEY} {KEY}"')
    with pytest.raises(ArgumentError, match="no key has") as caught:
        read_dotenv(str(path))
    assert leaks(shown(caught.value.with_traceback(caught.tb.tb_next))) == []


@pytest.mark.parametrize("provider", GIVEN, ids=lambda p: p.name)
def test_a_missing_key_names_both_ways(provider):
    with pytest.raises(MissingKeyError, match=provider.name) as caught:
        Client(provider.name)
    assert GIVEN[provider] in caught.value.hint
    assert 'provider="offline"' in caught.value.hint


def test_a_missing_key_names_a_provider_that_has_one(monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    with pytest.raises(MissingKeyError, match='provider="google", whose key is set'):
        Client()


def test_offline_needs_no_key():
    assert require_key(OFFLINE, None) is None
