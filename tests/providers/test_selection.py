from __future__ import annotations

import pytest

from gemini_nb.errors import ArgumentError
from gemini_nb.providers.keys import find_key
from gemini_nb.providers.provider import CRAZYROUTER, GOOGLE, OFFLINE
from gemini_nb.providers.selection import choose_provider, clean_base_url
from support.key_leaks import KEY, leaks, shown

GIVEN = {CRAZYROUTER: "CRAZYROUTER_API_KEY", GOOGLE: "GEMINI_API_KEY"}


def test_crazyrouter_is_asked_unless_something_else_is_said():
    assert choose_provider() is CRAZYROUTER


def test_a_name_goes_before_the_environment(monkeypatch):
    monkeypatch.setenv("GEMINI_NB_PROVIDER", " Google ")
    assert choose_provider() is GOOGLE
    assert choose_provider("offline") is OFFLINE


@pytest.mark.parametrize("provider", GIVEN, ids=lambda p: p.name)
def test_auto_is_the_provider_that_has_a_key(monkeypatch, provider):
    monkeypatch.setenv(GIVEN[provider], KEY)
    assert choose_provider("auto") is provider


def test_auto_without_a_key_is_offline():
    assert choose_provider("auto") is OFFLINE


def test_auto_with_a_broken_key_is_an_error_and_no_fallback(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "two words")
    with pytest.raises(ArgumentError, match="from GEMINI_API_KEY"):
        choose_provider("auto")


def test_a_misspelt_provider_is_named():
    with pytest.raises(ArgumentError, match=r"'googel'\.\nChoose one of: crazyrouter, google, offline"):
        choose_provider("googel")


def test_promise_11_a_key_in_a_providers_place_is_not_repeated():
    with pytest.raises(ArgumentError) as caught:
        choose_provider(KEY)
    assert leaks(str(caught.value)) == []


def test_no_frame_of_an_error_shows_the_environment(monkeypatch):
    monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_API_KEY", f"{KEY} {KEY}")
    for name in ("googel", "auto", "google"):
        monkeypatch.delenv("CRAZYROUTER_API_KEY", raising=name == "googel")
        with pytest.raises(ArgumentError) as caught:
            find_key(choose_provider(name))
        assert leaks(shown(caught.value.with_traceback(caught.tb.tb_next))) == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://crazyrouter.com", "https://crazyrouter.com"),
        (" https://Crazyrouter.com/ ", "https://crazyrouter.com"),
        ("https://crazyrouter.com/v1beta", "https://crazyrouter.com"),
        ("https://crazyrouter.com/v1", "https://crazyrouter.com"),
        ("https://h/v1beta/models/m:generateContent", "https://h"),
        ("https://h:8443/proxy/v1beta/", "https://h:8443/proxy"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://localhost:1/", "http://localhost:1"),
        ("http://[::1]:8765/v1beta", "http://[::1]:8765"),
    ],
)
def test_a_base_url_is_read_up_to_the_version(written, read):
    assert clean_base_url(written) == read
    assert choose_provider("google", base_url=written).url("m") == f"{read}/v1beta/models/m:generateContent"


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", "ws", ""])
def test_promise_10_only_https_leads_to_another_machine(scheme):
    with pytest.raises(ArgumentError):
        clean_base_url(f"{scheme}://crazyrouter.com")


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0", "192.168.0.1", "[::]", "[::ffff:10.0.0.1]", "127.0.0.1.example.com",
        "localhost.example.com", "evil.localhost", "0x7f000001", "2130706433", "127.1", "[::2]",
    ],
)  # fmt: skip
def test_promise_10_plain_http_is_for_loopback_only(host):
    with pytest.raises(ArgumentError, match="Plain http is allowed for this machine only"):
        clean_base_url(f"http://{host}:8765")


@pytest.mark.parametrize(
    "url",
    [
        f"https://{KEY}@h", f"https://user:{KEY}@h", "https://@h", f"https://h?key={KEY}", f"https://h/v1beta#{KEY}",
        "https://crazyrouter.com\\@evil.example", "https://a b", "https://", "https://h:port", "https://[::1",
        "crazyrouter.com", "https://h%2f.example", "https://h,evil.example",
        "https://h/v1/images/generations", 7, "https://a..example", f"https://{'a' * 64}.example",
    ],
)  # fmt: skip
def test_promise_10_an_address_that_hides_another_is_refused_and_not_repeated(url):
    with pytest.raises(ArgumentError) as caught:
        clean_base_url(url)
    assert leaks(str(caught.value)) == []


CALLS = [
    "", "/", "/v1", "/v1beta", "/v1beta/", "/v1alpha", "/v1beta1", "/v1alpha/", "/v1/models",
    "/v1beta/models", "/v1beta/models/gemini-3-pro-image:generateContent", "/v1/chat/completions",
    "/v1/completions", "/chat/completions", "/v1/responses", "/v1beta/openai", "/v1beta/openai/",
    "/v1beta/openai/chat/completions",
    "/v1alpha/models/m:streamGenerateContent",
]  # fmt: skip


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path or "bare")
@pytest.mark.parametrize("prefix", ["https://gateway.example", "https://gateway.example/api/openrouter"])
def test_the_address_of_a_call_is_cut_to_its_server(prefix, path):
    assert clean_base_url(prefix + path) == prefix


@pytest.mark.parametrize(
    "path", ["/v2", "/gemini", "/openai-proxy", "/v1beta-proxy", "/my/models-of/v1beta2x"]
)
def test_a_path_of_a_servers_own_stays(path):
    assert clean_base_url(f"https://gateway.example{path}") == f"https://gateway.example{path}"


@pytest.mark.parametrize(
    "url",
    [
        "https://aiplatform.googleapis.com/v1/publishers/google",
        "https://europe-west4-aiplatform.googleapis.com",
        "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/m",
        "https://gateway.example/v1/publishers/google/models",
        "https://gateway.example/publishers/google/",
    ],
)
def test_vertex_is_refused_in_words(url):
    with pytest.raises(ArgumentError, match=r"Vertex AI(.|\n)*provider google"):
        clean_base_url(url)


def test_the_environment_gives_a_base_url(monkeypatch):
    monkeypatch.setenv("GEMINI_NB_BASE_URL", "http://127.0.0.1:8765/")
    assert choose_provider("google").base_url == "http://127.0.0.1:8765"
    assert choose_provider("google", base_url="https://h").base_url == "https://h"
    assert choose_provider("offline") is OFFLINE
