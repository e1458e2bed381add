"""After any failure no sink of this process holds the key: 2 placements × failures × sinks."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import pickle
from contextlib import redirect_stderr, redirect_stdout
from functools import cache

import anyio
import pytest

from gemini_nb import AsyncClient, Client, GeminiError, Generation
from gemini_nb.errors import APIError, ConnectionFailedError
from gemini_nb.http import transport
from gemini_nb.providers.secret import Secret
from gemini_nb.providers.selection import choose_provider
from support.gateway import Answer, Gateway
from support.images import png
from support.key_leaks import FAILURES, FORMS, KEY, MORE, WHOLE, leaks, shown
from support.replies import inline, reply

PLACEMENTS = {"crazyrouter": "CRAZYROUTER_API_KEY", "google": "GEMINI_API_KEY"}
SINKS = (
    "stdout",
    "stderr",
    "log",
    "exception chain",
    "repr",
    "pickle",
    "kept replies",
    "store",
    "picture and facts",
)
STALLED_SECONDS = 3  # within which even a busy machine sends a request
LOGGERS = ("httpx", "httpcore", "httpcore.http11", "httpcore.connection", "asyncio", "anyio", "gemini_nb")


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    """A function of placement and failure: what each sink holds after it. Each pair is tried once."""

    @cache
    def tried(placement, failure):
        folder = tmp_path_factory.mktemp("run")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
            patch.setenv(PLACEMENTS[placement], KEY)
            return watched(placement, {**FAILURES, **MORE}[failure], folder)

    return tried


def watched(placement, scene, folder):
    """Ask once with everything logged, and collect what each sink holds."""
    out, err, log = io.StringIO(), io.StringIO(), folder / "debug.log"
    with redirect_stdout(out), redirect_stderr(err):
        handlers = [logging.StreamHandler(), logging.FileHandler(log)]
        levels = {name: logging.getLogger(name).level for name in ("", *LOGGERS)}
        for name in levels:
            logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger().handlers += handlers
        try:
            with scene() as server:
                timeout = STALLED_SECONDS if scene is FAILURES["stalled"] else 60
                client = Client(placement, base_url=server.url, timeout=timeout, store=folder / "store")
                outcome = asked(client)
            assert server.posts == 1
            logging.getLogger("httpcore.http11").debug("a record of another's call")
        finally:
            logging.getLogger().handlers = [h for h in logging.getLogger().handlers if h not in handlers]
            handlers[1].close()
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
    if isinstance(outcome, Generation):
        outcome.save(folder / "picture.png")
        (folder / "picture.json").write_text(json.dumps(outcome._repr_mimebundle_()))
    return {
        "stdout": out.getvalue() + f"{outcome}",
        "stderr": err.getvalue(),
        "log": log.read_text(),
        "exception chain": shown(outcome) if isinstance(outcome, GeminiError) else "",
        "repr": "\n".join(map(repr, (client, client.provider, client._client._key, outcome, vars(outcome)))),
        "pickle": pickle.dumps(outcome),
        "kept replies": b"\n".join(file.read_bytes() for file in folder.rglob("*.reply")),
        "store": b"\n".join(f.read_bytes() for f in (folder / "store").rglob("*") if f.is_file()),
        "picture and facts": b"\n".join(f.read_bytes() for f in folder.glob("picture*")),
    }


def asked(client):
    try:
        return client.generate("a red square")
    except GeminiError as error:
        return error


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("failure", [*FAILURES, *MORE])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_promise_9_no_form_of_the_key_is_in(evidence, placement, failure, sink):
    assert leaks(evidence(placement, failure)[sink]) == []


@pytest.mark.parametrize("failure", [*FAILURES, *MORE])
def test_promise_9_nothing_is_chained_to_an_error_and_no_frame_below_the_client_is_kept(evidence, failure):
    assert "httpx" not in evidence("crazyrouter", failure)["exception chain"]


@pytest.mark.parametrize("sink", ["log", "stderr"])
def test_the_log_that_is_searched_does_hold_what_others_log(evidence, sink):
    assert "of another's call" in evidence("google", "stalled")[sink]


def test_promise_2_an_unreadable_reply_is_kept_without_the_key(evidence):
    kept = evidence("google", "unreadable")["kept replies"]
    assert kept.startswith(b'{"candidates": [')
    assert kept.count(b"[key]") > len(WHOLE)


def test_the_store_that_is_searched_does_hold_what_came(evidence):
    held = evidence("google", "picture, with the key around it")["store"]
    assert b"painted for [key]" in held
    assert png() in held


@pytest.mark.parametrize("form", WHOLE)
def test_the_search_finds_each_form(form):
    text = WHOLE[form].replace("\r\n", "") if "lines" in form or "quoted" not in form else KEY
    assert leaks(f"before {text} after")


def test_the_search_finds_no_form_in_other_text():
    assert leaks("AIzaSyC of crazyrouter answered 401: " + "0123456789abcdef" * 9) == []
    assert all(FORMS.values())


def test_promise_9_a_cancelled_coroutine_shows_no_key_in_its_frames(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)

    async def cancelled(placement):
        with FAILURES["stalled"]() as server:
            task = asyncio.create_task(AsyncClient(placement, base_url=server.url).generate("a red square"))
            assert await asyncio.to_thread(server.wait_for_posts, 1)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                return shown(error)

    for placement in PLACEMENTS:
        assert leaks(asyncio.run(cancelled(placement))) == []


@pytest.mark.parametrize(
    "settings",
    [{"timeout": -1}, {"base_url": "http://example.com"}, {"base_url": f"https://h/?key={KEY}"}],
    ids=["timeout", "plain http", "key in the base URL"],
)
def test_promise_9_a_wrong_setting_beside_a_good_key_shows_no_key(monkeypatch, settings):
    monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
    with pytest.raises(GeminiError) as caught:
        Client(**settings)
    assert leaks(str(caught.value) + repr(caught.value)) == []


def test_promise_9_a_provider_that_does_not_exist_shows_no_environment(monkeypatch):
    monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
    with pytest.raises(GeminiError) as caught:
        Client("googel")
    assert leaks(shown(caught.value)) == []


def test_a_client_cannot_be_pickled(monkeypatch):
    monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Client("crazyrouter"))


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_promise_10_the_key_travels_in_one_place_only(monkeypatch, placement):
    monkeypatch.setenv(PLACEMENTS[placement], KEY)
    with Gateway(Answer(reply(inline(png())))) as gateway:
        Client(placement, base_url=gateway.url).generate("a red square")
    [request] = gateway.requests
    in_query, in_header = request.query.get("key") == KEY, request.headers.get("x-goog-api-key") == KEY
    assert (in_query, in_header) == ((True, False) if placement == "crazyrouter" else (False, True))
    assert not leaks(request.body)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("suffix", ["", "0", "@127.0.0.1", ".example"])
def test_promise_10_nothing_is_sent_to_another_origin(placement, suffix):
    async def post(url):
        provider = choose_provider(placement, base_url=home.url)
        return await transport.send(provider, Secret(KEY), url, b"{}", deadline=anyio.current_time() + 1)

    with Gateway() as home, Gateway() as elsewhere:
        url = f"{home.url}{suffix}/a" if suffix else f"{elsewhere.url}/a"
        outcome = anyio.run(post, url)
    assert isinstance(outcome, ConnectionFailedError)
    assert "is not at" in str(outcome)
    assert elsewhere.connections == home.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("placement", PLACEMENTS)
def test_promise_10_a_redirect_is_not_followed(monkeypatch, placement, status):
    monkeypatch.setenv(PLACEMENTS[placement], KEY)
    with (
        Gateway() as elsewhere,
        Gateway(Answer(b"", status, {"Location": elsewhere.url + "/here"})) as gateway,
    ):
        with pytest.raises(APIError) as caught:
            Client(placement, base_url=gateway.url).generate("a red square")
        assert caught.value.status == status
    assert elsewhere.requests == []


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_promise_10_a_hosted_picture_is_fetched_without_the_key(monkeypatch, placement):
    monkeypatch.setenv(PLACEMENTS[placement], KEY)
    with Gateway(lambda _: Answer(reply(f"![x]({gateway.url}/a.png)"))) as gateway:
        gateway.files["/a.png"] = (png(), "image/png")
        Client(placement, base_url=gateway.url).generate("a red square")
    assert not leaks(gateway.requests[-1].target + str(gateway.requests[-1].headers))
