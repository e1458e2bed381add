"""Replies piece by piece, over real sockets."""

from __future__ import annotations

import json
import threading

import pytest

from gemini_nb import Client
from gemini_nb.errors import (
    ArgumentError,
    BadResponseError,
    ReplayMissError,
)
from gemini_nb.images.image import GeneratedImage
from gemini_nb.offline.server import OfflineServer
from gemini_nb.reply.reply import read_reply
from support.clients import KEY, PICTURE, client_of
from support.faults import FaultServer, chunk, raw
from support.gateway import Answer, Gateway
from support.images import noise_png
from support.replies import body, data_uri, inline, reply
from support.streams import (
    HEAD,
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
        found = read_reply(receive(whole[:at], whole[at:]).finish())
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
        with pytest.raises(ArgumentError, match="not ended yet"):
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
    with FaultServer(raw(HEAD + chunk(event(reply(inline(large), finish_reason=None))))) as server:
        ((told,), error) = failure_of(server.url, store=tmp_path / "store")
    assert told.data == large
    assert error.raw_path.parent == tmp_path / "store" / "unread"


def test_what_is_not_stored_is_an_error_of_the_stream(tmp_path):
    stream = Client(store=tmp_path / "store", replay="only").generate("a red square", stream=True)
    with pytest.raises(ReplayMissError):
        next(stream)


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
