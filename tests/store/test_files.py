"""Pictures that are decoded straight into the store, or into a spool, and read from there."""

from __future__ import annotations

import gc
import os
import random
from hashlib import sha256

import anyio
import pytest

from gemini_nb import AsyncClient
from gemini_nb.errors import GeminiError, GeminiWarning, ImageLostError, NoImageError
from gemini_nb.reply.base64_blobs import BlobTable
from gemini_nb.reply.content import Content
from gemini_nb.request import ImageRequest
from gemini_nb.store.spool import Spool
from gemini_nb.store.store import Store
from support.clients import KEY, client_of
from support.gateway import Answer, Gateway
from support.images import noise_png, png
from support.large_pictures import LARGE, REPLY, ask_without_store
from support.processes import ran
from support.replies import b64, body, inline, reply, text_body
from support.systems import is_root

SMALL, MEDIUM = png(3, 3), noise_png(1_000_000)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def asked(raw: bytes, store: Store, prompt="a red square", **settings):
    with Gateway(Answer(raw)) as gateway, client_of(gateway.url, store=store.folder, **settings) as client:
        return client.generate(prompt)


def files(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("data", [LARGE, SMALL], ids=["large", "small"])
def test_a_picture_is_in_the_store_under_its_digest_and_read_from_there(data, store):
    made = asked(body(reply(inline(data))), store)
    path = store.folder / "images" / f"{sha256(data).hexdigest()}.png"
    assert path.read_bytes() == made.image.data == data
    assert made.image.held.path == made.path == path
    assert path.stat().st_mode & 0o777 == 0o600
    assert store.verify().ok
    assert store.verify().left_over == 0


def test_a_replay_reads_from_the_store_too(store):
    made = asked(REPLY, store)
    found = asked(b"", store, replay="only")
    assert found.replayed
    assert found.image == made.image
    assert found.image.data == LARGE
    assert found.image.held.path == made.path


@pytest.mark.parametrize("data", [LARGE, MEDIUM, SMALL], ids=["large", "medium", "small"])
def test_a_picture_that_a_store_no_longer_holds_is_an_error_that_says_so(data, store):
    made = asked(body(reply(inline(data))), store)
    store.clear()
    with pytest.raises(ImageLostError):
        _ = made.image.data


def rewritten(path):
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=(1, 1))  # whatever the tick of the clock


@pytest.mark.parametrize("alter", [rewritten, lambda path: os.truncate(path, 1000)], ids=["other", "short"])
@pytest.mark.parametrize("data", [LARGE, MEDIUM, SMALL], ids=["large", "medium", "small"])
def test_a_picture_that_was_altered_in_the_store_is_an_error_and_is_not_kept_again(data, alter, store):
    made = asked(body(reply(inline(data))), store)
    alter(made.path)
    with pytest.raises(ImageLostError, match="was altered"):
        _ = made.image.data
    with pytest.warns(GeminiWarning, match="was altered"):
        assert not store.keep(made)


def test_the_pictures_kept_last_are_still_in_memory_and_no_others(store):
    pictures = [noise_png(1_000_000, seed=seed) for seed in range(3)]
    made = [asked(body(reply(inline(data))), store, str(n)).image for n, data in enumerate(pictures)]
    assert [image.data is image.data for image in made] == [False, True, True]
    assert [image.data for image in made] == pictures


def test_drafts_and_finals_are_all_in_the_store(store):
    raw = body(reply(inline(noise_png(2_400_000), thought=True), inline(noise_png(2_300_000)), inline(LARGE)))
    made = asked(raw, store)
    assert [image.held.path.is_file() for image in (*made.images, *made.drafts)] == [True] * 3
    assert len(files(store.folder / "images")) == 3
    assert store.verify().unused == 0


def test_the_same_picture_twice_is_one_file(store):
    first, second = asked(REPLY, store, "one"), asked(REPLY, store, "two")
    assert first.path == second.path
    assert second.image.data == LARGE


def test_an_altered_file_is_replaced_when_the_same_picture_comes_again(store):
    path = asked(REPLY, store, "one").path
    path.write_bytes(b"something else")
    assert asked(REPLY, store, "two").image.data == LARGE


def test_an_oddly_written_picture_is_read_from_the_store_too(store):
    written = b64(LARGE)
    assert written.endswith("=")
    made = asked(body(reply({"inlineData": {"data": written.rstrip("=")}})), store)
    assert made.image.held.path == made.path
    assert made.image.data == LARGE


def test_a_hosted_picture_is_read_from_the_store_too(store):
    with Gateway(lambda _: Answer(text_body(f"![i]({gateway.url}/a.png)"))) as gateway:
        gateway.files["/a.png"] = (LARGE, "image/png")
        with client_of(gateway.url, store=store.folder) as client:
            made = client.generate("a red square")
    assert made.image.held.path == made.path
    assert made.image.data == LARGE


def test_a_kept_turn_names_the_picture_and_comes_back_whole(store):
    turn = reply({**inline(LARGE), "thoughtSignature": "c2ln"}, "words")
    made = asked(body(turn), store)
    kept = next((store.folder / "contents").iterdir()).read_text()
    assert len(kept) < 300
    assert made.image.sha256 in kept
    assert store.content(made.request) == turn["candidates"][0]["content"]


def test_a_turn_that_uses_the_mark_itself_is_kept_as_it_is(store):
    turn = reply(inline(LARGE), {"text": "x", "note": {"$image": "y"}})
    made = asked(body(turn), store)
    assert store.content(made.request) == turn["candidates"][0]["content"]


def test_cut_content_is_the_same_when_called():
    blobs = BlobTable()
    assert Content({"parts": [{"text": "x"}]}, blobs)() == {"parts": [{"text": "x"}]}


@pytest.mark.skipif(is_root(), reason="root writes everywhere")
def test_a_read_only_store_costs_memory_and_no_picture(store):
    store.folder.mkdir(mode=0o500)
    with pytest.warns(GeminiWarning):
        assert asked(REPLY, store).image.data == LARGE


def test_a_file_in_the_stores_place_costs_memory_and_no_picture(store):
    store.folder.write_bytes(b"mine")
    made = asked(REPLY, store)
    assert made.image.data == LARGE
    assert isinstance(made.image.held, bytes)


def test_a_picture_that_may_not_be_kept_is_held_in_memory(store):
    raw = body(reply(inline(LARGE)))
    made = asked(raw, store, f"a sign that says {KEY}")
    assert made.path is None
    assert not made.image.held.is_unnamed
    assert made.image.data == LARGE
    assert files(store.folder / "images") == []


UNUSABLE = {
    "JSON that breaks off": REPLY[:-3],
    "a picture that is none": body(reply(inline(random.Random(3).randbytes(500_000)))),
    "a picture cut short": body(reply(inline(LARGE[:-100_000]))),
    "base64 that turns odd": REPLY.replace(b'"}}', b'!"}}'),
}


@pytest.mark.parametrize("raw", UNUSABLE.values(), ids=UNUSABLE)
def test_a_reply_that_cannot_be_used_is_kept_as_it_came_and_leaves_no_draft(raw, store):
    with pytest.raises(GeminiError) as caught:
        asked(raw, store)
    assert caught.value.raw_path.read_bytes() == raw
    assert [name for name in files(store.folder) if name.endswith(("png", "part"))] == []


CLEARED_MEANWHILE = """
import os, resource
del os.O_TMPFILE
from gemini_nb.reply.json_receiver import JSONReceiver
from gemini_nb.reply.reply import read_reply
from gemini_nb.store.store import Store
from support.images import bytes_of
from support.large_pictures import LARGE, REPLY
store = Store(url)
incoming = JSONReceiver(store.new_file)
incoming.write(REPLY[:3_000_000])
print(len(list((store.folder / "images").iterdir())), store.clear())
if %r:  # the disk refuses the rest
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
incoming.write(REPLY[3_000_000:])
image, = read_reply(incoming.finish()).images
print(bytes_of(image.data) == LARGE)
"""


@pytest.mark.parametrize("is_full", [False, True], ids=["as usual", "on a full disk"])
def test_a_store_that_is_cleared_while_a_picture_arrives_in_a_named_draft_costs_no_picture(is_full, store):
    assert ran(CLEARED_MEANWHILE % is_full, str(store.folder)).split() == ["1", "1", "True"]


def test_a_reply_without_a_picture_is_kept_in_the_store_and_nothing_else_is(store):
    with pytest.raises(NoImageError) as caught:
        asked(text_body("words only"), store)
    assert [path.name for path in store.folder.iterdir()] == ["unread"]
    assert caught.value.raw_path.parent == store.unread


def spooled(prompts, raw: bytes, **settings):
    spool = Spool()

    async def run():
        with Gateway(Answer(raw)) as gateway:
            async with AsyncClient(base_url=gateway.url, api_key=KEY, **settings) as client:
                return [
                    await client._generate_for_batch(ImageRequest(prompt), spool=spool) for prompt in prompts
                ]

    return anyio.run(run)


@pytest.mark.parametrize("data", [LARGE, SMALL], ids=["large", "small"])
def test_without_a_store_a_batchs_pictures_are_in_a_folder_of_their_own(data):
    made = spooled(["one", "two"], body(reply(inline(data))))
    assert [one.image.data for one in made] == [data, data]
    assert {one.image.held.path.name for one in made} == {f"{sha256(data).hexdigest()}.png"}
    assert made[0].image.held.path.parent.stat().st_mode & 0o777 == 0o700


def test_the_folder_lives_as_long_as_a_picture_in_it():
    made = spooled(["one", "two"], REPLY)
    folder = made[0].image.held.path.parent
    last = made.pop().image
    del made
    gc.collect()
    assert last.data == LARGE
    del last
    gc.collect()
    assert not folder.exists()


def test_a_spool_that_cannot_be_written_costs_memory_and_no_picture():
    spool = Spool()
    folder = spool.folder()
    folder.rmdir()
    folder.write_bytes(b"mine")
    made = spool.keep(ask_without_store())
    folder.unlink()
    assert made.image.data == LARGE
    assert isinstance(made.image.held, bytes)


FORKED = """
import os
from support.large_pictures import ask_without_store
from gemini_nb.store.spool import Spool
made = Spool().keep(ask_without_store())
if os.fork() == 0:
    del made
    sys.exit()
os.wait()
print(made.image.held.path.is_file(), len(made.image.data))
"""


def test_a_forked_child_leaves_the_folder_to_its_parent():
    assert ran(FORKED) == f"True {len(LARGE)}"
