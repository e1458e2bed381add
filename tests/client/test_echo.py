"""The first change of a picture goes on from the model's turn that it came with, as the API wants it."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from gemini_nb import Client, ImageRequest
from support.clients import KEY, client_of
from support.gateway import Answer, Gateway
from support.images import noise_png, png
from support.replies import b64, inline, reply
from support.shells import prompt_of

PNG = png(6, 4)
SIGNED = inline(PNG, thoughtSignature="c2lnbmF0dXJl/+==", unknownField={"b": [1, 2.50, None], "a": 1e3})
TURN = {"role": "model", "parts": [SIGNED]}
USER = {"role": "user", "parts": [{"text": "a cat"}]}


def asked(words):
    return {"role": "user", "parts": [{"text": words}]}


def without_role(*parts, role=None):
    whole = reply(*parts)
    content = whole["candidates"][0]["content"]
    del content["role"]
    if role is not None:
        content["role"] = role
    return whole


@pytest.fixture
def gateway():
    with Gateway(Answer(reply(SIGNED))) as gateway:
        yield gateway


def last_contents(gateway):
    return gateway.requests[-1].json["contents"]


def make(client, how):
    if how == "streamed":
        return client.generate("a cat", stream=True).result()
    if how == "of a batch":
        return client.generate_many(["a cat"], progress=False).generations[0]
    return client.generate("a cat")


@pytest.mark.parametrize("how", ["generated", "streamed", "of a batch"])
@pytest.mark.parametrize("is_kept", [False, True], ids=["no store", "store"])
def test_the_turn_of_a_picture_is_echoed_with_its_signature(gateway, tmp_path, how, is_kept):
    with client_of(gateway.url, store=tmp_path if is_kept else None) as client:
        made = make(client, how)
        client.chat(source=made).send("at night")
    if how == "of a batch" and not is_kept:  # ten thousand of them would hold gigabytes
        assert [list(part) for part in last_contents(gateway)[0]["parts"]] == [["text"], ["inlineData"]]
    elif how != "streamed":
        assert last_contents(gateway) == [USER, TURN, asked("at night")]
    else:
        assert last_contents(gateway)[1]["parts"][-1]["thoughtSignature"] == SIGNED["thoughtSignature"]


def test_after_a_restart_the_turn_comes_from_the_store(gateway, tmp_path):
    with client_of(gateway.url, store=tmp_path) as client:
        path = client.generate("a cat").save(tmp_path / "mine.png")
    for source in (path, str(path), path.read_bytes()):
        with client_of(gateway.url, store=tmp_path) as client:
            request = client.chat(source=source).request("at night")
        assert request.body["contents"] == [USER, TURN, asked("at night")]


def test_a_conversation_that_began_with_a_picture_goes_on_with_its_turn(gateway):
    with client_of(gateway.url) as client:
        chat = client.chat(source=client.generate("a cat"))
        chat.send("at night")
        last = chat.send("in rain")
        client.chat(source=last).send("in snow")
        assert last_contents(gateway)[:4] == [USER, TURN, asked("at night"), TURN]
        chat.undo(), chat.undo()
        chat.send("in fog")
    assert last_contents(gateway) == [USER, TURN, asked("in fog")]


ROLES = {"none": None, "null": "null", "empty": "", "model": "model"}


@pytest.mark.parametrize("role", ROLES)
def test_a_turn_without_a_role_is_echoed_as_the_models(role, tmp_path):
    body = without_role(SIGNED, role=ROLES[role])
    if role == "null":
        body["candidates"][0]["content"]["role"] = None
    with Gateway(Answer(body)) as gateway:
        for store in (None, tmp_path, tmp_path):
            with client_of(gateway.url, store=store) as client:
                chat = client.chat(source=client.generate("a cat"))
                chat.send("at night")
                chat.send("in rain")
        assert [turn["role"] for turn in last_contents(gateway)] == ["user", "model"] * 2 + ["user"]
        assert last_contents(gateway)[1] == TURN
        assert gateway.posts == 6


def test_another_model_gets_the_picture_and_the_turn_after_it_is_echoed(gateway):
    with client_of(gateway.url) as client:
        chat = client.chat(source=client.generate("a cat"), model="nano-banana-pro")
        chat.send("at night")
        along = {"inlineData": {"mimeType": "image/png", "data": b64(PNG)}}
        assert last_contents(gateway) == [{"role": "user", "parts": [{"text": "at night"}, along]}]
        chat.send("in rain")
    assert [turn["role"] for turn in last_contents(gateway)] == ["user", "model", "user"]


def test_another_provider_gets_the_picture_and_no_turn_of_the_first(gateway):
    with client_of(gateway.url) as client:
        made, painted = client.generate("a cat"), Client("offline").generate("a cat")
        for source in (painted, replace(made, provider="google")):
            client.chat(source=source).send("at night")
            assert len(last_contents(gateway)) == 1


def test_the_painter_looks_at_the_picture_and_at_those_beside_it():
    with Client("offline") as client:
        made, other = client.generate("a red square"), client.generate("a blue circle")
        request = client.chat(source=made).request("at night", images=[other])
    assert [image.data for image in request.images] == [made.image.data, other.image.data]
    assert request.history == ()


def test_pictures_beside_the_words_go_with_the_last_turn(gateway):
    with client_of(gateway.url) as client:
        client.chat(source=client.generate("a cat")).send("this hat", images=[png(3, 3)])
    assert [len(turn["parts"]) for turn in last_contents(gateway)] == [1, 1, 2]


def test_a_picture_that_nobody_knows_is_sent_along(gateway, tmp_path):
    with client_of(gateway.url, store=tmp_path) as client:
        client.generate("a cat")
        client.chat(source=noise_png(100)).send("at night")
    assert len(last_contents(gateway)) == 1


def test_the_content_is_in_no_pickle(gateway):
    with client_of(gateway.url) as client:
        made = client.generate("a cat")
    assert made.content() == TURN
    assert pickle.loads(pickle.dumps(made)).content is None
    assert pickle.loads(pickle.dumps(made)) == made
    assert "c2lnbmF0dXJl" not in repr(made)


def keep_as_earlier_versions_did(client, made, contents):
    """Make a chain of edits in the form of version 0.1's first builds: the first picture sent along."""
    first = client.request("at night", images=[made])
    client.generate(first)
    history = (first.content, contents)
    client.generate(ImageRequest("in rain", model=first.model, history=history))


@pytest.mark.parametrize("body", [reply(SIGNED), without_role(SIGNED)], ids=["role", "no role"])
@pytest.mark.parametrize("provider", ["crazyrouter", "offline"])
def test_edits_that_were_stored_in_the_earlier_form_are_replayed(body, provider, tmp_path):
    with Gateway(Answer(body)) as gateway, client_of(gateway.url, store=tmp_path) as client:
        made = client.generate("a cat")
        keep_as_earlier_versions_did(client, made, body["candidates"][0]["content"])
        url = gateway.url if provider != "offline" else None
        with Client(provider, base_url=url, api_key=KEY, store=tmp_path) as later:
            chat = later.chat(source=later.generate("a cat"))
            assert chat.send("at night").replayed
            assert chat.send("in rain").replayed
        assert gateway.posts == 3


def test_a_chain_is_replayed_without_a_key_whoever_made_it(gateway, tmp_path):
    def edit(client):
        chat = client.chat(source=client.generate("a cat"))
        return [chat.send(words) for words in ("at night", "in rain")]

    with client_of(gateway.url, store=tmp_path) as client:
        edit(client)
    for settings in ({"provider": "offline"}, {"provider": "google", "replay": "only"}):
        with Client(**settings, store=tmp_path) as client:
            assert all(generation.replayed for generation in edit(client))
    assert gateway.posts == 3


def test_a_dry_look_at_the_request_says_that_it_is_stored(gateway, tmp_path):
    with client_of(gateway.url, store=tmp_path) as client:
        made = client.generate("a cat")
        client.chat(source=made).send("at night")
        assert client.holds(client.chat(source=made).request("at night"))
        assert not client.holds(client.chat(source=made).request("in rain"))
    assert prompt_of(gateway.requests[-1]) == "at night"
