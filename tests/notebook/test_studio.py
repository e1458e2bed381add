"""The studio in a real shell with real widgets; `tests/browser/` shows it to a browser."""

from __future__ import annotations

import hashlib
import html
import re
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import anyio
import anyio.to_thread
import pytest

from gemini_nb import ArgumentError, Studio, event_loop
from gemini_nb.notebook.studio.job import StudioJob, StudioRequest
from gemini_nb.providers.provider import OFFLINE
from support.gateway import Answer, Gateway
from support.images import encoded
from support.replies import inline, reply
from support.shells import a_shell
from support.timing import given_time, in_time

PNG = encoded("PNG", 64, 48)
OK = Answer(reply(inline(PNG)))
SECONDS = 60

pytestmark = pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")


class Visitor:
    """Somebody at a studio: `press`es its buttons, and reads what it shows."""

    def __init__(self, shell) -> None:
        self.shell = shell
        self.shown = []
        shell.shell.display_pub.publish = lambda data, **rest: self.shown.append((data, rest))
        self.studio = shell.run("%gemini studio").result
        self.controls = self.studio._controller.controls

    @property
    def status(self) -> str:
        return words(self.controls.status)

    @property
    def price(self) -> str:
        return words(self.controls.price)

    @property
    def page(self) -> str:
        return self.shown[-1][0]["text/html"]

    def press(self, name) -> None:
        (self.controls.go if name in ("Generate", "Stop") else self.controls.actions[name]).click()

    def wait(self) -> None:
        """Wait until nothing is being made."""
        idle = threading.Event()
        self.controls.go.observe(lambda change: change["new"] == "Generate" and idle.set(), "description")
        if self.controls.go.description == "Stop":
            assert idle.wait(SECONDS), self.status
        self.controls.go.unobserve_all("description")

    def wait_for_a_picture(self) -> None:
        came = threading.Event()
        self.controls.picture.observe(lambda _change: came.set(), "options")
        assert self.controls.picture.options or came.wait(SECONDS)

    def generate(self, prompt, **settings) -> None:
        self.controls.prompt.value = prompt
        for name, value in settings.items():
            getattr(self.controls, name).value = value
        self.press("Generate")
        self.wait()

    def choose(self, number) -> None:
        self.controls.picture.value = number


def words(line) -> str:
    """The text of a line of HTML."""
    return html.unescape(re.sub("<[^>]*>", "", line.value))


@contextmanager
def visiting(*answers):
    with Gateway(*(answers or (OK,))) as gateway, a_shell(gateway.url) as shell:
        yield Visitor(shell), gateway


@contextmanager
def offline():
    with a_shell() as shell:
        yield Visitor(shell)


def test_a_prompt_becomes_a_picture_in_the_gallery():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square", number=2, ratio="16:9", size="2K")
        assert visitor.page.count('alt="a red square"') == 2
        assert gateway.posts == 2
        asked = gateway.requests[0].json["generationConfig"]["imageConfig"]
        assert asked == {"aspectRatio": "16:9", "imageSize": "2K"}


def test_the_gallery_is_updated_in_its_place():
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        (_, first), *_, (_, last) = visitor.shown
        assert (first["update"], last["update"]) == (False, True)
        assert first["transient"] == last["transient"]


def test_generate_again_makes_another_take():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.generate("a red square")
        assert [one.request.take for one in visitor.studio.pictures] == [0, 1]
        assert gateway.posts == 2


def test_a_picture_that_a_cell_made_is_replayed_at_no_cost():
    with visiting() as (visitor, gateway):
        visitor.shell.run("%%gemini_image\na red square")
        visitor.controls.prompt.value = "a red square"
        assert "from the store, at no cost" in visitor.price
        visitor.press("Generate")
        visitor.wait()
        assert "from the store at no cost" in visitor.status
        assert gateway.posts == 1


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


def test_a_limit_of_cost_is_kept():
    with visiting() as (visitor, gateway):
        visitor.shell.magics.max_cost = 0.01
        visitor.generate("a red square")
        assert "the limit is $0.010" in visitor.status
        assert gateway.posts == 0


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


def test_a_failure_among_several_keeps_the_others():
    with visiting(OK, Answer("bad gateway", status=502), OK) as (visitor, _):
        visitor.generate("a red square", number=3)
        assert "1 of 3 pictures failed" in visitor.status
        assert len(visitor.studio.pictures) == 2


def test_an_empty_prompt_is_said():
    with visiting() as (visitor, gateway):
        visitor.generate("   ")
        assert "The prompt is empty" in visitor.status
        assert gateway.posts == 0


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


class LateClient:
    """A client whose picture is being stored when Stop is pressed, as `release` says."""

    def __init__(self, generation) -> None:
        self.generation = generation
        self.storing, self.release = threading.Event(), threading.Event()
        self.asynchronous, self.provider = self, OFFLINE

    def holds(self, _request) -> bool:
        return False

    def generate_function(self):
        return self._item

    async def _item(self, _request):
        with anyio.CancelScope(shield=True):
            self.storing.set()
            await anyio.to_thread.run_sync(self.release.wait, SECONDS)
        return self.generation


def test_a_picture_that_comes_while_it_is_stopped_is_kept():
    with offline() as visitor:
        client = LateClient(visitor.shell.run("%%gemini_image\na red square").result)
        kept, over = [], threading.Event()
        job = StudioJob(
            visitor.shell.magics.session,
            StudioRequest((client.generation.request,)),
            client,
            on_picture=lambda generation: (kept.append(generation), over.set()),
            on_progress=lambda _page: None,
        )
        future = event_loop.submit(job.run)
        assert client.storing.wait(SECONDS)
        future.cancel()
        client.release.set()
        assert over.wait(SECONDS)
        assert kept == [client.generation]


def test_the_time_of_a_picture_begins_when_it_is_let_through():
    def made(seconds):
        with visiting() as (visitor, gateway):
            visitor.shell.magics.timeout = seconds
            visitor.shell.magics.requests_per_minute = 30 / seconds  # the second waits for twice as long
            visitor.generate("a red square", number=2)
            in_time(len(visitor.studio.pictures) == gateway.posts == 2)

    given_time(made, 0.6, 3, 9)


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


def test_closing_stops_the_work():
    with visiting(Answer(hold=threading.Event())) as (visitor, gateway):
        visitor.controls.prompt.value = "a red square"
        visitor.press("Generate")
        assert gateway.wait_for_posts(1)
        visitor.studio.close()
        assert gateway.wait_for_disconnects(1)


HOSTILE = '<script>alert(1)</script>" onerror="x'


def test_every_text_is_escaped():
    words = Answer(reply(HOSTILE, inline(PNG)))
    with visiting(words, Answer({"error": {"message": HOSTILE}}, status=400)) as (visitor, _):
        visitor.generate(HOSTILE)
        visitor.generate(HOSTILE)
        for page in (visitor.page, visitor.controls.status.value):
            assert "&lt;script&gt;" in page
            assert "<script" not in page


def test_the_pictures_of_the_store_are_there_in_a_fresh_session():
    with Gateway(OK) as gateway:
        with a_shell(gateway.url) as shell:
            Visitor(shell).generate("a red square")
        with a_shell(gateway.url) as shell:
            visitor = Visitor(shell)
            assert 'alt="a red square"' in visitor.page
            visitor.press("Copy as cell")
            assert visitor.shell.run(visitor.controls.text.value).result.replayed
        assert gateway.posts == 1


def test_a_second_studio_shows_what_the_first_makes():
    with visiting() as (visitor, _):
        other = Visitor(visitor.shell)
        visitor.generate("a red square")
        assert len(other.studio.pictures) == 1
        assert [label for label, _ in other.controls.picture.options] == ["1 · a red square"]


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


@pytest.mark.parametrize("word", ["nothing", "#7"])
def test_a_source_that_is_none_is_said(word):
    with visiting() as (visitor, gateway):
        visitor.generate("now blue", sources=word)
        assert "There is no picture 7" in visitor.status or "no variable and no file" in visitor.status
        assert gateway.posts == 0


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


def test_the_ratios_and_sizes_are_those_of_the_model():
    with offline() as visitor:
        visitor.controls.ratio.value, visitor.controls.size.value = "8:1", "4K"
        visitor.controls.model.value = "gemini-3-pro-image"
        assert (visitor.controls.ratio.value, visitor.controls.size.value) == ("", "4K")


def test_the_word_cell_inserts_the_cell_of_a_picture():
    with visiting() as (visitor, _):
        visitor.generate("a red square")
        visitor.shell.run("%gemini cell 1")
        assert visitor.shell.shell.rl_next_input == "%%gemini_image\na red square"


@pytest.mark.parametrize("number", ["2", "x", ""])
def test_the_word_cell_says_which_pictures_there_are_none(number):
    with visiting() as (visitor, _):
        assert "no picture" in str(visitor.shell.run(f"%gemini cell {number}").error)


def test_the_studio_begins_with_pictures_of_other_cells():
    with offline() as visitor:
        boat = visitor.shell.run("%%gemini_image\na boat").result
        again = Studio(boat, boat, shell=visitor.shell.shell)
        assert again.pictures == [boat]
        visitor.press("Copy as cell")
        assert visitor.controls.text.value == "%%gemini_image\na boat"


def test_the_studio_needs_a_notebook():
    with pytest.raises(ArgumentError, match="needs a notebook"):
        Studio()


def test_the_studio_loads_the_extension():
    with a_shell() as shell:
        shell.run("%unload_ext gemini_nb")
        Studio(shell=shell.shell)
        assert "GeminiMagics" in shell.shell.magics_manager.registry
