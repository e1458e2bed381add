from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from gemini_nb import Client, SaveError
from gemini_nb.errors import BadResponseError, GeminiError, ImageRefusedError, LinkFailedError
from gemini_nb.providers.secret import Secret
from gemini_nb.reply import kept
from gemini_nb.reply.json_receiver import ReceivedBody
from support.disks import full_disk
from support.gateway import Answer, Gateway
from support.images import png
from support.key_leaks import KEY, leaks
from support.replies import body, data_uri, inline, reply, text_body


def files(folder):
    """Every file but the .gitignore that keeps replies out of a repository."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".gitignore")


def mode(path):
    return path.stat().st_mode & 0o777


def test_promise_2_what_is_kept_is_what_came(tmp_path):
    path = kept.keep_reply(ReceivedBody(b"\x00\xff not JSON"), folder=tmp_path / "unread")
    assert path.read_bytes() == b"\x00\xff not JSON"
    assert files(tmp_path) == [path]


def test_promise_9_what_is_kept_holds_no_key(tmp_path):
    path = kept.keep_reply(ReceivedBody(f"a {KEY} b".encode()), folder=tmp_path, key=Secret(KEY))
    assert path.read_bytes() == b"a [key] b"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_kept_reply_is_for_its_owner_alone(tmp_path, umask):
    folder = tmp_path / "deep" / "unread"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    before = os.umask(umask)
    try:
        path = kept.keep_reply(ReceivedBody(b"reply"), folder=folder)
    finally:
        os.umask(before)
    assert (mode(path), mode(folder)) == (0o600, 0o700)


@pytest.mark.parametrize("reply", [png(), b"GIF89a", b"<svg/>", b"<html>"], ids=["PNG", "GIF", "SVG", "HTML"])
def test_no_viewer_takes_a_kept_reply_for_a_picture(tmp_path, reply):
    assert kept.keep_reply(ReceivedBody(reply), folder=tmp_path).suffix == ".reply"


def test_the_same_reply_is_kept_once_and_others_beside_it(tmp_path):
    for text in (b"a", b"a", b"b"):
        kept.keep_reply(ReceivedBody(text), folder=tmp_path)
    assert {path.read_bytes() for path in files(tmp_path)} == {b"a", b"b"}


def test_the_oldest_replies_are_dropped_past_256_mib(tmp_path):
    for age, size in ((3, 100), (2, 100), (1, 100)):
        path = tmp_path / f"older-{age}.reply"
        path.touch()
        os.truncate(path, size * 2**20)  # sparse: it takes no room
        os.utime(path, (10**9 - age, 10**9 - age))
    path = kept.keep_reply(ReceivedBody(b"new"), folder=tmp_path)
    assert [file.name for file in files(tmp_path)] == sorted([path.name, "older-1.reply", "older-2.reply"])


def test_the_newest_reply_stays_also_where_the_clock_says_that_it_is_the_oldest(tmp_path):
    for number in range(3):
        path = tmp_path / f"from-the-future-{number}.reply"
        path.touch()
        os.truncate(path, 100 * 2**20)
        os.utime(path, (10**10, 10**10))
    assert kept.keep_reply(ReceivedBody(b"new"), folder=tmp_path) in files(tmp_path)


def test_what_others_keep_in_the_folder_is_left_alone(tmp_path):
    path = tmp_path / "mine.png"
    path.touch()
    os.truncate(path, 300 * 2**20)
    kept.keep_reply(ReceivedBody(b"new"), folder=tmp_path)
    assert path in files(tmp_path)


REFUSED = {
    "a file": "file",
    "below a file": "file/deeper",
    "NUL": "nul\0",
    "too long": "x" * 300,
    "read-only": "/proc/self/net",
    "no folder can be made": "/proc/gemini_nb",
}


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder where nobody can write, root included")
@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_what_a_folder_refuses_is_kept_in_the_cache(tmp_path, name):
    (tmp_path / "file").touch()
    path = kept.keep_reply(ReceivedBody(b"reply"), folder=tmp_path / name)
    assert path.parent == kept.cache_folder()
    assert path.read_bytes() == b"reply"


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_nothing_is_raised_where_the_cache_refuses_it_too(tmp_path, monkeypatch, name):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert kept.keep_reply(ReceivedBody(b"reply"), folder=tmp_path / name) is None


def test_a_full_disk_gives_none_and_leaves_no_part_of_a_file(tmp_path):
    with full_disk(10_000):
        assert kept.keep_reply(ReceivedBody(bytes(20_000)), folder=tmp_path) is None
    assert files(tmp_path) == []


def test_four_threads_keep_their_replies_side_by_side(tmp_path):
    def keep_some(number):
        for count in range(5):
            kept.keep_reply(ReceivedBody(b"%d %d" % (number % 2, count)), folder=tmp_path)

    threads = [threading.Thread(target=keep_some, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {path.read_bytes() for path in files(tmp_path)} == {
        b"%d %d" % (n, c) for n in range(2) for c in range(5)
    }


# By way of the client.

LINK = "![x](http://127.0.0.1:9/a.png)"
UNUSABLE = {
    "not JSON": (b"\xff{", BadResponseError),
    "not even a start": (b"", BadResponseError),
    "JSON, and no object": (b"[]", BadResponseError),
    "no base64": (body(reply({"inlineData": {"mimeType": "image/png", "data": "?!"}})), GeminiError),
    "no picture": (body(reply(inline(b"no picture at all"))), ImageRefusedError),
    "half a picture": (body(reply(inline(png()[:20]))), ImageRefusedError),
    "a page in a data URI": (text_body(data_uri(b"<svg/>", "image/svg+xml")), GeminiError),
    "a link that is refused": (text_body(LINK), GeminiError),
}


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("CRAZYROUTER_API_KEY", KEY)


@pytest.mark.parametrize("case", UNUSABLE)
def test_promise_2_a_reply_that_cannot_be_used_is_kept_and_the_error_names_the_path(key, case):
    sent, kind = UNUSABLE[case]
    with Gateway(Answer(sent)) as gateway, pytest.raises(kind) as caught:
        Client(base_url=gateway.url).generate("a red square")
    assert gateway.posts == 1
    assert caught.value.raw_path.read_bytes() == sent
    assert str(caught.value.raw_path) in str(caught.value)


def test_promise_2_a_reply_whose_picture_cannot_be_fetched_is_kept(key, monkeypatch):
    monkeypatch.setattr("gemini_nb.http.link_fetch.PAUSES_SECONDS", ())
    with Gateway(lambda _: Answer(text_body(f"![x]({gateway.url}/gone.png)"))) as gateway:
        with pytest.raises(LinkFailedError) as caught:
            Client(base_url=gateway.url).generate("a red square")
        assert caught.value.url == f"{gateway.url}/gone.png"
    assert b"/gone.png" in caught.value.raw_path.read_bytes()


def test_promise_2_an_unusable_reply_on_an_unusable_disk_is_still_its_own_error(key, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with (
        Gateway(Answer(b"{")) as gateway,
        pytest.raises(BadResponseError, match="not be written") as caught,
    ):
        Client(base_url=gateway.url).generate("a red square")
    assert caught.value.raw_path is None


def test_promise_2_a_picture_that_cannot_be_saved_is_in_the_error(key, tmp_path):
    with Gateway(Answer(reply(inline(png())))) as gateway:
        generation = Client(base_url=gateway.url).generate("a red square")
    (tmp_path / "file").touch()
    with pytest.raises(SaveError) as caught:
        generation.save(tmp_path / "file" / "a.png")
    assert caught.value.image.data == png()


def test_promise_9_a_kept_reply_of_the_client_holds_no_key(key):
    with Gateway(Answer(f"no JSON: {KEY}")) as gateway, pytest.raises(BadResponseError) as caught:
        Client(base_url=gateway.url).generate("a red square")
    assert caught.value.raw_path.read_bytes() == b"no JSON: [key]"
    assert leaks(str(caught.value)) == []


def test_replies_kept_in_a_store_stay_out_of_a_repository(tmp_path):
    kept.keep_reply(ReceivedBody(b"a reply"), folder=tmp_path / "unread")
    assert (tmp_path / "unread" / ".gitignore").read_text() == "*\n"
