"""What a press of Generate, of Stop and of the buttons of a picture does."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest

from gemini_nb import event_loop
from gemini_nb.notebook.studio.store_listing import StoreListing
from support.gateway import Answer, Gateway
from support.images import encoded
from support.replies import inline, reply
from support.shells import a_shell
from support.studios import OK, PNG, Visitor, offline, visiting
from support.timing import given_time, in_time


def test_offline_is_plainly_said():
    with offline() as visitor:
        assert "Painted offline" in visitor.work["price"]
        visitor.generate("a red square")
        assert "painted offline" in visitor.status
        assert "offline, no cost" in visitor.page


def test_again_skips_what_is_stored():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.shell.run("%%gemini_image -n 2\na red square")
        visitor.press("again")
        visitor.wait()
        assert [one.request.take for one in visitor.studio.pictures] == [0, 2]
        assert gateway.posts == 3


def test_again_works_offline_where_nothing_is_stored():
    with offline() as visitor:
        visitor.generate("a red square")
        visitor.press("again")
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
        assert words in visitor.problem
        assert visitor.widget.settings["prompt"] == "something else"
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
        with busy_loop():
            visitor.start("a red square")
            visitor.ask("stop")
            assert not visitor.work["running"]
            assert "Stopped" in visitor.status
        visitor.generate("a blue square")
        assert gateway.posts == 1


def test_stop_closes_the_connection_and_keeps_what_is_finished():
    def stopped(seconds):
        with visiting(OK, Answer(hold=threading.Event())) as (visitor, gateway):
            visitor.start(f"a red square, given {seconds} s", number=2)
            assert gateway.wait_for_posts(2)
            visitor.until(lambda: visitor.widget.entries)
            stopped_at = time.monotonic()
            visitor.ask("stop")
            assert gateway.wait_for_disconnects(1)
            assert len(visitor.studio.pictures) == 1
        in_time(gateway.disconnects[0] - stopped_at < 1)

    given_time(stopped, 1, 1, 1)


def test_generate_while_something_is_made_asks_for_nothing_more():
    with visiting() as (visitor, gateway):
        with busy_loop():
            visitor.start("a red square")
            visitor.start("a red square")
        visitor.wait()
        assert gateway.posts == 1
        assert len(visitor.studio.pictures) == 1


def test_earlier_prompts_are_told_once_each():
    with offline() as visitor:
        for prompt in ("a red square", "a blue square", "a red square"):
            visitor.generate(prompt)
        assert visitor.widget.prompts == ["a blue square", "a red square"]


# The buttons of a picture.

CELLS = {
    "plain": ("a red square", {}, "%%gemini_image\n"),
    "settings": ("a red square", {"ratio": "16:9", "size": "2K"}, "%%gemini_image -a 16:9 -z 2K\n"),
    "model": ("a red square", {"model": "gemini-3-pro-image"}, "%%gemini_image -m gemini-3-pro-image\n"),
    "braces": ("a {{red}} square {1}", {}, "%%gemini_image --raw\n"),
    "magic": ("%%time\n! ls $HOME # 7 ?", {}, "%%gemini_image\n"),
    "takes": ("a red square", {"number": 2}, "%%gemini_image --take 1\n"),
    "edit": ("now blue", {"source": "photo"}, "%%gemini_edit --new -i photo\n"),
    "takes of an edit": ("now blue", {"source": "photo", "number": 2}, "%%gemini_image -i photo --take 1\n"),
}


@pytest.mark.parametrize("kind", CELLS)
def test_a_copied_cell_makes_the_very_picture_and_costs_nothing(kind):
    prompt, settings, begins = CELLS[kind]
    answers = [Answer(reply(inline(encoded("PNG", 64, 40 + n)))) for n in range(2)]
    with visiting(*answers) as (visitor, gateway):
        visitor.shell.names["photo"] = PNG
        if "source" in settings:
            visitor.add_source(settings["source"])
        visitor.generate(prompt, **{name: value for name, value in settings.items() if name != "source"})
        posts = gateway.posts
        number, last = max(enumerate(visitor.studio.pictures, start=1), key=lambda one: one[1].request.take)
        cell = visitor.text("cell", number)
        assert cell.startswith(begins)
        done = visitor.shell.run(cell)
        assert done.result.digest == last.digest
        assert done.result.image.sha256 == last.image.sha256
        assert gateway.posts == posts


def test_save_keeps_the_bytes_and_links_the_file(tmp_path):
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        visitor.press("save")
        visitor.until(lambda: "is saved as" in visitor.status)
        (path,) = (tmp_path / "pictures").iterdir()
        assert path.read_bytes() == PNG
        assert f'href="pictures/{path.name}"' in visitor.page
        visitor.press("save")
        visitor.until(lambda: "is saved as" in visitor.status)
        assert list((tmp_path / "pictures").iterdir()) == [path]


def test_python_makes_the_very_picture_and_costs_nothing():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        done = visitor.shell.run(visitor.text("python"))
        assert done.result.digest == visitor.studio.pictures[0].digest
        assert gateway.posts == 1


def test_a_turn_of_a_conversation_says_that_it_cannot_be_asked_again():
    with (
        Gateway(Answer(reply(inline(PNG, thoughtSignature="c2ln")))) as gateway,
        a_shell(gateway.url) as shell,
    ):
        shell.run("%%gemini_image\na red square")
        shell.run("%%gemini_edit\nnow blue")
        turn = shell.run("%%gemini_edit\nnow green").result
        visitor = Visitor(shell)
        StoreListing(shell.magics.session.open_store(), visitor.studio._album).add([turn.digest])
        for kind in ("again", "cell", "python"):
            visitor.press(kind)
            assert "cannot be asked for again" in visitor.problem
        assert gateway.posts == 3


def test_an_unforeseen_error_of_a_button_is_said_and_not_lost(tmp_path, monkeypatch):
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        visitor.press("python")
        assert "FileNotFoundError" in visitor.problem
        monkeypatch.chdir(tmp_path)


def test_a_removed_picture_is_back_after_undo():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.ask("remove", number=1)
        visitor.until(lambda: visitor.work["undo"])
        assert "The store keeps it" in visitor.status
        assert visitor.widget.entries == []
        visitor.press("undo")
        visitor.until(lambda: visitor.widget.entries and not visitor.work["undo"])
        assert gateway.posts == 1


def test_a_favourite_is_marked_and_unmarked():
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        visitor.ask("favourite", number=1)
        visitor.until(lambda: visitor.widget.entries[0]["favourite"])
        visitor.ask("favourite", number=1)
        visitor.until(lambda: not visitor.widget.entries[0]["favourite"])


MEANINGLESS = [
    {},
    {"kind": "nothing"},
    {"kind": "save"},
    {"kind": "save", "number": "x"},
    {"kind": "edit", "number": 7},
]


@pytest.mark.parametrize("message", MEANINGLESS)
def test_a_message_that_means_nothing_does_nothing(message):
    with offline() as visitor:
        visitor.ask(**{"kind": "", **message})
        visitor.generate("a red square")
        assert len(visitor.studio.pictures) == 1
