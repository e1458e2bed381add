"""What a press of each button does, and the price that is shown before."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from gemini_nb import event_loop
from support.gateway import Answer, Gateway
from support.images import encoded
from support.replies import inline, reply
from support.shells import a_shell
from support.studios import OK, PNG, Visitor, offline, visiting
from support.timing import given_time, in_time

pytestmark = pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")


def test_the_price_is_said_before_it_is_spent():
    with visiting() as (visitor, gateway):
        visitor.controls.number.value = 3
        visitor.controls.size.value = "4K"
        assert "3 pictures, estimated at $0.453" in visitor.price
        assert "crazyrouter" in visitor.price
        assert gateway.posts == 0


def test_offline_is_plainly_said():
    with offline() as visitor:
        assert "Offline" in visitor.price
        visitor.generate("a red square")
        assert "painted offline" in visitor.status
        assert "offline, no cost" in visitor.page


def test_again_skips_what_is_stored():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.shell.run("%%gemini_image -n 2\na red square")
        visitor.press("Again")
        visitor.wait()
        assert [one.request.take for one in visitor.studio.pictures] == [0, 2]
        assert gateway.posts == 3


def test_again_works_offline_where_nothing_is_stored():
    with offline() as visitor:
        visitor.generate("a red square")
        visitor.press("Again")
        visitor.wait()
        assert [one.request.take for one in visitor.studio.pictures] == [0, 1]


REFUSALS = {
    "blocked": (Answer({"promptFeedback": {"blockReason": "SAFETY"}}), "SAFETY"),
    "key": (
        Answer({"error": {"code": "invalid_api_key", "message": "no"}}, status=401),
        "CRAZYROUTER_API_KEY",
    ),
    "unknown": (Answer("bad gateway", status=502), "may have been billed"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_failure_is_said_in_its_own_words_and_nothing_is_lost(kind):
    answer, words = REFUSALS[kind]
    with visiting(OK, answer) as (visitor, _):
        visitor.generate("a red square")
        visitor.generate("something else")
        assert words in visitor.status
        assert visitor.controls.prompt.value == "something else"
        assert 'alt="a red square"' in visitor.page
        assert visitor.shell.magics.session.last_error is not None


@contextmanager
def busy_loop():
    """Let the work of studios begin only after the block: a click inside comes before it, however late."""
    free = threading.Event()

    async def hold():
        free.wait()

    event_loop.submit(hold)
    try:
        yield
    finally:
        free.set()


def test_stop_sends_nothing_where_nothing_was_sent_yet():
    with visiting() as (visitor, gateway):
        visitor.controls.prompt.value = "a red square"
        with busy_loop():
            visitor.press("Generate")
            visitor.studio._controller._started = 0.0
            visitor.press("Stop")
            assert visitor.controls.go.description == "Generate"
            assert "Stopped" in visitor.status
        visitor.generate("a blue square")
        assert gateway.posts == 1


def test_stop_closes_the_connection_and_keeps_what_is_finished():
    def stopped(seconds):
        with visiting(OK, Answer(hold=threading.Event())) as (visitor, gateway):
            visitor.controls.prompt.value = f"a red square, given {seconds} s"
            visitor.controls.number.value = 2
            visitor.press("Generate")
            assert gateway.wait_for_posts(2)
            visitor.wait_for_a_picture()
            stopped_at = time.monotonic()
            visitor.press("Stop")
            assert gateway.wait_for_disconnects(1)
            assert len(visitor.studio.pictures) == 1
        in_time(gateway.disconnects[0] - stopped_at < 1)

    given_time(stopped, 1, 1, 1)


def test_two_clicks_at_once_are_one():
    at_once = {"header": {"msg_type": "comm_msg", "date": datetime.now(UTC)}}
    with visiting() as (visitor, gateway):
        visitor.shell.shell.get_parent = lambda: at_once  # as a kernel tells when a click was sent
        visitor.controls.prompt.value = "a red square"
        visitor.press("Generate")
        visitor.press("Generate")
        visitor.wait()
        assert gateway.posts == 1
        assert len(visitor.studio.pictures) == 1


# The buttons beside the chosen picture and beside the source pictures.


def test_edit_this_takes_the_picture_as_the_source():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.press("Edit this")
        assert (visitor.controls.prompt.value, visitor.controls.sources.value) == ("", "#1")
        visitor.generate("now blue")
        data = gateway.requests[1].json["contents"][0]["parts"][1]["inlineData"]["data"]
        assert data == inline(PNG)["inlineData"]["data"]


CELLS = {
    "plain": ("a red square", {}, "%%gemini_image\n"),
    "settings": ("a red square", {"ratio": "16:9", "size": "2K"}, "%%gemini_image -a 16:9 -z 2K\n"),
    "model": ("a red square", {"model": "gemini-3-pro-image"}, "%%gemini_image -m gemini-3-pro-image\n"),
    "braces": ("a {{red}} square {1}", {}, "%%gemini_image --raw\n"),
    "magic": ("%%time\n! ls $HOME # 7 ?", {}, "%%gemini_image\n"),
    "takes": ("a red square", {"number": 2}, "%%gemini_image --take 1\n"),
    "edit": ("now blue", {"sources": "photo"}, "%%gemini_edit --new -i photo\n"),
    "takes of an edit": ("now blue", {"sources": "photo", "number": 2}, "%%gemini_image -i photo --take 1\n"),
}


@pytest.mark.parametrize("kind", CELLS)
def test_a_copied_cell_makes_the_very_picture_and_costs_nothing(kind):
    prompt, settings, begins = CELLS[kind]
    answers = [Answer(reply(inline(encoded("PNG", 64, 40 + n)))) for n in range(2)]
    with visiting(*answers) as (visitor, gateway):
        visitor.shell.names["photo"] = PNG
        visitor.generate(prompt, **settings)
        posts = gateway.posts
        number, last = max(enumerate(visitor.studio.pictures, start=1), key=lambda one: one[1].request.take)
        visitor.choose(number)
        visitor.press("Copy as cell")
        assert visitor.controls.text.value.startswith(begins)
        done = visitor.shell.run(visitor.controls.text.value)
        assert done.result.digest == last.digest
        assert done.result.image.sha256 == last.image.sha256
        assert gateway.posts == posts


def test_a_source_that_nothing_holds_any_more_is_saved_for_the_cell(tmp_path):
    with visiting() as (visitor, gateway):
        visitor.controls.upload.value = [upload("my photo.png", encoded("PNG", 9, 9))]
        visitor.generate("now blue")
        visitor.press("Copy as cell")
        sha256 = hashlib.sha256(encoded("PNG", 9, 9)).hexdigest()
        assert f"-i pictures/source-{sha256[:12]}.png" in visitor.controls.text.value
        assert visitor.shell.run(visitor.controls.text.value).result.replayed
        assert gateway.posts == 1


def upload(name, content):
    now = datetime.now(UTC)
    return {"name": name, "type": "image/png", "size": len(content), "content": content, "last_modified": now}


def test_an_upload_is_a_source_by_its_name():
    with visiting() as (visitor, gateway):
        visitor.controls.upload.value = [upload("my photo.png", PNG)]
        assert visitor.controls.sources.value == "my_photo.png"
        visitor.generate("now blue")
        assert gateway.requests[0].json["contents"][0]["parts"][1]["inlineData"]["mimeType"] == "image/png"


def test_an_upload_past_the_limit_is_refused_in_words():
    with offline() as visitor:
        visitor.controls.upload.value = [upload("big.png", bytes(9_000_001))]
        assert "9 MB" in visitor.status
        assert visitor.controls.sources.value == ""


def test_save_keeps_the_bytes_and_links_the_file(tmp_path):
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        visitor.press("Save")
        (path,) = (tmp_path / "pictures").iterdir()
        assert path.read_bytes() == PNG
        assert f'href="pictures/{path.name}"' in visitor.page
        visitor.press("Save")
        assert list((tmp_path / "pictures").iterdir()) == [path]


def test_python_makes_the_very_picture_and_costs_nothing():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.press("Python")
        assert visitor.controls.text.description == "Python"
        done = visitor.shell.run(visitor.controls.text.value)
        assert done.result.digest == visitor.studio.pictures[0].digest
        assert gateway.posts == 1


def test_a_turn_of_a_conversation_says_that_it_cannot_be_asked_again():
    with (
        Gateway(Answer(reply(inline(PNG, thoughtSignature="c2ln")))) as gateway,
        a_shell(gateway.url) as shell,
    ):
        shell.run("%%gemini_image\na red square")
        shell.run("%%gemini_edit\nnow blue")
        shell.run("%%gemini_edit\nnow green")
        visitor = Visitor(shell)
        for name in ("Again", "Copy as cell", "Python"):
            visitor.choose(3)
            visitor.press(name)
            assert "cannot be asked for again" in visitor.status
        assert gateway.posts == 3


def test_an_unforeseen_error_of_a_button_is_said_and_not_lost(tmp_path, monkeypatch):
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        visitor.press("Python")
        assert "FileNotFoundError" in visitor.status
        monkeypatch.chdir(tmp_path)
