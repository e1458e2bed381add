from __future__ import annotations

import json

import anyio
import pytest

from gemini_nb import AsyncClient
from gemini_nb.errors import ArgumentError, BlockedError
from support.clients import KEY, client_of
from support.gateway import Answer, Gateway
from support.images import jpeg, png
from support.numbered_pictures import BLOCKED
from support.replies import b64, data_uri, inline, reply
from support.shells import prompt_of

PNG, JPEG = png(6, 4), jpeg(6, 4)
SIGNED = [
    {"thought": True, "text": "Let me think…"},
    {"text": "Voilà «ü» </script> \ud83d\udfe5"},
    inline(PNG, thoughtSignature="c2lnbmF0dXJl/+==", unknownField={"b": [1, 2.50, None], "a": 1e3}),
]


def contents(request):
    return request.json["contents"]


def test_the_models_turn_is_echoed_exactly_signatures_included():
    with Gateway(Answer(reply(*SIGNED))) as gateway, client_of(gateway.url) as client:
        chat = client.chat()
        chat.send("a cat")
        chat.send("now at night", aspect_ratio="16:9")
        first, second = gateway.requests
    sent = reply(*SIGNED)["candidates"][0]["content"]
    user, model, asked = contents(second)
    assert json.dumps(user) == json.dumps(contents(first)[0])
    assert json.dumps(model) == json.dumps(sent)
    assert asked["parts"] == [{"text": "now at night"}]


def test_the_third_turn_holds_both_before_it():
    with (
        Gateway(Answer(reply(inline(PNG, thoughtSignature="s")))) as gateway,
        client_of(gateway.url) as client,
    ):
        chat = client.chat()
        last = [chat.send(words) for words in ("a cat", "at night", "in rain")][-1]
        assert [one["role"] for one in contents(gateway.requests[2])] == ["user", "model"] * 2 + ["user"]
    assert [prompt for prompt, _ in last.chain] == ["a cat", "at night"]


OTHER_SHAPES = {
    "data URI": f"![image]({data_uri(JPEG, 'image/jpeg')})",
    "hosted": "![image]({url}/a.jpg)",
}


@pytest.mark.parametrize("shape", OTHER_SHAPES)
def test_a_picture_that_came_as_text_goes_on_as_an_input_image(shape):
    with Gateway(lambda _: Answer(reply(OTHER_SHAPES[shape].format(url=gateway.url)))) as gateway:
        gateway.files["/a.jpg"] = (JPEG, "image/jpeg")
        with client_of(gateway.url) as client:
            chat = client.chat()
            chat.send("a cat")
            chat.send("at night")
            (turn,) = contents([request for request in gateway.requests if request.method == "POST"][1])
    assert turn["parts"] == [
        {"text": "at night"},
        {"inlineData": {"mimeType": "image/jpeg", "data": b64(JPEG)}},
    ]


def test_another_model_gets_the_picture_and_no_signature_of_the_first():
    with (
        Gateway(Answer(reply(inline(PNG, thoughtSignature="s")))) as gateway,
        client_of(gateway.url) as client,
    ):
        chat = client.chat()
        chat.send("a cat")
        chat.send("at night", model="nano-banana-pro")
        assert "thoughtSignature" not in gateway.requests[1].body.decode()
        assert b64(PNG) in gateway.requests[1].body.decode()


def test_a_failed_turn_leaves_the_conversation_as_it_was():
    answer = Answer(reply(inline(PNG)))
    with Gateway(answer, BLOCKED, answer) as gateway, client_of(gateway.url) as client:
        chat = client.chat()
        chat.send("a cat")
        with pytest.raises(BlockedError):
            chat.send("something refused")
        assert len(chat.turns) == 1
        chat.send("at night")
        assert "something refused" not in gateway.requests[2].body.decode()


def test_undo_takes_one_turn_back():
    with Gateway(Answer(reply(inline(PNG)))) as gateway, client_of(gateway.url) as client:
        chat = client.chat()
        first = chat.send("a cat")
        chat.send("at night")
        assert chat.undo() is first
        chat.send("in rain")
        assert "at night" not in gateway.requests[2].body.decode()
        chat.undo(), chat.undo()
        with pytest.raises(ArgumentError, match="no turn"):
            chat.undo()


def test_a_source_is_where_a_conversation_begins():
    with Gateway(Answer(reply(inline(PNG)))) as gateway, client_of(gateway.url) as client:
        first = client.generate("a cat")
        edited = client.chat(source=first).send("at night")
        assert [turn["parts"] for turn in contents(gateway.requests[1])] == [
            [{"text": "a cat"}],
            [inline(PNG)],
            [{"text": "at night"}],
        ]
    assert edited.chain == (("a cat", first.image),)


def test_a_conversation_replayed_from_the_store_asks_for_nothing(tmp_path):
    def converse(client):
        chat = client.chat()
        return [chat.send(words).digest for words in ("a cat", "at night")]

    with Gateway(Answer(reply(*SIGNED))) as gateway:
        with client_of(gateway.url, store=tmp_path) as client:
            first = converse(client)
        with client_of(gateway.url, store=tmp_path, replay="only") as client:
            assert converse(client) == first
        assert gateway.posts == 2


def test_a_conversation_can_be_awaited():
    async def main(url):
        async with AsyncClient(base_url=url, api_key=KEY) as client:
            chat = client.chat(aspect_ratio="16:9")
            await chat.send("a cat")
            last = await chat.send("at night")
            return last, chat.undo()

    with Gateway(Answer(reply(inline(PNG)))) as gateway:
        last, before = anyio.run(main, gateway.url)
        assert [prompt_of(request) for request in gateway.requests] == ["a cat", "at night"]
        assert len(contents(gateway.requests[1])) == 3
        assert gateway.requests[1].json["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9"}
    assert (last.prompt, before.prompt) == ("at night", "a cat")
