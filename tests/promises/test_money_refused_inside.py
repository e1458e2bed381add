"""A 429 or 503 inside a 200 counts like one outside: class, retry and pause; nothing else in a 200 does."""

from __future__ import annotations

import json
from types import SimpleNamespace

import anyio
import pytest

from gemini_nb import ImageRequest
from gemini_nb.client.pipeline import Pipeline
from gemini_nb.errors import OutcomeUnknownError, RateLimitError
from gemini_nb.http.rate_limit import RateLimiter
from gemini_nb.providers.secret import Secret
from gemini_nb.providers.selection import choose_provider
from gemini_nb.store.replay import Replay
from support.clients import KEY, OK, PICTURE, client_of, error_from
from support.gateway import Answer, Gateway
from support.replies import chat, inline, reply

WAIT = 0.3
SOON = {"retry-after-ms": f"{WAIT * 1000:.0f}"}
RETRY_INFO = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{WAIT}s"}]
REFUSAL = {"error": {"code": 429, "message": "slow down"}}
REFUSALS = {
    "error.code 429": REFUSAL,
    "error.code 503": {"error": {"code": 503, "message": "busy"}},
    "a text of digits": {"error": {"code": "429", "message": "slow down"}},
    "Google's status": {"error": {"status": "RESOURCE_EXHAUSTED", "message": "slow down"}},
    "Google's other status": {"error": {"status": "UNAVAILABLE", "message": "busy"}},
    "in an array": [REFUSAL],
    "code and msg": {"code": 429, "msg": "slow down", "data": None},
    "OpenAI's code": {"error": {"code": "rate_limit_exceeded", "message": "slow down"}},
    "OpenAI's type": {"error": {"type": "rate_limit_error", "message": "slow down"}},
    "as the error": {"error": "rate_limit_exceeded"},
    "of a choice": {"choices": [{"finish_reason": "error", "error": REFUSAL["error"]}]},
    "with an empty message": chat({"content": ""}) | REFUSAL,
    "with an empty part": reply("") | REFUSAL,
    "with usage of nothing": REFUSAL | {"usageMetadata": {"promptTokenCount": 0, "totalTokenCount": 0}},
}
BEGUN = {
    "usage": REFUSAL | {"usageMetadata": {"promptTokenCount": 12}},
    "OpenAI's usage": REFUSAL | {"usage": {"total_tokens": 12}},
    "words": reply("Here is") | REFUSAL,
    "OpenAI's words": chat({"content": "Here is"}) | REFUSAL,
    "a draft": reply(inline(PICTURE, thought=True)) | REFUSAL,
    "a thought": reply({"text": "Hm.", "thought": True}) | REFUSAL,
    "a thought in OpenAI's words": chat({"content": "", "reasoning_content": "Hm."}) | REFUSAL,
    "a signature": reply({"thoughtSignature": "c2ln"}) | REFUSAL,
    "output of another shape": {"output": [{"type": "reasoning"}]} | REFUSAL,
    "half a picture": reply({"inlineData": {"mimeType": "image/png", "data": "@"}}) | REFUSAL,
}


def event(value) -> bytes:
    return b"data: %s\n\n" % json.dumps(value).encode()


@pytest.mark.parametrize("said", REFUSALS.values(), ids=REFUSALS)
def test_promise_1_a_refusal_inside_a_success_is_sent_again_after_the_advised_wait(said):
    with Gateway(Answer(said, headers=SOON), Answer(OK)) as gateway, client_of(gateway.url) as client:
        assert client.generate("a red square").image.data == PICTURE
        first, second = gateway.requests
    assert second.at - first.at >= WAIT


def test_promise_1_the_wait_that_its_body_advises_is_kept_too():
    said = {"error": {**REFUSAL["error"], "details": RETRY_INFO}}
    with Gateway(Answer(said), Answer(OK)) as gateway, client_of(gateway.url) as client:
        client.generate("a red square")
        first, second = gateway.requests
    assert second.at - first.at >= WAIT


@pytest.mark.parametrize("said", BEGUN.values(), ids=BEGUN)
def test_promise_1_what_had_begun_may_have_been_billed_and_is_one_post(said):
    with Gateway(Answer(said, headers=SOON), Answer(OK)) as gateway:
        error = error_from(gateway.url, retry_unknown=True)
        assert gateway.posts == 1
    assert type(error) is OutcomeUnknownError
    assert "slow down" in str(error)
    assert error.raw_path.is_file()


def test_promise_1_a_picture_counts_for_more_than_the_refusal_beside_it():
    with Gateway(Answer(reply(inline(PICTURE)) | REFUSAL), Answer(OK)) as gateway:
        with client_of(gateway.url) as client:
            assert client.generate("a red square").image.data == PICTURE
        assert gateway.posts == 1


def test_promise_1_a_wait_past_the_deadline_fails_at_once_and_keeps_no_file(tmp_path):
    with Gateway(Answer(REFUSAL, headers={"Retry-After": "100"}), Answer(OK)) as gateway:
        error = error_from(gateway.url, timeout=30, store=tmp_path)
        assert gateway.posts == 1
    assert (type(error), error.status, error.retry_after) == (RateLimitError, 429, 100)
    assert "100 s" in str(error)
    assert error.raw_path is None
    assert list(tmp_path.glob("unread/*.reply")) == []


class Recorded(RateLimiter):
    """A limiter that remembers what it was told to pause after."""

    def __init__(self):
        super().__init__()
        self.pauses = []

    def learn(self, outcome, **more):
        self.pauses.append(getattr(outcome, "retry_after", None))
        super().learn(outcome, **more)


def test_promise_1_a_refusal_inside_a_success_pauses_whoever_shares_the_limiter(tmp_path):
    limiter = Recorded()
    limiters = SimpleNamespace(of=lambda _model: limiter)

    async def main(url):
        provider, settings = choose_provider(None, base_url=url), {"timeout": 30.0, "retry_unknown": False}
        pipeline = Pipeline(provider, Secret(KEY), Replay(tmp_path), limiters, interval=0.0, **settings)
        await pipeline.answer(ImageRequest("a red square"), None)

    with Gateway(Answer(REFUSAL, headers=SOON), Answer(OK)) as gateway:
        anyio.run(main, gateway.url)
    assert limiter.pauses == [WAIT, None]


@pytest.mark.parametrize("said", REFUSALS.values(), ids=REFUSALS)
def test_promise_1_a_stream_that_is_refused_inside_is_asked_for_again(said):
    soon = {"retry-after-ms": "20", "Content-Type": "text/event-stream"}
    refusal, whole = Answer(event(said), headers=soon), Answer(event(reply(inline(PICTURE))))
    with Gateway(refusal, whole) as gateway, client_of(gateway.url) as client:
        assert client.generate("a red square", stream=True).result().image.data == PICTURE
        assert gateway.posts == 2


def test_promise_1_a_stream_that_is_refused_after_words_is_one_post():
    broken = event(reply("Here is ", finish_reason=None)) + event(REFUSAL)
    with Gateway(Answer(broken, headers=SOON), Answer(OK)) as gateway, client_of(gateway.url) as client:
        with pytest.raises(OutcomeUnknownError):
            client.generate("a red square", stream=True).result()
        assert gateway.posts == 1
