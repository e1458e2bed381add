"""Replies piece by piece, over real sockets."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from urllib.parse import quote

import pytest

from gemini_nb import AsyncClient, Client, GeminiWarning
from gemini_nb.errors import (
    ArgumentError,
    AuthenticationError,
    BadResponseError,
    BlockedError,
    ConnectionFailedError,
    GeminiError,
    NoImageError,
    OutcomeUnknownError,
    QuotaExhaustedError,
    ReplayMissError,
    TooLargeError,
)
from gemini_nb.images.image import GeneratedImage
from gemini_nb.offline.server import OfflineServer
from gemini_nb.reply import base64_blobs
from gemini_nb.reply import reply as response
from gemini_nb.reply.stream_receiver import StreamedReply
from support import key_leaks
from support.clients import KEY, OK, PICTURE, client_of
from support.faults import FaultServer, answer, chunk, endless, raw, reset_after_request, then_stall
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.processes import INTERRUPTED, interrupted, running
from support.replies import body, data_uri, inline, reply
from support.streams import HEAD, WORDS, Steps, event, picture, stream, words
from support.timing import given_time, in_time

SSE = {"Content-Type": "text/event-stream"}


def streamed(url: str, prompt: str = "a red square", **settings):
    return client_of(url, **settings).generate(prompt, text=True, stream=True)


def pieces_of(content: bytes, **answer) -> tuple[list, object]:
    """All pieces of a body, and the result."""
    with Gateway(Answer(content, headers=SSE, **answer)) as gateway, streamed(gateway.url) as stream:
        return list(stream), stream.generation


def kinds(pieces) -> list:
    return [piece if isinstance(piece, str) else type(piece) for piece in pieces]


def failure_of(url: str, **settings) -> tuple[list, GeminiError]:
    """What came before a stream's error, and the error."""
    came = []
    with pytest.raises(GeminiError) as caught, streamed(url, **settings) as stream:
        came.extend(stream)
    return came, caught.value


def test_text_and_the_picture_come_one_by_one():
    pieces, generation = pieces_of(stream())
    assert kinds(pieces) == ["Here is", " a red", " square.", GeneratedImage]
    assert pieces[-1].data == generation.image.data == PICTURE
    assert (generation.text, generation.finish_reason) == ("Here is a red square.", "STOP")
    assert (generation.usage, generation.model_version) == ({"totalTokenCount": 9}, "v7")


def test_the_result_is_that_of_a_reply_which_was_not_streamed():
    whole = reply("Here is a red square.", inline(PICTURE), usageMetadata={"totalTokenCount": 9})
    with Gateway(Answer(stream()), Answer(whole | {"modelVersion": "v7"})) as gateway:
        client = client_of(gateway.url)
        one = client.generate("a red square", text=True, stream=True).result()
        other = client.generate("a red square", text=True)
    assert (one.digest, one.images, one.text, one.usage, one.caption) == (
        other.digest, other.images, other.text, other.usage, other.caption,
    )  # fmt: skip


def test_a_stream_is_asked_for_at_its_own_address():
    with Gateway(Answer(stream())) as gateway:
        streamed(gateway.url).result()
        client_of(gateway.url, provider="google").generate("a red square", stream=True).result()
    first, second = gateway.requests
    assert first.path.endswith(":streamGenerateContent")
    assert first.query == {"alt": "sse", "key": KEY}
    assert (second.query, second.headers["x-goog-api-key"]) == ({"alt": "sse"}, KEY)
    assert json.loads(first.body)["generationConfig"]["responseModalities"] == ["TEXT", "IMAGE"]


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"], ids=["LF", "CRLF", "CR"])
def test_a_stream_may_be_cut_at_every_byte(end):
    whole = stream("A ", "square", end=end)
    for at in range(len(whole) + 1):
        received = StreamedReply(lambda *_, **__: None)
        received.write(whole[:at])
        received.write(whole[at:])
        found = response.read(received.finish())
        assert (found.text, [one.data for one in found.images]) == ("A square", [PICTURE])


def test_a_stream_may_come_a_few_bytes_at_a_time():
    whole = stream("A ", "square")
    pieces = (chunk(whole[at : at + 7]) for at in range(0, len(whole), 7))
    with FaultServer(raw(HEAD + b"".join(pieces) + chunk(b""))) as server:
        generation = streamed(server.url).result()
    assert (generation.text, generation.image.data) == ("A square", PICTURE)


def test_the_first_text_is_there_before_the_server_has_sent_the_rest():
    steps = Steps(words("Here is a"), words(" red square."), picture(), event({"usageMetadata": {}}))
    with FaultServer(steps) as server, streamed(server.url) as stream:
        assert next(stream) == "Here is"
        steps.go()
        assert next(stream) == " a red"
        steps.go()
        assert next(stream) == " square."
        assert next(stream).data == PICTURE
        with pytest.raises(ArgumentError, match="not at its end"):
            _ = stream.generation
        steps.go()
        assert list(stream) == []
        assert stream.generation.finish_reason == "STOP"


def test_an_event_of_megabytes_is_read():
    large = noise_png(20_000_000)
    pieces, generation = pieces_of(stream().replace(picture(), picture(large)))
    assert generation.image.data == large
    assert pieces[-1] == generation.image


BODIES = {
    "plain JSON": body(reply("A square.", inline(PICTURE))),
    "plain JSON in an array": body([reply("A squ", finish_reason=None), reply("are.", inline(PICTURE))]),
    "JSON without a name": words("A squ") + body(reply("are.", inline(PICTURE))),
    "an end mark": words("A squ") + event(reply("are.", inline(PICTURE))) + b"data: [DONE]\n\n",
    "no blank line at the end": words("A squ") + event(reply("are.", inline(PICTURE)), b""),
    "the picture first": event(reply(inline(PICTURE), "A squ", finish_reason=None)) + words("are."),
    "a data URI": words("A square. ![i](") + words(data_uri(PICTURE) + ")"),
    "a data URI in pieces": b"".join(
        words(text) for text in ("A square. ![i](", data_uri(PICTURE)[:40], data_uri(PICTURE)[40:], ")")
    ),
    "a signature by itself": words("A squ")
    + words("are.")
    + event(reply(inline(PICTURE), {"text": "", "thoughtSignature": "c2ln"})),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_reply_is_read_however_it_is_streamed(case):
    pieces, generation = pieces_of(BODIES[case])
    assert (generation.text, generation.image.data) == ("A square.", PICTURE)
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == "A square."
    assert [piece for piece in pieces if not isinstance(piece, str)] == list(generation.images)


def test_thoughts_and_drafts_are_not_told():
    draft = noise_png(900)
    thoughts = event(reply({"text": "Hm. ", "thought": True}, inline(draft, thought=True)))
    pieces, generation = pieces_of(thoughts + stream())
    assert kinds(pieces) == ["Here is", " a red", " square.", GeneratedImage]
    assert [one.data for one in generation.drafts] == [draft]


def test_a_hosted_picture_comes_when_it_is_fetched():
    content = [words("See "), b""]
    with Gateway(lambda _: Answer(b"".join(content))) as gateway:
        content[1] = words(f"![i]({gateway.url}/a.png)")
        gateway.files["/a.png"] = (PICTURE, "image/png")
        pieces = list(streamed(gateway.url))
    assert kinds(pieces) == ["See", GeneratedImage]


def test_a_conversation_echoes_every_part_as_it_came():
    signed = event(reply(inline(PICTURE, thoughtSignature="c2ln"), {"text": "", "thoughtSignature": "bXk="}))
    with Gateway(Answer(words("A squ") + words("are.") + signed), Answer(reply(inline(PICTURE)))) as gateway:
        chat = client_of(gateway.url).chat()
        request = chat.request("a red square", text=True)
        told = []
        assert chat.ask(request, on_piece=told.append).text == "A square."
        chat.send("at night")
    assert kinds(told) == ["A", " square.", GeneratedImage]
    assert gateway.requests[1].json["contents"][1]["parts"] == [
        {"text": "A squ"},
        {"text": "are."},
        inline(PICTURE, thoughtSignature="c2ln"),
        {"text": "", "thoughtSignature": "bXk="},
    ]


# A `tell` that fails.

TELL_FAILURES = [RuntimeError, ValueError, OSError, BadResponseError]


@pytest.mark.parametrize("kind", TELL_FAILURES)
def test_promise_2_a_tell_that_fails_is_raised_once_the_reply_is_stored(kind, tmp_path):
    told = []

    def tell(piece):
        told.append(piece)
        raise kind("no screen")

    with Gateway(Answer(stream())) as gateway:
        client = client_of(gateway.url, store=tmp_path / "store")
        request = client.chat().request("a red square", text=True)
        with pytest.raises(kind, match="no screen"):
            client.chat().ask(request, on_piece=tell)
        kept = client.chat().ask(request)
        assert gateway.posts == 1
    assert told == ["Here is"]
    assert (kept.text, kept.image.data) == ("Here is a red square.", PICTURE)


# The store.


@pytest.mark.parametrize("asked_streamed", [True, False], ids=["streamed before", "whole before"])
def test_what_is_stored_is_told_at_once_and_asks_nobody(asked_streamed, tmp_path):
    with Gateway(Answer(stream() if asked_streamed else reply("Here is it.", inline(PICTURE)))) as gateway:
        client = client_of(gateway.url, store=tmp_path / "store")
        first = client.generate("a red square", text=True, stream=asked_streamed)
        first = first.result() if asked_streamed else first
        only = Client(store=tmp_path / "store", replay="only")
        pieces = list(only.generate("a red square", text=True, stream=True))
        assert gateway.posts == 1
    assert pieces == [first.text, first.image]


def test_a_large_picture_that_was_told_is_the_one_in_the_store(tmp_path):
    large = noise_png(2_000_000)
    with Gateway(Answer(words("A ") + picture(large))) as gateway:
        (_, told) = streamed(gateway.url, store=tmp_path / "store")
    assert told.data == large
    assert [file.read_bytes() for file in (tmp_path / "store" / "images").glob("*.png")] == [large]


def test_a_large_picture_that_was_told_before_a_break_stays_readable(tmp_path):
    large = noise_png(2_000_000)
    with FaultServer(raw(HEAD + chunk(picture(large)))) as server:
        ((told,), error) = failure_of(server.url, store=tmp_path / "store")
    assert told.data == large
    assert error.raw_path.parent == tmp_path / "store" / "unread"


def test_what_is_not_stored_is_an_error_of_the_stream(tmp_path):
    stream = Client(store=tmp_path / "store", replay="only").generate("a red square", stream=True)
    with pytest.raises(ReplayMissError):
        next(stream)


# What fails.


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
    steps = Steps(words("A ") + picture(), lambda visit: visit.reset())
    with FaultServer(steps) as server, streamed(server.url) as stream:
        assert next(stream) == "A"
        assert next(stream).data == PICTURE
        steps.go()
        with pytest.raises(OutcomeUnknownError) as caught:
            next(stream)
    assert inline(PICTURE)["inlineData"]["data"] in caught.value.raw_path.read_text()
    assert str(caught.value.raw_path) in str(caught.value)
    assert server.posts == 1


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
    reply = StreamedReply(lambda part, *_, **__: told.append(part["text"]))
    reply.write(b'data: {"candidates":[{"content":{"parts":[{"text":"a "}]}}]}\n\n' * 20_000)
    assert "".join(told) == "a " * 20_000
    assert reply.finish().rest.count(b'"a "') == 20_000


STALLS = {
    "stalls": then_stall(HEAD + chunk(words("A "))),
    "drips": endless(HEAD + chunk(words("A ")), iter(lambda: chunk(b":"), None), seconds=0.05),
}


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


# Closing.


def test_closing_early_closes_the_connection_and_says_that_it_may_be_billed():
    with FaultServer(STALLS["stalls"]) as server:
        with pytest.warns(GeminiWarning, match="may have been billed"), streamed(server.url) as stream:
            assert next(stream) == "A"
        assert server.wait_for_disconnects(1)
        with pytest.raises(OutcomeUnknownError, match="closed"):
            _ = stream.generation
        with pytest.raises(OutcomeUnknownError):
            next(stream)


def test_closing_after_the_end_is_silent():
    with Gateway(Answer(stream())) as gateway, streamed(gateway.url) as stream_:
        generation = stream_.result()
        stream_.close()
        stream_.close()
        assert stream_.generation is generation
        assert stream_.result() is generation


def test_an_error_that_leaves_the_block_closes_it_and_notes_it():
    with FaultServer(STALLS["stalls"]) as server:
        with pytest.raises(ZeroDivisionError) as caught, streamed(server.url) as stream:
            1 / len(next(stream)[1:])
        assert server.wait_for_disconnects(1)
    assert "billed" in caught.value.__notes__[0]


def test_closing_the_client_ends_its_streams():
    with FaultServer(STALLS["stalls"]) as server:
        client = client_of(server.url)
        stream = client.generate("a red square", stream=True, text=True)
        assert next(stream) == "A"
        client.close()
        with pytest.raises(OutcomeUnknownError, match="client was closed"):
            next(stream)


def test_a_closed_client_streams_nothing():
    client = Client("offline")
    client.close()
    with pytest.raises(ArgumentError, match="closed"):
        client.generate("a red square", stream=True)


def test_what_cannot_be_asked_is_said_at_once():
    with pytest.raises(ArgumentError, match="aspect ratio"):
        Client("offline").generate("a red square", aspect_ratio="wide", stream=True)


WHILE_IT_WAITS = """
import threading
from support.processes import WAIT_SECONDS
def names(frame):
    return [frame.f_code.co_name, *names(frame.f_back)] if frame else []
def say_when_it_waits():
    main, until = threading.main_thread().ident, time.monotonic() + WAIT_SECONDS
    while not (waits := "_wait_for" in names(sys._current_frames()[main])) and time.monotonic() < until:
        time.sleep(0.001)
    print("waiting" if waits else "not waiting", flush=True)
stream = client.generate("a red square", text=True, stream=True)
print(next(stream), flush=True)
threading.Thread(target=say_when_it_waits).start()
"""


def test_promise_7_an_interrupt_closes_the_stream_within_a_second_and_the_next_call_works():
    code = INTERRUPTED.format(first=WHILE_IT_WAITS, call="next(stream)")

    def attempt(seconds):
        with (
            FaultServer(STALLS["stalls"], answer(OK)) as server,
            running(code, server.url, stdin=True) as child,
        ):
            assert [child.stdout.readline() for _ in range(2)] == ["A\n", "waiting\n"]
            interrupted(child, server, seconds=seconds)

    given_time(attempt, 1, 1, 1)


# Awaited.


def test_an_async_client_streams():
    async def main(url):
        async with AsyncClient(base_url=url, api_key=KEY) as client:
            async with await client.generate("a red square", text=True, stream=True) as stream_:
                pieces = [piece async for piece in stream_]
            return pieces, stream_.generation

    with Gateway(Answer(stream())) as gateway:
        pieces, generation = asyncio.run(main(gateway.url))
    assert kinds(pieces) == ["Here is", " a red", " square.", GeneratedImage]
    assert generation.text == "".join(WORDS)


def test_a_cancelled_wait_closes_the_stream():
    async def main(server):
        client = AsyncClient(base_url=server.url, api_key=KEY)
        stream_ = await client.generate("a red square", text=True, stream=True)
        assert await anext(stream_) == "A"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream_), 0.05)
        assert await asyncio.to_thread(server.wait_for_disconnects, 1)
        with pytest.raises(OutcomeUnknownError, match="closed"):
            await anext(stream_)

    with FaultServer(STALLS["stalls"]) as server:
        asyncio.run(main(server))


def test_leaving_an_async_stream_early_warns():
    async def main(url):
        client = AsyncClient(base_url=url, api_key=KEY)
        async with await client.generate("a red square", text=True, stream=True) as stream_:
            await anext(stream_)

    with FaultServer(STALLS["stalls"]) as server:
        with pytest.warns(GeminiWarning, match="may have been billed"):
            asyncio.run(main(server.url))
        assert server.wait_for_disconnects(1)


# The offline provider.

MODELS = ["nano-banana-2", "nano-banana-pro", "gemini-2.5-flash-image-preview"]


@pytest.mark.filterwarnings("ignore::gemini_nb.errors.GeminiWarning")
@pytest.mark.parametrize("model", MODELS)
def test_the_embedded_provider_streams_every_shape(model):
    client = Client("offline")
    stream = client.generate("a red square", model=model, text=True, stream=True)
    pieces = list(stream)
    whole = client.generate("a red square", model=model, text=True)
    assert "".join(pieces[:-1]) == whole.text
    assert len(pieces) > 2
    assert pieces[-1] == stream.generation.image == whole.image


def test_gemini_nb_serve_streams():
    with OfflineServer() as server:
        pieces = list(streamed(server.url))
    assert kinds(pieces)[-1] is GeneratedImage
    assert len(pieces) > 2


def test_a_stream_that_nobody_takes_is_kept_in_the_store(tmp_path):
    asked = threading.Event()

    def answer(_):
        asked.set()
        return Answer(stream())

    with Gateway(answer) as gateway:
        client = client_of(gateway.url, store=tmp_path / "store")
        client.generate("a red square", text=True, stream=True)
        assert asked.wait(60)
        assert client.generate("a red square", text=True).replayed
        assert gateway.posts == 1
