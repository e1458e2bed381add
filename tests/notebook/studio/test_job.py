"""From the settings of a studio to pictures: takes, source pictures, the limit of cost, failures."""

from __future__ import annotations

import threading
from functools import partial

import anyio
import anyio.to_thread

from gemini_nb import event_loop
from gemini_nb.notebook.studio.job import StudioRequest, run_job
from gemini_nb.providers.provider import OFFLINE
from support.gateway import Answer
from support.studios import OK, SECONDS, offline, visiting
from support.timing import given_time, in_time


def test_generate_again_makes_another_take():
    with visiting() as (visitor, gateway):
        visitor.generate("a red square")
        visitor.generate("a red square")
        assert [one.request.take for one in visitor.studio.pictures] == [0, 1]
        assert gateway.posts == 2


def test_a_limit_of_cost_is_kept():
    with visiting() as (visitor, gateway):
        visitor.shell.magics.max_cost = 0.01
        visitor.generate("a red square")
        assert "the limit is $0.010" in visitor.problem
        assert gateway.posts == 0


def test_a_failure_among_several_keeps_the_others():
    with visiting(OK, Answer("bad gateway", status=502), OK) as (visitor, _):
        visitor.generate("a red square", number=3)
        assert "1 of 3 pictures failed" in visitor.problem
        assert visitor.status == "2 pictures made."
        assert len(visitor.studio.pictures) == 2
        (take,) = visitor.work["takes"]
        assert "may have been billed" in take["problem"]


def test_an_empty_prompt_is_said():
    with visiting() as (visitor, gateway):
        visitor.generate("   ")
        assert "The prompt is empty" in visitor.problem
        assert gateway.posts == 0


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
        job = partial(
            run_job,
            visitor.shell.magics.session,
            StudioRequest((client.generation.request,)),
            client,
            on_picture=lambda generation: (kept.append(generation), over.set()),
            on_progress=lambda _takes: None,
        )
        future = event_loop.submit(job)
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
