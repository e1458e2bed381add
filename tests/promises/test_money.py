from __future__ import annotations

import json
from email.utils import formatdate
from itertools import pairwise

import pytest

from gemini_nb import Client, errors
from gemini_nb.errors import (
    APIError,
    AuthenticationError,
    BadResponseError,
    BlockedError,
    ConnectionFailedError,
    GeminiWarning,
    ImageRefusedError,
    LinkFailedError,
    LinkRefusedError,
    MissingKeyError,
    OutcomeUnknownError,
    QuotaExhaustedError,
    RateLimitError,
    ReplayMissError,
)
from support.clients import KEY, OK, PICTURE, client_of, error_from
from support.faults import FaultServer, short_body
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.replies import body, inline, openai, reply
from support.timing import given_time, in_time

NOW = 1_795_348_800
FINAL = {
    400: APIError,
    401: AuthenticationError,
    402: QuotaExhaustedError,
    403: AuthenticationError,
    404: APIError,
    409: APIError,
    413: APIError,
    422: APIError,
}
UNKNOWN = dict.fromkeys((408, 500, 502, 504, 529), OutcomeUnknownError)
REFUSED = (429, 503)


def said(status, **more):
    return {"error": {"code": status, "message": "no", "status": "WORD", **more}}


def retry_info(delay):
    return {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]}


def http_date(seconds):
    return {
        "Date": formatdate(NOW, usegmt=True),
        "Retry-After": formatdate(NOW + seconds, usegmt=True),
    }


# name: headers, more of the error, the least wait it asks for
ADVICE = {
    "none": ({}, {}, 0.0),
    "seconds": ({"Retry-After": "0.3"}, {}, 0.3),
    "a date": (http_date(1), {}, 1.0),
    "milliseconds": ({"retry-after-ms": "300"}, {}, 0.3),
    "RetryInfo": ({}, retry_info("0.4s"), 0.4),
    "two that differ": ({"Retry-After": "0.1"}, retry_info("0.4s"), 0.4),
    "garbage": ({"Retry-After": "soon", "retry-after-ms": "1e3"}, retry_info("a while"), 0.0),
    "negative": ({"Retry-After": "-5", "retry-after-ms": "-5"}, retry_info("-5s"), 0.0),
}
TOO_LONG = {
    "seconds": ({"Retry-After": "100"}, {}),
    "a date": (http_date(100), {}),
    "milliseconds": ({"retry-after-ms": "99999.5"}, {}),
    "RetryInfo": ({}, retry_info("99.4s")),
}


@pytest.mark.parametrize("advice", ADVICE.values(), ids=ADVICE.keys())
@pytest.mark.parametrize(("status", "kind"), [*FINAL.items(), *UNKNOWN.items()])
def test_promise_1_a_final_or_unknown_failure_is_one_post_whatever_wait_is_advised(status, kind, advice):
    headers, more, _ = advice
    with Gateway(Answer(said(status, **more), status=status, headers=headers), Answer(OK)) as gateway:
        error = error_from(gateway.url)
        assert gateway.posts == 1
    assert type(error) is kind
    assert (error.status, error.code) == (status, "WORD")
    assert_readable(error)


def assert_readable(error):
    """Promise 17: what happened, then what to do next, in three lines; nothing of a library below."""
    assert 2 <= len(str(error).splitlines()) <= 3
    assert type(error).__module__ == errors.__name__
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("advice", ADVICE.values(), ids=ADVICE.keys())
@pytest.mark.parametrize("status", REFUSED)
def test_promise_1_a_refusal_is_sent_again_after_the_advised_wait_and_no_sooner(status, advice):
    headers, more, wait = advice
    refusal = Answer(said(status, **more), status=status, headers=headers)
    with Gateway(refusal, Answer(OK)) as gateway, client_of(gateway.url) as client:
        assert client.generate("a red square").image.data == PICTURE
        first, second = gateway.requests
    assert second.at - first.at >= wait


@pytest.mark.parametrize("advice", TOO_LONG.values(), ids=TOO_LONG.keys())
@pytest.mark.parametrize("status", REFUSED)
def test_promise_1_a_wait_past_the_deadline_fails_at_once_and_names_the_seconds(status, advice):
    headers, more = advice
    refusal = Answer(said(status, **more), status=status, headers=headers)
    with Gateway(refusal, Answer(OK)) as gateway:
        error = error_from(gateway.url, timeout=30)
        assert gateway.posts == 1
    assert type(error) is RateLimitError
    assert 99 < error.retry_after <= 100
    assert "100 s" in str(error)
    assert_readable(error)


@pytest.mark.parametrize("status", REFUSED)
def test_promise_1_refusals_without_end_stop_before_the_deadline(status):
    def call(seconds):
        with Gateway(Answer(said(status), status=status, headers={"retry-after-ms": "100"})) as gateway:
            error = error_from(gateway.url, timeout=seconds)
            # On a busy machine time may run out while one of them is under way.
            in_time(gateway.posts > 1 and type(error) is RateLimitError)
            times = [request.at for request in gateway.requests]
        assert all(later - sooner >= 0.1 for sooner, later in pairwise(times))

    given_time(call, 0.7, 2, 6)


NEVER_AGAIN = {
    "new-api's quota": ("insufficient_user_quota", QuotaExhaustedError),
    "new-api's token": ("pre_consume_token_quota_failed", QuotaExhaustedError),
    "OpenAI's quota": ("insufficient_quota", QuotaExhaustedError),
    "a blocked prompt": ("prompt_blocked", BlockedError),
    "sensitive words": ("sensitive_words_detected", BlockedError),
    "a bad key": ("invalid_api_key", AuthenticationError),
}


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
@pytest.mark.parametrize(("code", "kind"), NEVER_AGAIN.values(), ids=NEVER_AGAIN.keys())
def test_promise_1_quota_policy_and_key_are_never_retried_whatever_their_status(status, code, kind):
    refusal = Answer(said(status) | {"error": {"message": "no", "code": code}}, status=status)
    with Gateway(refusal, Answer(OK)) as gateway:
        error = error_from(gateway.url, retry_unknown=True)
        assert gateway.posts == 1
    assert type(error) is kind
    assert_readable(error)


@pytest.mark.parametrize("status", [*UNKNOWN])
def test_promise_1_an_unknown_outcome_is_sent_again_only_for_those_who_ask(status):
    with Gateway(Answer(said(status), status=status), Answer(OK)) as gateway:
        with client_of(gateway.url, retry_unknown=True) as client:
            assert client.generate("a red square").image.data == PICTURE
        assert gateway.posts == 2


def test_promise_1_even_those_who_ask_pay_three_times_at_most():
    with FaultServer(short_body(OK[:-20])) as server:
        error = error_from(server.url, retry_unknown=True)
        assert server.posts == 3
    assert type(error) is OutcomeUnknownError


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (500, OutcomeUnknownError),
        (502, OutcomeUnknownError),
        (None, APIError),
        (7, APIError),
        (400, APIError),
        (401, AuthenticationError),
    ],
)
def test_promise_1_an_error_inside_a_success_is_one_post(code, kind):
    with Gateway(Answer({"error": {"message": "no", "code": code}}), Answer(OK)) as gateway:
        error = error_from(gateway.url)
        assert gateway.posts == 1
    assert type(error) is kind
    assert error.status == (code if code in (400, 401, 500, 502) else 200)
    assert_readable(error)


def test_promise_1_a_success_that_says_it_is_none_is_one_post():
    with Gateway(Answer({"success": False, "message": "no luck"}), Answer(OK)) as gateway:
        error = error_from(gateway.url)
        assert gateway.posts == 1
    assert type(error) is APIError
    assert "no luck" in str(error)


JUNK_PICTURE = inline(b"no picture at all " * 99)
UNREADABLE = {
    "no JSON": (b"<html>maintenance</html>", BadResponseError),
    "half of a reply": (OK[:100], BadResponseError),
    "nothing": (b"", BadResponseError),
    "a list of numbers": (b"[1, 2]", BadResponseError),
    "a picture that is none": (body(reply(JUNK_PICTURE)), ImageRefusedError),
    "a picture that is SVG": (
        body(reply(inline(b"<svg xmlns='a'/>" * 99, "image/svg+xml"))),
        ImageRefusedError,
    ),
    "a picture cut short": (body(reply(inline(noise_png(5000)[:3000]))), ImageRefusedError),
    "a link that is not followed": (body(reply("![a](https://127.0.0.1/a.png)")), LinkRefusedError),
    "a link to nowhere": (body(reply("![a](https://nowhere.invalid/a.png)")), LinkFailedError),
}


@pytest.mark.parametrize(("content", "kind"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_promise_2_a_reply_that_cannot_be_used_is_kept_and_its_path_named(content, kind):
    with Gateway(Answer(content), Answer(OK)) as gateway:
        error = error_from(gateway.url)
        assert gateway.posts == 1
    assert type(error) is kind
    assert error.raw_path.read_bytes() == content
    assert str(error.raw_path) in str(error)
    assert_readable(error)


def test_promise_2_a_hosted_picture_that_is_none_is_kept():
    with Gateway(lambda _: Answer(openai({"url": f"{gateway.url}/a.png"}))) as gateway:
        gateway.files["/a.png"] = (b"<html>expired</html>", "text/html")
        error = error_from(gateway.url)
        assert (gateway.posts, gateway.gets) == (1, 1)
    assert error.raw_path.read_bytes() == b"<html>expired</html>"


def test_promise_2_the_key_is_masked_in_what_is_kept():
    with Gateway(Answer(f"<html>/v1beta?key={KEY}</html>".encode())) as gateway:
        error = error_from(gateway.url)
    assert KEY.encode() not in error.raw_path.read_bytes()


def test_promise_2_where_the_disk_keeps_nothing_the_error_says_so(tmp_path, monkeypatch):
    (tmp_path / "taken").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "taken"))
    with Gateway(Answer(b"no JSON")) as gateway:
        error = error_from(gateway.url)
    assert type(error) is BadResponseError
    assert error.raw_path is None
    assert_readable(error)


def test_promise_2_one_readable_picture_is_enough():
    with Gateway(Answer(reply(JUNK_PICTURE, inline(PICTURE)))) as gateway, client_of(gateway.url) as client:
        assert client.generate("a red square").image.data == PICTURE


def test_promise_3_a_stored_picture_is_replayed_without_a_request_and_without_a_key(tmp_path):
    with Gateway(Answer(OK)) as gateway:
        with client_of(gateway.url, store=tmp_path) as client:
            client.generate("a red square")
        with Client(base_url=gateway.url, store=tmp_path) as keyless:
            replayed = keyless.generate("a red square")
            batch = keyless.generate_many(["a red square"] * 3)
        assert gateway.connections == 1
    assert replayed.replayed
    assert [made.image.data for made in [replayed, *batch.generations]] == [PICTURE] * 4


def test_promise_3_replay_only_opens_no_connection(tmp_path):
    with Gateway(Answer(OK)) as gateway:
        error = error_from(gateway.url, store=tmp_path, replay="only")
        assert gateway.connections == 0
    assert type(error) is ReplayMissError
    assert_readable(error)


def test_promise_3_replay_only_asks_for_no_key_either(tmp_path):
    with Client(store=tmp_path, replay="only") as client, pytest.raises(ReplayMissError):
        client.generate("a red square")


def test_promise_3_the_key_is_missed_with_the_first_request_that_is_not_stored(tmp_path):
    with Gateway(Answer(OK)) as gateway, Client(base_url=gateway.url, store=tmp_path) as client:
        with pytest.raises(MissingKeyError):
            client.generate("a red square")
        assert gateway.connections == 0


@pytest.mark.parametrize("replay", ["refresh", "off"])
def test_promise_3_only_who_asks_for_it_pays_again(tmp_path, replay):
    with Gateway(Answer(OK)) as gateway:
        for mode in ("auto", replay):
            with client_of(gateway.url, store=tmp_path, replay=mode) as client:
                assert not client.generate("a red square").replayed
        assert gateway.posts == 2


def test_promise_3_failures_are_not_stored(tmp_path):
    with Gateway(Answer(status=400), Answer(OK)) as gateway:
        error_from(gateway.url, store=tmp_path)
        with client_of(gateway.url, store=tmp_path) as client:
            assert not client.generate("a red square").replayed


def test_promise_2_with_a_store_replies_are_kept_there(tmp_path):
    with Gateway(Answer(b"no JSON")) as gateway:
        error = error_from(gateway.url, store=tmp_path / "store")
    assert error.raw_path.parent == tmp_path / "store" / "unread"
    assert error.raw_path.read_bytes() == b"no JSON"


def test_promise_5_an_unknown_price_is_none_and_not_nothing():
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url) as client:
        with pytest.warns(GeminiWarning):
            unknown = client.generate("a red square", model="some-new-model-of-money")
        known = client.generate("a red square", image_size="2K")
        batch = client.generate_many(["a red square"], model="some-new-model-of-money")
    assert unknown.estimated_cost is None
    assert known.estimated_cost == 0.101
    assert batch.rows()[0]["estimated_cost"] is None


def test_promise_5_what_costs_nothing_is_nothing():
    with Client("offline") as client:
        assert client.generate("a red square").estimated_cost == 0.0


HOPELESS = {
    "blocked": ({"promptFeedback": {"blockReason": "SAFETY"}}, "SAFETY"),
    "finished": (reply("I would rather not.", finish_reason="IMAGE_OTHER"), "I would rather not."),
    "unheard of": (reply(finish_reason="BRAND_NEW"), "BRAND_NEW"),
}


@pytest.mark.parametrize(("content", "word"), HOPELESS.values(), ids=HOPELESS.keys())
def test_promise_17_no_picture_gives_the_reason_and_the_models_words(content, word):
    with Gateway(Answer(content), Answer(OK)) as gateway:
        error = error_from(gateway.url)
        assert gateway.posts == 1
    assert word in str(error)
    assert_readable(error)


def test_promise_17_a_refused_connection_says_what_to_do():
    error = error_from("https://127.0.0.1:9")
    assert type(error) is ConnectionFailedError
    assert_readable(error)


def test_the_request_is_json_as_it_is_documented():
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url) as client:
        client.generate("a red square")
    request = gateway.requests[0]
    assert request.path == "/v1beta/models/gemini-3.1-flash-image-preview:generateContent"
    assert json.loads(request.body)["contents"][0]["parts"] == [{"text": "a red square"}]
