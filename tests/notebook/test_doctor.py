"""`%gemini status` and `%gemini doctor`: what is set and why, what is wrong, and no part of a key."""

from __future__ import annotations

import re

import pytest

from gemini_nb.store.store import Store
from support.gateway import Gateway
from support.generations import answer
from support.key_leaks import KEY, leaks

pytestmark = pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")


KEY_VARIABLES = ("CRAZYROUTER_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / ".gemini_nb")


def test_status_says_why_this_provider_is_asked(keyless, monkeypatch):
    assert "offline (automatic: no key is set)" in keyless.printed("%gemini status")
    monkeypatch.setenv("GOOGLE_API_KEY", "abcdefgh-ijklmnop")
    assert "google (automatic: its key is set, from GOOGLE_API_KEY)" in keyless.printed("%gemini status")
    monkeypatch.setenv("GEMINI_NB_PROVIDER", "crazyrouter")
    assert "crazyrouter (GEMINI_NB_PROVIDER)" in keyless.printed("%gemini status")
    keyless.magics.provider = "google"
    assert "google (GeminiMagics.provider)" in keyless.printed("%gemini status")


def test_status_names_the_address_and_where_it_is_set(keyless, monkeypatch):
    keyless.magics.provider = "google"
    assert "https://generativelanguage.googleapis.com (its own)" in keyless.printed("%gemini status")
    monkeypatch.setenv("GEMINI_NB_BASE_URL", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 (GEMINI_NB_BASE_URL)" in keyless.printed("%gemini status")


def test_status_names_the_store_and_counts_its_records(keyless, store):
    store.keep(answer())
    assert f"store {store.folder} (1 record)" in keyless.said("%gemini status")
    keyless.magics.store = "off"
    assert "store        off" in keyless.printed("%gemini status")


def test_status_says_that_a_course_is_locked(keyless, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    assert "replay       locked to what is stored by GEMINI_NB_REPLAY" in keyless.printed("%gemini status")


def test_status_says_that_a_trait_passes_the_variable_over(keyless, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "refresh")
    keyless.magics.replay = "off"
    assert "off (GeminiMagics.replay; GEMINI_NB_REPLAY is set to refresh" in keyless.printed("%gemini status")


def test_no_trait_opens_the_lock(keyless, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    keyless.magics.replay = "off"
    assert "locked to what is stored by GEMINI_NB_REPLAY" in keyless.printed("%gemini status")


@pytest.mark.parametrize("variable", ["GEMINI_NB_REPLAY", "GEMINI_NB_PROVIDER", "GEMINI_NB_BASE_URL"])
def test_status_survives_a_wrong_setting_and_says_what_is_wrong(keyless, monkeypatch, variable):
    monkeypatch.setenv("GEMINI_NB_PROVIDER", "google")
    monkeypatch.setenv(variable, "no-such/thing")
    text = keyless.printed("%gemini status")
    assert "There is no" in text or "not an http(s) address" in text


@pytest.mark.parametrize("word", ["status", "doctor"])
def test_promise_11_no_part_of_a_key_is_told(keyless, monkeypatch, word):
    for variable in (
        *KEY_VARIABLES,
        "GEMINI_NB_PROVIDER",
        "GEMINI_NB_STORE",
        "GEMINI_NB_API_KEY",
        "GEMINI_NB_REPLAY",
    ):
        monkeypatch.setenv(variable, KEY)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{KEY}@127.0.0.1:9")
    monkeypatch.setenv("GEMINI_NB_BASE_URL", f"https://user:{KEY}@127.0.0.1:9/?key={KEY}")
    text = keyless.printed(f"%gemini {word}")
    assert "set, from CRAZYROUTER_API_KEY" in text
    assert leaks(text) == []


def test_doctor_names_versions_front_end_and_store(keyless):
    text = keyless.printed("%gemini doctor")
    for name in ("gemini_nb", "Python", "IPython", "ipykernel", "ipywidgets", "httpx", "Pillow"):
        assert re.search(rf"{name} \d+\.\d+", text)
    assert "front end    a terminal" in text
    assert "created with the first picture" in text
    assert "nothing to reach" in text


def test_doctor_connects_to_the_provider_and_asks_for_nothing_but_its_models(shell, gateway):
    assert f"reachable    yes: 127.0.0.1 accepts connections on port {gateway.port}" in shell.printed(
        "%gemini doctor"
    )
    assert (gateway.posts, gateway.gets) == (0, 1)


def test_doctor_says_that_a_server_is_not_there(shell, gateway):
    with Gateway() as gone:
        shell.magics.base_url = gone.url
    assert "reachable    NO: 127.0.0.1" in shell.printed("%gemini doctor")


def test_doctor_says_that_a_server_does_not_speak_tls(shell, gateway):
    shell.magics.base_url = gateway.url.replace("http:", "https:")
    assert "reachable    NO: 127.0.0.1" in shell.printed("%gemini doctor")


def test_doctor_does_not_go_around_a_proxy_and_names_its_variable_only(keyless, monkeypatch):
    monkeypatch.setenv("CRAZYROUTER_API_KEY", "a-key-of-tests")
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    text = keyless.printed("%gemini doctor")
    assert "not tried: a proxy is set" in text
    assert "https_proxy" in text
    assert "proxy.invalid" not in text


def test_doctor_tells_our_variables_and_keeps_what_it_does_not_know(keyless, monkeypatch):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "refresh")
    monkeypatch.setenv("GEMINI_NB_TOKEN", "something")
    text = keyless.printed("%gemini doctor")
    assert "GEMINI_NB_REPLAY=refresh" in text
    assert "GEMINI_NB_TOKEN (set)" in text
    assert "something" not in text


def test_doctor_says_that_the_store_cannot_be_written(keyless, tmp_path):
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "file").chmod(0o755)
    keyless.magics.store = str(tmp_path / "file" / "store")
    assert "writable     NO" in keyless.printed("%gemini doctor")


def test_status_says_where_the_key_is_from_and_no_part_of_it(shell, monkeypatch):
    monkeypatch.setenv("GOOGLE_API_KEY", "abcdefgh-ijklmnop")
    said = shell.run("%gemini status").stdout
    assert "GOOGLE_API_KEY" in said
    assert not any("abcdefgh-ijklmnop"[i : i + 4] in said for i in range(14))
