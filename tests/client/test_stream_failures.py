from __future__ import annotations

import time
from urllib.parse import quote

import pytest

from gemini_nb import Client
from gemini_nb.errors import (
    AuthenticationError,
    BadResponseError,
    BlockedError,
    ConnectionFailedError,
    GeminiError,
    NoImageError,
    OutcomeUnknownError,
    QuotaExhaustedError,
    TooLargeError,
)
from gemini_nb.images.image import GeneratedImage
from gemini_nb.reply import base64_blobs
from support import key_leaks
from support.clients import KEY, PICTURE
from support.faults import FaultServer, chunk, endless, raw, reset_after_request
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.replies import inline, reply
from support.streams import (
    HEAD,
    STALLS,
    Steps,
    event,
    failure_of,
    kinds,
    picture,
    pieces_of,
    receive,
    stream,
    streamed,
    words,
)
from support.timing import given_time, in_time


def event_of_error(code: int, **more) -> bytes:
    return event({"error": {"code": code, "message": "no", **more}})


ERRORS = {
    "a refused key": (Answer({"error": {"code": 401, "message": "no"}}, status=401), AuthenticationError),
    "a refused key in an array": (Answer([{"error": {"code": 403}}], status=403), AuthenticationError),
    "quota as an event": (
        Answer(event_of_error(429, status="insufficient_user_quota")), QuotaExhaustedError,
    ),
    "an error after text": (Answer(words("A ") + event_of_error(500)), OutcomeUnknownError),
    "an error without a name": (
        Answer(words("A ") + b'[{\n  "error": {\n    "code": 500\n  }\n}\n]'), OutcomeUnknownError,
    ),
    "blocked": (Answer(words("A ") + event(reply(finish_reason="IMAGE_SAFETY"))), BlockedError),
    "text alone": (Answer(words("A ") + event(reply("cat."))), NoImageError),
    "no event": (Answer(b": ping\n\n: ping\n\n"), BadResponseError),
    "an event that is no JSON": (Answer(words("A ") + b'data: {"candidates": \n\n'), BadResponseError),
    "an event cut short": (Answer(words("A ") + picture()[:90]), BadResponseError),
    "a page": (Answer(b"<html><title>Busy</title></html>"), BadResponseError),
    "nothing": (Answer(b""), BadResponseError),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_a_stream_fails_as_another_reply_does_and_is_asked_for_once(case):
    answer, kind = ERRORS[case]
    with Gateway(answer) as gateway:
        came, error = failure_of(gateway.url)
        assert gateway.posts == 1
    assert type(error) is kind
    assert came in ([], ["A"], ["A", " cat."])


def test_promise_2_a_reply_that_cannot_be_read_is_kept():
    with Gateway(Answer(words("A ") + b"data: {oops\n\n")) as gateway:
        _, error = failure_of(gateway.url)
    kept = error.raw_path.read_bytes()
    assert b'"A "' in kept
    assert b"{oops" in kept


def test_promise_2_what_came_before_a_break_is_kept_and_named():
    begun = event(reply(inline(PICTURE), finish_reason=None)) + picture()[:90]
    steps = Steps(words("A ") + begun, lambda visit: visit.reset())
    with FaultServer(steps) as server, streamed(server.url) as stream:
        assert next(stream) == "A"
        assert next(stream).data == PICTURE
        steps.go()
        with pytest.raises(OutcomeUnknownError) as caught:
            next(stream)
    assert caught.value.raw_path.read_bytes() == words("A ") + begun
    assert str(caught.value.raw_path) in str(caught.value)
    assert server.posts == 1


def test_promise_2_a_stream_that_came_to_its_end_is_read_although_it_broke_off():
    steps = Steps(words("A ") + picture(), lambda visit: visit.reset())
    with FaultServer(steps) as server, streamed(server.url) as stream:
        assert next(stream) == "A"
        steps.go()
        assert stream.result().image.data == PICTURE
    assert server.posts == 1


WHOLE_STREAM = words("A ", end=b"\n\n") + b": ping\r\n\r\nevent: x\ndata: ping\n\n" + picture(noise_png(5000))


@pytest.mark.parametrize("cut", [1, 5, 30, 100, 150, 170, 180, 190, 300, 2000, -40, -20, -5])
def test_promise_2_a_stream_that_is_cut_is_kept_as_it_came(cut):
    with FaultServer(raw(HEAD + chunk(WHOLE_STREAM[:cut]))) as server:
        _, error = failure_of(server.url)
    assert type(error) is OutcomeUnknownError
    assert error.raw_path.read_bytes() == WHOLE_STREAM[:cut]


@pytest.mark.parametrize("end", ["STOP", None])
def test_promise_2_a_stream_without_a_picture_that_broke_off_has_no_known_outcome(end):
    with FaultServer(raw(HEAD + chunk(event(reply("A ", finish_reason=end))))) as server:
        came, error = failure_of(server.url)
    assert (came, type(error)) == (["A"], OutcomeUnknownError)
    assert '"A "' in error.raw_path.read_text()


def test_promise_2_a_stream_that_was_blocked_and_broke_off_is_blocked():
    with FaultServer(raw(HEAD + chunk(words("A ") + event(reply(finish_reason="IMAGE_SAFETY"))))) as server:
        assert type(failure_of(server.url)[1]) is BlockedError


def test_promise_1_what_was_shown_is_not_asked_for_again_even_with_retry_unknown():
    broken = raw(HEAD + chunk(words("A ")))
    with FaultServer(broken, raw(HEAD + chunk(stream()) + chunk(b""))) as server:
        came, error = failure_of(server.url, retry_unknown=True)
        assert server.posts == 1
    assert (came, type(error)) == (["A"], OutcomeUnknownError)


def test_promise_1_with_retry_unknown_a_stream_that_showed_nothing_is_asked_for_again():
    thought = event(reply({"text": "Hm.", "thought": True}))
    broken, whole = raw(HEAD + chunk(thought)), raw(HEAD + chunk(stream()) + chunk(b""))
    with FaultServer(reset_after_request, broken, whole) as server:
        assert streamed(server.url, retry_unknown=True).result().text == "Here is a red square."
        assert server.posts == 3


def test_promise_1_a_refused_stream_is_asked_for_again():
    refusal = Answer(status=429, headers={"retry-after-ms": "10"})
    with Gateway(refusal, Answer(stream())) as gateway:
        assert streamed(gateway.url).result().image.data == PICTURE
        assert gateway.posts == 2


def test_an_unsent_stream_is_a_connection_that_failed():
    _, error = failure_of("http://127.0.0.1:9", timeout=2)
    assert type(error) is ConnectionFailedError


def test_promise_13_a_stream_without_end_is_left():
    block = b": " + b"x" * 2**20 + b"\n"
    fault = endless(HEAD, iter(lambda: chunk(block), None))
    with FaultServer(fault) as server:
        _, error = failure_of(server.url)
    assert type(error) is TooLargeError
    assert server.sent < 100 * 2**20


FLOODS = {
    "of text": words("x" * 50_000),
    "of tiny ones": b"data:1\n\n" * 10_000,
}


@pytest.mark.parametrize("case", FLOODS)
def test_promise_13_a_stream_of_events_without_end_is_left_and_what_came_is_kept(case, monkeypatch):
    monkeypatch.setattr("gemini_nb.reply.stream_receiver.MAX_EVENTS", 20_000)
    with FaultServer(endless(HEAD, iter(lambda: chunk(FLOODS[case]), None))) as server:
        _, error = failure_of(server.url)
        assert server.posts == 1
    assert type(error) is TooLargeError
    assert "beside its pictures, in" in str(error)
    assert error.raw_path.stat().st_size < 2 * base64_blobs.MAX_REST_BYTES


def test_a_text_of_as_many_deltas_as_are_read_is_told(monkeypatch):
    monkeypatch.setattr("gemini_nb.reply.stream_receiver.MAX_EVENTS", 20_000)
    told = []
    events = b'data: {"candidates":[{"content":{"parts":[{"text":"a "}]}}]}\n\n' * 20_000
    received = receive(events, take_parts=lambda parts, _: told.extend(parts))
    assert told == [{"text": "a "}] * 20_000
    assert received.finish().rest.count(b'"a "') == 20_000


@pytest.mark.parametrize("case", STALLS)
def test_promise_6_a_stream_ends_with_its_deadline(case):
    def call(seconds):
        with FaultServer(STALLS[case]) as server:
            started = time.monotonic()
            came, error = failure_of(server.url, timeout=seconds)
            took = time.monotonic() - started
            in_time(came)
            assert server.wait_for_disconnects(1)
        assert (came, type(error)) == (["A"], OutcomeUnknownError)
        in_time(took < seconds + 1)

    given_time(call, 0.6, 2, 6)


def test_promise_9_a_key_that_the_server_streams_back_is_masked():
    half = len(KEY) // 2
    texts = words(f"Your key {KEY[:half]}") + words(f"{KEY[half:]} is fine. ") + picture()
    pieces, generation = pieces_of(texts)
    assert kinds(pieces) == ["Your key", " [key] is fine.", GeneratedImage]
    assert generation.text == "Your key [key] is fine."


KEYED_EVENTS = event(
    reply(
        f"painted for {key_leaks.KEY} {quote(key_leaks.KEY, safe='')} ",
        inline(PICTURE, f"image/png;{key_leaks.KEY}"),
        finish_reason=f"STOP {key_leaks.KEY}",
        modelVersion=f"m-{key_leaks.KEY}",
    )
)


KEYED = {
    **key_leaks.FAILURES,
    "events with a picture": lambda: Gateway(Answer(KEYED_EVENTS)),
    "events without one": lambda: Gateway(Answer(words(f"no {key_leaks.KEY} ") + words("more "))),
    "events that break off": lambda: FaultServer(raw(HEAD + chunk(KEYED_EVENTS))),
    "an event of an error": lambda: Gateway(
        Answer(event({"error": {"message": key_leaks.KEY, "code": 500}}))
    ),
    "an event that is no JSON": lambda: Gateway(Answer(f"data: {key_leaks.KEY}\n\n".encode())),
}


@pytest.mark.parametrize("case", KEYED)
def test_promise_9_nothing_that_comes_of_a_stream_holds_the_key(case, tmp_path):
    pieces, stream_ = [], None
    with KEYED[case]() as server:
        client = Client(base_url=server.url, api_key=key_leaks.KEY, timeout=1)
        try:
            stream_ = client.generate("a red square", text=True, stream=True)
            pieces.extend(stream_)
        except GeminiError as error:
            evidence = key_leaks.shown(error)
        else:
            evidence = repr(stream_.generation) + repr(vars(stream_.generation))
    told = [piece if isinstance(piece, str) else repr(vars(piece)) for piece in pieces]
    kept = [file.read_text("latin-1") for file in tmp_path.rglob("*.reply")]
    assert key_leaks.leaks("\n".join([evidence, repr(stream_), *told, *kept])) == []
