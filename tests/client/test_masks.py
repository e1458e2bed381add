"""Edits with a mask: what is sent, what comes back, what is kept and replayed, and what is refused."""

from __future__ import annotations

import asyncio
import io
import os

import numpy as np
import pytest
from PIL import Image

from gemini_nb import AsyncClient, Client
from gemini_nb.errors import (
    ArgumentError,
    BadResponseError,
    ImageRefusedError,
    NoImageError,
    ReplayMissError,
    SaveError,
)
from gemini_nb.images.mask import Mask
from gemini_nb.models import masks
from support.clients import client_of
from support.gateway import Answer, Gateway
from support.image_cases import huge_png
from support.masks import CHANGED, SIZE, changed, encoded, inside, photo
from support.replies import inline, reply
from support.streams import SSE, picture, words

BOX = (10, 5, 20, 15)
SOURCE = encoded(photo())


def assert_holds(generation, source=SOURCE):
    """Outside of the mask nothing is changed, inside of it all is."""
    white = inside(generation.request.mask)
    before = np.asarray(Image.open(io.BytesIO(source)).convert("RGB"))
    after = np.asarray(generation.pil)
    assert (after[~white] == before[~white]).all()
    assert (np.abs(after[white].astype(int) - CHANGED) < 3).all()


@pytest.fixture
def gateway():
    with Gateway(Answer(changed())) as server:
        yield server


def test_a_gateway_that_changes_everything_is_undone_outside_of_the_mask(gateway):
    generation = client_of(gateway.url).generate("a hat", images=[SOURCE], mask=BOX)
    assert_holds(generation)
    assert generation.image.source == "composed"
    assert generation.received[0].data == encoded(Image.new("RGB", SIZE, CHANGED))
    assert generation.notes == (
        "Changed only inside the mask (12% of the picture); all other pixels are the source's.",
    )


def test_a_request_holds_the_picture_then_the_mask_and_a_sentence(gateway):
    generation = client_of(gateway.url).generate("a hat", images=[SOURCE], mask=BOX)
    (request,) = gateway.requests
    text, source, mask = request.json["contents"][0]["parts"]
    assert text == {"text": f"a hat\n\n{masks.SENTENCE}"}
    assert source == inline(SOURCE)
    assert mask == inline(generation.request.mask.image.data)
    assert generation.prompt == "a hat"


def test_async_clients_take_a_mask_too(gateway):
    async def edit():
        async with AsyncClient(api_key="sk-test", base_url=gateway.url) as client:
            return await client.generate("a hat", images=[SOURCE], mask=BOX, feather=3)

    generation = asyncio.run(edit())
    assert generation.request.mask.feather == 3


def test_a_replay_brings_both_pictures_at_no_cost(gateway, tmp_path):
    first, again = (
        client_of(gateway.url, store=tmp_path).generate("a hat", images=[SOURCE], mask=BOX) for _ in range(2)
    )
    assert len(gateway.requests) == 1
    assert again.replayed
    assert again.image == first.image
    assert again.received == first.received
    assert again.notes == first.notes
    assert_holds(again)
    only = Client("google", store=tmp_path, replay="only")
    assert only.generate("a hat", images=[SOURCE], mask=BOX).image == first.image


def test_another_feather_is_composed_anew_at_no_cost(gateway, tmp_path):
    client = client_of(gateway.url, store=tmp_path)
    hard, soft, again = (
        client.generate("a hat", images=[SOURCE], mask=BOX, feather=feather) for feather in (0, 4, 4)
    )
    assert len(gateway.requests) == 1
    assert soft.received == hard.received
    assert soft.image.sha256 != hard.image.sha256
    assert again.image.sha256 == soft.image.sha256
    assert soft.path == again.path
    assert again.path.read_bytes() == soft.image.data
    assert client.store.verify().ok


def test_another_mask_or_none_is_another_picture(gateway, tmp_path):
    client = client_of(gateway.url, store=tmp_path)
    for mask in (BOX, (0, 0, 1, 1), None):
        client.generate("a hat", images=[SOURCE], mask=mask)
    assert len(gateway.requests) == 3


def test_a_record_holds_what_the_picture_was_made_of(gateway, tmp_path):
    client = client_of(gateway.url, store=tmp_path / "store")
    generation = client.generate("a hat", images=[SOURCE], mask=BOX, feather=2)
    (record,) = client.store.records()
    rebuilt = client.store.request(record)
    assert rebuilt == generation.request
    assert rebuilt.images[0].data == SOURCE
    assert client.store.verify().ok
    assert client.store.verify().unused == 0
    client.store.clear()
    assert not (tmp_path / "store").exists()


def test_a_source_in_the_store_does_not_make_a_file_of_the_users_replaceable(gateway, tmp_path):
    """The store holds these very bytes, but they are the user's."""
    mine = tmp_path / "mine.png"
    mine.write_bytes(SOURCE)
    client = client_of(gateway.url, store=tmp_path / "store")
    generation = client.generate("a hat", images=[mine], mask=BOX)
    with pytest.raises(SaveError):
        generation.save(mine)
    assert mine.read_bytes() == SOURCE


def test_what_came_is_lost_with_its_file_and_another_feather_then_is_a_miss(gateway, tmp_path):
    client = client_of(gateway.url, store=tmp_path, replay="auto")
    generation = client.generate("a hat", images=[SOURCE], mask=BOX)
    client.store.image_path(generation.received[0]).unlink()
    only = Client("google", store=tmp_path, replay="only")
    assert only.generate("a hat", images=[SOURCE], mask=BOX).received == ()
    request = only.request("a hat", images=[SOURCE], mask=BOX, feather=3)
    assert not only.holds(request)
    with pytest.raises(ReplayMissError):
        only.generate(request)


def test_a_reply_that_cannot_be_composed_is_kept(tmp_path):
    damaged = bytearray(SOURCE)
    damaged[200] ^= 255
    with Gateway(Answer(reply(inline(bytes(damaged))))) as gateway:
        client = client_of(gateway.url, store=tmp_path)
        with pytest.raises(ImageRefusedError) as failure:
            client.generate("a hat", images=[SOURCE], mask=BOX)
    assert failure.value.raw_path.exists()
    assert failure.value.may_be_billed


def test_a_server_that_repeats_the_mask_has_sent_no_picture():
    def repeat(request):
        _, source, mask = request.json["contents"][0]["parts"]
        return Answer({"received": {"files": [part["inlineData"]["data"] for part in (source, mask)]}})

    with Gateway(repeat) as gateway, pytest.raises((NoImageError, BadResponseError)):
        client_of(gateway.url).generate("a hat", images=[SOURCE], mask=BOX)


def test_a_stream_gives_the_composed_picture_only(gateway):
    with client_of(gateway.url).generate("a hat", images=[SOURCE], mask=BOX, stream=True) as stream:
        pieces = list(stream)
        assert pieces == [stream.generation.image]
    assert_holds(stream.generation)


def test_a_batch_takes_a_mask(gateway, tmp_path):
    client = client_of(gateway.url, store=tmp_path)
    batch = client.generate_many(["a hat", "a scarf"], images=[SOURCE], mask=BOX)
    assert len(gateway.requests) == 2
    for generation in batch.generations:
        assert_holds(generation)


def test_requests_of_a_batch_that_differ_in_their_feather_are_sent_once(gateway, tmp_path):
    client = client_of(gateway.url, store=tmp_path)
    requests = [client.request("a hat", images=[SOURCE], mask=BOX, feather=n) for n in (0, 4, 0)]
    hard, soft, again = client.generate_many(requests).generations
    assert len(gateway.requests) == 1
    assert hard.image == again.image != soft.image


def test_a_batch_without_a_store_keeps_both_pictures_in_files(gateway):
    batch = client_of(gateway.url).generate_many(iter(["a hat"]), images=[SOURCE], mask=BOX)
    (generation,) = batch.generations
    assert generation.received[0].data == encoded(Image.new("RGB", SIZE, CHANGED))
    assert generation.request.inputs[1].sha256


def test_the_last_picture_of_a_chat_is_the_source(gateway):
    chat = client_of(gateway.url).chat()
    first = chat.send("a cat")
    second = chat.send("a hat", mask=BOX)
    assert second.request.images[0].data == first.image.data
    assert "history" not in gateway.requests[-1].json
    assert len(gateway.requests[-1].json["contents"]) == 1


def test_the_turn_after_a_mask_is_sent_the_composed_picture(gateway):
    """The model's own turn shows what it changed everywhere, so that is not what is echoed."""
    chat = client_of(gateway.url).chat(source=SOURCE)
    edited = chat.send("a hat", mask=BOX)
    chat.send("at night")
    (content,) = gateway.requests[-1].json["contents"]
    assert content["parts"][1] == inline(edited.image.data)


def test_a_stored_turn_with_a_mask_is_not_echoed_either(gateway, tmp_path):
    client = client_of(gateway.url, store=tmp_path)
    edited = client.generate("a hat", images=[SOURCE], mask=BOX)
    client.chat(source=edited.image).send("at night")
    (content,) = gateway.requests[-1].json["contents"]
    assert content["parts"][1] == inline(edited.image.data)


def test_the_mask_of_an_earlier_picture_is_a_mask(gateway):
    client = client_of(gateway.url)
    mask = client.generate("a hat", images=[SOURCE], mask=BOX, feather=7).request.mask
    assert isinstance(mask, Mask)
    again = client.generate("a scarf", images=[SOURCE], mask=mask).request.mask
    assert again == Mask(mask.image, 0)


REFUSED = {
    "no picture": ({"images": []}, "there is none"),
    "two pictures": ({"images": [SOURCE, SOURCE]}, "there are 2"),
    "another size": ({"mask": Image.new("L", (60, 41), 255)}, "60 by 41 pixels, and the picture 60 by 40"),
    "array of another size": ({"mask": np.ones((60, 40), bool)}, "40 by 60 pixels, and the picture 60 by 40"),
    "nothing painted": ({"mask": Image.new("L", SIZE)}, "empty"),
    "transparent": ({"mask": Image.new("RGBA", SIZE, (255, 255, 255, 0))}, "empty"),
    "grey": ({"mask": Image.new("L", SIZE, 127)}, "empty"),
    "empty box": ({"mask": (1, 1, 0, 5)}, "empty"),
    "box beyond": ({"mask": (50, 1, 11, 5)}, "reaches beyond the picture of 60 by 40"),
    "box before": ({"mask": (-1, 1, 5, 5)}, "reaches beyond"),
    "box of parts": ({"mask": (0.5, 1, 5, 5)}, "whole pixels"),
    "box of nothing": ({"mask": (float("nan"), 1, 5, 5)}, "whole pixels"),
    "feather alone": ({"mask": None, "feather": 3}, "there is none"),
    "negative feather": ({"feather": -1}, "from 0 to"),
    "large feather": ({"feather": 10**6}, "from 0 to"),
    "feather of text": ({"feather": "3"}, "whole number"),
    "no file": ({"mask": "nothing.png"}, "No such file"),
    "a folder": ({"mask": "."}, "directory"),
    "text": ({"mask": b"hello"}, "not a PNG"),
    "numbers": ({"mask": np.full((40, 60), 256)}, "0…255"),
    "a word": ({"mask": object()}, "cannot be an input image"),
    "two masks": ({"mask": [SOURCE, SOURCE]}, "One mask"),
    "a bomb": ({"mask": huge_png(30_000, 30_000)}, "more than 50 million"),
    "a large picture": ({"mask": huge_png(7_000, 7_000)}, "7000 by 7000 pixels, and the picture 60 by 40"),
    "a large array": ({"mask": np.broadcast_to(np.int64(1), (10**6, 10**6))}, "1000000 by 1000000 pixels"),
    "a row": ({"mask": np.ones(60)}, "pixels, and the picture 60 by 40"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_is_sent(case, gateway):
    options, message = REFUSED[case]
    with pytest.raises(ArgumentError, match=message):
        client_of(gateway.url).generate("a hat", **{"images": [SOURCE], "mask": BOX, **options})
    assert gateway.requests == []


def test_an_image_request_takes_a_mask_that_was_read():
    client = Client("offline")
    request = client.request("a hat", images=[SOURCE], mask=BOX)
    with pytest.raises(ArgumentError, match="there are 2"):
        type(request)("a hat", images=request.images * 2, mask=request.mask)
    with pytest.raises(ArgumentError, match="is a Mask, not a tuple"):
        type(request)("a hat", images=request.images, mask=BOX)


def test_a_large_picture_holds_up_nothing(gateway):
    """Composing it takes a second of CPU, which the watchdog of the loop must not see."""
    source = encoded(photo((3000, 1500)), "JPEG", quality=90)
    generation = client_of(gateway.url).generate("a hat", images=[source], mask=(0, 0, 900, 900), feather=30)
    assert generation.image.width == 3000


def test_a_pipe_is_no_mask(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ArgumentError, match="pipe"):
        Client("offline").request("a hat", images=[SOURCE], mask=tmp_path / "pipe.png")


def test_a_live_stream_holds_the_picture_back_until_it_is_composed():
    events = words("Here is") + picture(encoded(Image.new("RGB", SIZE, CHANGED)))
    with (
        Gateway(Answer(events, headers=SSE)) as gateway,
        client_of(gateway.url).generate("a hat", images=[SOURCE], mask=BOX, stream=True) as stream,
    ):
        assert [piece for piece in stream if not isinstance(piece, str)] == [stream.generation.image]
