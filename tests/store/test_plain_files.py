"""Only plain files of a store are read, off the event loop and in time: nothing else is waited for."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import stat
import sys
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from gemini_nb import AsyncClient, files
from gemini_nb.errors import ConnectionFailedError, GeminiError, ReplayMissError
from gemini_nb.reply import kept
from gemini_nb.reply.json_receiver import ReceivedBody
from gemini_nb.request import ImageRequest
from gemini_nb.store import nearest
from gemini_nb.store.store import Store
from support.clients import KEY, OK, client_of
from support.gateway import Answer, Gateway
from support.generations import answer, content_of
from support.images import png
from support.processes import ran

ASKED = ImageRequest("a red square")
CONTENT = {"role": "model", "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}


def pipe(path):
    os.mkfifo(path)


def bound_socket(path):
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's name has 107 bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def device(path):
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero: it has no end


def link(path):
    path.with_name("elsewhere").write_bytes(b"mine")
    path.symlink_to("elsewhere")


def link_to_a_pipe(path):
    os.mkfifo(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


ODD = {
    "a pipe": pipe,
    "a socket": bound_socket,
    "a device": device,
    "a folder": Path.mkdir,
    "a link": link,
    "a link to a pipe": link_to_a_pipe,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
}
KINDS = ("records", "images", "contents", "unread")


def kept_store(folder):
    store = Store(folder)
    assert store.keep(answer(ASKED, png(4, 4)), content_of(CONTENT))
    kept.keep_reply(ReceivedBody(b"a reply"), folder=store.unread)
    return store


def only_file(folder):
    return next(path for path in folder.iterdir() if not path.name.startswith("."))


@pytest.fixture(scope="module")
def opened():
    """What was opened or listed, and whether that was on an event loop's own thread."""
    noted = []

    def note(event, arguments):
        if event in ("open", "os.scandir", "os.listdir") and isinstance(arguments[0], (str, Path)):
            noted.append((os.fspath(arguments[0]), asyncio._get_running_loop() is not None))

    sys.addaudithook(note)  # for good, as all such hooks are
    return noted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_plain_file_is_damaged_and_never_opened(tmp_path, opened, kind, odd):
    if odd == "a device" and os.geteuid() != 0:
        pytest.skip("only root makes devices")
    store = kept_store(tmp_path / "store")
    path = only_file(store.folder / kind)
    path.unlink()
    ODD[odd](path)
    opened.clear()
    assert (store.find(ASKED) is None) is (kind in ("records", "images"))
    assert store.content(ASKED) == (CONTENT if kind in ("images", "unread") else None)
    assert path in [problem.path for problem in store.verify().problems]
    assert nearest.find(ASKED, store.records()) is None or kind != "records"
    store.clear()
    assert os.path.lexists(path)  # it is not ours
    assert str(path) not in [name for name, _ in opened]


@pytest.mark.parametrize("kind", [*KINDS, "claims"])
@pytest.mark.parametrize("make", [ODD["a link"], ODD["a link to nothing"], ODD["a pipe"]])
def test_what_stands_in_a_folders_place_is_damage(tmp_path, kind, make):
    store = Store(tmp_path / "store")
    store.folder.mkdir()
    make(store.folder / kind)
    assert [problem.path for problem in store.verify().problems] == [store.folder / kind]


def test_an_altered_reply_is_damage_and_a_whole_one_is_not(tmp_path):
    store = kept_store(tmp_path / "store")
    assert store.verify().ok
    path = only_file(store.unread)
    path.write_bytes(b"another reply")
    report = store.verify()
    assert ([problem.path for problem in report.problems], report.unread) == ([path], 0)


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="a file that is longer than it says")
def test_a_file_that_is_longer_than_it_says_is_damaged(tmp_path):
    for path in (Path("/proc/self/status"), Path("/proc/self/maps")):
        assert path.stat().st_size == 0
        assert files.read_plain(path, limit=2**20) is None
        assert files.read_digest(path, limit=2**20) is None


@pytest.mark.parametrize("size", [0, 1, 2**18 - 1, 2**18, 2**18 + 1, 3 * 2**18])
def test_a_file_is_read_up_to_its_limit_and_no_further(tmp_path, size):
    path, data = tmp_path / "a", os.urandom(size)
    path.write_bytes(data)
    assert files.read_plain(path, limit=size) == data
    assert files.read_digest(path, limit=size) == sha256(data).hexdigest()
    assert files.read_plain(path, limit=size - 1) is files.read_digest(path, limit=size - 1) is None


# Kept replies go into a folder that is nobody else's.


@pytest.mark.parametrize("target", ["another folder", "nothing"])
def test_promise_20_a_link_in_the_place_of_unread_is_not_followed(tmp_path, target):
    outside, folder = tmp_path / "another folder", tmp_path / "store" / "unread"
    outside.mkdir(mode=0o755)
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / target)
    path = kept.keep_reply(ReceivedBody(b"reply"), folder=folder)
    assert path.parent == kept.cache_folder()
    assert (list(outside.iterdir()), outside.stat().st_mode & 0o777) == ([], 0o755)
    assert not (tmp_path / "nothing").exists()


def test_promise_20_a_store_whose_first_file_is_a_kept_reply_is_private(tmp_path):
    path = kept.keep_reply(ReceivedBody(b"reply"), folder=tmp_path / "store" / "unread")
    for folder in (path.parent, path.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700


OF_ANOTHER = """
import os
from pathlib import Path
from gemini_nb.reply import kept
from gemini_nb.reply.json_receiver import ReceivedBody
kept.cache_folder()  # imports what may not be read afterwards
os.setgid(65534), os.setuid(65534)
print(kept.keep_reply(ReceivedBody(b"reply"), folder=Path({folder!r})))
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root makes folders for others")
def test_promise_20_an_unread_of_another_user_is_not_used(tmp_path, monkeypatch):
    folder, cache = tmp_path / "store" / "unread", Path("/tmp") / f"cache-{os.getpid()}"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    cache.mkdir()
    cache.chmod(0o777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    for parent in [tmp_path, *tmp_path.parents][:3]:  # pytest's own
        parent.chmod(0o755)
    try:
        assert ran(OF_ANOTHER.format(folder=str(folder))).startswith(str(cache))
        assert list(folder.iterdir()) == []
    finally:
        for path in sorted(cache.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        cache.rmdir()


def test_only_replies_are_counted_and_dropped(tmp_path):
    os.mkfifo(tmp_path / "a.reply")
    (tmp_path / "b.reply").mkdir()
    (tmp_path / "c.reply").symlink_to("/dev/zero")
    path = kept.keep_reply(ReceivedBody(b"reply"), folder=tmp_path)
    assert sorted(p.name for p in tmp_path.glob("*.reply")) == sorted(
        ["a.reply", "b.reply", "c.reply", path.name]
    )


# What a call reads of a store, it reads off the event loop and within its time.


async def ask(folder, request, *, chat=False):
    async with AsyncClient("crazyrouter", api_key=KEY, store=folder, replay="only") as client:
        if chat:
            return await client.converse(request)
        return await client.generate(request)


@pytest.mark.parametrize("chat", [False, True], ids=["generate", "chat"])
@pytest.mark.parametrize("request_", [ASKED, ImageRequest("a blue square")], ids=["stored", "not stored"])
def test_a_store_is_read_off_the_event_loop(tmp_path, opened, request_, chat):
    kept_store(tmp_path / "store")
    opened.clear()
    try:
        asyncio.run(ask(tmp_path / "store", request_, chat=chat))
    except ReplayMissError:
        assert request_ is not ASKED
    read = {is_on_loop for name, is_on_loop in opened if name.startswith(str(tmp_path / "store"))}
    assert read == {False}


@pytest.fixture
def hanging(monkeypatch):
    """A network folder that has gone away: whoever looks at a record waits, until the test is over."""
    looked, over = os.lstat, threading.Event()

    def wait(path, **more):
        if Path(path).parent.name == "records":
            over.wait()
        return looked(path, **more)

    monkeypatch.setattr(os, "lstat", wait)
    yield
    over.set()


@pytest.mark.parametrize("many", [False, True], ids=["one", "a batch"])
def test_promise_6_a_store_that_hangs_does_not_hold_a_call_past_its_time(tmp_path, hanging, many):
    (tmp_path / "records").mkdir()
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url, store=tmp_path, timeout=0.5) as client:
        if many:
            (problem,) = client.generate_many(["a"], progress=False).errors
        else:
            with pytest.raises(GeminiError) as caught:
                client.generate("a")
            problem = caught.value
        assert gateway.posts == 0
    assert isinstance(problem, ConnectionFailedError)
    assert "could not be read before time ran out" in str(problem)


# A miss says what is the matter with the store.


def miss(folder):
    with (
        client_of("http://127.0.0.1:9", store=folder, replay="only") as client,
        pytest.raises(ReplayMissError) as caught,
    ):
        client.generate("a blue square")
    return str(caught.value)


NOTHING = {
    "nothing": (Path.exists, "is empty, so there is nothing to replay"),
    "an empty folder": (Path.mkdir, "is empty, so"),
    "a file": (Path.touch, r"cannot be read \(not a directory\), so"),
    "a pipe": (os.mkfifo, r"cannot be read \(not a directory\)"),
    "a link to itself": (lambda folder: folder.symlink_to(folder), r"cannot be read \(too many levels"),
    "a file as records": (
        lambda folder: (folder.mkdir(), (folder / "records").touch()),
        r"cannot be read \(not a directory\)",
    ),
    "a damaged record": (
        lambda folder: (kept_store(folder), only_file(folder / "records").write_bytes(b"{}")),
        "has no record that can be read, so",
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_miss_says_whether_a_store_is_empty_or_cannot_be_read(tmp_path, case):
    make, said = NOTHING[case]
    make(tmp_path / "store")
    assert re.search(said, miss(tmp_path / "store"))


def test_a_miss_says_that_the_name_of_a_store_is_too_long(tmp_path):
    assert "cannot be read (file name too long)" in miss(tmp_path / ("s" * 300))
