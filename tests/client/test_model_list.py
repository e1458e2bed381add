"""The list of models: asked for free, read in Google's and OpenAI's form, compared with the catalogue."""

from __future__ import annotations

import pytest

from gemini_nb import (
    APIError,
    AuthenticationError,
    Client,
    ConnectionFailedError,
    GeminiError,
    MissingKeyError,
    ReplayMissError,
    models,
)
from support.gateway import Answer, Gateway
from support.google_today import ALIVE, NEW, entry, google
from support.key_leaks import KEY, leaks


def listed(url, provider="google", **settings):
    with Client(provider, api_key=KEY, base_url=url, **settings) as client:
        return client.list_models()


def listed_by(answer, provider="google"):
    with Gateway() as gateway:
        gateway.files["/v1beta/models"] = answer
        return listed(gateway.url, provider)


def test_all_pages_are_read_and_nothing_is_posted():
    with google() as gateway:
        found = listed(gateway.url)
        assert (gateway.posts, gateway.gets) == (0, 2)
        assert [request.headers["x-goog-api-key"] for request in gateway.requests] == [KEY, KEY]
    assert found.ids[0] == "gemini-3-flash"
    assert set(found.present) == set(ALIVE)
    assert (found.new, found.gone) == ((NEW,), ())
    assert leaks(repr(found)) == []


def test_what_the_catalogue_has_and_the_provider_has_not_is_gone():
    found = listed_by(Answer({"models": [entry("gemini-3-pro-image")]}))
    assert found.gone == ("gemini-3.1-flash-lite-image", "gemini-nano-banana-2.1")
    assert "gone: gemini-3.1-flash-lite-image, gemini-nano-banana-2.1" in found.lines()


def test_a_model_that_is_back_is_shown_beside_what_the_catalogue_says():
    table = listed_by(Answer({"models": [entry("gemini-2.5-flash-image")]})).table().text()
    (row,) = [line for line in table.splitlines() if line.startswith("gemini-2.5-flash-image ")]
    assert row.split() == ["gemini-2.5-flash-image", "offered", "shut", "down", "2026-10-02"]


def test_a_gateways_list_in_openais_form_is_read_and_the_key_goes_where_its_key_goes():
    names = ("gpt-image-2", "gemini-3-pro-image-preview", "gemini-5-image", "nano-banana-9", "flux")
    answer = Answer({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})
    with Gateway() as gateway:
        gateway.files["/v1beta/models"] = answer
        found = listed(gateway.url, "crazyrouter")
        assert gateway.requests[0].query["key"] == KEY
    assert found.new == ("gemini-5-image", "nano-banana-9")
    assert found.present == ("gemini-3-pro-image-preview",)
    assert "gemini-2.5-flash-image" in found.gone


FAILURES = {
    "no list": (Answer({"error": {"code": 404, "message": "nothing"}}, status=404), APIError),
    "a bad key": (
        Answer({"error": {"code": 401, "message": f"no key {KEY}"}}, status=401),
        AuthenticationError,
    ),
    "a broken server": (Answer("oh", status=502), APIError),
    "a page": (Answer("<html>", headers={"Content-Type": "text/html"}), APIError),
    "no JSON": (Answer("[" * 100_000), APIError),
    "null": (Answer("null"), APIError),
    "no models": (Answer({"models": []}), APIError),
    "models that are none": (Answer({"models": [1, None, {"name": 5}, {"name": "../x y"}, {}]}), APIError),
    "a list that is none": (Answer({"models": "all of them"}), APIError),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_speaks_of_no_bill_and_shows_no_key(case):
    answer, kind = FAILURES[case]
    with pytest.raises(kind) as failed:
        listed_by(answer)
    text = str(failed.value)
    assert "may have been billed" not in text
    assert not failed.value.may_be_billed
    assert leaks(text) == []


def test_a_server_that_is_not_there_is_no_unknown_outcome():
    with Gateway() as gone:
        url = gone.url
    with pytest.raises(ConnectionFailedError):
        listed(url)


def test_a_name_that_holds_the_key_is_passed_over():
    key = "plain-key-of-tests-0123456789"
    with Gateway() as gateway, Client("google", api_key=key, base_url=gateway.url) as client:
        names = (f"gemini-image-{key}", "gemini-6-image")
        gateway.files["/v1beta/models"] = Answer({"models": list(map(entry, names))})
        assert client.list_models().ids == ("gemini-6-image",)


def test_odd_fields_and_endless_pages_do_no_harm():
    names = iter(range(1000))

    def page(_request):
        odd = {"name": f"models/gemini-{next(names)}-image", "supportedGenerationMethods": 7}
        return Answer({"models": [odd], "nextPageToken": "again"})

    assert len(listed_by(page).ids) == 20
    assert listed_by(Answer({"models": [entry("gemini-6-image")], "nextPageToken": 5})).ids == (
        "gemini-6-image",
    )


def test_the_offline_provider_offers_the_whole_catalogue():
    with Client("offline") as client:
        assert client.list_models().present == tuple(row.id for row in models.CATALOGUE)


def test_the_lock_keeps_the_network_shut(monkeypatch, tmp_path):
    monkeypatch.setenv("GEMINI_NB_REPLAY", "only")
    with google() as gateway:
        with pytest.raises(ReplayMissError):
            listed(gateway.url, store=tmp_path / "store")
        assert gateway.gets == 0


def test_without_a_key_nothing_is_asked(tmp_path):
    with google() as gateway, Client("google", base_url=gateway.url, store=tmp_path / "store") as client:
        with pytest.raises(MissingKeyError):
            client.list_models()
        assert gateway.gets == 0


def test_a_closed_client_asks_nothing():
    with google() as gateway:
        client = Client("google", api_key=KEY, base_url=gateway.url)
        client.close()
        with pytest.raises(GeminiError, match="closed"):
            client.list_models()
