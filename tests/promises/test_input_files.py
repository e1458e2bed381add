"""An input picture that does not answer holds up nothing but its own call, which ends at its deadline."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import contextmanager

import pytest

from gemini_nb import ArgumentError, AsyncClient, OutcomeUnknownError, event_loop
from support.clients import KEY, OK, PICTURE, client_of
from support.command_line import generate
from support.gateway import Answer, Gateway
from support.processes import WAIT_SECONDS, ran
from support.shells import a_shell
from support.studios import Visitor
from support.timing import given_time, in_time

pytestmark = pytest.mark.filterwarnings("ignore:Passing unrecognized arguments:DeprecationWarning")


class Stalls:
    """Whatever of the caller's stalls until it is released, as a network drive may."""

    def __init__(self):
        self.is_reached, self.is_released = threading.Event(), threading.Event()

    def wait(self):
        self.is_reached.set()
        self.is_released.wait()


class OnAShare(Stalls, os.PathLike):
    def __fspath__(self):
        self.wait()
        return "/nowhere.png"

    def __str__(self):
        return "/mnt/share/photo.png"


class Remote(Stalls):
    name = "/mnt/share/photo.png"

    def read(self):
        self.wait()
        return PICTURE


class Tensor(Stalls):
    name = "/mnt/share/photo.png"

    def __array__(self, *arguments, **options):
        self.wait()
        raise TypeError("released")


class Chart(Stalls):
    name = "/mnt/share/photo.png"

    def savefig(self, *arguments, **options):
        self.wait()


KINDS = {"path": OnAShare, "open file": Remote, "array": Tensor, "figure": Chart}


@contextmanager
def stalling(kind="path"):
    source = KINDS[kind]()
    try:
        yield source
    finally:
        source.is_released.set()


def asks_in_its_own_loop(client, source):
    async def main():
        url, timeout = client.provider.base_url, client.asynchronous.timeout
        async with AsyncClient(base_url=url, api_key=KEY, timeout=timeout) as own:
            await own.generate("at night", images=[source])

    asyncio.run(main())


CALLS = {
    "generate": lambda client, source: client.generate("at night", images=[source]),
    "generate, streamed": lambda client, source: client.generate("x", images=[source], stream=True),
    "generate, awaited": asks_in_its_own_loop,
    "request": lambda client, source: client.request("at night", images=[source]),
    "read_images": lambda client, source: client.read_images(source),
    "a batch": lambda client, source: client.generate_many(["a", "b"], images=[source], progress=False),
    "a batch of an iterator": lambda client, source: client.generate_many(
        iter("ab"), images=[source], progress=False
    ),
    "rows of a table": lambda client, source: client.generate_many(
        (client.request("x", images=[cell]) for cell in [PICTURE, source]), progress=False
    ),
    "a chat": lambda client, source: client.chat().send("at night", images=[source]),
    "what a chat begins with": lambda client, source: client.chat(source=source).send("at night"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_ends_at_its_deadline_and_names_the_file(call):
    def attempt(seconds):
        with Gateway(Answer(OK)) as gateway, stalling() as source:
            client = client_of(gateway.url, timeout=seconds)
            began = time.monotonic()
            with pytest.raises(ArgumentError, match="could not be read before the timeout") as caught:
                CALLS[call](client, source)
            took = time.monotonic() - began
            assert "/mnt/share/photo.png" in str(caught.value)
            assert "Nothing was sent" in caught.value.hint
            assert all(len(request.json["contents"][0]["parts"]) == 2 for request in gateway.requests)
            in_time(took < seconds + 1)

    given_time(attempt, 0.3, 2, 10)


CELLS = {
    "a cell": "%%gemini_image -i photo\nat night",
    "a line": "%gemini_image -i photo at night",
    "an edit": "%%gemini_edit -i photo\nat night",
    "a dry run": "%%gemini_image --dry-run -i photo\nat night",
    "several": "%%gemini_image -n 3 -i photo\nat night",
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_ends_at_its_deadline_too(cell):
    with Gateway(Answer(OK)) as gateway, a_shell(gateway.url) as shell, stalling() as source:
        shell.magics.timeout = 0.3
        shell.names["photo"] = source
        words = shell.refused(CELLS[cell])
        assert "-i photo: " in words
        assert "/mnt/share/photo.png' could not be read before the timeout" in words
        assert gateway.connections == 0


def test_the_studio_ends_at_its_deadline_too():
    with Gateway(Answer(OK)) as gateway, a_shell(gateway.url) as shell, stalling() as source:
        shell.magics.timeout = 0.3
        shell.names["photo"] = source
        visitor = Visitor(shell)
        visitor.add_source("photo")
        problem = visitor.widget.sources[0]["problem"]
        assert "/mnt/share/photo.png' could not be read before the timeout" in problem
        assert gateway.connections == 0


@pytest.mark.parametrize("kind", KINDS)
def test_another_call_goes_on_while_an_input_picture_stalls(kind):
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url) as client, stalling(kind) as source:
        stalled = event_loop.submit(client.asynchronous.read_images, [source])
        assert source.is_reached.wait(WAIT_SECONDS)
        assert client.generate("a red square", images=[PICTURE]).image.data == PICTURE
        assert not stalled.done()
        stalled.cancel()


def test_pictures_that_stall_leave_anyios_threads_to_others(tmp_path):
    sources = [OnAShare() for _ in range(60)]  # anyio has 40
    with Gateway(Answer(OK)) as gateway, client_of(gateway.url, store=tmp_path) as client:
        stalled = [event_loop.submit(client.asynchronous.read_images, source) for source in sources]
        assert all(source.is_reached.wait(WAIT_SECONDS) for source in sources)
        assert client.generate("a red square").path is not None
        for source, future in zip(sources, stalled, strict=True):
            source.is_released.set()
            future.cancel()


STALLED = """
import threading
from gemini_nb import Cancelled, Client, GeminiError

class Remote:
    name = "photo.png"
    def read(self, size=-1):
        {when_read}
        threading.Event().wait()

try:
    Client("offline", timeout={seconds}).generate("at night", images=[Remote()])
except (Cancelled, GeminiError) as error:
    print(type(error).__name__)
"""


def test_a_picture_that_stalls_does_not_delay_the_exit():
    assert ran(STALLED.format(when_read="", seconds=0.3)) == "ArgumentError"


def test_an_interrupt_is_heard_while_a_picture_stalls():
    interrupt = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    assert ran(STALLED.format(when_read=interrupt, seconds=3600)) == "Cancelled"


def test_a_pipe_without_a_writer_is_refused_by_the_command_line(tmp_path):
    os.mkfifo(tmp_path / "photo.png")
    with Gateway(Answer(OK)) as gateway:
        done = generate("-i", tmp_path / "photo.png", url=gateway.url)
        assert done.returncode != 0
        assert "It is a pipe, not a file" in done.stderr
        assert gateway.connections == 0


@pytest.mark.parametrize("word", ["photo.png", "photo"])
def test_a_pipe_without_a_writer_is_refused_in_a_cell(tmp_path, word):
    os.mkfifo(tmp_path / "photo.png")
    with Gateway(Answer(OK)) as gateway, a_shell(gateway.url) as shell:
        shell.names["photo"] = tmp_path / "photo.png"
        assert "It is a pipe, not a file" in shell.refused(f"%%gemini_image -i {word}\nat night")
        assert gateway.connections == 0


WHOLE_CALLS = {
    "a chat": lambda client, source: client.chat().send("at night", images=[source]),
    "generate": lambda client, source: client.generate("at night", images=[source]),
}


@pytest.mark.parametrize("call", WHOLE_CALLS)
def test_time_that_was_spent_on_reading_is_not_given_again_for_asking(call):
    ask = WHOLE_CALLS[call]

    def attempt(seconds):
        held = threading.Event()
        with Gateway(Answer(OK, hold=held)) as gateway, stalling("open file") as source:
            client = client_of(gateway.url, timeout=seconds)
            timer = threading.Timer(seconds * 0.6, source.is_released.set)
            timer.start()
            began = time.monotonic()
            with pytest.raises(OutcomeUnknownError):
                ask(client, source)
            in_time(time.monotonic() - began < seconds + 1)
            timer.join()

    given_time(attempt, 3, 12)
